"""Lost goods that were promised. No promise is left without its units, and the affected orders are told.

A shortfall starts from stock and ends at orders, against the sequence of locks. So the orders are found without a lock
and locked; then the stock is locked and read again. Where promises have come or gone in between, the unit of work
begins anew.
"""

from dataclasses import dataclass

from django.db.models import Count

from database.refusals import Invalid, NotFound
from database.transactions import unit_of_work
from events.actors import Actor
from inventory import services as inventory_services
from inventory.models import StockItem, StockLevel, Warehouse
from inventory.services import Moved
from orders.models import Order
from orders.services.parcels import shipped_units
from orders.services.reducing import reduce_line, ship_if_nothing_is_open
from orders.services.verbs import Status, move, record


@dataclass(frozen=True, slots=True)
class Loser:
    """A promise that a loss would take: so many units of the item. `order` is None for a hold of a cart.

    `is_cancelled` says that the order has no other line and ends with this one.
    """

    reference: str
    units: int
    order: Order | None
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class LossOutlook:
    """What a loss would do now: promises that come from other warehouses, and then those that are given up."""

    moves: list[Moved]
    losers: list[Loser]

    @property
    def seen(self) -> str:
        """A text that is the same as long as the same promises would move and be given up."""
        moves = [f"{move.reference}>{move.target}:{move.quantity}" for move in self.moves]
        return " ".join([*moves, *(f"{loser.reference}:{loser.units}" for loser in self.losers)])


@dataclass(frozen=True, slots=True)
class Loss:
    """What a loss did: the ids of the orders that lost their line, and the promises that moved."""

    order_ids: list[int]
    moves: list[Moved]


def look_ahead(*, sku: str, warehouse: str, missing: int) -> LossOutlook:
    """What `record_shortfall` would do now. Refuses the same; locks nothing."""
    ahead = inventory_services.outlook(level_of(sku, warehouse, missing), missing)
    numbers = [reference.removeprefix("order:") for reference in ahead.given_up]
    orders = Order.objects.filter(number__in=numbers).annotate(lines=Count("order_items"))
    lines = dict(orders.values_list("pk", "lines"))
    by_reference = {order.reference: order for order in orders}
    losers = []
    for reference, units in ahead.given_up.items():
        order = by_reference.get(reference)
        is_cancelled = order is not None and lines[order.pk] == 1 and not order.partly_shipped
        losers.append(Loser(reference, units, order, is_cancelled))
    return LossOutlook(ahead.moves, losers)


def level_of(sku: str, warehouse: str, missing: int) -> StockLevel:
    """The level that units are missing from. Refuses NotFound, and Invalid where so many units cannot be missing."""
    items, warehouses = StockItem.objects.with_skus(sku), Warehouse.objects.with_codes(warehouse)
    level = StockLevel.objects.filter(item__in=items, warehouse__in=warehouses).first()
    if level is None:
        raise NotFound("This SKU does not lie in this warehouse.")
    if not 0 < missing <= level.on_hand:
        raise Invalid(f"Between 1 and {level.on_hand} units can be missing.", code="invalid_quantity")
    return level


@unit_of_work
def record_shortfall(
    *, sku: str, warehouse: str, missing: int, actor: Actor, reason: str = "", message: str = ""
) -> Loss:
    """Record that units of a SKU are gone from a warehouse. Returns the orders that lose their line, and who moved.

    Where the rest does not cover the promises, they come from free units in other active warehouses. What cannot move
    is given up: holds first, then the newest promises to orders. What has not left of the line leaves its order with
    its discount and its tax, and the total falls; charges stay as they are. An order without another line is cancelled.
    One of which all the rest has left is shipped. Each affected order
    gets a step of history and an event, all in one unit of work. `reason` is for staff, `message` for the customers who
    lose something. Refuses NotFound and Invalid. Locks the orders by primary key, then all levels of the item, then
    reservations.
    """
    level = level_of(sku, warehouse, missing)
    references = list(inventory_services.outlook(level, missing).given_up)
    numbers = [reference.removeprefix("order:") for reference in references]
    affected = Order.objects.filter(number__in=numbers).order_by("pk").select_for_update(of=("self",), no_key=True)
    orders = [order for order in affected if order.reference in references]
    moves = inventory_services.write_off(
        item_id=level.item_id,
        warehouse_id=level.warehouse_id,
        missing=missing,
        given_up=references,
        actor=actor,
        reason=reason,
    )
    lost = [order.pk for order in orders if give_up_line(order, level.item_id, reason, message, actor)]
    return Loss(lost, moves)


def give_up_line(order: Order, item_id: int, reason: str, message: str, actor: Actor) -> bool:
    """Take the line of this item from a locked order whose units have been given up; False where there is no line.

    The customer reads which line is lost, and the message; staff read the reason too.
    """
    line = order.order_items.filter(variant__stock_item_id=item_id).first()
    if line is None or order.status not in Order.OPEN or order.deleted_at:
        return False
    shipped = shipped_units(order)
    units = line.quantity - shipped[line.pk]
    note = f"{units} x {line.sku} cannot be delivered. {message}".strip()[:255]
    if not shipped and order.order_items.count() == 1:
        move(order, Status.CANCELLED, actor, note, reason)
        return True
    lost = {
        "product_name": line.product_name,
        "sku": line.sku,
        "quantity": units,
        "subtotal": str(line.unit_price * units),
    }
    reduce_line(order, line, shipped[line.pk], kind="line_lost", actor=actor)
    record(order, "line_lost", order.status, actor, note, reason, line=lost, message=message)
    ship_if_nothing_is_open(order, actor)
    return True
