"""How a document is written: its number is taken last, in the transaction that writes it.

Numbers of a kind and a year have no gap, so whoever takes one makes others wait until it is on disk, and a transaction
that comes to nothing gives it back. Between the counter and the commit there are two statements. Locks are taken in one
sequence everywhere: the order's row, then the counter.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings

from database.days import day_of
from database.rows import fetch_rows
from database.transactions import Overtaken
from events.actors import Actor
from events.services import publish
from invoicing.documents import Json
from invoicing.models import Invoice, end_of_keeping
from orders.models import Order

# Whoever waited for the counter gets the moment after the wait, so that numbers and moments rise together.
TAKE = """
insert into invoicing_counter as counter (kind, year, last)
values (%(kind)s::text, extract(year from clock_timestamp() at time zone %(zone)s::text)::int, 1)
on conflict (kind, year) do update set last = counter.last + 1
returning year, last, clock_timestamp()
"""


class Number(NamedTuple):
    """A number that was taken, and when."""

    year: int
    serial: int
    at: datetime


def take_number(kind: str) -> Number:
    """The next number of a kind in this year of the shop. Locks the counter until the end of the transaction.

    Raises Overtaken when the year ended during the wait: the transaction has to run again.
    """
    [row] = fetch_rows(TAKE, {"kind": kind, "zone": settings.SHOP_TIME_ZONE})
    number = Number(*row)
    if day_of(number.at).year != number.year:
        raise Overtaken
    return number


def write(
    order: Order,
    kind: str,
    document: Json,
    *,
    reference: str,
    actor: Actor,
    credits: Invoice | None = None,
    revision_id: int = 0,
) -> int:
    """Write a document of a locked order under the next number, and answer its id. Locks the counter."""
    number = take_number(kind)
    invoice = Invoice.objects.create(
        kind=kind,
        year=number.year,
        serial=number.serial,
        number=f"{Invoice.PREFIX[kind]}{number.year}-{number.serial:06d}",
        order=order,
        credits=credits,
        reference=reference,
        revision_id=revision_id,
        issued_at=number.at,
        supplied_on=date.fromisoformat(document["supplied_on"]),
        kept_until=end_of_keeping(day_of(number.at), settings.INVOICE_YEARS),
        currency=order.currency,
        document=document,
        **{name: Decimal(document[name]) for name in ("net", "tax", "total")},
    )
    publish(
        f"{kind}.issued",
        {"order_id": order.pk, "invoice_id": invoice.pk, "number": invoice.number},
        subject=f"order:{order.pk}",
        actor=actor,
    )
    return invoice.pk
