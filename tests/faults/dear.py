"""Orders beside dear requests: visitors who ask for what makes the database read all products, without a pause."""

import asyncio
import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from tests.faults import client
from tests.faults.checks import Result, begin
from tests.faults.client import Answer, Web, Wish, together
from tests.faults.stage import Stage

WITHIN = "an order's median beside dear requests is at most twice that of the quiet shop"
ANSWERED = "dear requests are answered beside each other's crowd"
MOST = 2.0
VISITORS = 16
# Products that are sold out and newer than all others: whoever looks for what is in stock passes all of them by.
FILL = """
with numbers as (select n, 'filler-' || n as slug from generate_series(1, %(count)s) n),
items as (
    insert into inventory_stockitem (sku, name, barcode, in_stock, version, created_at)
    select slug, 'Filler', '', false, 1, now() from numbers returning id, sku
),
products as (
    insert into catalog_product (name, slug, description, price, status, attributes, version, created_at, updated_at)
    select 'Filler ' || n, slug, 'A sturdy and light thing for every day.', 5 + n %% 500, 'active',
           jsonb_build_object('colour', n %% 7, 'size', n %% 5), 1, now() + n * interval '1 millisecond', now()
    from numbers returning id, slug
)
insert into catalog_variant (product_id, stock_item_id, name, options, position, version)
select products.id, items.id, '', '{}', 0, 1 from products join items on items.sku = products.slug
"""
ANALYZE = "analyze catalog_product, catalog_variant, inventory_stockitem"
CLEAR = (
    "delete from catalog_variant v using catalog_product p where p.id = v.product_id and p.slug like 'filler-%'",
    "delete from catalog_product where slug like 'filler-%'",
    "delete from inventory_stockitem where sku like 'filler-%'",
)
DEAR = (
    "/products/facets?search=-z{n}",
    "/products/facets?price_min=0.{n}",
    "/products/?in_stock=true&page_size=100&price_max={n}",
    "/products/?in_stock=true&ordering=-name&price_max={n}",
    "/products/?in_stock=true&search=sturdy&ordering=price&price_max={n}",
    "/products/?count=exact&in_stock=false&price_max={n}",
)


@contextmanager
def filled(stage: Stage, count: int) -> Iterator[None]:
    """So many products more, until the end of the block."""
    stage.query(FILL, {"count": count})
    stage.query(ANALYZE)
    try:
        yield
    finally:
        for statement in CLEAR:
            stage.query(statement)
        stage.query(ANALYZE)


def dear_requests(stage: Stage, orders: int = 40, products: int = 10_000) -> Result:
    """One customer orders again and again, first alone, then beside visitors who ask for nothing but what is dear."""
    sku = stage.article(10 * orders)
    watch = begin(stage)
    dear: list[Answer] = []
    wishes: list[Wish] = []
    numbers = itertools.count(10)
    done = asyncio.Event

    async def buy(web: Web, stop) -> list[float]:
        own = []
        for _ in range(orders):
            wish = client.order(random.choice(stage.buyers), stage.key(), [(sku, 1)])
            own.append(wish)
            await wish.ask_until_known(web)
            await asyncio.sleep(0.02)
        stop.set()
        wishes.extend(own)
        return median(wish.answers[-1].seconds for wish in own)

    async def visit(web: Web, stop, paths) -> None:
        while not stop.is_set():
            dear.append(await web.send("GET", random.choice(paths).format(n=next(numbers))))

    async def alone(web):
        return await buy(web, asyncio.Event())

    def beside(paths):
        async def go(web):
            stop = asyncio.Event()
            results = await together([buy(web, stop), *(visit(web, stop, paths) for _ in range(VISITORS))])
            return results[0]

        return go

    with filled(stage, products):
        stage.run(alone)
        quiet = stage.run(alone)
        import time

        for name, paths in [
            ("all", DEAR),
            *((p, [p]) for p in DEAR),
            ("live", ["/../../health/live"]),
            ("404", ["/nothing"]),
            ("list", ["/products/?price_max={n}"]),
        ]:
            dear.clear()
            t = time.monotonic()
            b = stage.run(beside(paths))
            from collections import Counter

            el = time.monotonic() - t
            print(
                f"{name}: quiet {quiet * 1000:.1f} beside {b * 1000:.1f} ratio {b / quiet:.2f}, dear {Counter(a.status for a in dear)} {len(dear) / el:.0f}/s slowest {max(a.seconds for a in dear):.2f}",
                flush=True,
            )
    return Result(1)
