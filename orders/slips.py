"""Where the goods of an order lie: for the page of an order, and for the slip that goes into its parcel."""

from dataclasses import dataclass
from typing import Any

from inventory import overview
from inventory.models import Reservation, StockItem
from orders.models import Order, OrderItem


@dataclass(frozen=True, slots=True)
class Place:
    """Units of a line in a warehouse. `missing` are those of a backorder that have not arrived yet."""

    quantity: int
    warehouse: str
    missing: int


@dataclass(frozen=True, slots=True)
class Slip:
    """What is printed for a parcel. `notice` says why there is nothing to do, or why to wait; it may be empty.

    An order that will not be shipped has no lines. Of an order that has been shipped the slip tells what was taken, and
    of one that has left in part what is still to be taken.
    """

    notice: str
    lines: list[tuple[OrderItem, list[Place]]]
    to_pack: bool


def slip_of(order: Order) -> Slip:
    """The packing slip of an order as it is now. Promises that were given up are not on it."""
    if order.is_given_up:
        what = "deleted" if order.deleted_at else "cancelled"
        return Slip(f"This order is {what}. There is nothing to pack.", [], to_pack=False)
    to_pack = order.status in Order.OPEN
    rows = lines_of(order)
    places: dict[int, list[Place]] = {}
    if to_pack:
        for row in rows:
            open_ones = [promise for promise in row["promises"] if promise.state == Reservation.State.OPEN]
            places[row["line"].pk] = [place_of(promise) for promise in open_ones]
    else:
        for parcel in (
            order.fulfilments.exclude(state="cancelled").select_related("warehouse").prefetch_related("lines")
        ):
            for packed in parcel.lines.all():
                place = Place(packed.quantity, parcel.warehouse.name, 0)
                places.setdefault(packed.order_item_id, []).append(place)
    lines = [(row["line"], places.get(row["line"].pk, [])) for row in rows]
    if order.partly_shipped:
        lines = [(line, found) for line, found in lines if found]
    if not to_pack:
        notice = f"This order is {order.status}. Its goods have been taken already."
    elif order.status == Order.Status.PENDING:
        notice = "This order is not confirmed yet."
    else:
        notice = ""
    return Slip(notice, lines, to_pack)


def place_of(promise: Reservation) -> Place:
    """Where an open promise is fulfilled from."""
    return Place(promise.quantity, promise.level.warehouse.name, max(promise.quantity - promise.level.on_hand, 0))


def lines_of(order: Order) -> list[dict[str, Any]]:
    """The lines of an order, each with its promises and with the stock of its item, in three statements."""
    lines = list(order.order_items.select_related("variant"))
    items = StockItem.objects.filter(pk__in=[line.variant.stock_item_id for line in lines])
    shelf = {item.pk: item for item in overview.with_totals(items)}
    promises: dict[int, list[Reservation]] = {}
    for promise in (
        Reservation.objects.filter(reference=order.reference).select_related("level__warehouse").order_by("id")
    ):
        promises.setdefault(promise.level.item_id, []).append(promise)
    return [
        {
            "line": line,
            "item": shelf[line.variant.stock_item_id],
            "promises": promises.get(line.variant.stock_item_id, []),
        }
        for line in lines
    ]
