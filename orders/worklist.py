"""The stock that staff have to look after now: what customers miss most comes first, each with the next step.

An article that is out of stock loses the demand that it had before it ran out: its pace of the weeks before, times its
price, for each day. What can be ordered although it is not there (backorders) loses none.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from inventory.bands import ALERTING, Band, low_line, standings
from inventory.cover import DEMAND, PACE_DAYS, days_of_cover
from orders.articles import PRICE
from orders.reports import fetch

# Ordered units should last for so many days after their delivery.
COVER_DAYS = 30
# The days that a delivery takes where the item does not say.
LEAD_DAYS = 14

# The pace of an article that is out of stock is that of the days before it ran out: nobody could order it since.
BEFORE = DEMAND.format(
    since="coalesce(a.out_since, now()) - make_interval(days => %(days)s::int)",
    until="coalesce(a.out_since, 'infinity')",
)
# Where the units lie that are not for sale because their warehouse is not active: in the one that has most of them.
ASIDE = """
select w.code, level.on_hand - level.reserved as units
from inventory_stocklevel level join inventory_warehouse w on w.id = level.warehouse_id and not w.is_active
where level.item_id = i.item_id and level.on_hand > level.reserved order by units desc, w.priority, w.id limit 1
"""
# A band comes before the next one, so the demand is asked for in as many bands as fill the list. The price is asked for
# where something was lost, and the rest of an article for those that are shown (ties are broken by the SKU).
WORKLIST = """
with low as materialized (select s.*, s.item_id as id from ({standings}) s where s.band = any(%(bands)s::text[])),
tally as materialized (
    select band, nth, count(low.item_id) as articles,
           sum(count(low.item_id)) over (order by nth) - count(low.item_id) as before
    from unnest(%(bands)s::text[]) with ordinality as scale (band, nth) left join low using (band) group by band, nth
),
missed as materialized (
    select i.*, tally.nth, a.out_since, coalesce(demand.units, 0)::bigint as demand,
           case when i.band = 'out_of_stock' and i.available <= 0 and demand.units > 0 then round(
               (extract(epoch from greatest(clock_timestamp() - a.out_since, interval '0')) / 86400)::numeric
               * demand.units / %(days)s::int * (
                   select {price} from catalog_variant v join catalog_product p on p.id = v.product_id
                   where v.stock_item_id = i.item_id
               ), 2)
           end as lost
    from low i
    join tally using (band)
    left join inventory_stockalert a on a.item_id = i.item_id and a.closed_at is null
    left join lateral ({demand}) demand on true
    where tally.before < %(rows)s::int
),
ranked as (
    select *, rank() over (
        order by lost desc nulls last, nth, quantity::float8 / nullif(demand, 0) nulls last, quantity
    ) as rank from missed
),
placed as (
    select ranked.*, item.sku, item.name, item.reorder_point, item.reorder_quantity, item.lead_time_days,
           row_number() over (order by rank, item.sku) as place
    from ranked join inventory_stockitem item on item.id = ranked.item_id where rank <= %(rows)s::int
)
select i.item_id, i.sku, i.name, i.band, i.reorder_point, i.reorder_quantity, i.lead_time_days, i.quantity, i.available,
       i.demand, i.out_since, i.lost, aside.code, coalesce(aside.units, 0),
       array(select articles from tally order by nth)
from placed i left join lateral ({aside}) aside on true
where i.place <= %(rows)s::int order by i.place
"""


class Low(NamedTuple):
    """An article that needs to be looked after. `demand` is what was promised in PACE_DAYS before it ran out, or now.

    `lost` is what customers could not order since, at the sale price. `aside` is an inactive warehouse where so many
    units lie unsold. `counts` is the same in every row: how many articles there are in each band, the worst first.
    """

    item_id: int
    sku: str
    name: str
    band_name: str
    reorder_point: int | None
    reorder_quantity: int | None
    lead_time_days: int | None
    quantity: int
    available: int
    demand: int
    out_since: datetime | None
    lost: Decimal | None
    aside: str | None
    units_aside: int
    counts: list[int]

    @property
    def band(self) -> Band:
        """The band of now."""
        return Band(self.band_name)

    @property
    def pace(self) -> float:
        """The units that were promised per day."""
        return self.demand / PACE_DAYS

    @property
    def days_of_cover(self) -> int | None:
        """How many days the available units last; None without demand."""
        return days_of_cover(self.available, self.demand)

    @property
    def suggested(self) -> int:
        """The units to order now."""
        return suggested_quantity(
            available=self.available,
            pace=self.pace,
            line=low_line(self.reorder_point),
            lot=self.reorder_quantity,
            lead_days=LEAD_DAYS if self.lead_time_days is None else self.lead_time_days,
        )

    @property
    def next_step(self) -> str:
        """What to do: `transfer` what lies aside, `receive` what is asked for, else decide about the `reorder_point`.

        An article that nobody has asked for, and for which nobody has set a line, may be low by the line of the shop
        alone.
        """
        if self.units_aside:
            return "transfer"
        return "receive" if self.demand or self.reorder_point is not None else "reorder_point"


def suggested_quantity(*, available: int, pace: float, line: int, lot: int | None, lead_days: int) -> int:
    """The units to order, in whole lots: enough to stay above the low line until COVER_DAYS after the delivery."""
    missing = max(ceil(line + 1 + pace * (lead_days + COVER_DAYS) - available), 1)
    return ceil(missing / lot) * lot if lot else missing


@dataclass(frozen=True, slots=True)
class Worklist:
    """How many articles are out, critical and low, and those of them that come first."""

    counts: list[tuple[Band, int]]
    rows: list[Low]


def worklist(rows: int = 8) -> Worklist:
    """The articles that are low or out, counted by band, and so many of those that lose most."""
    sql = WORKLIST.format(standings=standings(), demand=BEFORE, aside=ASIDE, price=PRICE)
    params = {"bands": [band.value for band in ALERTING], "rows": rows, "days": PACE_DAYS}
    listed = fetch(Low, sql, params)
    counts = listed[0].counts if listed else [0] * len(ALERTING)
    return Worklist(list(zip(ALERTING, counts, strict=True)), listed)
