"""Alerts: one is open for every item for sale that is low or out, also if it never had stock, and for no other.

A row keeps the worst band since it was opened, as history. The band of now is computed by whoever shows it, so what an
alert decides here is only whether it is open, and since when the item is out of stock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from database.rows import fetch_rows
from events.actors import Actor
from events.services import publish
from inventory.bands import ALERTING, Band, band_of, standings


@dataclass(frozen=True, slots=True)
class Standing:
    """How an item stands over all its active warehouses: what lies unsold there, and what can still be promised."""

    item_id: int
    sku: str
    reorder_point: int | None
    is_sold: bool
    unsold: int
    available: int

    @property
    def band(self) -> Band | None:
        """The band of the item; None when it is not for sale."""
        return band_of(self.unsold, self.reorder_point) if self.is_sold else None


IS_WORSE = (
    "array_position(%(scale)s::text[], excluded.band::text) < array_position(%(scale)s::text[], alert.band::text)"
)
# A band that is not worse than the worst one changes nothing, unless the item is out of stock now and was not before,
# or the other way round. `xmax` is 0 for a row that was just inserted.
OPEN_OR_WORSEN = f"""
insert into inventory_stockalert as alert (item_id, band, available, opened_at, out_since)
select item_id, band, available, clock_timestamp(), case when band = 'out_of_stock' then clock_timestamp() end
from unnest(%(items)s::bigint[], %(bands)s::text[], %(units)s::int[]) as standing(item_id, band, available)
on conflict (item_id) where closed_at is null
do update set
    band = case when {IS_WORSE} then excluded.band else alert.band end,
    available = case when {IS_WORSE} then excluded.available else alert.available end,
    out_since = case when excluded.out_since is not null then coalesce(alert.out_since, excluded.out_since) end
where {IS_WORSE} or (excluded.out_since is null) <> (alert.out_since is null)
returning id, item_id, xmax = 0, band
"""  # noqa: S608  # no value goes in but as a parameter
CLOSE = """
update inventory_stockalert set closed_at = clock_timestamp()
where closed_at is null and item_id in (select unnest(%(items)s::bigint[]))
returning id, item_id
"""
# Items whose alert is not as their standing has it. Nothing is locked: who settles them locks first, and reads again.
UNSETTLED = """
select standing.item_id from ({standings}) as standing
left join inventory_stockalert as alert on alert.item_id = standing.item_id and alert.closed_at is null
where coalesce(standing.band = any(%(scale)s::text[]), false) <> (alert.id is not null)
    or (alert.id is not null and (
        (standing.band = 'out_of_stock') <> (alert.out_since is not null)
        or array_position(%(scale)s::text[], standing.band) < array_position(%(scale)s::text[], alert.band::text)
    ))
order by standing.item_id
"""
SCALE = [band.value for band in ALERTING]


def moved(before: int, after: int, reorder_point: int | None) -> bool:
    """Whether this change of an item's unsold units may open, worsen or close an alert."""
    was, band = band_of(before, reorder_point), band_of(after, reorder_point)
    return was != band and (was in ALERTING or band in ALERTING)


def unsettled_items() -> list[int]:
    """The items whose alert does not fit how they stand: the lines of the bands are settings, which may change."""
    rows = fetch_rows(UNSETTLED.format(standings=standings()), {"scale": SCALE})
    return [item_id for (item_id,) in rows]


def settle_alerts(standings: Sequence[Standing], *, actor: Actor) -> None:
    """Open, worsen and close alerts so that they fit how these items stand. The caller has locked all their levels."""
    by_item = {standing.item_id: standing for standing in standings}
    bands = {id: str(standing.band) for id, standing in by_item.items() if standing.band in ALERTING}
    well = [id for id in by_item if id not in bands]
    events: list[tuple[str, int, int]] = []
    with connection.cursor() as cursor:
        if bands:
            units = [by_item[id].available for id in bands]
            params: dict[str, Any] = {
                "items": list(bands),
                "bands": list(bands.values()),
                "units": units,
                "scale": SCALE,
            }
            cursor.execute(OPEN_OR_WORSEN, params)
            for alert_id, item_id, opened, worst in cursor.fetchall():
                if opened or worst == bands[item_id]:
                    events.append(("stock.alert_opened" if opened else "stock.alert_worsened", alert_id, item_id))
        if well:
            cursor.execute(CLOSE, {"items": well})
            events += [("stock.alert_closed", alert_id, item_id) for alert_id, item_id in cursor.fetchall()]
    for kind, alert_id, item_id in events:
        standing = by_item[item_id]
        payload = {"alert_id": alert_id, "sku": standing.sku, "band": standing.band, "available": standing.available}
        publish(kind, payload, subject=f"sku:{standing.sku}", actor=actor)
