"""Carts for staff: the list of them, and the page of one cart, on which the order desk fills it for whoever calls."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from checkout import desk
from checkout.admin_forms import cart_id_of
from checkout.admin_page import page_of_cart
from checkout.admin_verbs import CHANGE, DeskPages
from checkout.models import Cart
from staff.lists import by_moment


@admin.register(Cart)
class CartAdmin(DeskPages):
    """The list of carts, and the page of one cart."""

    list_display = ("updated_at", "who", "state_badge", "units", "worth", "held_until")
    list_select_related = ("user",)
    list_filter = (
        "state",
        ("user", by_moment("whose", still="Guests", done="Customers")),
        ("email", by_moment("email", still="Without an email", done="With an email")),
    )
    search_fields = ("email", "user__email")
    search_help_text = "A part of an email"
    ordering = ("-updated_at", "-id")
    sortable_by = ("updated_at",)

    def look_up(self, request: HttpRequest, rows: Sequence[Cart]) -> None:
        """Set on each row what is in the cart. One statement for the page."""
        worth = desk.worth_of(row.pk for row in rows)
        for row in rows:
            row.content = worth.get(row.pk)  # type: ignore[attr-defined]  # for the columns below

    @admin.display(description="whose")
    def who(self, row: Cart) -> str:
        """The email of the customer, or that of a guest."""
        return row.user.email if row.user is not None else row.email or "a guest"

    @admin.display(description="state")
    def state_badge(self, row: Cart) -> str:
        """The state as a badge."""
        return format_html('<span class="badge {}">{}</span>', row.state, row.get_state_display())

    @admin.display(description="units")
    def units(self, row: Cart) -> str:
        """The units in the cart."""
        content: desk.Worth | None = row.content  # type: ignore[attr-defined]  # look_up has set it
        return f"{content.units:,}" if content else ""

    @admin.display(description="value")
    def worth(self, row: Cart) -> str:
        """What is in the cart at the prices of now, without discounts, taxes and shipping."""
        content: desk.Worth | None = row.content  # type: ignore[attr-defined]  # look_up has set it
        return f"{content.amount:,} {row.currency}" if content else ""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """A cart with its lines, its totals and what it lacks, and what the order desk can do with it."""
        if request.method == "POST" or not self.has_view_permission(request):  # nothing is posted to this page
            return super().change_view(request, object_id, form_url, extra_context)
        cart = self.one(request, cart_id_of(object_id))
        may_serve = self.may(request, CHANGE) and cart.is_live
        context = page_of_cart(cart, words=request.GET.get("articles", "")[:100], may_serve=may_serve)
        return self.show(
            request,
            "admin/checkout/cart.html",
            "Cart",
            may_see_people=self.may(request, "accounts.view_user"),
            may_see_orders=self.may(request, "orders.view_order"),
            **context,
        )
