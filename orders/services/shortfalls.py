"""Lost goods that were promised. No promise is left without its units, and the affected orders are told.

A shortfall starts from stock and ends at orders, against the sequence of locks. So the orders are found without a lock
and locked; then the stock is locked and read again. Where promises have come or gone in between, the unit of work
begins anew.
"""

from django.db.models import F

from database.refusals import Invalid, NotFound
from database.transactions import unit_of_work
from events.actors import Actor
from inventory import services as inventory_services
from inventory.models import ClockTimestamp, StockItem, StockLevel
from orders.models import Order
from orders.services.verbs import Status, move, record


def would_lose(*, sku: str, warehouse: str, missing: int) -> list[str]:
    """The references of the promises that `record_shortfall` would give up now, holds first. Refuses the same."""
    return inventory_services.promises_to_break(level_of(sku, warehouse, missing), missing)


def level_of(sku: str, warehouse: str, missing: int) -> StockLevel:
    """The level that units are missing from. Refuses NotFound, and Invalid where so many units cannot be missing."""
    level = StockLevel.objects.filter(item__in=StockItem.objects.with_skus(sku), warehouse__code=warehouse).first()
    if level is None:
        raise NotFound("This SKU does not lie in this warehouse.")
    if not 0 < missing <= level.on_hand:
        raise Invalid(f"Between 1 and {level.on_hand} units can be missing.", code="invalid_quantity")
    return level


@unit_of_work
def record_shortfall(*, sku: str, warehouse: str, missing: int, actor: Actor, reason: str = "") -> list[int]:
    """Record that units of a SKU are gone from a warehouse. Returns the ids of the orders that lose their line of it.

    Where the rest does not cover the promises, holds are given up first, then the newest promises to orders. The line
    leaves its order, whose total falls. An order without another line is cancelled. Each affected order gets a step of
    history and an event, all in one unit of work. Refuses NotFound and Invalid. Locks the orders by primary key, then
    all levels of the item, then reservations.
    """
    level = level_of(sku, warehouse, missing)
    references = inventory_services.promises_to_break(level, missing)
    numbers = [reference.removeprefix("order:") for reference in references]
    affected = Order.objects.filter(number__in=numbers).order_by("pk").select_for_update(of=("self",), no_key=True)
    orders = [order for order in affected if order.reference in references]
    inventory_services.write_off(
        item_id=level.item_id,
        warehouse_id=level.warehouse_id,
        missing=missing,
        given_up=references,
        actor=actor,
        reason=reason,
    )
    return [order.pk for order in orders if give_up_line(order, level.item_id, reason, actor)]


def give_up_line(order: Order, item_id: int, reason: str, actor: Actor) -> bool:
    """Take the line of this item from a locked order whose units have been given up; False where there is no line."""
    line = order.order_items.filter(variant__stock_item_id=item_id).first()
    if line is None or order.status not in (Status.PENDING, Status.CONFIRMED) or order.deleted_at:
        return False
    note = f"{line.quantity} x {line.sku} lost. {reason}".strip()[:255]
    if order.order_items.count() == 1:
        move(order, Status.CANCELLED, actor, note)
        return True
    line.delete()
    Order.objects.filter(pk=order.pk).update(
        total_amount=F("total_amount") - line.subtotal, version=F("version") + 1, updated_at=ClockTimestamp()
    )
    record(order, "line_lost", order.status, actor, note)
    return True
