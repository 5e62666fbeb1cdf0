"""Invoices and credit notes for staff: looked at, downloaded, handed to the bookkeeper, and never changed."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html

from database import days
from invoicing.models import Counter, Invoice
from invoicing.sheets import sheet_of
from invoicing.views import pdf_answer
from staff.forms import PeriodForm
from staff.frame import NUMBER, Page, ReadOnly, StaffAdmin

SEE = "orders.view_order"


class YearForm(PeriodForm):
    """The days whose documents are handed over."""

    most = timedelta(days=366)
    refusal = "A period has one day or more, and a year at most."


class YearFilter(admin.SimpleListFilter):
    """By the year of the number."""

    title = "year"
    parameter_name = "year"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The years that have numbers, the newest first."""
        years = Counter.objects.order_by("-year").values_list("year", flat=True).distinct()
        return [(str(year), str(year)) for year in years]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The documents of the chosen year."""
        return queryset.filter(year=self.value()) if self.value() else queryset


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly, StaffAdmin[Invoice]):
    """The list of invoices and credit notes, the page of one with its PDF, and the table for the bookkeeper."""

    list_display = ("number", "kind_badge", "issued_at", "order_link", "buyer", "shown_total")
    list_select_related = ("order",)
    list_filter = ("kind", YearFilter)
    search_fields = ("number",)
    search_help_text = "Number of the invoice, the credit note or the order, in full"
    ordering = ("-issued_at", "-id")
    sortable_by = ("issued_at",)
    pages = (
        Page("<int:invoice_id>/pdf/", "pdf", "pdf_page", SEE, methods=("GET",)),
        Page("table/", "table", "table_page", SEE, menu="For the bookkeeper", methods=("GET",)),
    )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees orders sees their invoices."""
        return self.may(request, SEE)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """The documents with this number, and those of the order with this number."""
        number = search_term.strip()
        return queryset.filter(Q(number=number.upper()) | Q(order__number=number)) if number else queryset, False

    @admin.display(description="kind")
    def kind_badge(self, row: Invoice) -> str:
        """The kind as a badge."""
        return format_html('<span class="badge {}">{}</span>', row.kind, kind_of(row))

    @admin.display(description="order")
    def order_link(self, row: Invoice) -> str:
        """The number of the order, with a link to its page."""
        url = reverse("admin:orders_order_change", args=[row.order_id])
        return format_html('<a href="{}">{}</a>', url, row.order.number)

    @admin.display
    def buyer(self, row: Invoice) -> str:
        """The company or the person that it is addressed to."""
        buyer = row.document["buyer"]
        return str(buyer["company"] or buyer["name"])

    @admin.display(description="total")
    def shown_total(self, row: Invoice) -> str:
        """The total with its currency."""
        return row.shown_total

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """A document as it was issued."""
        if request.method == "POST" or not self.has_view_permission(request):  # nothing is posted to this page
            return super().change_view(request, object_id, form_url, extra_context)
        row = self.one(int(object_id) if NUMBER.fullmatch(object_id) else 0)
        return self.show(
            request,
            "admin/invoicing/invoice.html",
            f"{kind_of(row)} {row.number}",
            row=row,
            document=row.document,
            notes=row.credit_notes.order_by("id"),
        )

    def pdf_page(self, request: HttpRequest, invoice_id: int) -> HttpResponseBase:
        """The PDF as the buyer has it."""
        return pdf_answer(self.one(invoice_id))

    def table_page(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for a period, and hand over its documents as a table."""
        first = days.today().replace(day=1)
        month = {"since": (first - timedelta(days=1)).replace(day=1), "until": first - timedelta(days=1)}
        form = YearForm(request.GET if request.GET else None, initial=month)
        if form.is_valid():
            since, until = form.cleaned_data["since"], form.cleaned_data["until"]
            headers = {"Content-Disposition": f'attachment; filename="invoices-{since}-{until}.csv"'}
            return HttpResponse(sheet_of(since, until), content_type="text/csv; charset=utf-8", headers=headers)
        return self.show(request, "admin/invoicing/table.html", "Invoices for the bookkeeper", form=form)

    def one(self, invoice_id: int) -> Invoice:
        """A document with its order. Raises Http404."""
        row = Invoice.objects.select_related("order", "credits").filter(pk=invoice_id).first()
        if row is None:
            raise Http404("There is no such invoice.")
        return row


def kind_of(row: Invoice) -> str:
    """What a document is called."""
    return "Credit note" if row.is_credit_note else "Invoice"
