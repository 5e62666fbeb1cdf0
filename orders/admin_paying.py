"""How orders are paid, in the list of orders and on the page of one: what their payments have written on them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from orders.models import Order

# What the payments of an order say of it, in words of staff.
WORDS = {
    "unpaid": "Unpaid",
    "authorized": "Authorized",
    "paid": "Paid",
    "partly_refunded": "Partly refunded",
    "refunded": "Refunded",
    "disputed": "Disputed",
}


def payment_words_of(order: Order) -> str:
    """How an order is paid, in words; empty where nobody has begun to pay, as in a shop that takes no money."""
    if order.payment_status == "unpaid":
        return "Being paid" if order.payment_open else ""
    return WORDS.get(order.payment_status, order.payment_status)


class PaymentFilter(admin.SimpleListFilter):
    """The orders by what their payments say of them."""

    title = "payment"
    parameter_name = "payment_status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices."""
        return list(WORDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The orders that are paid so."""
        return queryset.filter(payment_status=self.value()) if self.value() in WORDS else queryset


class Payable:
    """Mixed in before the admin of orders: a column that says how each is paid."""

    @admin.display(description="payment")
    def payment_badge(self, row: Order) -> str:
        """What its payments say of an order, as a coloured badge."""
        words = payment_words_of(row)
        return format_html('<span class="badge {}">{}</span>', row.payment_status, words) if words else ""
