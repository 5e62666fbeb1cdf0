"""Goods that were promised and are lost: the one posting that may break a promise, by name."""

from collections.abc import Sequence

from django.db.models import F

from database.refusals import NotFound
from database.transactions import Overtaken
from events.actors import Actor
from events.services import publish
from inventory.models import Reservation, StockItem, StockLevel
from inventory.services.engine import Entry, Kind, lock_items, post
from inventory.services.promises import HELD_BY_ANY, lock_reservations


def promises_to_break(level: StockLevel, missing: int) -> list[str]:
    """The references whose promises from this level must go if so many units do: holds first, then the newest."""
    references = []
    excess = level.reserved - (level.on_hand - missing + level.backorder_limit)
    open_ones = Reservation.objects.filter(level_id=level.id, state="open")
    for reservation in open_ones.order_by(F("expires_at").desc(nulls_last=True), "-id").iterator():
        if excess <= 0:
            break
        references.append(reservation.reference)
        excess -= reservation.quantity
    return references


def write_off(
    *, item_id: int, warehouse_id: int, missing: int, given_up: Sequence[str], actor: Actor, reason: str = ""
) -> None:
    """So many units of a level are gone, and the references `given_up` hold nothing of the item any more.

    The caller has asked `promises_to_break` for these references, and this takes part in the caller's unit of work.
    Refuses NotFound. Raises Overtaken when by now other promises have to go. Locks all levels of the item, then the
    reservations.
    """
    levels = lock_items([item_id])
    level = next((level for level in levels if level.warehouse_id == warehouse_id), None)
    if level is None:
        raise NotFound("The item does not lie in this warehouse.")
    if missing > level.on_hand or promises_to_break(level, missing) != given_up:
        raise Overtaken("Other promises have to go by now, or fewer units lie there.")
    held = lock_reservations(HELD_BY_ANY, {level.id: level for level in levels}, references=list(given_up))
    promised = level.reserved - sum(part.quantity for part in held if part.level is level)
    if promised > level.on_hand - missing + level.backorder_limit:
        raise Overtaken("A hold that was to go has become a promise.")
    entries = [part.entry(Kind.RELEASED, reason) for part in held]
    entries.append(Entry(level, Kind.SHORTFALL, on_hand=-missing, reason=reason))
    post(entries, actor=actor)
    sku = StockItem.objects.values_list("sku", flat=True).get(pk=item_id)
    payload = {"missing": missing, "given_up": sorted(part.reference for part in held)}
    publish("stock.written_off", payload, subject=f"sku:{sku}", actor=actor)
