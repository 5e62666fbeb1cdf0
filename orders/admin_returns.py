"""The returns desk: what is asked back, and the verbs by which staff approve, receive or refuse it."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html

from accounts.names import name_actors
from database.refusals import Refusal
from events.actors import admin_actor
from orders import services
from orders.admin_return_forms import ApproveForm, ReceiveForm, RefuseForm
from orders.models import Return
from orders.services.refunds import NOTHING
from orders.timeline import words_of
from staff.forms import show_refusal
from staff.frame import NUMBER, Page, ReadOnly, StaffAdmin

CHANGE = "orders.change_order"
SEE = "orders.view_order"


class StateFilter(admin.SimpleListFilter):
    """By how far returns have come; "open" are those whose goods may still come."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices."""
        return [("open", "Still to come"), *((str(value), str(label)) for value, label in Return.State.choices)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The returns of the chosen state."""
        if self.value() == "open":
            return queryset.filter(state__in=Return.OPEN, order__deleted_at=None)
        return queryset.filter(state=self.value()) if self.value() in Return.State.values else queryset


@admin.register(Return)
class ReturnAdmin(ReadOnly, StaffAdmin[Return]):
    """The list of returns, the page of one, and what staff do with it."""

    list_display = ("name", "state_badge", "requested_at", "order_link", "buyer", "refund")
    list_select_related = ("order__user",)
    list_filter = (StateFilter, "kind", ("requested_at", admin.DateFieldListFilter))
    search_fields = ("order__number",)
    search_help_text = "Number of the order, in full"
    ordering = ("-requested_at", "-id")
    sortable_by = ("requested_at",)
    pages = (
        Page("<int:return_id>/approve/", "approve", "approve_page", CHANGE, methods=("POST",)),
        Page("<int:return_id>/receive/", "receive", "receive_page", CHANGE, methods=("POST",)),
        Page("<int:return_id>/refuse/", "refuse", "refuse_page", CHANGE, methods=("POST",)),
    )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees orders sees their returns."""
        return self.may(request, SEE)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """The returns of the order with this number."""
        number = search_term.strip()
        return queryset.filter(order__number=number) if number else queryset, False

    @admin.display(description="return")
    def name(self, row: Return) -> str:
        """What it is, with its number."""
        return f"{row.get_kind_display()} {row.pk}"

    @admin.display(description="state")
    def state_badge(self, row: Return) -> str:
        """The state as a coloured badge."""
        return format_html('<span class="badge {}">{}</span>', row.state, row.get_state_display())

    @admin.display(description="order")
    def order_link(self, row: Return) -> str:
        """The number of the order, with a link to its page."""
        url = reverse("admin:orders_order_change", args=[row.order_id])
        return format_html('<a href="{}">{}</a>', url, row.order.number)

    @admin.display
    def buyer(self, row: Return) -> str:
        """The email of the customer, or of the guest."""
        return row.order.contact_email

    @admin.display
    def refund(self, row: Return) -> str:
        """What is proposed to be paid back, once the goods are there."""
        return money(row, row.refund_items + row.refund_shipping) if row.state == Return.State.RECEIVED else ""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """A return with its goods, what was said about it, and what can be done next."""
        if request.method == "POST" or not self.has_view_permission(request):  # nothing is posted to this page
            return super().change_view(request, object_id, form_url, extra_context)
        return self.page(request, self.one(int(object_id) if NUMBER.fullmatch(object_id) else 0))

    def page(self, request: HttpRequest, row: Return, **typed: Any) -> HttpResponseBase:
        """The page of a return. `typed` has the form that was refused, by its name, with what was typed."""
        lines = list(row.lines.select_related("order_item"))
        steps = list(row.order.history.all())
        name_actors(request, steps)
        may_change = self.may(request, CHANGE) and row.state in Return.OPEN and not row.order.deleted_at
        seen = {"version": row.version}
        forms: dict[str, Any] = {
            "approve": ApproveForm(initial=seen, prefix="approve"),
            "receive": ReceiveForm(initial=seen, prefix="receive", lines=lines),
            "refuse": RefuseForm(initial=seen, prefix="refuse"),
        }
        return self.show(
            request,
            "admin/orders/return.html",
            f"{row.get_kind_display()} {row.pk}",
            row=row,
            order=row.order,
            lines=lines,
            steps=[
                (words_of(step.event), step)
                for step in steps
                if step.event.startswith("return_") or step.event == "withdrawn"
            ],
            refunds=[(label, money(row, amount)) for label, amount in refunds_of(row)],
            forms=forms | typed if may_change else {},
            may_approve=may_change and row.state == Return.State.REQUESTED,
        )

    def approve_page(self, request: HttpRequest, return_id: int) -> HttpResponseBase:
        """Let the buyer send the goods back."""
        row = self.one(return_id)
        form = ApproveForm(request.POST, prefix="approve")
        return self.carried_out(request, row, "approve", form, services.approve_return, "is approved")

    def receive_page(self, request: HttpRequest, return_id: int) -> HttpResponseBase:
        """Take the goods in."""
        row = self.one(return_id)
        form = ReceiveForm(request.POST, prefix="receive", lines=list(row.lines.select_related("order_item")))
        return self.carried_out(request, row, "receive", form, services.receive_return, "is received")

    def refuse_page(self, request: HttpRequest, return_id: int) -> HttpResponseBase:
        """Refuse the return with words."""
        row = self.one(return_id)
        form = RefuseForm(request.POST, prefix="refuse")
        return self.carried_out(request, row, "refuse", form, services.refuse_return, "is refused")

    def carried_out(
        self, request: HttpRequest, row: Return, name: str, form: Any, verb: Callable[..., Any], done: str
    ) -> HttpResponseBase:
        """Run a verb with what a form says, and go back to the page. Refused, the page shows the form as typed."""
        if form.is_valid():
            try:
                verb(order_id=row.order_id, return_id=row.pk, actor=admin_actor(request), **form.words)
            except Refusal as refusal:
                show_refusal(refusal, form)
            else:
                messages.success(request, f"{row.get_kind_display()} {row.pk} {done}.")
                return HttpResponseRedirect(self.url("change", row.pk))
        return self.page(request, self.one(row.pk), **{name: form})

    def one(self, return_id: int) -> Return:
        """A return with its order. Raises Http404."""
        row = Return.objects.select_related("order__user", "warehouse").filter(pk=return_id).first()
        if row is None:
            raise Http404("There is no such return.")
        return row


def money(row: Return, amount: Any) -> str:
    """An amount in the decimals of the order's currency, with the currency."""
    return f"{amount + row.order.total_amount * 0:,} {row.order.currency}"


def refunds_of(row: Return) -> Iterator[tuple[str, Any]]:
    """What is proposed to be paid back for a return that was received, with what for."""
    if row.state != Return.State.RECEIVED:
        return
    yield "Goods", row.refund_items
    if row.refund_shipping != NOTHING:
        yield "Delivery", row.refund_shipping
    yield "Total", row.refund_items + row.refund_shipping
