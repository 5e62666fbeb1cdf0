"""Protections that can be taken away, each alone, in the processes that serve a trial (those of the database: stage).

A removal fails loudly when what it would remove is not there: then it would prove nothing.
"""

import dataclasses
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from procrastinate.contrib.django import app

from accounts.models import SessionQuerySet
from api import idempotency, middleware
from checkout.services import claiming
from checkout.services import placing as checkout_placing
from database import deadlines, expensive
from events.actors import Actor
from events.tasks import HOUSEKEEPING
from inventory import services
from inventory.models import StockLevel, StockLevelQuerySet
from inventory.services import engine, holds, lines, promises, reallocation, resolving, statements, unshipping
from orders.services import drafts, ordering, parcels, placing, receiving
from pricing.services import redemptions
from tests.faults.sabotage_money import OF_MONEY
from tests.faults.sabotage_webhooks import OF_WEBHOOKS


def put(where: object, name: str, other: object) -> None:
    """Put something else in place of what is there under this name."""
    getattr(where, name)
    setattr(where, name, other)


def replace(module: ModuleType, name: str, piece: str, other: str) -> None:
    """Put something else in place of a piece of a statement."""
    statement = getattr(module, name)
    if piece not in statement:
        raise AssertionError(f"{module.__name__}.{name} no longer says {piece!r}.")
    put(module, name, statement.replace(piece, other))


def change_lock(change: Callable[[StockLevelQuerySet, Any], StockLevelQuerySet]) -> None:
    """Put another queryset in place of the one that locks levels of these items."""
    locked = StockLevelQuerySet.locked

    def changed(self: StockLevelQuerySet, item_ids: Any) -> StockLevelQuerySet:
        levels = locked(self, item_ids)
        if not (levels.query.select_for_update and levels.query.order_by == ("item_id", "warehouse_id")):
            raise AssertionError("StockLevelQuerySet.locked no longer locks in the sequence (item, warehouse).")
        return change(levels, item_ids)

    put(StockLevelQuerySet, "locked", changed)
    StockLevel.objects.locked([])


def row_lock() -> None:
    """Read levels without locking them."""

    def unlocked(levels: StockLevelQuerySet, item_ids: Any) -> StockLevelQuerySet:
        levels.query.select_for_update = False
        return levels

    replace(statements, "LOCK_LEVELS", "for no key update of level", "")
    change_lock(unlocked)


def lock_order() -> None:
    """Lock in the order of the basket."""

    def as_asked(levels: StockLevelQuerySet, item_ids: Any) -> StockLevelQuerySet:
        if getattr(item_ids, "sql", "") != statements.ITEMS:  # nobody has put these items in an order
            return levels
        return levels.order_by(RawSQL("array_position(%s::bigint[], inventory_stocklevel.item_id)", item_ids.params))

    asked = "order by array_position(%(item_ids)s::bigint[], level.item_id)"
    replace(statements, "LOCK_LEVELS", "order by level.item_id, level.warehouse_id", asked)
    change_lock(as_asked)


def one_lock() -> None:
    """Lock what a hold has, and then what it is to have."""

    def lock_twice(item_ids: Iterable[int], references: tuple[str, str]) -> list[StockLevel]:
        levels: dict[int, StockLevel] = {}
        for reference in references:
            levels |= engine.lock_reference(reference)
        levels |= {level.id: level for level in engine.lock_items(item_ids)}
        return list(levels.values())

    put(holds, "lock_old_and_new", lock_twice)


def all_warehouses() -> None:
    """Lock only the levels that a posting names, not all of its items."""
    named = threading.local()
    ensure_levels = lines.ensure_levels

    def ensure_and_note(pairs: Iterable[tuple[int, int]]) -> None:
        named.pairs = list(pairs)
        ensure_levels(named.pairs)

    def lock_named(item_ids: Iterable[int]) -> list[StockLevel]:
        places = Q()
        for item_id, warehouse_id in named.pairs:
            places |= Q(item_id=item_id, warehouse_id=warehouse_id)
        return list(StockLevel.objects.select_related("warehouse").locked(list(item_ids)).filter(places))

    put(lines, "ensure_levels", ensure_and_note)
    put(lines, "lock_items", lock_named)


def clock() -> None:
    """Write the time at which the transaction began."""
    for name in ("WRITE", "RESERVE"):
        replace(statements, name, "clock_timestamp()", "now()")


def state_guard() -> None:
    """Resolve reservations whatever has become of them."""
    fetch = engine.fetch
    guard = re.compile(r"(\w+\.)?state = 'open'")

    def fetch_unguarded(sql: str, params: Mapping[str, Any]) -> list[Any]:
        return fetch(guard.sub("true", sql), dict(params))

    put(engine, "fetch", fetch_unguarded)
    put(promises, "fetch", fetch_unguarded)
    put(holds, "fetch", fetch_unguarded)
    for name in ("ITEMS_HELD", "ITEMS_OLD_AND_NEW"):
        replace(statements, name, "reservation.state = 'open'", "true")


def lock_of_parts() -> None:
    """Read the levels of what is shipped or given back in part without locking them."""

    def read(item_ids: Iterable[int]) -> list[StockLevel]:
        return list(StockLevel.objects.select_related("warehouse").filter(item_id__in=list(item_ids)))

    put(resolving, "lock_items", read)


def lock_of_moves() -> None:
    """Read promises that are to move without locking them."""
    replace(reallocation, "LOCK_PROMISED", "for update", "")


def look_at_what_is_away() -> None:
    """Let a parcel come back without asking whether it is away."""
    put(unshipping, "_need_away", lambda *args: None)


def lock_on_returned_order() -> None:
    """Read an order whose goods come back without locking it."""
    put(receiving, "locked", lambda orders, order_id: orders.one(order_id))


def lock_on_shipped_order() -> None:
    """Read an order of which a part leaves without locking it."""
    put(parcels, "locked", lambda orders, order_id: orders.one(order_id))


def one_posting() -> None:
    """Take damaged units back in one posting, and write them off in another."""
    return_stock = services.return_stock

    def return_in_two(*, lines: Iterable[services.ReturnLine], actor: Actor, **said: Any) -> services.Posting:
        whole = [dataclasses.replace(line, condition=services.Condition.RESTOCK) for line in lines]
        posting = return_stock(lines=whole, actor=actor, **said)
        written_off = [services.AdjustmentLine(line.sku, line.warehouse, -line.quantity) for line in whole]
        services.adjust_stock(lines=written_off, actor=actor, reason="damaged")
        return posting

    put(services, "return_stock", return_in_two)


def sum_per_item() -> None:
    """Take the last line of an article for all that is asked of it."""
    choose = placing.choose

    def choose_unsummed(wanted: Any, found: Any) -> drafts.Basket:
        basket = choose(wanted, found)
        for line, articles in zip(wanted, found, strict=True):
            basket[articles[0].variant_id].quantity = line.quantity
        return basket

    put(placing, "choose", choose_unsummed)


def advisory_lock() -> None:
    """Let every request with a key believe that it is the only one."""
    piece = "pg_try_advisory_xact_lock("
    for name in ("OF_USER", "OF_OWNER"):
        of_owner = getattr(idempotency, name)
        if piece not in of_owner.lock:
            raise AssertionError(f"idempotency.{name} no longer says {piece!r}.")
        put(idempotency, name, of_owner._replace(lock=of_owner.lock.replace(piece, "(0 <> ")))


def dead_connections() -> None:
    """Use a connection without asking its socket."""
    put(middleware, "drop_dead_connections", lambda: None)


def slots() -> None:
    """Count the uses of a promotion and write another one, as if nobody did so at the same time."""
    counted = """
    with before as (
        select (select count(*) from pricing_redemption
                where promotion_id = %(promotion_id)s::bigint and given_back_at is null)
               < (select total_limit from pricing_promotion where id = %(promotion_id)s::bigint) as is_free
    ), written as (
        insert into pricing_redemption (promotion_id, reference, code, customer)
        values (%(promotion_id)s::bigint, %(reference)s::text, %(code)s::text, %(customer)s::text)
        on conflict (reference, promotion_id) where given_back_at is null do nothing returning promotion_id
    )
    select exists (select from written), coalesce((select is_free from before), true)
    """
    replace(redemptions, "REDEEM", "for update skip locked", "")
    put(redemptions, "REDEEM", counted)


def lock_on_cart() -> None:
    """Place a cart without a lock on it."""
    replace(checkout_placing, "LOCK", "for no key update of cart", "")


def locks_of_merge() -> None:
    """Merge carts without a lock on either."""
    replace(claiming, "LOCK", "for update of cart", "")


def seen_total() -> None:
    """Place an order at whatever total it has."""
    put(ordering, "refuse_change", lambda order, expected: None)


def rotation() -> None:
    """Exchange a refresh token without the condition that it is still the one to be used."""

    def filter_without(self: SessionQuerySet, *args: Any, **kwargs: Any) -> SessionQuerySet:
        kwargs.pop("refresh_jti", None)
        return QuerySet.filter(self, *args, **kwargs)

    put(SessionQuerySet, "filter", filter_without)


def deadline() -> None:
    """Let a thread wait for the database as long as the database likes."""
    put(deadlines, "interrupt", lambda thread: None)


def lane() -> None:
    """Do expensive work in whatever thread a request has."""
    put(expensive, "open_lane", lambda: None)


def queue_of_mails() -> None:
    """Let mails wait in the queue of everything else."""
    for task in app.tasks.values():
        put(task, "queue", HOUSEKEEPING)


IN_PROCESS: Mapping[str, Callable[[], None]] = {
    "row lock": row_lock,
    "lock order": lock_order,
    "one lock for what a hold has and is to have": one_lock,
    "lock on all warehouses of an item": all_warehouses,
    "clock_timestamp": clock,
    "state guard of reservations": state_guard,
    "lock on stock for parts of promises": lock_of_parts,
    "lock on promises that move": lock_of_moves,
    "look at what is away": look_at_what_is_away,
    "lock on an order whose goods come back": lock_on_returned_order,
    "lock on an order of which a part leaves": lock_on_shipped_order,
    "one posting for what comes back damaged": one_posting,
    "sum per item before checking": sum_per_item,
    "lock on the key": advisory_lock,
    "dead-connection handling": dead_connections,
    "conditional exchange of refresh tokens": rotation,
    "slots of a limited coupon": slots,
    "lock on a cart that is placed": lock_on_cart,
    "locks on the carts of a merge": locks_of_merge,
    "comparison with the total that was seen": seen_total,
    "deadline of requests": deadline,
    "lane of expensive work": lane,
    "queue of mails": queue_of_mails,
    **OF_MONEY,
    **OF_WEBHOOKS,
}


def apply(names: str) -> None:
    """Take these protections (separated by semicolons) from this process."""
    for name in filter(None, names.split(";")):
        IN_PROCESS[name]()
