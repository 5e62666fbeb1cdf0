"""What staff do with goods that are to come back: approve a return, receive its goods, or refuse it with words.

Locks are taken in one sequence everywhere: the order's row, then stock levels. Every change of a return is made under
its order's lock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F

from database.refusals import Expected, FieldError, Invalid, NotFound, check_version
from database.transactions import unit_of_work
from events.actors import Actor
from inventory import services as inventory_services
from inventory.models import ClockTimestamp, Warehouse
from inventory.services import Condition
from orders.exceptions import ReturnClosed
from orders.models import Order, Return, ReturnLine
from orders.services.parcels import warehouse_with
from orders.services.refunds import refund_of_delivery, refunds_of_lines
from orders.services.verbs import locked, record

State = Return.State


@dataclass(frozen=True, slots=True)
class Received:
    """How many units of a line came back, and whether they can be sold again."""

    quantity: int
    condition: Condition = Condition.RESTOCK


@unit_of_work
def approve_return(
    *, order_id: int, return_id: int, actor: Actor, answer: str = "", expected_version: Expected = None
) -> bool:
    """Let the buyer send goods back, with words for the buyer. Tells whether it did: an approved one stays as it is.

    Refuses NotFound, VersionMismatch (the return's), and ReturnClosed for one that was received or refused. Locks the
    order.
    """
    order, asked = locked_return(order_id, return_id)
    if asked.state == State.APPROVED:
        return False
    refuse_closed(asked, expected_version)
    change(asked, State.APPROVED, answer=answer)
    record(order, "return_approved", order.status, actor, answer, return_id=asked.pk, message=answer)
    return True


@unit_of_work
def refuse_return(
    *, order_id: int, return_id: int, actor: Actor, answer: str, expected_version: Expected = None
) -> bool:
    """Refuse a return with words that the buyer reads. Tells whether it did: a refused one stays as it is.

    Its units may be asked back again. Refuses NotFound, VersionMismatch (the return's), Invalid without words, and
    ReturnClosed for one that was received. Locks the order.
    """
    if not answer:
        error = FieldError("answer", "required", "Say why: the buyer reads it.")
        raise Invalid("Nobody is refused without words.", errors=[error])
    order, asked = locked_return(order_id, return_id)
    if asked.state == State.REFUSED:
        return False
    refuse_closed(asked, expected_version)
    change(asked, State.REFUSED, answer=answer)
    record(order, "return_refused", order.status, actor, answer, return_id=asked.pk, message=answer)
    return True


@unit_of_work
def receive_return(
    *,
    order_id: int,
    return_id: int,
    actor: Actor,
    lines: Mapping[int, Received] | None = None,
    warehouse: str | None = None,
    answer: str = "",
    expected_version: Expected = None,
) -> None:
    """Take in the goods of a return, and propose what the buyer gets back for them (orders.services.refunds).

    `lines` has what came of each line, by the line's id: a line that is left out did not come. Without `lines` all came
    as it was asked, and can be sold again. They lie in `warehouse` (a code) then, or in the active one of highest
    priority. What did not come may be asked back again. The buyer reads `answer`. Refuses NotFound, VersionMismatch
    (the return's), ReturnClosed for one that was received or refused, Invalid for lines that were not asked back, for
    more units than were, where nothing came and for an unknown warehouse, and NoWarehouse. Locks the order, then stock
    levels.
    """
    order, asked = locked_return(order_id, return_id)
    refuse_closed(asked, expected_version)
    rows = list(asked.lines.select_related("order_item__variant__stock_item"))
    if lines is None:
        lines = {row.order_item_id: Received(row.quantity) for row in rows}
    refuse_more_than_asked(rows, lines)
    warehouse_with(warehouse)
    came = {line_id: line.quantity for line_id, line in lines.items() if line.quantity}
    refunds = refunds_of_lines(order, came)
    delivery = refund_of_delivery(order, asked, came)
    for row in rows:
        row.quantity = came.get(row.order_item_id, 0)
        row.condition = lines[row.order_item_id].condition if row.quantity else ""
        row.refund = refunds.get(row.order_item_id, Decimal(0))
    ReturnLine.objects.bulk_update(rows, ["quantity", "condition", "refund"])
    posted = inventory_services.return_stock(
        reference=f"return:{asked.pk}",
        lines=[
            inventory_services.ReturnLine(
                row.order_item.variant.stock_item.sku, row.quantity, warehouse, Condition(row.condition)
            )
            for row in rows
            if row.quantity
        ],
        actor=actor,
    )
    place = Warehouse.objects.with_codes(posted.lines[0].warehouse).get()
    change(
        asked,
        State.RECEIVED,
        answer=answer or asked.answer,
        warehouse=place,
        refund_items=sum((row.refund for row in rows), Decimal(0)),
        refund_shipping=delivery,
    )
    record(
        order,
        "return_received",
        order.status,
        actor,
        answer,
        return_id=asked.pk,
        message=answer,
        warehouse_id=place.pk,
        lines=[
            {
                "order_item_id": row.order_item_id,
                "quantity": row.quantity,
                "condition": str(row.condition),
                "refund": str(row.refund),
            }
            for row in rows
        ],
        refund_shipping=str(delivery),
    )


def locked_return(order_id: int, return_id: int) -> tuple[Order, Return]:
    """A return with its order, which is locked. Refuses NotFound."""
    order = locked(Order.objects.visible(), order_id)
    asked = order.returns.filter(pk=return_id).first()
    if asked is None:
        raise NotFound("There is no such return.")
    return order, asked


def refuse_closed(asked: Return, expected_version: Expected) -> None:
    """Refuse VersionMismatch, and ReturnClosed for a return that was received or refused."""
    check_version(asked.version, expected_version)
    if asked.state not in Return.OPEN:
        raise ReturnClosed(f"It is {asked.state}.")


def refuse_more_than_asked(rows: list[ReturnLine], lines: Mapping[int, Received]) -> None:
    """Refuse (Invalid) lines that were not asked back, more units than were, and that nothing came at all."""
    asked = {row.order_item_id: row.quantity for row in rows}
    errors = [
        FieldError(f"lines.{place}.order_item_id", "unknown_line", "Nobody asked for this line.")
        if line_id not in asked
        else FieldError(f"lines.{place}.quantity", "more_than_asked", f"{asked[line_id]} were to come back.")
        for place, (line_id, line) in enumerate(lines.items())
        if line.quantity > asked.get(line_id, -1)
    ]
    if errors:
        raise Invalid(errors[0].message, code=errors[0].code, errors=errors)
    if not any(line.quantity for line in lines.values()):
        raise Invalid("Nothing came: refuse the return with words.", code="nothing_came")


def change(asked: Return, state: str, **figures: Any) -> None:
    """Write how far a return has come."""
    Return.objects.filter(pk=asked.pk).update(
        state=state, version=F("version") + 1, updated_at=ClockTimestamp(), **figures
    )
