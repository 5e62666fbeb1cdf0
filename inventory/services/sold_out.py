"""Telling staff at once what has sold out: all items of a minute in one event, and none again within its quiet time."""

from django.conf import settings

from database.rows import fetch_rows
from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish

# An item that never had stock has not sold out. One that sold out again within its quiet time is told of at the end of
# that time if it is still out, so what has been out for longer was told of, or sold out while mails were off.
# The row of an item is written by one of two workers: the other one waits, and then finds that the time is not over.
CLAIM = """
insert into inventory_soldoutnotice as notice (item_id, told_at)
select alert.item_id, clock_timestamp() from inventory_stockalert as alert
where alert.closed_at is null
    and alert.out_since > clock_timestamp() - make_interval(hours => %(hours)s::int + 1)
    and exists (
        select from inventory_stocklevel as level
        join inventory_stockmovement as movement on movement.level_id = level.id
        where level.item_id = alert.item_id
    )
    and not exists (
        select from inventory_soldoutnotice as told where told.item_id = alert.item_id and told.told_at > least(
            alert.out_since, clock_timestamp() - make_interval(hours => %(hours)s::int)
        )
    )
order by alert.item_id
on conflict (item_id) do update set told_at = excluded.told_at
    where notice.told_at <= excluded.told_at - make_interval(hours => %(hours)s::int)
returning item_id
"""


@unit_of_work
def tell_sold_out(*, actor: Actor) -> list[int]:
    """Publish in one event which items have sold out, and return them. Each is told of once in SOLD_OUT_QUIET_HOURS.

    Locks the notices of these items.
    """
    item_ids = sorted(item_id for (item_id,) in fetch_rows(CLAIM, {"hours": settings.SOLD_OUT_QUIET_HOURS}))
    if item_ids:
        publish("stock.sold_out", {"item_ids": item_ids}, subject="stock:sold_out", actor=actor)
    return item_ids
