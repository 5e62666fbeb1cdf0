"""Many shelves of one warehouse on one page: the grid that corrects them, and the stock count.

The grid posts each row by itself, so that a row that has changed meanwhile holds up no other. A count is one posting:
staff look at the differences and their value before any of them is written.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.utils import timezone

from database.refusals import Refusal
from events.actors import admin_actor
from inventory import overview, services
from inventory.admin_forms import quantity_field, warehouse_field
from inventory.admin_pages import told
from inventory.bands import Band
from inventory.models import StockItem, StockLevel, Warehouse
from staff.forms import Line, WholeField, only_once
from staff.frame import StaffAdmin
from staff.spreadsheets import as_csv

ROWS = 100
SHELF = re.compile(r"[0-9]{1,18}\Z")
SECOND = timedelta(seconds=1)
SECONDS = "%Y-%m-%dT%H:%M:%S"


class WhichForm(forms.Form):
    """The shelves of a page: a warehouse, and filters of its items."""

    warehouse = warehouse_field("Warehouse")
    q = Line(label="SKU, barcode or a part of the name", max_length=100, required=False)
    band = forms.ChoiceField(choices=[("", "Any"), *((band.value, band.label) for band in Band)], required=False)
    after = Line(max_length=64, required=False, widget=forms.HiddenInput)


class ReasonForm(forms.Form):
    """Why all rows of the grid are corrected."""

    reason = Line(max_length=255, help_text="Why the books were wrong; it stands in the ledger for ever.")


class CountForm(forms.Form):
    """When a count was made, and the name that others know it by."""

    counted_at = forms.DateTimeField(
        label=f"Counted at ({settings.SHOP_TIME_ZONE})",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=SECONDS),
        input_formats=[SECONDS, "%Y-%m-%dT%H:%M"],
        help_text="What left or came in after this moment is no part of the count, and is kept.",
    )
    reference = Line(max_length=64, required=False, help_text="What others know this count by.")
    once = forms.UUIDField(widget=forms.HiddenInput)

    def clean_counted_at(self) -> Any:
        """Refuses a moment that is still to come."""
        moment = self.cleaned_data["counted_at"]
        if moment > timezone.now() + SECOND:
            raise forms.ValidationError("This moment is still to come.")
        return moment


class RowForm(forms.Form):
    """The units on a shelf. `expected` is the number that the page has shown; a page for counting does not show it."""

    expected = WholeField(required=False, widget=forms.HiddenInput)
    on_hand = quantity_field("Lies there", 0, required=False)


@dataclass(frozen=True, slots=True)
class Row:
    """A shelf with its form, and the correction that was posted, if any."""

    level: StockLevel
    form: RowForm
    done: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A shelf with the units in the books and the units that were counted."""

    level: StockLevel
    books: int
    counted: int

    @property
    def units(self) -> int:
        """Units that were counted and are not in the books; negative when units are missing."""
        return self.counted - self.books

    @property
    def value(self) -> Decimal | None:
        """The value of these units at cost; None if the cost of a unit is not known."""
        cost = self.level.item.unit_cost
        return None if cost is None else self.units * cost


def shelves(which: WhichForm) -> "QuerySet[StockLevel]":
    """All shelves that a form asks for, by SKU."""
    data = which.cleaned_data
    levels = StockLevel.objects.filter(warehouse=data["warehouse"]).select_related("item").order_by("item__sku")
    if term := data["q"].strip():
        found = Q(item__sku__icontains=term) | Q(item__name__icontains=term) | Q(item__barcode=term)
        levels = levels.filter(found)
    if data["band"]:
        levels = levels.filter(item__in=StockItem.objects.filter(overview.in_bands([data["band"]])))
    return levels


def chosen(which: WhichForm) -> tuple[list[StockLevel], str]:
    """The page of these shelves that a form asks for, and the last SKU of the page; "" when no shelf follows."""
    levels = shelves(which)
    if after := which.cleaned_data["after"]:
        levels = levels.filter(item__sku__gt=after)
    page = list(levels[: ROWS + 1])
    return page[:ROWS], page[ROWS - 1].item.sku if len(page) > ROWS else ""


def which_of(request: HttpRequest) -> WhichForm:
    """The form that the address fills in; without one it names the first active warehouse."""
    first = Warehouse.objects.filter(is_active=True).first()
    return WhichForm(request.GET if "warehouse" in request.GET else {"warehouse": first.code if first else ""})


def form_of(level: StockLevel, data: QueryDict | None = None, **initial: int) -> RowForm:
    """The form of a shelf. It carries the number of the shelf, since rows come and go between two views of a page."""
    form = RowForm(data, prefix=f"shelf-{level.pk}", initial=initial)
    form.fields["on_hand"].widget.attrs["aria-label"] = f"{level.item.sku} lies there"
    return form


def posted_rows(request: HttpRequest, which: WhichForm) -> list[Row]:
    """The shelves that a page has posted, by SKU."""
    ids = [int(text) for text in request.POST.getlist("shelf") if SHELF.match(text)]
    if not which.is_valid():
        return []
    levels = StockLevel.objects.filter(pk__in=ids, warehouse=which.cleaned_data["warehouse"])
    return [Row(level, form_of(level, request.POST)) for level in levels.select_related("item").order_by("item__sku")]


def grid_page(admin: StaffAdmin[StockItem], request: HttpRequest) -> HttpResponseBase:
    """Correct what lies on many shelves. Each changed row is a posting of its own, with a result of its own."""
    which = which_of(request)
    levels, after = chosen(which) if which.is_valid() else ([], "")
    if request.method == "POST":
        head, rows = ReasonForm(request.POST), posted_rows(request, which)
        if head.is_valid():
            rows = [correct(request, row, which.cleaned_data["warehouse"], head.cleaned_data["reason"]) for row in rows]
            done, refused = sum(bool(row.done) for row in rows), sum(bool(row.form.errors) for row in rows)
            tell = messages.warning if refused else messages.success
            tell(request, f"{done} corrected, {refused} refused." if refused else f"{done} corrected.")
    else:
        head, rows = ReasonForm(), [Row(level, shown(level)) for level in levels]
    context = {"which": which, "head": head, "rows": rows, "after": after}
    return admin.show(request, "admin/inventory/grid.html", "Correct stock", **context)


def shown(level: StockLevel) -> RowForm:
    """A form that shows the units on the shelf, and remembers the number that it has shown."""
    return form_of(level, expected=level.on_hand, on_hand=level.on_hand)


def correct(request: HttpRequest, row: Row, warehouse: Warehouse, reason: str) -> Row:
    """Post one row of the grid, if it was changed. A refused row keeps the typed number beside the current one."""
    level, form = row.level, row.form
    if not form.is_valid():
        return row
    expected, on_hand = form.cleaned_data["expected"], form.cleaned_data["on_hand"]
    if on_hand is None or on_hand == expected:
        return Row(level, shown(level))
    line = services.AdjustmentLine(level.item.sku, warehouse.code, set_to=on_hand, expected=expected)
    try:
        posting = services.adjust_stock(reason=reason, lines=[line], actor=admin_actor(request))
    except Refusal as refusal:
        level.on_hand = current(level)
        if level.on_hand == on_hand:  # the page was sent twice, or a colleague has found the same
            return Row(level, shown(level), done=f"{on_hand} already")
        data = QueryDict(mutable=True)
        data.update({form.add_prefix("expected"): str(level.on_hand), form.add_prefix("on_hand"): str(on_hand)})
        again = form_of(level, data)
        again.add_error("on_hand", " ".join(error.message for error in refusal.errors) or refusal.detail)
        return Row(level, again)
    for move in told(posting.moved):
        messages.info(request, move)
    level.on_hand = current(level)
    return Row(level, shown(level), done=f"{expected} → {on_hand}")


def current(level: StockLevel) -> int:
    """The units that lie on a shelf now."""
    return StockLevel.objects.values_list("on_hand", flat=True).get(pk=level.pk)


def count_page(admin: StaffAdmin[StockItem], request: HttpRequest) -> HttpResponseBase:
    """A sheet to count by; then the differences with their value; then the posting. An empty row was not counted."""
    which = which_of(request)
    levels, after = chosen(which) if which.is_valid() else ([], "")
    if request.method == "POST":
        head, rows = CountForm(request.POST), posted_rows(request, which)
        valid = head.is_valid() & all(row.form.is_valid() for row in rows)
        counted = {row.level: row.form.cleaned_data["on_hand"] for row in rows} if valid else {}
        counted = {level: units for level, units in counted.items() if units is not None}
        if valid and not counted:
            head.add_error(None, "Nothing was counted: fill in at least one row.")
        elif valid and "post" in request.POST:
            if posted(request, which, head, counted):
                return HttpResponseRedirect(request.get_full_path())
        elif valid and "edit" not in request.POST:
            return differences_page(admin, request, head, counted)
    elif request.GET.get("format") == "csv":
        return sheet_as_csv(shelves(which) if which.is_valid() else [])
    else:
        # The field has whole seconds. It shows the next one, so that the books hold all movements of this second.
        head = CountForm(initial={"counted_at": timezone.now() + SECOND, "once": uuid4()})
        rows = [Row(level, form_of(level)) for level in levels]
    total = shelves(which).count() if which.is_valid() else 0
    context = {"which": which, "head": head, "rows": rows, "after": after, "total": total}
    return admin.show(request, "admin/inventory/count.html", "Stock count", **context)


def posted(request: HttpRequest, which: WhichForm, head: CountForm, counted: Mapping[StockLevel, int]) -> bool:
    """Post the count in one unit, once. False when the service refuses: then the form shows the reasons."""
    warehouse, moment = which.cleaned_data["warehouse"].code, head.cleaned_data["counted_at"]
    lines = [services.CountLine(level.item.sku, units, warehouse, moment) for level, units in counted.items()]

    def work() -> services.Posting:
        reference = head.cleaned_data["reference"]
        return services.count_stock(lines=lines, actor=admin_actor(request), reference=reference, reason="stock count")

    try:
        posting = only_once(request, head.cleaned_data["once"], work)
    except Refusal as refusal:
        head.add_error(None, refusal.detail)
        for error, (level, _) in zip(refusal.errors, counted.items(), strict=False):
            head.add_error(None, f"{level.item.sku}: {error.message}")
        return False
    messages.success(request, f"{len(counted)} shelves counted, {len(posting.lines)} differences posted.")
    for move in told(posting.moved):
        messages.info(request, move)
    return True


def differences_page(
    admin: StaffAdmin[StockItem], request: HttpRequest, head: CountForm, counted: Mapping[StockLevel, int]
) -> HttpResponseBase:
    """The page of differences between the count and the books at that moment, with their value."""
    books = overview.on_hand_at([level.pk for level in counted], head.cleaned_data["counted_at"])
    rows = [Difference(level, books.get(level.pk, 0), units) for level, units in counted.items()]
    differences = [row for row in rows if row.units]
    values = [row.value for row in differences if row.value is not None]
    return admin.show(
        request,
        "admin/inventory/differences.html",
        "Differences of the count",
        head=head,
        rows=rows,
        differences=differences,
        total=sum(values, Decimal(0)),
        without_cost=len(differences) - len(values),
    )


def sheet_as_csv(levels: Iterable[StockLevel]) -> HttpResponse:
    """The sheet to count by, as a file: all of its pages."""
    rows = ((level.item.sku, level.item.name, level.item.barcode, "") for level in levels)
    headers = {"Content-Disposition": 'attachment; filename="stock-count.csv"'}
    content = as_csv(("SKU", "Name", "Barcode", "Counted"), rows)
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)
