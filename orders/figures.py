"""What takes longer to add up than a page may take: sales by day, the best sellers, stock by band and by age.

The worker adds the figures up every few minutes and keeps them as one row. Pages read that row and say how old it is.
Only in a shop where nothing has been added up yet does a page add up itself. Deleted and cancelled orders are no sales,
as in orders/statistics.py. Days begin and end in the shop's time zone. Stock is all that lies there, promised units
included, at sale prices.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings

from database.days import day_of, first_moment
from inventory.bands import Band, band_in_sql
from inventory.quantities import AVAILABLE
from orders.articles import PRICE
from orders.models import Figures
from orders.reports import fetch, patience

# Today is compared with the same weekday of this many weeks.
WEEKS = 8
TOP_DAYS = 30
TOP_ROWS = 10
# Ages of stock in days: from the last bound up to this one.
AGES = (30, 90, 180, 365)
# Seconds that a statement may take: nobody waits for the figures but the worker.
PATIENCE = 60

BY_DAY = """
select (order_date at time zone %(zone)s::text)::date, count(*), sum(total_amount)
from orders_order
where order_date >= %(since)s::timestamptz and order_date < %(until)s::timestamptz
    and status <> 'cancelled' and deleted_at is null
group by 1 order by 1
"""
BEST_SELLERS = """
select i.id, i.sku, i.name, best.units
from (
    select l.variant_id, sum(l.quantity) as units
    from orders_order o join orders_orderitem l on l.order_id = o.id
    where o.order_date >= %(since)s::timestamptz and o.status <> 'cancelled' and o.deleted_at is null
    group by l.variant_id order by units desc, l.variant_id limit %(rows)s::int
) best
join catalog_variant v on v.id = best.variant_id
join inventory_stockitem i on i.id = v.stock_item_id
order by best.units desc, best.variant_id
"""
BY_BAND = """
with total as (
    select level.item_id, sum(level.on_hand) as on_hand, sum({available}) filter (where w.is_active) as available
    from inventory_stocklevel level join inventory_warehouse w on w.id = level.warehouse_id group by level.item_id
)
select {band}, count(*), coalesce(sum(t.on_hand), 0)::bigint, coalesce(sum(t.on_hand * {price}), 0)::numeric(20, 2)
from inventory_stockitem i
left join total t on t.item_id = i.id
left join catalog_variant v on v.stock_item_id = i.id
left join catalog_product p on p.id = v.product_id
group by 1
"""
# Nobody records which units leave. The oldest are taken to leave first, so the units that lie there arrived last.
BY_AGE = f"""
with arrival as (
    select level_id, at, on_hand_delta as units,
           sum(on_hand_delta) over (partition by level_id order by at desc, id desc) as since
    from inventory_stockmovement
    where kind not in ('reserved', 'released', 'shipped') and on_hand_delta > 0
), left_over as (
    select l.item_id, arrival.at, least(arrival.units, l.on_hand - (arrival.since - arrival.units)) as units
    from arrival join inventory_stocklevel l on l.id = arrival.level_id
    where l.on_hand > arrival.since - arrival.units
)
select (%(names)s::text[])[1 + width_bucket(extract(epoch from %(now)s::timestamptz - at) / 86400, %(ages)s::float8[])],
       0, sum(units)::bigint, coalesce(sum(units * {PRICE}), 0)::numeric(20, 2)
from left_over
left join catalog_variant v on v.stock_item_id = left_over.item_id
left join catalog_product p on p.id = v.product_id
group by 1
"""  # noqa: S608  # no value goes in, only a piece of SQL


@dataclass(frozen=True, slots=True)
class Day:
    """The sales of one day: how many orders, and what they come to."""

    date: date
    count: int
    amount: Decimal


class BestSeller(NamedTuple):
    """An item that sold well."""

    item_id: int
    sku: str
    name: str
    units: int


class Share(NamedTuple):
    """A part of the stock: the items in a band, or the units of an age (then `items` is 0)."""

    name: str
    items: int
    units: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of the moment `at`. `days` holds the days before that had sales."""

    at: datetime
    days: dict[date, Day]
    best: list[BestSeller]
    bands: list[Share]
    ages: list[Share]


def report() -> Report:
    """The figures that were added up last."""
    row = Figures.objects.first() or refresh()
    data = row.data
    days = [Day(date.fromisoformat(day), count, Decimal(amount)) for day, count, amount in data["days"]]
    return Report(
        at=row.at,
        days={day.date: day for day in days},
        best=[BestSeller(*best) for best in data["best"]],
        bands=[Share(name, items, units, Decimal(value)) for name, items, units, value in data["bands"]],
        ages=[Share(name, 0, units, Decimal(value)) for name, units, value in data["ages"]],
    )


def refresh(now: datetime | None = None) -> Figures:
    """Add everything up, and keep the figures in place of the older ones."""
    now = now or datetime.now(UTC)
    row, _ = Figures.objects.update_or_create(pk=1, defaults={"data": added_up(now), "at": now})
    return row


def added_up(now: datetime) -> dict[str, Any]:
    """All figures as of now, in the shape in which they are kept."""
    today = day_of(now)
    since, until = first_moment(today - timedelta(weeks=WEEKS)), first_moment(today)
    by_band = BY_BAND.format(available=AVAILABLE, band=band_in_sql("t.available", "i.reorder_point"), price=PRICE)
    with patience(PATIENCE):
        days = fetch(Day, BY_DAY, {"since": since, "until": until, "zone": settings.SHOP_TIME_ZONE})
        best = fetch(BestSeller, BEST_SELLERS, {"since": now - timedelta(days=TOP_DAYS), "rows": TOP_ROWS})
        bands = fetch(Share, by_band, {})
        ages = fetch(Share, BY_AGE, {"now": now, "ages": list(map(float, AGES)), "names": age_names()})
    return {
        "days": [[day.date.isoformat(), day.count, str(day.amount)] for day in days],
        "best": best,
        "bands": [[band.name, band.items, band.units, str(band.value)] for band in every(Band.values, bands)],
        "ages": [[age.name, age.units, str(age.value)] for age in every(age_names(), ages)],
    }


def every(names: Iterable[str], shares: Iterable[Share]) -> list[Share]:
    """A share for each of these names, in this order; one of nothing where there is none."""
    by_name = {share.name: share for share in shares}
    return [by_name.get(name, Share(name, 0, 0, Decimal(0))) for name in names]


def age_names() -> list[str]:
    """What the ages are called, from the youngest."""
    bounds = (0, *AGES)
    return [f"{low} to {high} days" for low, high in zip(bounds, AGES, strict=False)] + [f"over {AGES[-1]} days"]
