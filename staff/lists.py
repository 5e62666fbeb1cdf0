"""Lists of the admin that stay cheap: pages found by their keys, estimated counts, filters in words of staff."""

from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.core import paginator
from django.core.exceptions import PermissionDenied
from django.db import DataError, connections
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.safestring import mark_safe

from staff.forms import NUMBERS, guard_texts, name_fields


class StaffPaginator(paginator.Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Pages of a list. Counting a million rows takes longer than reading a page, so a large table is estimated.

    A filtered list is counted up to MOST rows, since nobody turns that many pages. The rows of a page are found by
    their keys first, so that nothing is joined or added up for rows of other pages.
    """

    MOST = 10_000

    def page(self, number: Any) -> Any:
        """One page. The keys of its rows are read first, and the rows by their keys."""
        number = self.validate_number(number)
        rows, first = cast("QuerySet[Any]", self.object_list), (number - 1) * self.per_page
        keys = list(rows.values_list("pk", flat=True)[first : first + self.per_page])
        return paginator.Page(rows.filter(pk__in=keys), number, self)

    @cached_property
    def count(self) -> int:
        """The number of rows: exact up to MOST, and estimated for a larger table without a filter."""
        rows = cast("QuerySet[Any]", self.object_list)
        if not rows.query.where:
            estimate = estimated_rows(rows)
            if estimate > self.MOST:
                return estimate
        return rows.order_by().values("pk")[: self.MOST].count()


def estimated_rows(rows: "QuerySet[Any]") -> int:
    """The number of rows that PostgreSQL last estimated for the table; -1 for a table that was never analysed."""
    with connections[rows.db].cursor() as cursor:
        cursor.execute("select reltuples::bigint from pg_class where oid = %s::regclass", [rows.model._meta.db_table])
        return int(cursor.fetchone()[0])


class RelatedFilter(admin.RelatedOnlyFieldListFilter):
    """A filter by a related row. The choice of rows without one is called "None", for which tables show nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.empty_value_display = mark_safe("None")


def by_moment(title: str, *, still: str, done: str) -> type[admin.EmptyFieldListFilter]:
    """A filter by whether a moment is set, in words of staff: an alert without `closed_at` is `still` open."""
    words = {"1": still, "0": done}

    class MomentFilter(admin.EmptyFieldListFilter):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.title = title

        def choices(self, changelist: ChangeList) -> Iterator[Any]:
            for choice, value in zip(super().choices(changelist), (None, "1", "0"), strict=True):
                yield choice | ({"display": words[value]} if value else {})

    return MomentFilter


class NamedLookups(ChangeList):
    """A list that is narrowed by its own filters only, and sorted by its own sortable columns only.

    Django lets an address filter a list by every field of its model, with `startswith` and `regex` too. With such
    filters the readers of a list could find out what the list does not show: the hash of a password, letter by letter.
    """

    def get_filters(self, request: HttpRequest) -> Any:
        """Django's own. Each filter takes its parameters. A parameter that no filter takes is refused (400)."""
        found = super().get_filters(request)
        days = {f"{self.date_hierarchy}__gte", f"{self.date_hierarchy}__lt"} if self.date_hierarchy else set()
        for lookup in found[2]:
            if lookup not in days:
                raise DisallowedModelAdminLookup(f"Filtering by {lookup} not allowed")
        return found

    def get_ordering_field(self, field_name: Any) -> Any:
        """Django's own, for sortable columns alone. Django itself only hides the links of the other columns."""
        return super().get_ordering_field(field_name) if field_name in (self.sortable_by or ()) else None


class DeleteBox(forms.CheckboxInput):
    """The box that takes a line away. A screen reader does not read the head of the column."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"aria-label": "Delete", **(attrs or {})})


class GuardedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Mixed in before every admin of the site, also those of libraries.

    Each list has NamedLookups, each field of text in a form refuses hidden characters, each field of a number takes
    digits alone, and each action asks for a permission.
    """

    formfield_overrides = NUMBERS

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The form of a row, with its texts guarded and its fields named."""
        form = super().get_form(request, *args, **kwargs)
        guard_texts(form)
        name_fields(form, in_table=False)
        return form

    def get_formsets_with_inlines(self, request: HttpRequest, *args: Any) -> Iterator[Any]:
        """The forms below the row's own, with their texts guarded and their fields named."""
        for formset, inline in super().get_formsets_with_inlines(request, *args):
            guard_texts(formset.form)
            name_fields(formset.form, in_table=isinstance(inline, admin.TabularInline))
            formset.deletion_widget = DeleteBox
            yield formset, inline

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """The form of the columns that are edited in the list, with its texts guarded."""
        form = super().get_changelist_form(request, **kwargs)
        guard_texts(form)
        return form

    def _filter_actions_by_permissions(self, request: HttpRequest, actions: Any) -> list[Any]:
        """The actions that the user may run. One that names no permission is for those who may change such rows.

        Django gives such an action to everybody who sees the list. The permission is asked for itself, since an admin
        whose rows are only looked at denies their form to everybody.
        """
        may_change = admin.ModelAdmin.has_change_permission(self, request)
        allowed: list[Any] = super()._filter_actions_by_permissions(request, actions)  # type: ignore[misc]  # not in the stubs
        return [action for action in allowed if may_change or hasattr(action[0], "allowed_permissions")]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Django's own, which tells everybody whether there is such a row. Here only those who may see such rows."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The class of the list, with NamedLookups before it."""
        own = super().get_changelist(request, **kwargs)
        return type(own.__name__, (NamedLookups, own), {})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Django's own. A filter in the address that means nothing is left out, and the page says so."""
        try:
            return super().changelist_view(request, extra_context)
        except (ValueError, OverflowError, DataError):
            if request.method != "GET" or not request.GET or ERROR_FLAG in request.GET:
                raise
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")


class StaffChangeList(ChangeList):
    """Django's own list, whose admin looks up what the rows of a page need, for all rows at once."""

    def get_results(self, request: HttpRequest) -> None:
        """Django's own, and then what the admin looks up for the rows."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        admin: Any = self.model_admin
        admin.look_up(request, self.result_list)
