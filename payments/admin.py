"""Payments for staff: the list, the page of one with its history, and the verbs by which money is taken and given back.

A verb first writes down what the provider is to be asked for, and the call follows when that is on disk.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from accounts.names import name_actors
from database import days
from database.refusals import Refusal
from events.actors import admin_actor
from payments import providers, services
from payments.admin_filters import NeedFilter, ProviderFilter
from payments.admin_forms import CaptureForm, RefundForm, VerbForm
from payments.history import history_of
from payments.models import Dispute, Operation, Payment
from payments.money import NOTHING
from payments.of_order import SEES, Shown
from payments.payouts import COLUMNS, left_out, payouts, sheet_of, totals
from payments.providers.snapshot import ProviderRefused, ProviderUnknown
from payments.rights import refund_limit_of
from payments.words import money, provider_in_words, way_of
from staff.forms import PeriodForm
from staff.frame import NUMBER, Page, ReadOnly, StaffAdmin

TAKES, GIVES_BACK = "payments.capture_payment", "payments.refund_payment"
Kind, State = Operation.Kind, Payment.State
SILENT = "The provider has not answered yet. It is asked again in the background: nothing is lost, and nothing twice."


@admin.register(Payment)
class PaymentAdmin(ReadOnly, StaffAdmin[Payment]):
    """The list of payments, the page of one, what staff do with it, and what came and went by day."""

    list_display = (
        "name",
        "state_badge",
        "way",
        "order_link",
        "buyer",
        "asked_for",
        "taken",
        "given_back",
        "created_at",
    )
    list_select_related = ("order__user",)
    list_filter = (NeedFilter, "state", ProviderFilter, ("created_at", admin.DateFieldListFilter))
    search_fields = ("order__number",)
    search_help_text = "Number of the order, or the provider's id of the payment or the dispute, in full"
    ordering = ("-id",)
    sortable_by = ()
    pages = (
        Page("payouts/", "payouts", "payouts_page", SEES, menu="Payouts", methods=("GET",)),
        Page("<int:payment_id>/cancel/", "cancel", "cancel_page", TAKES, methods=("POST",)),
        Page("<int:payment_id>/capture/", "capture", "capture_page", TAKES, methods=("POST",)),
        Page("<int:payment_id>/refresh/", "refresh", "refresh_page", SEES, methods=("POST",)),
        Page("<int:payment_id>/refund/", "refund", "refund_page", GIVES_BACK, methods=("POST",)),
    )

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """The payments of the order with this number, and the one that a provider calls so."""
        words = search_term.strip()
        disputed = Dispute.objects.filter(provider_ref=words).values("payment")
        found = Q(order__number=words) | Q(provider_ref=words) | Q(pk__in=disputed)
        return queryset.filter(found) if words else queryset, False

    def subject_of(self, row: Payment) -> str:
        """The order's: the journal tells of payments there."""
        return f"order:{row.order_id}"

    @admin.display(description="payment")
    def name(self, row: Payment) -> str:
        """Its number."""
        return f"Payment {row.pk}"

    @admin.display(description="state")
    def state_badge(self, row: Payment) -> str:
        """The state as a coloured badge, and beside it that a person has to look."""
        badges = [(row.state, row.get_state_display()), *([("disputed", "Look")] if row.review else [])]
        return format_html_join(" ", '<span class="badge {}">{}</span>', badges)

    @admin.display(description="by")
    def way(self, row: Payment) -> str:
        """Who carries it, and by what."""
        return way_of(row)

    @admin.display(description="order")
    def order_link(self, row: Payment) -> str:
        """The number of the order, with a link to its page."""
        url = reverse("admin:orders_order_change", args=[row.order_id])
        return format_html('<a href="{}">{}</a>', url, row.order.number)

    @admin.display
    def buyer(self, row: Payment) -> str:
        """The email of the customer, or of the guest."""
        return row.order.contact_email

    @admin.display(description="amount")
    def asked_for(self, row: Payment) -> str:
        """What was asked for."""
        return money(row.amount, row.currency)

    @admin.display(description="captured")
    def taken(self, row: Payment) -> str:
        """What was taken."""
        return money(row.captured, row.currency) if row.captured else ""

    @admin.display(description="refunded")
    def given_back(self, row: Payment) -> str:
        """What went back."""
        return money(row.refunded, row.currency) if row.refunded else ""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """A payment with its figures, what is under way, its history, and what can be done next."""
        if request.method == "POST" or not self.has_view_permission(request):  # nothing is posted to this page
            return super().change_view(request, object_id, form_url, extra_context)
        return self.page(request, self.one(int(object_id) if NUMBER.fullmatch(object_id) else 0))

    def page(self, request: HttpRequest, row: Payment, **typed: Any) -> HttpResponseBase:
        """The page of a payment. `typed` has the form that was refused, by its name, with what was typed."""
        moments = history_of([row])
        name_actors(request, moments)
        shown = Shown(row)
        return self.show(
            request,
            "admin/payments/payment.html",
            f"Payment {row.pk}",
            row=row,
            order=row.order,
            shown=shown,
            moments=moments,
            forms=self.forms_for(request, shown) | typed,
            by_hand=is_by_hand(row),
            provider=provider_in_words(row.provider),
            held=money(max(NOTHING, shown.account.held), row.currency),
        )

    def forms_for(self, request: HttpRequest, shown: Shown) -> dict[str, Any]:
        """The forms of what can be done with a payment now, by somebody with these rights."""
        row, account = shown.payment, shown.account
        forms: dict[str, Any] = {}
        if self.may(request, TAKES) and account.is_cancellable:
            if row.fenced_at is None and (is_by_hand(row) or row.state == State.AUTHORIZED):
                forms["capture"] = self.capture_form(row)
            if not account.unknown(Kind.CANCEL):
                forms["cancel"] = VerbForm(initial={"version": row.version}, prefix="cancel")
        if self.may(request, GIVES_BACK) and account.held > NOTHING:
            forms["refund"] = self.refund_form(row)
        return forms

    def capture_form(self, row: Payment, data: Any = None) -> CaptureForm:
        """The form that takes money."""
        label = "What has come" if is_by_hand(row) else "What is to be taken"
        seen = {"version": row.version, "amount": f"{row.amount}"}
        return CaptureForm(data, initial=seen, prefix="capture", label=label, currency=row.currency)

    def refund_form(self, row: Payment, data: Any = None) -> RefundForm:
        """The form that gives money back."""
        left = services.refundable_units(row.order, Operation.objects.filter(payment__order=row.order_id))
        lines = [(line, left[line.pk]) for line in row.order.order_items.order_by("id")]
        most = money(max(NOTHING, Shown(row).account.held), row.currency)
        seen = {"version": row.version}
        return RefundForm(data, initial=seen, prefix="refund", most=most, currency=row.currency, lines=lines)

    def capture_page(self, request: HttpRequest, payment_id: int) -> HttpResponseBase:
        """Take money that was set apart, or say that it has come by hand."""
        row = self.one(payment_id)
        form = self.capture_form(row, request.POST)
        return self.carried_out(request, row, "capture", form, services.capture_payment, "The money is taken.")

    def refund_page(self, request: HttpRequest, payment_id: int) -> HttpResponseBase:
        """Give money back."""
        row = self.one(payment_id)
        limit = {"limit": refund_limit_of(request.user)}
        form = self.refund_form(row, request.POST)
        return self.carried_out(request, row, "refund", form, services.refund_payment, "The money goes back.", limit)

    def cancel_page(self, request: HttpRequest, payment_id: int) -> HttpResponseBase:
        """Let nobody pay it any more."""
        row = self.one(payment_id)
        form = VerbForm(request.POST, prefix="cancel")
        return self.carried_out(request, row, "cancel", form, services.cancel_payment, "It is cancelled.")

    def refresh_page(self, request: HttpRequest, payment_id: int) -> HttpResponseBase:
        """Ask the provider now how the payment is, and finish what is under way."""
        row = self.one(payment_id)
        try:
            services.look(row.pk)
        except ProviderUnknown:
            messages.warning(request, SILENT)
        except ProviderRefused as refusal:
            messages.error(request, f"{provider_in_words(row.provider)} says: {refusal.message}")
        else:
            messages.success(request, "It is as the provider has it now.")
        return HttpResponseRedirect(self.url("change", row.pk))

    def carried_out(
        self,
        request: HttpRequest,
        row: Payment,
        name: str,
        form: Any,
        verb: Callable[..., Sequence[int]],
        done: str,
        more: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        """Ask with what a form says, make the calls, and go back to the page. Refused, it shows the form as typed."""
        if form.is_valid():
            words = form.words | (more or {})
            try:
                operations = verb(order_id=row.order_id, payment_id=row.pk, actor=admin_actor(request), **words)
                answered = call_all(operations)
            except Refusal as refusal:
                form.show(refusal)
            except ProviderRefused as refusal:
                now = self.one(row.pk)
                form.show_answer(f"{provider_in_words(row.provider)} says: {refusal.message}", now.version)
            else:
                if answered:
                    messages.success(request, done)
                else:
                    messages.warning(request, SILENT)
                return HttpResponseRedirect(self.url("change", row.pk))
        return self.page(request, self.one(row.pk), **{name: form})

    def payouts_page(self, request: HttpRequest) -> HttpResponseBase:
        """What came and went by day and provider, to look at or as a file."""
        today = days.today()
        month = {"since": today.replace(day=1).isoformat(), "until": today.isoformat()}
        form = PeriodForm(month | {name: request.GET[name] for name in month if name in request.GET})
        rows = payouts(form.cleaned_data["since"], form.cleaned_data["until"]) if form.is_valid() else []
        if "csv" in request.GET and form.is_valid():
            name = f"payouts-{form.cleaned_data['since']}-{form.cleaned_data['until']}.csv"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return HttpResponse(sheet_of(rows), content_type="text/csv; charset=utf-8", headers=headers)
        return self.show(
            request,
            "admin/payments/payouts.html",
            "Payouts",
            form=form,
            rows=rows,
            totals=totals(rows),
            columns=[name.replace("_", " ").capitalize() for name in COLUMNS],
            left_out=left_out(),
        )

    def one(self, payment_id: int) -> Payment:
        """A payment with its order, and what belongs to it. Raises Http404."""
        rows = Payment.objects.select_related("order__user").prefetch_related("operations", "disputes")
        row = rows.filter(pk=payment_id).first()
        if row is None:
            raise Http404("There is no such payment.")
        return row


def is_by_hand(row: Payment) -> bool:
    """Whether staff are the provider of a payment."""
    return providers.provider(row.provider).BY_HAND


def call_all(operations: Sequence[int]) -> bool:
    """Make the calls that were written down. Tells whether each has its end. Refuses ProviderRefused.

    A call that the worker is making meanwhile is not made twice, and may have no answer yet.
    """
    for operation_id in operations:
        try:
            services.carry_out(operation_id)
        except ProviderUnknown:
            continue
    return not Operation.objects.unknown().filter(pk__in=operations).exists()
