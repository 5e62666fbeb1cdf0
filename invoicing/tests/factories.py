"""What tests of invoices need: a shop that says who it is, and documents that went through the services."""

from datetime import date
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command
from django.test.utils import override_settings

from database.days import today
from events.actors import COMMAND
from invoicing import services
from invoicing.models import Counter, Invoice, InvoiceFile
from orders.models import Order

SELLER: dict[str, Any] = {
    "INVOICES": True,
    "SHOP_LEGAL_NAME": "Verano Trading GmbH",
    "SHOP_LEGAL_ADDRESS": ["Kastanienallee 1", "10435 Berlin", "Germany"],
    "SHOP_VAT_ID": "DE136695976",
    "SHOP_LEGAL_FOOTER": "Amtsgericht Charlottenburg HRB 12345",
}


def issue(order: Order | int, due_since: date | None = None) -> list[Invoice]:
    """The documents that an order gets that was paid, or sent, on this day; today where none is named."""
    order_id = order if isinstance(order, int) else order.pk
    with override_settings(**SELLER):
        ids = services.follow_order(order_id=order_id, actor=COMMAND, due_since=due_since or today())
    return [Invoice.objects.get(pk=invoice_id) for invoice_id in ids]


def follow(order: Order | int) -> list[Invoice]:
    """The documents that follow from what happened to an order after its invoice."""
    ids = services.follow_order(order_id=order if isinstance(order, int) else order.pk, actor=COMMAND)
    return [Invoice.objects.get(pk=invoice_id) for invoice_id in ids]


def verify() -> tuple[str, str]:
    """What the command prints, and the message that it fails with."""
    out = StringIO()
    try:
        call_command("verify_invoices", stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def assert_sound() -> None:
    """Every invariant of invoices holds."""
    assert verify() == ("0 violations: all 11 invariants hold.\n", "")


def documents() -> dict[str, list[dict[str, Any]]]:
    """All rows of invoices: equal before and after means that nothing happened."""
    models: list[Any] = [Invoice, InvoiceFile, Counter]
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}
