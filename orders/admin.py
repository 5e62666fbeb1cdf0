"""The order desk: find orders, move them on, one or many, and print what goes into the parcel.

An order is read only here. Its status changes through the services, each order in a unit of its own, so that an order
that is refused does not hold up the others.
"""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin_notes import Noted, page_of_note
from accounts.names import name_actors
from database.money import places_of
from database.refusals import Refusal
from events.actors import admin_actor
from inventory.admin_pages import told
from orders import services
from orders.admin_changes import CHANGE_PAGES, Changeable
from orders.admin_filters import AmountFilter, CustomerFilter, EndingFilter, ReadyFilter
from orders.admin_forms import CancelForm, ShortfallForm, StatusForm
from orders.admin_packing import Packable
from orders.admin_parcels import PARCEL_PAGES, Shippable
from orders.admin_parts import parts_of
from orders.admin_paying import Payable, PaymentFilter, payment_words_of
from orders.admin_returns import ReturnAdmin as ReturnAdmin  # registered with the admin of this app
from orders.breakdown import breakdown_of
from orders.models import Order, OrderQuerySet
from orders.slips import lines_of, slip_of
from orders.timeline import timeline_of
from staff.bulk import carry_out, is_too_many
from staff.forms import show_refusal
from staff.frame import NUMBER, Page, ReadOnly, StaffAdmin
from staff.lists import by_moment

CHANGE = "orders.change_order"
MOVE = "inventory.change_stocklevel"
Status = Order.Status
VERBS = {Status.CONFIRMED: "Confirm", Status.SHIPPED: "Ship", Status.DELIVERED: "Mark as delivered"}
CHANGED = "Somebody else has changed it meanwhile; look at it again."


@admin.register(Order)
class OrderAdmin(Noted, Payable, Packable, Shippable, Changeable, ReadOnly, StaffAdmin[Order]):
    """The list of orders, the page of one order, and the pages of what staff do with orders."""

    list_display = ("number", "order_date", "customer", "status_badge", "payment_badge", "goods", "total")
    list_select_related = ("user",)
    list_filter = (
        "status",
        ("order_date", admin.DateFieldListFilter),
        AmountFilter,
        CustomerFilter,
        EndingFilter,
        PaymentFilter,
        ReadyFilter,
        ("deleted_at", by_moment("orders", still="Not deleted", done="Deleted")),
    )
    search_fields = ("number",)
    search_help_text = (
        "Numbers of orders or parcels, or words of the recipient, phone, address, email, company, note, customer, SKU "
        "or article"
    )
    ordering = ("-order_date", "-id")
    sortable_by = ("order_date", "total")
    actions = ("confirm", "ship", "deliver", "cancel", "pick_list", "packing_slips")
    pages = (
        Page("shortfall/", "shortfall", "shortfall_page", MOVE, menu="Record a loss", section="inventory"),
        Page("<int:order_id>/status/", "status", "status_page", CHANGE, methods=("POST",)),
        Page("<int:order_id>/cancel/", "cancel", "cancel_page", CHANGE),
        page_of_note("order_id"),
        *PARCEL_PAGES,
        *CHANGE_PAGES,
        Page("<int:order_id>/slip/", "slip", "slip_page", "orders.view_order", methods=("GET",)),
    )

    def has_desk_permission(self, request: HttpRequest) -> bool:
        """Whether the caller may use the actions of the list."""
        return self.may(request, CHANGE)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Order], bool]:
        """The orders that a search finds, each once."""
        orders: OrderQuerySet = queryset
        return orders.search(search_term.strip()) if search_term.strip() else orders, False

    @admin.display(description="customer")
    def customer(self, row: Order) -> str:
        """The email of the customer, or of the guest."""
        return row.user.email if row.user else f"{row.email} (guest)"

    @admin.display(description="status", ordering="status")
    def status_badge(self, row: Order) -> str:
        """The status as a coloured badge."""
        name = "deleted" if row.deleted_at else row.status
        return format_html('<span class="badge {}">{}</span>', name, name.title())

    @admin.display(description="total", ordering="total_amount")
    def total(self, row: Order) -> str:
        """The total with its currency."""
        return f"{row.total_amount:,.{places_of(row.currency)}f} {row.currency}"

    @admin.action(description="Confirm", permissions=["desk"])
    def confirm(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Confirm the chosen orders."""
        self.each(request, queryset, "confirmed", services.confirm_order)

    @admin.action(description="Ship", permissions=["desk"])
    def ship(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Ship the chosen orders."""
        self.each(request, queryset, "shipped", services.ship_order)

    @admin.action(description="Mark as delivered", permissions=["desk"])
    def deliver(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Mark the chosen orders as delivered."""
        self.each(request, queryset, "delivered", services.deliver_order)

    @admin.action(description="Cancel …", permissions=["desk"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        """Cancel the chosen orders, after a page that asks for the reason. Customers read the reason."""
        form = CancelForm(request.POST if "sure" in request.POST else None)
        if not form.is_valid():
            if is_too_many(request, queryset):
                return None
            chosen = list(queryset.select_related("user"))
            form = form if form.is_bound else CancelForm(initial={"versions": versions_of(chosen)})
            return self.show(request, "admin/orders/cancel.html", "Cancel orders", form=form, chosen=chosen, bulk=True)
        words, versions = form.words, form.cleaned_data["versions"]

        def cancel(order_id: int, **words: Any) -> bool:
            """Cancel an order, if it is still as it was when the page asked."""
            return services.cancel_order(order_id=order_id, expected_version=versions.get(order_id, 0), **words)

        self.each(request, queryset, "cancelled", cancel, **words)
        return None

    def each(
        self, request: HttpRequest, queryset: QuerySet[Order], done: str, verb: Callable[..., bool], **words: str
    ) -> None:
        """Carry a verb out on each chosen order, oldest first, and say what became of each."""
        carry_out(
            request,
            queryset.order_by("order_date", "id"),
            done,
            lambda order: verb(order_id=order.pk, actor=admin_actor(request), **words),
            name=lambda order: order.number,
            reason=reason_of,
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """An order with its lines, what the shelf says about each, its history, and what can be done next."""
        if request.method == "POST" or not self.has_view_permission(request):  # nothing is posted to this page
            return super().change_view(request, object_id, form_url, extra_context)
        order = self.one(int(object_id) if NUMBER.fullmatch(object_id) else 0)
        moments = timeline_of(order)
        name_actors(request, moments)
        lines = lines_of(order)
        verbs = [(status, label) for status, label in VERBS.items() if status in order.allowed]
        may_change = self.may(request, CHANGE) and not order.deleted_at
        return self.show(
            request,
            "admin/orders/detail.html",
            f"Order {order.number}",
            order=order,
            lines=lines,
            breakdown=breakdown_of(order, [row["line"] for row in lines]),
            moments=moments,
            parts=parts_of(request, order),
            payment=payment_words_of(order),
            verbs=verbs if may_change else [],
            may_cancel=may_change and Status.CANCELLED in order.allowed and not order.partly_shipped,
            **self.notes_of(request, order),
            **self.shown_parcels(order, may_change=may_change),
            may_edit=may_change and order.status in Order.OPEN,
            may_see_people=self.may(request, "accounts.view_user"),
        )

    def status_page(self, request: HttpRequest, order_id: int) -> HttpResponseBase:
        """Move one order on, if it is still as it was when the button was shown."""
        order = self.one(order_id)
        form = StatusForm(request.POST)
        if not form.is_valid() or form.cleaned_data["status"] not in VERBS:
            messages.error(request, "This is nothing that can be done with an order.")
            return HttpResponseRedirect(self.url("change", order.pk))
        status = form.cleaned_data["status"]
        try:
            services.set_status(
                order_id=order.pk,
                status=status,
                actor=admin_actor(request),
                expected_version=form.cleaned_data["version"],
            )
        except Refusal as refusal:
            messages.error(request, reason_of(refusal))
        else:
            messages.success(request, f"Order {order.number} is {status}.")
        return HttpResponseRedirect(self.url("change", order.pk))

    def cancel_page(self, request: HttpRequest, order_id: int) -> HttpResponseBase:
        """Cancel one order as it was when its page was opened (`version`), after a form that asks for the reason."""
        order = self.one(order_id)
        if request.method != "POST" and request.GET.get("version", str(order.version)) != str(order.version):
            messages.error(request, CHANGED)
            return HttpResponseRedirect(self.url("change", order.pk))
        form = CancelForm(
            request.POST if request.method == "POST" else None, initial={"versions": versions_of([order])}
        )
        if request.method == "POST" and form.is_valid():
            try:
                services.cancel_order(
                    order_id=order.pk,
                    actor=admin_actor(request),
                    expected_version=form.cleaned_data["versions"].get(order.pk, 0),
                    **form.words,
                )
            except Refusal as refusal:
                messages.error(request, reason_of(refusal))
            else:
                messages.success(request, f"Order {order.number} is cancelled, and its stock is back.")
            return HttpResponseRedirect(self.url("change", order.pk))
        return self.show(request, "admin/orders/cancel.html", f"Cancel order {order.number}", form=form, chosen=[order])

    def slip_page(self, request: HttpRequest, order_id: int) -> HttpResponseBase:
        """What goes into the parcel: no prices, and where each line is taken from."""
        order = self.one(order_id)
        return self.show(
            request, "admin/orders/slip.html", f"Packing slip {order.number}", order=order, slip=slip_of(order)
        )

    def shortfall_page(self, request: HttpRequest) -> HttpResponseBase:
        """Record that units are gone which may be promised.

        The page first shows the promises that would move and those that would be given up. The loss is recorded when
        the form comes back with just these promises as seen.
        """
        form = ShortfallForm(request.POST or None, initial=request.GET.dict())
        ahead: services.LossOutlook | None = None
        if request.method == "POST" and form.is_valid():
            try:
                loss = {name: form.cleaned_data[name] for name in ("sku", "warehouse", "missing")}
                ahead = services.look_ahead(**loss)
                if "sure" in request.POST and request.POST.get("seen") == ahead.seen:
                    return self.shortfall(request, form.cleaned_data)
            except Refusal as refusal:
                show_refusal(refusal, form)
        return self.show(
            request,
            "admin/orders/shortfall.html",
            "Record a loss",
            form=form,
            ahead=ahead,
            back=reverse("admin:inventory_stockitem_changelist"),
        )

    def shortfall(self, request: HttpRequest, loss: dict[str, Any]) -> HttpResponseBase:
        """Record a loss, and name the orders that lost a line."""
        done = services.record_shortfall(**loss, actor=admin_actor(request))
        numbers = ", ".join(Order.objects.filter(pk__in=done.order_ids).values_list("number", flat=True))
        messages.success(request, f"{loss['missing']} units of {loss['sku']} written off.")
        for line in told(done.moves):
            messages.info(request, line)
        if numbers:
            messages.warning(request, f"These orders lost their line: {numbers}.")
        return HttpResponseRedirect(f"{reverse('admin:inventory_stockitem_changelist')}?q={quote(loss['sku'])}")

    def one(self, order_id: int) -> Order:
        """An order with its customer, deleted ones included. Raises Http404."""
        order = Order.objects.select_related("user").filter(pk=order_id).first()
        if order is None:
            raise Http404("There is no such order.")
        return order


def versions_of(orders: Iterable[Order]) -> str:
    """How these orders are now, as CancelForm reads it."""
    return " ".join(f"{order.pk}:{order.version}" for order in orders)


def reason_of(refusal: Refusal) -> str:
    """A refusal in words for the order desk, with the lines that are the reason."""
    if refusal.status == 412:
        return CHANGED
    issues = refusal.extra.get("stock_issues", [])
    short = ", ".join(f"{issue['sku']} ({issue['available']} of {issue['requested']} there)" for issue in issues)
    return f"{refusal.title}: {short}" if short else refusal.detail
