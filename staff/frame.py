"""The frame of every page of staff: saving through services, and pages of verbs beside Django's own.

Services are durable units of work, so they cannot run inside the transaction that Django wraps around its forms. Here
a posted form is itself a unit of work, and the services join that unit: all of the form is on disk, or nothing of it.
The form shows what a service refuses.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast
from urllib.parse import quote

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst

from database.refusals import Refusal
from database.transactions import run_unit
from staff.forms import StaffForm
from staff.lists import StaffChangeList, StaffPaginator

M = TypeVar("M", bound=Model)
# An id or a version that somebody may have typed into an address: 64 bits hold it.
NUMBER = re.compile("[0-9]{1,18}")

if TYPE_CHECKING:
    DjangoAdmin = admin.ModelAdmin
else:  # Django's own class cannot be subscribed with its model

    class DjangoAdmin(admin.ModelAdmin, Generic[M]):
        pass


class StaffRequest(HttpRequest):
    """A request whose form has been refused by a service."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a model beside Django's own: a verb, or a view that explains. `view` names a method of the admin.

    `menu` is the page's name in the navigation; empty for pages of one row, which the navigation leaves out. `section`
    is the app below which the navigation lists the page, if not the model's own.
    """

    path: str
    name: str
    view: str
    permission: str
    menu: str = ""
    section: str = ""
    methods: tuple[str, ...] = ("GET", "POST")


class StaffAdmin(DjangoAdmin[M]):
    """A model in the admin. A subclass makes and changes rows by calling services.

    Django's own log of the admin is not written, since the journal tells who did what through every channel.
    """

    form: type[StaffForm[M]] = StaffForm
    paginator = StaffPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER
    empty_value_display = ""
    pages: ClassVar[Sequence[Page]] = ()
    change_form_template = "admin/staff_form.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The class of the list, which looks up what the rows of a page need."""
        return StaffChangeList

    def look_up(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """Set on the rows of a page what the columns need beyond the list's own statement. By default nothing."""

    def response_action(self, request: HttpRequest, queryset: Any, *args: Any, **kwargs: Any) -> Any:
        """Run an action on the rows that were ticked, also on a row that has left the filtered list since then."""
        everything = request.POST.get("select_across") == "1"
        chosen_from = queryset if everything else self.get_queryset(request)
        return super().response_action(request, chosen_from, *args, **kwargs)

    def create(self, request: HttpRequest, data: Mapping[str, Any]) -> M:
        """Make the row that the form describes, through a service."""
        raise NotImplementedError

    def change(self, request: HttpRequest, row: M, changes: dict[str, Any], version: int | None) -> None:
        """Change these fields of the row, through a service that refuses when `version` is not the current one."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: M, form: Any, change: bool) -> None:
        """Save a posted form through `create` or `change`. Only fields that were edited are changed."""
        data = {name: value for name, value in form.cleaned_data.items() if name != "seen_version"}
        if not change:
            obj.pk = self.create(request, data).pk
            return
        changes = {name: data[name] for name in form.changed_data if name in data}
        if changes:
            self.change(request, obj, changes, form.cleaned_data["seen_version"])

    def save_related(self, request: HttpRequest, form: Any, formsets: Iterable[Any], change: bool) -> None:
        """Save the lines below the form. The services save the many-to-many fields of the form itself."""
        for formset in formsets:
            self.save_formset(request, form, formset, change)

    def get_form(self, request: HttpRequest, obj: M | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Django's own, with the refusal of the request's first try."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        return form

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Django's own, under the name of the rows."""
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title} | (extra_context or {}))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Django's own, but for the transaction: a posted form is one unit of work. A refusal shows the form again."""
        show = partial(self._changeform_view, request, object_id, form_url, extra_context)  # type: ignore[attr-defined]  # not in the stubs
        return self.in_unit(request, show)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Django's own, but for the transaction: a posted deletion is one unit of work. A refusal becomes a message."""
        show = partial(self._delete_view, request, object_id, extra_context)  # type: ignore[attr-defined]  # not in the stubs
        if request.method != "POST":
            return show()
        try:
            return run_unit(show)
        except Refusal as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(self.url("change", unquote(object_id)))

    def in_unit(self, request: HttpRequest, show: Callable[[], HttpResponse]) -> HttpResponse:
        """Answer a request, a POST as a unit of work. After a refusal the form is shown with the refusal."""
        if request.method != "POST":
            return show()
        try:
            return run_unit(show)
        except Refusal as refusal:
            cast(StaffRequest, request).refusal = refusal
            return show()

    def get_urls(self) -> list[URLPattern]:
        """Django's own addresses, after those of our pages."""
        return [path(page.path, self.guarded(page), name=self.url_name(page.name)) for page in self.pages] + (
            super().get_urls()
        )

    def guarded(self, page: Page) -> Callable[..., HttpResponseBase]:
        """The view of a page, for those who have its permission."""
        view = getattr(self, page.view)

        def guard(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.may(request, page.permission):
                raise PermissionDenied
            if request.method not in (*page.methods, "HEAD"):
                return HttpResponse(status=405, headers={"Allow": ", ".join(page.methods)})
            answer: HttpResponseBase = view(request, *args, **kwargs)
            return answer

        return self.admin_site.admin_view(update_wrapper(guard, view))

    def may(self, request: HttpRequest, permission: str) -> bool:
        """Whether the user of the request has a permission."""
        return bool(request.user.has_perm(permission))

    def url_name(self, name: str) -> str:
        """The name of a page's address: `orders_order_change`."""
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"

    def url(self, name: str, *args: object) -> str:
        """The address of a page of this model, by the page's name."""
        return reverse(f"admin:{self.url_name(name)}", args=args)

    def show(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        """A page of our own in the frame of the admin."""
        frame = self.admin_site.each_context(request)
        return TemplateResponse(request, template, {**frame, "opts": self.opts, "title": title, **context})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """The history of a row: the journal's events about the row."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404("There is no such row.")
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        return HttpResponseRedirect(f"{reverse('admin:events_event_changelist')}?q={quote(self.subject_of(row))}")

    def subject_of(self, row: M) -> str:
        """The subject under which the journal keeps a row: "order:17"."""
        return f"{self.opts.model_name}:{row.pk}"

    def construct_change_message(self, *args: Any, **kwargs: Any) -> Any:
        """Nothing: the journal tells what was changed."""
        return []

    def log_addition(self, *args: Any) -> Any:
        """Nothing: the journal tells what was added."""
        return None

    def log_change(self, *args: Any) -> Any:
        """Nothing: the journal tells what was changed."""
        return None

    def log_deletions(self, *args: Any) -> Any:
        """Nothing: the journal tells what was deleted."""
        return None


class ForAdministrators:
    """Mixed in before an admin whose rows give rights. Only administrators (superusers) see or change such rows."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators alone."""
        return bool(request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators alone."""
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators alone."""
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators alone."""
        return bool(request.user.is_superuser)


class ReadOnly:
    """Mixed in before StaffAdmin, for rows that staff only look at. Pages of verbs may still change such rows."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False
