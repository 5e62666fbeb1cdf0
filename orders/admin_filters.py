"""The filters of the list of orders."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from orders.models import OrderQuerySet
from orders.packing import IN_PART, READY, WAITS, by_readiness


class AmountFilter(admin.SimpleListFilter):
    """Orders by their total."""

    title = "amount"
    parameter_name = "amount"
    # Each with its label, the least total, and the total that is too much.
    ranges: dict[str | None, tuple[str, int, int | None]] = {
        "-50": ("below 50", 0, 50),
        "50-200": ("50 to 200", 50, 200),
        "200-1000": ("200 to 1,000", 200, 1000),
        "1000-": ("1,000 and more", 1000, None),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The ranges to choose from."""
        return [(str(name), label) for name, (label, _, _) in self.ranges.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The orders within the chosen range."""
        if self.value() not in self.ranges:
            return queryset
        _, low, high = self.ranges[self.value()]
        return queryset.filter(total_amount__gte=low, **({"total_amount__lt": high} if high else {}))


class CustomerFilter(admin.SimpleListFilter):
    """The orders of one customer, whose page leads here. The list itself offers no customer to choose."""

    title = "customer"
    parameter_name = "user"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The customer whose orders are shown, if it is one customer's."""
        number = self.value()
        if not number:
            return []
        return [(number, User.objects.filter(pk=number).values_list("email", flat=True).first() or number)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The orders of the customer."""
        return queryset.filter(user=self.value()) if self.value() else queryset


class EndingFilter(admin.SimpleListFilter):
    """The pending orders that the clock is about to cancel."""

    title = "clock"
    parameter_name = "ending"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The one choice."""
        hours = settings.PENDING_ORDER_HOURS
        whose = f"after {hours} h, guests' after" if hours else "guests', after"
        return [("soon", f"About to be cancelled ({whose} {settings.GUEST_ORDER_HOURS} h)")]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        """The orders that are about to be cancelled, if that is chosen."""
        orders: OrderQuerySet = queryset
        return orders.about_to_end() if self.value() == "soon" else orders


class ReadyFilter(admin.SimpleListFilter):
    """The confirmed orders by whether their goods lie there."""

    title = "goods"
    parameter_name = "goods"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The three states of what is still to leave."""
        return [(READY, "Can ship now"), (IN_PART, "Can ship in part"), (WAITS, "Waits for goods")]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        """The orders of the chosen state."""
        orders: OrderQuerySet = queryset
        state = self.value()
        return by_readiness(orders, state) if state in (READY, IN_PART, WAITS) else orders
