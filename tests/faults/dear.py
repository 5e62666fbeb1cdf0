"""Orders beside dear requests: visitors who ask without a pause for what makes the database look at every product."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from inventory.invariants import Violation
from tests.faults import client
from tests.faults.checks import Result, begin, expect, verdict
from tests.faults.client import Answer, Web, Wish, together
from tests.faults.kills import requests
from tests.faults.stage import Stage

BESIDE = "an order's median beside dear requests stays within twice that of the quiet shop"
ANSWERED = "dear requests are answered too"
MOST = 2.0
VISITORS = 16
ORDERS = 25
PAUSE = 0.02
ROUNDS = 5
# Beyond this no other work on the machine is to blame.
HOPELESS = 4 * MOST
# Products that are sold out and newer than all others: whoever looks for what is in stock passes all of them by.
FILL = """
with items as (
    insert into inventory_stockitem (sku, name, barcode, in_stock, version, created_at)
    select 'filler-' || n, 'Filler', '', false, 1, now() from generate_series(1, %(count)s) n returning id, sku
),
products as (
    insert into catalog_product
        (name, slug, description, price, status, attributes, version, created_at, updated_at)
    select 'Filler ' || n, 'filler-' || n, 'A sturdy and light thing for every day.', 5 + n %% 500, 'active',
           jsonb_build_object('colour', n %% 7, 'size', n %% 5), 1, now() + n * interval '1 millisecond', now()
    from generate_series(1, %(count)s) n returning id, slug
)
insert into catalog_variant (product_id, stock_item_id, name, options, position, version)
select products.id, items.id, '', '{}', 0, 1 from products join items on items.sku = products.slug
"""
CLEAR = (
    "delete from catalog_variant v using catalog_product p where p.id = v.product_id and p.slug like 'filler-%'",
    "delete from catalog_product where slug like 'filler-%'",
    "delete from inventory_stockitem where sku like 'filler-%'",
)
TIDY = ("analyze catalog_product", "analyze catalog_variant", "analyze inventory_stockitem")
# Each of them is asked with another number every time, so that none is answered from the cache of lists.
DEAR = (
    "/products/facets?search=-z{n}",
    "/products/facets?price_max={n}",
    "/products/?in_stock=true&page_size=100&price_max={n}",
    "/products/?in_stock=true&ordering=-name&price_max={n}",
    "/products/?in_stock=true&search=sturdy&ordering=price&price_max={n}",
    "/products/?count=exact&in_stock=false&price_max={n}",
)


@contextmanager
def filled(stage: Stage, count: int) -> Iterator[None]:
    """So many products more, until the end of the block."""
    stage.query(FILL, {"count": count})
    for statement in TIDY:
        stage.query(statement)
    try:
        yield
    finally:
        for statement in (*CLEAR, *TIDY):
            stage.query(statement)


def dear_requests(stage: Stage, products: int = 40_000) -> Result:
    """A customer orders again and again, in the quiet shop and beside the visitors, by turns.

    Other work on the machine makes single figures worse at random, so the best of the rounds counts.
    """
    sku = stage.article(10 * ROUNDS * ORDERS)
    watch = begin(stage)
    wishes: list[Wish] = []
    answers: list[Answer] = []
    numbers = itertools.count(1_000)
    rounds: list[tuple[float, float, float]] = []

    async def buy(web: Web) -> float:
        """The median of an order's seconds."""
        own = [client.order(token, stage.key(), [(sku, 1)]) for token in itertools.islice(buyers, ORDERS)]
        for wish in own:
            await wish.ask_until_known(web)
            await asyncio.sleep(PAUSE)
        wishes.extend(own)
        return median(wish.answers[-1].seconds for wish in own)

    async def visit(web: Web, over: asyncio.Event) -> None:
        while not over.is_set():
            n = next(numbers)
            answers.append(await web.send("GET", DEAR[n % len(DEAR)].format(n=n)))

    async def buy_beside_visitors(web: Web) -> float:
        over = asyncio.Event()
        visitors = [asyncio.create_task(visit(web, over)) for _ in range(VISITORS)]
        try:
            return await buy(web)
        finally:
            over.set()
            await together(visitors)

    buyers = itertools.cycle(stage.buyers)
    with filled(stage, products):
        stage.run(buy)  # connections, prepared statements
        while not rounds or (len(rounds) < ROUNDS and MOST < min(rounds)[0] <= HOPELESS):
            quiet, beside = stage.run(buy), stage.run(buy_beside_visitors)
            rounds.append((beside / quiet, quiet, beside))
    ratio, quiet, beside = min(rounds)
    said = f"{1000 * quiet:.1f} ms, beside dear requests {1000 * beside:.1f} ms"
    violations: list[Violation] = expect(BESIDE, ratio <= MOST, said)
    violations += expect(ANSWERED, any(answer.ok for answer in answers), answers[:5])
    violations += verdict(watch, wishes, answers)
    figures = {"an order's median beside them, as a multiple of the quiet shop's": ratio}
    return Result(1, 0, requests(wishes) + len(answers), violations, figures, wishes)
