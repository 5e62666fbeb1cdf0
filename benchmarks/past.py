"""The rows of a shop with a past, as text for COPY: what the services would have written, had they been there.

The back-fill of the demo shop makes the same rows of the same orders (tests/test_bench_data.py compares them), but in
the database, with joins, which takes several times as long. Ids are numbered here, in the sequence of time, so that
each table can be filled by itself.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from heapq import merge

from django.conf import settings

from benchmarks import data
from benchmarks.data import Order, Product, Size
from catalog.services.derived import Source, vectors_of
from catalog.words import sort_key

FIRST_NUMBER = 100_001
# The one that the migrations make.
WAREHOUSE = 1
ADDRESS = {
    "phone": "",
    "shipping_address_line1": "Harbour Street 1",
    "shipping_address_line2": "",
    "shipping_city": "Lisbon",
    "shipping_state": "Lisboa",
    "shipping_postal_code": "1000",
    "shipping_country": "PT",
}
# What happens to an order, the status before and after, and when. The last one of each customer is only placed.
PLACED, CONFIRMED, SHIPPED, DELIVERED = range(4)
HISTORY = (
    ("placed", "", "pending", timedelta(0)),
    ("confirmed", "pending", "confirmed", timedelta(hours=1)),
    ("shipped", "confirmed", "shipped", timedelta(hours=24)),
    ("delivered", "shipped", "delivered", timedelta(hours=72)),
)


@cache
def articles(size: Size) -> list[Product]:
    return list(data.products(size))


@cache
def promised(size: Size) -> tuple[Counter[int], Counter[int]]:
    """The units of each product that were ever ordered, and those of them that are still to be shipped."""
    ordered: Counter[int] = Counter()
    pending: Counter[int] = Counter()
    for order in data.orders(size):
        for product, units in order.lines:
            ordered[product] += units
            if not order.delivered:
                pending[product] += units
    return ordered, pending


def steps(size: Size) -> Iterator[tuple[datetime, int, int]]:
    """Everything that happened to orders, in the sequence of time: when, to which one, and its place in HISTORY."""

    def same(place: int) -> Iterator[tuple[datetime, int, int]]:
        count, after = size.orders - (size.users if place else 0), HISTORY[place][3]
        return ((data.placed_at(size, number) + after, number, place) for number in range(count))

    return merge(*map(same, range(len(HISTORY))))


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def products(size: Size) -> Iterator[str]:
    for p in articles(size):
        [vector] = vectors_of([source(p)])
        yield (
            f"{p.id}\t{p.name}\t{p.slug}\t{p.description}\t{p.price}\t{p.price}\t{p.price}\tactive\t{p.category}\t{{}}\t1\t{p.created_at}"
            f"\t{p.created_at}\t{vector}\t{sort_key(p.name)}\n"
        )


def source(p: Product) -> Source:
    """What the search finds the product by."""
    variants = json.dumps([["", {}, p.sku, ""]])
    return Source(p.id, p.name, "", p.description, "{}", f"Category {p.category:03d}", variants)


def items(size: Size) -> Iterator[str]:
    for p in articles(size):
        yield f"{p.id}\t{p.sku}\t{p.name}\t\t{p.stock > 0}\tt\t1\t{p.created_at}\n"


def levels(size: Size) -> Iterator[str]:
    _, pending = promised(size)
    for p in articles(size):
        yield f"{p.id}\t{p.id}\t{WAREHOUSE}\t{p.stock + pending[p.id]}\t{pending[p.id]}\n"


def variants(size: Size) -> Iterator[str]:
    for p in articles(size):
        yield f"{p.id}\t{p.id}\t{p.id}\t\t{{}}\t0\t1\n"


def recipient(user: int) -> str:
    return f"First{user} Last{user}"


def orders(size: Size) -> Iterator[str]:
    known, address, currency = articles(size), "\t".join(ADDRESS.values()), settings.CURRENCY
    for number, order in enumerate(data.orders(size)):
        total = money(sum(known[product - 1].cents * units for product, units in order.lines))
        status, updated_at, version = "pending", order.placed_at, 1
        if order.delivered:
            status, updated_at, version = "delivered", order.placed_at + HISTORY[DELIVERED][3], len(HISTORY)
        yield (
            f"{number + 1}\t{FIRST_NUMBER + number}\t{order.user}\t{status}\t{total}\t{currency}"
            f"\t{recipient(order.user)}\t{address}\t{order.placed_at}\t{updated_at}\t{version}\n"
        )


def lines(size: Size) -> Iterator[str]:
    known, line = articles(size), 0
    for number, order in enumerate(data.orders(size), start=1):
        for product, units in order.lines:
            line += 1
            p = known[product - 1]
            yield (
                f"{line}\t{number}\t{product}\t{product}\t{p.sku}\t{p.name}\t{units}\t{p.price}"
                f"\t{money(p.cents * units)}\n"
            )


def parcels(size: Size) -> Iterator[str]:
    """One for each order that has left, the first one first; orders leave in the sequence in which they are placed."""
    for number, order in enumerate(data.orders(size), start=1):
        if order.delivered:
            yield f"{number}\t{number}\t{WAREHOUSE}\t{order.placed_at + HISTORY[SHIPPED][3]}\n"


def parcel_lines(size: Size) -> Iterator[str]:
    line = 0
    for number, order in enumerate(data.orders(size), start=1):
        for _, units in order.lines:
            line += 1
            if order.delivered:
                yield f"{line}\t{number}\t{line}\t{units}\n"


def history(size: Size) -> Iterator[str]:
    for line, (at, number, place) in enumerate(steps(size), start=1):
        event, before, after, _ = HISTORY[place]
        yield f"{line}\t{number + 1}\t{at}\t{event}\t{before}\t{after}\t{actor(size, number, place)}\t\n"


def events(size: Size) -> Iterator[str]:
    """The journal. All of it has been dispatched."""
    coming, to_ship, first_line = data.orders(size), deque[tuple[int, Order]](), 1
    for line, (at, number, place) in enumerate(steps(size), start=1):
        id, told = number + 1, ""
        if place == PLACED:
            order = next(coming)
            to_ship.append((first_line, order))
            first_line += len(order.lines)
            told = f", {placed(size, number, order)}"
        elif place == SHIPPED:
            told = f', "parcels": [{parcel(id, *to_ship.popleft())}]'
        yield (
            f'{line}\t{line}\torder.{HISTORY[place][0]}\torder:{id}\t{{"order_id": {id}{told}}}'
            f"\t{actor(size, number, place)}\tbackfill\t{at}\n"
        )


def placed(size: Size, number: int, order: Order) -> str:
    """What the journal is told of a new order."""
    known = articles(size)
    total = money(sum(known[product - 1].cents * units for product, units in order.lines))
    return (
        f'"number": "{FIRST_NUMBER + number}", "user_id": {order.user}, "total": "{total}", '
        f'"currency": "{settings.CURRENCY}"'
    )


def parcel(id: int, first_line: int, order: Order) -> str:
    """What the journal is told of the parcel of an order, whose lines are numbered from the first one on."""
    lines = ", ".join(f'"{first_line + place}": {units}' for place, (_, units) in enumerate(order.lines))
    return f'{{"parcel_id": {id}, "warehouse_id": {WAREHOUSE}, "lines": {{{lines}}}}}'


def actor(size: Size, number: int, place: int) -> str:
    return "system" if place else f"customer:{number % size.users + 1}"


def reservations(size: Size) -> Iterator[str]:
    line, shipped_after = 0, HISTORY[SHIPPED][3]
    for number, order in enumerate(data.orders(size), start=FIRST_NUMBER):
        state, resolved_at = "open", r"\N"
        if order.delivered:
            state, resolved_at = "fulfilled", str(order.placed_at + shipped_after)
        for product, units in order.lines:
            line += 1
            yield f"{line}\t{product}\t{units}\torder:{number}\t{state}\t{order.placed_at}\t{resolved_at}\n"


def movements(size: Size) -> Iterator[str]:
    """The ledger: everything came in before the first order, and is promised and shipped since, with its balances."""
    ordered, _ = promised(size)
    on_hand = [0] * (len(articles(size)) + 1)
    reserved = on_hand.copy()
    line = 0
    for p in sorted(articles(size), key=lambda p: p.created_at):
        if p.stock:
            line += 1
            units = on_hand[p.id] = p.stock + ordered[p.id]
            yield f"{line}\t{p.id}\treceived\t{units}\t0\t{units}\t0\tOPENING\t\tsystem\t{p.created_at}\n"
    coming, to_ship = data.orders(size), deque[Order]()
    for at, number, place in steps(size):
        if place == PLACED:
            order = next(coming)
            to_ship.append(order)
        elif place == SHIPPED:
            order = to_ship.popleft()
        else:
            continue
        kind = "shipped" if place else "reserved"
        end = f"order:{FIRST_NUMBER + number}\t\t{actor(size, number, place)}\t{at}\n"
        for product, units in order.lines:
            line += 1
            change, promise = (-units, -units) if place else (0, units)
            on_hand[product] += change
            reserved[product] += promise
            yield (f"{line}\t{product}\t{kind}\t{change}\t{promise}\t{on_hand[product]}\t{reserved[product]}\t{end}")


@dataclass(frozen=True, slots=True)
class Table:
    """What is copied into a table, and about how many rows that will be."""

    columns: str
    rows: Callable[[Size], Iterator[str]]
    count: Callable[[Size], int]


def expected_steps(size: Size) -> int:
    return len(HISTORY) * size.orders - (len(HISTORY) - 1) * size.users


# The ones that take longest come first.
TABLES = {
    "inventory_stockmovement": Table(
        "id, level_id, kind, on_hand_delta, reserved_delta, on_hand_after, reserved_after, reference, reason, actor, "
        "at",
        movements,
        lambda size: size.products + 6 * size.orders,
    ),
    "events_event": Table("id, position, kind, subject, payload, actor, channel, at", events, expected_steps),
    "orders_orderitem": Table(
        "id, order_id, product_id, variant_id, sku, product_name, quantity, unit_price, subtotal",
        lines,
        lambda size: 3 * size.orders,
    ),
    "orders_fulfilmentline": Table(
        "id, fulfilment_id, order_item_id, quantity", parcel_lines, lambda size: 3 * (size.orders - size.users)
    ),
    "orders_fulfilment": Table(
        "id, order_id, warehouse_id, shipped_at", parcels, lambda size: size.orders - size.users
    ),
    "orders_orderevent": Table("id, order_id, at, event, from_status, to_status, actor, note", history, expected_steps),
    "inventory_reservation": Table(
        "id, level_id, quantity, reference, state, created_at, resolved_at",
        reservations,
        lambda size: 3 * size.orders,
    ),
    "orders_order": Table(
        f"id, number, user_id, status, total_amount, currency, recipient_name, {', '.join(ADDRESS)}, "
        "order_date, updated_at, version",
        orders,
        lambda size: size.orders,
    ),
    "catalog_product": Table(
        "id, name, slug, description, price, price_from, price_to, status, category_id, attributes, version, "
        "created_at, updated_at, search_vector, sort_name",
        products,
        lambda size: size.products,
    ),
    "inventory_stockitem": Table(
        "id, sku, name, barcode, in_stock, is_sold, version, created_at", items, lambda size: size.products
    ),
    "inventory_stocklevel": Table("id, item_id, warehouse_id, on_hand, reserved", levels, lambda size: size.products),
    "catalog_variant": Table(
        "id, product_id, stock_item_id, name, options, position, version", variants, lambda size: size.products
    ),
}
