"""The pages that readers of mails come to: confirm, unsubscribe, choose. Plain HTML, which works without scripts.

The token in the address is what gives the right, so there is no log-in, no cookie and no CSRF token: a mail program
unsubscribes by one POST (RFC 8058). A GET changes nothing, since scanners of mails follow every link.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from api.addresses import client_address
from marketing import services
from marketing.exceptions import DeadConfirmation
from marketing.links import Mailbox, asked_in, mailbox_of, token_of
from marketing.models import Consent, Topic
from marketing.throttles import seconds_to_wait
from marketing.ways import Way, way_of

LABELS = {
    Topic.NEWS.value: "News and offers",
    Topic.CART_REMINDERS.value: "A reminder when I leave something in my cart",
}
ONE_CLICK = "one-click"


class TopicsForm(forms.Form):
    """The topics that are ticked."""

    topics = forms.MultipleChoiceField(choices=list(LABELS.items()), required=False)


def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page whose address gives the right. Neither browsers nor search engines keep it."""

    @wraps(view)
    def shown(request: HttpRequest, token: str) -> HttpResponse:
        answer = view(request, token)
        answer["X-Robots-Tag"] = "noindex, nofollow"
        return answer

    return csrf_exempt(never_cache(require_http_methods(["GET", "HEAD", "POST"])(shown)))


@page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The button that gives a consent, and what comes of it."""
    if request.method != "POST":
        known = asked_in(token) is not None
        return show(request, "confirm" if known else "dead", status=200 if known else 400)
    try:
        consent = services.confirm(token=token, way=by(request, "page"))
    except DeadConfirmation:
        return show(request, "dead", status=400)
    return show(request, "confirmed", preferences=address_of("preferences", consent.pk))


@page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The button that ends all such mails; a POST ends them at once, with a page for whoever looks at it."""
    mailbox = mailbox_or_404(token)
    if request.method != "POST":
        return show(request, "unsubscribe", preferences=reverse("newsletter-preferences", args=[token]))
    if mailbox.consent_id:  # a mail that staff tried has links that end nothing
        channel = ONE_CLICK if request.POST.get("List-Unsubscribe") == "One-Click" else "page"
        services.withdraw_if_there(
            consent_id=mailbox.consent_id, recipient_id=mailbox.recipient_id, way=by(request, channel)
        )
    return show(request, "unsubscribed", preferences=reverse("newsletter-preferences", args=[token]))


@page
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """What a mailbox is sent, each topic with a box to tick."""
    mailbox = mailbox_or_404(token)
    consent = Consent.objects.filter(pk=mailbox.consent_id, erased_at=None).first()
    if consent is None:
        return show(request, "nobody")
    if request.method != "POST":
        return show(request, "preferences", **choices_of(consent))
    form = TopicsForm(request.POST)
    if not form.is_valid():  # no page of ours has sent it
        return show(request, "preferences", status=400, **choices_of(consent))
    topics = form.cleaned_data["topics"]
    if topics and consent.state != Consent.State.GIVEN and (seconds := seconds_to_wait(consent.pk)):
        answer = show(request, "later", status=429)
        answer["Retry-After"] = str(int(seconds) + 1)
        return answer
    consent = services.choose(
        consent_id=consent.pk, topics=topics, recipient_id=mailbox.recipient_id, way=by(request, "page")
    )
    return show(request, "preferences", saved=True, **choices_of(consent))


def choices_of(consent: Consent) -> dict[str, Any]:
    """What the page of preferences shows."""
    choices = [(topic, label, topic in consent.topics) for topic, label in LABELS.items()]
    return {"state": consent.state, "choices": choices}


def mailbox_or_404(token: str) -> Mailbox:
    """Whose token this is. Raises Http404."""
    mailbox = mailbox_of(token)
    if mailbox is None:
        raise Http404("This is no link of ours.")
    return mailbox


def address_of(name: str, consent_id: int) -> str:
    """The address of another page about the same mailbox."""
    return reverse(f"newsletter-{name}", args=[token_of(consent_id)])


def by(request: HttpRequest, channel: str) -> Way:
    """The way of a decision on a page."""
    return way_of(client_address(request), channel)


def show(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A page in the layout of the shop."""
    everything = {"shop": settings.SHOP_NAME, **context}
    return render(request, f"newsletter/{template}.html", everything, status=status)
