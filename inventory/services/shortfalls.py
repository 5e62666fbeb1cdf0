"""Goods that were promised and are lost: the one posting that may break a promise, by name."""

from collections.abc import Collection

from psycopg.types.numeric import Int8

from api.refusals import NotFound
from events.actors import Actor
from events.services import publish
from inventory.exceptions import InsufficientStock, Shortage
from inventory.models import StockItem
from inventory.services.engine import Entry, Kind, fetch, lock_items, post
from inventory.services.promises import Held

HELD_BY_ANY = """
select id, level_id, quantity, reference from inventory_reservation
where state = 'open' and level_id in (select unnest(%(levels)s::bigint[]))
    and reference in (select unnest(%(references)s::text[]))
order by id for update
"""


def write_off(
    *, item_id: int, warehouse_id: int, missing: int, given_up: Collection[str], actor: Actor, reason: str = ""
) -> None:
    """So many units of a level are gone, and these references hold nothing of the item any more.

    Takes part in the caller's unit of work. Refuses NotFound, and InsufficientStock when what remains does not cover
    what other references hold. Locks all levels of the item, then the reservations.
    """
    levels = lock_items([item_id])
    by_id = {level.id: level for level in levels}
    level = next((level for level in levels if level.warehouse_id == warehouse_id), None)
    if level is None:
        raise NotFound("The item does not lie in this warehouse.")
    rows = fetch(HELD_BY_ANY, {"levels": [Int8(id) for id in by_id], "references": list(given_up)})
    held = [Held(id, by_id[level_id], quantity, reference) for id, level_id, quantity, reference in rows]
    promised = level.reserved - sum(part.quantity for part in held if part.level is level)
    sku = StockItem.objects.values_list("sku", flat=True).get(pk=item_id)
    if missing > level.on_hand:
        raise InsufficientStock([Shortage(item_id, sku, missing, level.on_hand)])
    if promised > level.on_hand - missing + level.backorder_limit:
        raise InsufficientStock([Shortage(item_id, sku, promised, level.on_hand - missing + level.backorder_limit)])
    entries = [part.entry(Kind.RELEASED, reason) for part in held]
    entries.append(Entry(level, Kind.SHORTFALL, on_hand=-missing, reason=reason))
    post(entries, actor=actor)
    payload = {"missing": missing, "given_up": sorted(part.reference for part in held)}
    publish("stock.written_off", payload, subject=f"sku:{sku}", actor=actor)
