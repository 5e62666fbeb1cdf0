"""Alerts: an item that falls to its low line opens an alert, which closes by itself when stock is well above again.

One alert is open per item at most. While an alert is open its band only gets worse. It closes some units above the
line that opened it, so that an item whose stock moves around the line does not flap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from events.actors import Actor
from events.services import publish
from inventory.bands import ALERTING, band_of, closing_line


@dataclass(frozen=True, slots=True)
class Standing:
    """How an item stands over all its active warehouses."""

    item_id: int
    sku: str
    reorder_point: int | None
    available: int


# A band that is not worse than that of the open alert changes nothing. `xmax` is 0 for a row that was just inserted.
OPEN_OR_WORSEN = """
insert into inventory_stockalert as alert (item_id, band, available, opened_at)
select item_id, band, available, clock_timestamp()
from unnest(%s::bigint[], %s::text[], %s::int[]) as standing(item_id, band, available)
on conflict (item_id) where closed_at is null
do update set band = excluded.band, available = excluded.available
where array_position(%s::text[], excluded.band::text) < array_position(%s::text[], alert.band::text)
returning id, item_id, xmax = 0
"""
CLOSE = """
update inventory_stockalert set closed_at = clock_timestamp()
where closed_at is null and item_id in (select unnest(%s::bigint[]))
returning id, item_id
"""


def moved(before: int, after: int, reorder_point: int | None) -> bool:
    """Whether this change of an item's availability may open, worsen or close an alert."""
    line = closing_line(reorder_point)
    if before >= line and after >= line:  # no alert is open, and none is to be opened
        return False
    return band_of(before, reorder_point) != band_of(after, reorder_point) or (before < line <= after)


def settle_alerts(standings: Sequence[Standing], *, actor: Actor) -> None:
    """Open, worsen and close alerts so that they fit how these items stand. The caller has locked all their levels."""
    by_item = {standing.item_id: standing for standing in standings}
    bands = {standing.item_id: band_of(standing.available, standing.reorder_point) for standing in standings}
    low = [item_id for item_id, band in bands.items() if band in ALERTING]
    well = [
        item_id for item_id, standing in by_item.items() if standing.available >= closing_line(standing.reorder_point)
    ]
    events: list[tuple[str, int, int]] = []
    with connection.cursor() as cursor:
        if low:
            scale = [str(band) for band in ALERTING]
            names, units = [str(bands[id]) for id in low], [by_item[id].available for id in low]
            cursor.execute(OPEN_OR_WORSEN, [low, names, units, scale, scale])
            for alert_id, item_id, opened in cursor.fetchall():
                events.append(("stock.alert_opened" if opened else "stock.alert_worsened", alert_id, item_id))
        if well:
            cursor.execute(CLOSE, [well])
            events += [("stock.alert_closed", alert_id, item_id) for alert_id, item_id in cursor.fetchall()]
    for kind, alert_id, item_id in events:
        standing = by_item[item_id]
        payload = {"alert_id": alert_id, "sku": standing.sku, "band": bands[item_id], "available": standing.available}
        publish(kind, payload, subject=f"sku:{standing.sku}", actor=actor)
