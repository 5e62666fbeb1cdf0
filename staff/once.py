"""A form of the admin takes effect once, however often it is posted: a second click, a page that is sent again.

Django draws a CSRF token for each page and refuses a POST without one, so the token is the number of the posted page.
The number is written in the transaction of the effect (PostedForm): neither is on disk without the other, a crash
leaves the form to be posted again, and a second post that comes meanwhile waits for the end of the first one.
"""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any
from uuid import UUID, uuid4

from django.contrib import admin, messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.middleware.csrf import CSRF_TOKEN_LENGTH
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from database.refusals import Refusal
from database.transactions import begin_units_with, run_unit
from staff.forms import PostedAlready
from staff.models import PostedForm

TOKEN = "csrfmiddlewaretoken"  # noqa: S105  # the name of a field
DONE = "This page was posted twice. It took effect once."
PERHAPS = "This page was posted before. Look at what that did before you post it again."
# A second click waits for the first one's outcome as long as this, looking so often: seconds.
PATIENCE, INTERVAL = 3.0, 0.05
# Posts of one page at once, of which each may see another one's number come and go.
MOST_POSTS = 10


class PostedTwice(Exception):
    """The page was posted before with the same content. Whoever sent it gets the outcome of the first post."""


@dataclass(frozen=True, slots=True)
class Post:
    """A posted page. `content` is a digest of what was typed; `posting` tells this request from another one with the
    same page.

    A verb of a list runs on rows of which each is a unit of its own, and leaves alone what is so already. It is
    remembered when it has gone through, so that one that was interrupted can be sent again.
    """

    number: UUID
    user_id: int
    content: str
    is_verb_of_list: bool
    posting: UUID = field(default_factory=uuid4)

    def claim(self) -> None:
        """Write the number at the beginning of a unit of work. A later unit of the same request finds its own.

        Refuses PostedAlready when the page was posted with another content. Raises PostedTwice.
        """
        known = {"user_id": self.user_id, "content": self.content, "posting": self.posting}
        first = self.first_with(known)
        if first.posting == self.posting or self.is_verb_of_list:
            return
        raise PostedTwice if first.content == self.content else PostedAlready

    def first_with(self, known: dict[str, Any]) -> PostedForm:
        """The row with this number: that of an earlier post, or one of our own.

        A page that comes back as a page takes its number away again, perhaps while this post waits for the number.
        """
        for _ in range(MOST_POSTS):
            with suppress(IntegrityError):
                return PostedForm.objects.get_or_create(number=self.number, defaults=known)[0]
        raise PostedAlready

    def is_done(self) -> bool:
        """Whether this page has been posted with this content, and has taken effect."""
        found = PostedForm.objects.filter(number=self.number, content=self.content)
        return (found.exclude(location="") if self.is_verb_of_list else found).exists()

    def finish(self, response: HttpResponseBase) -> None:
        """Remember where the first post has led. A page that came back as a page has had no effect: it may come again.

        Unless it says where it leads (`leads_to`): then it is what a redirect would be.

        Nothing is remembered of a post that was refused: its number went with its transaction.
        """
        own = PostedForm.objects.filter(number=self.number)
        if not self.is_verb_of_list:
            own = own.filter(posting=self.posting)
        if location := led_to(response):
            own.update(location=location[:2000])
        else:
            own.delete()

    def outcome(self) -> str:
        """Where the first post has led; "" when it was interrupted before it could say so. Waits for the first post."""
        end = time.monotonic() + PATIENCE
        while True:
            location = PostedForm.objects.filter(number=self.number).values_list("location", flat=True).first()
            if location != "" or time.monotonic() > end:
                return location or ""
            time.sleep(INTERVAL)


def leads_to(response: HttpResponseBase, location: str) -> HttpResponseBase:
    """A page that answers a post which took effect, for what is shown once. Posted again, it leads to `location`."""
    response.leads_to = location  # type: ignore[attr-defined]  # Post.finish reads it
    return response


def led_to(response: HttpResponseBase) -> str:
    """Where a post leads that took effect; "" for the answer to one that did not."""
    return response.url if isinstance(response, HttpResponseRedirect) else getattr(response, "leads_to", "")


def post_of(request: HttpRequest) -> Post | None:
    """The posted page of a request. None for a request without a page's own token, as a script may send it."""
    token = request.POST.get(TOKEN, "")
    if request.method != "POST" or len(token) != CSRF_TOKEN_LENGTH or request.user.pk is None:
        return None
    fields = [(name, request.POST.getlist(name)) for name in sorted(request.POST) if name != TOKEN]
    files = [(name, file.name, file.size) for name in sorted(request.FILES) for file in request.FILES.getlist(name)]
    content = hashlib.sha256(repr((request.get_full_path(), fields, files)).encode()).hexdigest()
    is_verb_of_list = "action" in request.POST
    # A list is one form with many verbs: another choice of rows is another post.
    named = (request.user.pk, token, request.path, content if is_verb_of_list else "")
    number = UUID(bytes=hashlib.sha256(repr(named).encode()).digest()[:16])
    return Post(number, request.user.pk, content, is_verb_of_list)


def once(view: Callable[..., Any]) -> Callable[..., Any]:
    """A view of the admin, in which a posted page takes effect once. Every page of the site is wrapped in it.

    The same page sent again leads to where the first post has led, and says that it took effect once.
    """

    @wraps(view)
    def guard(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        post = post_of(request)
        if post is None:
            return view(request, *args, **kwargs)
        if post.is_done():
            return answer_again(request, post)
        try:
            with begin_units_with(post.claim):
                response = view(request, *args, **kwargs)
        except PostedTwice:
            return answer_again(request, post)
        except PostedAlready as refusal:  # of a page that shows no refusals itself
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(page_before(request))
        post.finish(response)
        return response

    return guard


def answer_again(request: HttpRequest, post: Post) -> HttpResponseRedirect:
    """Lead to where the first post has led, or else to the page that was posted."""
    location = post.outcome()
    messages.info(request, DONE if location else PERHAPS)
    return HttpResponseRedirect(location or page_before(request))


def page_before(request: HttpRequest, otherwise: str = "") -> str:
    """The address of the page that a form was on, as the browser says; else `otherwise`, or the home page."""
    referrer = request.META.get("HTTP_REFERER", "")
    ours = url_has_allowed_host_and_scheme(referrer, {request.get_host()}, require_https=request.is_secure())
    home = reverse("admin:index")
    path = referrer.partition(request.get_host())[2] if ours else ""
    return path if path.startswith(home) else otherwise or home


class OneUnit(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Mixed in before the admins of libraries, which know nothing of units: a posted page of theirs is one unit."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The library's own; a posted form is one unit of work."""
        return in_one_unit(request, partial(super().changeform_view, request, *args, **kwargs))

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The library's own; a posted deletion is one unit of work. A refusal becomes a message on the list."""
        try:
            return in_one_unit(request, partial(super().delete_view, request, *args, **kwargs))
        except Refusal as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))


def in_one_unit(request: HttpRequest, show: Callable[[], Any]) -> Any:
    """What `show` answers; for a POST it is a unit of work."""
    return run_unit(show) if request.method == "POST" else show()
