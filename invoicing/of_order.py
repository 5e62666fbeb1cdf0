"""The invoices of an order, as its page in the admin shows them."""

from typing import Any

from django.http import HttpRequest

from orders.models import Order


def invoices_of(request: HttpRequest, order: Order) -> dict[str, Any] | None:
    """The invoices and credit notes of an order; None where it has none."""
    invoices = list(order.invoices.all())
    return {"invoices": invoices} if invoices else None
