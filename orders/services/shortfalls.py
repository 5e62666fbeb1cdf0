"""Lost goods that were promised: the affected orders are named and told, and no promise stands without its units.

It starts from stock and ends at orders, against the sequence of locks. So the orders are found without a lock, locked,
then the stock is locked and looked at again; where promises have come or gone in between, it begins anew.
"""

from django.db.models import F

from database.refusals import Invalid, NotFound
from database.transactions import unit_of_work
from events.actors import Actor
from inventory import services as inventory_services
from inventory.models import ClockTimestamp, StockLevel
from orders.models import Order
from orders.services.verbs import Status, move, record


def would_lose(*, sku: str, warehouse: str, missing: int) -> list[str]:
    """Whose promises `record_shortfall` would give up now, by reference, holds first. Reads only, refuses the same."""
    return inventory_services.promises_to_break(level_of(sku, warehouse, missing), missing)


def level_of(sku: str, warehouse: str, missing: int) -> StockLevel:
    level = StockLevel.objects.filter(item__sku=sku, warehouse__code=warehouse).first()
    if level is None:
        raise NotFound("This SKU does not lie in this warehouse.")
    if not 0 < missing <= level.on_hand:
        raise Invalid(f"Between 1 and {level.on_hand} units can be missing.", code="invalid_quantity")
    return level


@unit_of_work
def record_shortfall(*, sku: str, warehouse: str, missing: int, actor: Actor, reason: str = "") -> list[int]:
    """So many units of a SKU are gone from a warehouse. Answers the ids of the orders that lose their line of it.

    Where the rest does not cover what is promised there, holds are given up first, then the lines of the newest
    promises: the line leaves its order, whose total falls; an order without another line is cancelled. Each gets its
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
    """Take the line of this item from a locked order whose units have been given up; False when it had none."""
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
