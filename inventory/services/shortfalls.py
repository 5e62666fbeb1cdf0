"""Goods that were promised and are lost: the one posting that may break a promise, by name."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from database.refusals import NotFound
from database.transactions import Overtaken
from events.actors import Actor
from events.services import publish
from inventory.models import StockItem, StockLevel
from inventory.services.engine import Entry, Kind, lock_items, post
from inventory.services.lines import Moved, share_warehouses
from inventory.services.promises import HELD_BY_ANY, lock_reservations
from inventory.services.reallocation import Plan, as_payload, decide, moved, plan, promises_from, write_moves


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a loss would do now: promises that come from elsewhere, and the units that each loser would lose."""

    moves: list[Moved] = field(default_factory=list)
    given_up: dict[str, int] = field(default_factory=dict)


def outlook(level: StockLevel, missing: int) -> Outlook:
    """What becomes of the promises of an item if so many units of this level are gone. Nothing is locked.

    Promises move to free units in other active warehouses; what cannot move is given up: holds first, then the newest.
    """
    levels = list(StockLevel.objects.filter(item_id=level.item_id).select_related("warehouse", "item").order_by("id"))
    promised = promises_from(levels)
    decided = plan(levels, {level.id: -missing}, promised, may_break=True)
    given_up = dict.fromkeys(decided.given_up, 0)
    for promise in promised:
        if promise.reference in given_up:
            given_up[promise.reference] += promise.quantity
    return Outlook(moved(decided.moves, {level.item_id: level.item.sku}), given_up)


def write_off(
    *, item_id: int, warehouse_id: int, missing: int, given_up: Sequence[str], actor: Actor, reason: str = ""
) -> list[Moved]:
    """So many units of a level are gone; promises move, and those of `given_up` hold nothing of the item any more.

    Answers the moves. The caller has asked `outlook` for these references, and this takes part in the caller's unit of
    work. Refuses NotFound. Raises Overtaken when by now other promises have to go. Shares a lock on the warehouses,
    then locks all levels of the item, then the reservations.
    """
    share_warehouses()
    levels = lock_items([item_id])
    level = next((level for level in levels if level.warehouse_id == warehouse_id), None)
    if level is None:
        raise NotFound("The item does not lie in this warehouse.")
    if missing > level.on_hand:
        raise Overtaken("Fewer units lie there by now.")
    decided = decide(levels, {level.id: -missing}, actor=actor, may_break=True).get(item_id, Plan())
    if decided.given_up != list(given_up):
        raise Overtaken("Other promises have to go by now.")
    held = lock_reservations(HELD_BY_ANY, {level.id: level for level in levels}, references=list(given_up))
    if {part.reference for part in held} != set(given_up):
        raise Overtaken("A hold that was to go has become a promise.")
    entries = [part.entry(Kind.RELEASED, reason) for part in held]
    entries += write_moves(decided.moves, reason=reason)
    entries.append(Entry(level, Kind.SHORTFALL, on_hand=-missing, reason=reason))
    post(entries, actor=actor)
    sku = StockItem.objects.values_list("sku", flat=True).get(pk=item_id)
    moves = moved(decided.moves, {item_id: sku})
    payload = {
        "missing": missing,
        "given_up": sorted(part.reference for part in held),
        "moved": as_payload(moves),
    }
    publish("stock.written_off", payload, subject=f"sku:{sku}", actor=actor)
    return moves
