"""Promises that staff let come from another warehouse. What moves because goods leave is decided in `reallocation`."""

from collections.abc import Mapping

from database.refusals import Invalid
from events.actors import Actor
from events.services import publish
from inventory.exceptions import InsufficientStock, MoreThanReserved
from inventory.models import StockItem, StockLevel
from inventory.services.engine import lock_items, post
from inventory.services.lines import Moved, share_warehouses
from inventory.services.promises import expire_overdue, need_units, shortages_of
from inventory.services.reallocation import Move, Promised, as_payload, moved, promises_from, write_moves


def move_promise(
    *,
    reference: str,
    quantities: Mapping[int, int],
    from_warehouse_id: int,
    to_warehouse_id: int,
    actor: Actor,
    reason: str = "",
) -> list[Moved]:
    """Let so many units (by item id) that a reference holds in one warehouse come from another: all of them, or none.

    They join what the reference holds there already. A promise keeps its age, and a hold its end. Overdue holds on what
    is short there are expired. Refuses MoreThanReserved with every item of which the reference holds fewer in the one
    warehouse, InsufficientStock with every item of which fewer lie unpromised in the other, and Invalid for the same
    warehouse, one that is not active, or less than 1 unit. Takes part in the caller's unit of work. Shares a lock on
    the warehouses, then locks all levels of the items, then the reservations. May raise Overtaken, which runs the
    caller's unit of work again.
    """
    need_units(quantities)
    if from_warehouse_id == to_warehouse_id:
        raise Invalid("Promises move from one warehouse to another.", code="same_warehouse")
    share_warehouses()
    levels = lock_items(quantities)
    here = {level.item_id: level for level in levels if level.warehouse_id == from_warehouse_id}
    there = {level.item_id: level for level in levels if level.warehouse_id == to_warehouse_id}
    if any(not level.warehouse.is_active for level in there.values()):
        raise Invalid("Nothing is promised from a warehouse that is not active.", code="inactive_warehouse")
    held = _need_promised(reference, quantities, here)
    _need_room(quantities, there, actor=actor, spared=reference)
    moves = [Move(held[id], here[id], there[id], quantity) for id, quantity in quantities.items()]
    post(write_moves(moves, reason=reason), actor=actor)
    done = moved(moves, dict(StockItem.objects.filter(pk__in=quantities).values_list("pk", "sku")))
    payload = {"reference": reference, "reason": reason, "moved": as_payload(done)}
    publish("stock.reallocated", payload, subject=f"stock:{reference}", actor=actor)
    return done


def _need_promised(
    reference: str, quantities: Mapping[int, int], here: Mapping[int, StockLevel]
) -> dict[int, Promised]:
    """What the reference holds on these levels, by item; an overdue hold is nothing. Refuses MoreThanReserved."""
    item_of = {level.id: item_id for item_id, level in here.items()}
    promised = promises_from(here.values())
    held = {item_of[part.level_id]: part for part in promised if part.reference == reference and not part.is_overdue}
    units = {item_id: held[item_id].quantity if item_id in held else 0 for item_id in quantities}
    if short := {id: (quantity, units[id]) for id, quantity in quantities.items() if quantity > units[id]}:
        raise MoreThanReserved(shortages_of(short))
    return held


def _need_room(quantities: Mapping[int, int], there: Mapping[int, StockLevel], *, actor: Actor, spared: str) -> None:
    """Refuse InsufficientStock for items of which fewer lie unpromised. Overdue holds on these are expired first."""

    def short() -> dict[int, tuple[int, int]]:
        unsold = {id: max(there[id].unsold, 0) if id in there else 0 for id in quantities}
        return {id: (quantity, unsold[id]) for id, quantity in quantities.items() if quantity > unsold[id]}

    if lacking := short():
        expire_overdue([there[id] for id in lacking if id in there], actor=actor, spared=spared)
    if lacking := short():
        raise InsufficientStock(shortages_of(lacking))
