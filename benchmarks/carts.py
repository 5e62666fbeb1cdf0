"""W11 to W13: carts of both shops, each on a database in which taxes, shipping and coupons are configured.

Before a measurement each shop gets the carts of `cart_data`, and is asked what they cost: both must say the same. The
orders are placed at that total.
"""

import json
import random
import secrets
import subprocess
import sys
import uuid
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import cart_data, data
from benchmarks.cart_data import ADDRESS, CARTS, COUPON, METHOD, SLOTS, TAX
from benchmarks.load import UNIQUE
from benchmarks.servers import BASE_DIR, Bench
from benchmarks.workloads import PREPARED, Shop, Side

PEERS = Path(__file__).parent / "peers"
USES = {
    "shop": "select count(*) from pricing_redemption r join pricing_coupon c using (promotion_id)"
    " where c.code = %s and r.given_back_at is null",
    "peer": "select count(*) from coupon_use where code = %s",
}


@dataclass
class Filled:
    """A cart that is there."""

    id: str
    token: str
    total: str = ""


def request(side: Side, path: str, filled: Filled, body: dict[str, Any] | None = None) -> bytes:
    """A request about a cart as bytes, with the cart's token. Posts carry an idempotency key."""
    plain = side.request(path, body)
    fields = f"X-Cart-Token: {filled.token}\r\n"
    if body is not None:
        fields += f"Idempotency-Key: {UNIQUE.decode()}\r\n"
    head, end, content = plain.partition(b"\r\n\r\n")
    return head + b"\r\n" + fields.rstrip().encode() + end + content


def configure_shop(bench: Bench) -> None:
    """The rules of our shop."""
    bench.run(sys.executable, "-m", "benchmarks.fill_carts", "rules", database=bench.shop_carts_url)


def configure_peer(url: str) -> None:
    """The tables and rules of the peer."""
    country = ADDRESS["country_code"]
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute((PEERS / "carts.sql").read_bytes())
        method = (METHOD["code"], country, METHOD["name"], METHOD["price"])
        connection.execute("insert into shipping_method (code, country, name, price) values (%s, %s, %s, %s)", method)
        connection.execute("insert into tax_rate values (%s, %s, %s)", (country, TAX["name"], TAX["percent"]))
        for code, slots in SLOTS.items():
            connection.execute("insert into coupon values (%s, %s, 1)", (code, COUPON["percent"]))
            connection.execute("insert into coupon_slot (code) select %s from generate_series(1, %s)", (code, slots))
        connection.execute("vacuum analyze")


def fill(bench: Bench, side: Side, workload: str, place: int) -> list[Filled]:
    """The carts of a measurement, in the database of a side, with what they cost."""
    plan = list(cart_data.planned(workload, side.size, place))
    filled = fill_shop(bench, plan) if isinstance(side, Shop) else fill_peer(bench.peer_carts_url, plan)
    if workload != "W11":
        for cart in filled:
            cart.total = total_of(side, cart)
    return filled


def fill_shop(bench: Bench, plan: list[dict[str, Any]]) -> list[Filled]:
    """Carts of our shop."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fill_carts"],
        cwd=BASE_DIR,
        env=bench.environment(DATABASE_URL=bench.shop_carts_url),
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Filled(*row) for row in json.loads(done.stdout)]


def fill_peer(url: str, plan: list[dict[str, Any]]) -> list[Filled]:
    """Carts of the peer."""
    filled = [Filled(str(uuid.uuid4()), secrets.token_urlsafe(32)) for _ in plan]
    shipping = json.dumps({"line1": ADDRESS["address_line1"], **ADDRESS, "country": ADDRESS["country_code"]})
    with closing(psycopg.connect(url)) as connection, connection, connection.cursor() as cursor:
        with cursor.copy("copy cart (id, token, email, shipping, method, coupon) from stdin") as stream:
            for cart, planned in zip(filled, plan, strict=True):
                stream.write_row(
                    (cart.id, cart.token, planned["email"], shipping, METHOD["code"], planned["code"] or None)
                )
        with cursor.copy("copy cart_line (cart_id, product_id, quantity) from stdin") as stream:
            for cart, planned in zip(filled, plan, strict=True):
                for product, units in planned["lines"]:
                    stream.write_row((cart.id, product, units))
    return filled


def total_of(side: Side, cart: Filled) -> str:
    """What a cart costs, as its shop says."""
    status, document = side.ask_bytes(request(side, f"/carts/{cart.id}", cart))
    assert status == 200, document
    assert Decimal(document["totals"]["discount"]) > 0 < Decimal(document["totals"]["tax"]), document
    return str(document["totals"]["total"])


def requests(side: Side, workload: str, place: int, filled: list[Filled]) -> list[bytes]:
    """The requests of a workload: of W11 a line and the cart in turns, of the others one for each cart."""
    if workload != "W11":
        return [request(side, f"/carts/{one.id}/place", one, {"expected_total": one.total}) for one in filled]
    dice = random.Random(f"W11 {place}")
    made: list[bytes] = []
    # Five articles for each cart, so that carts do not grow while they are measured.
    articles = {one.id: [data.sellable(dice, side.size) for _ in range(5)] for one in filled}
    while len(made) < PREPARED:
        one = dice.choice(filled)
        body = {"product_id": dice.choice(articles[one.id]), "quantity": 1}
        made += [request(side, f"/carts/{one.id}/lines", one, body), request(side, f"/carts/{one.id}", one)]
    return made


def attempts(workload: str) -> int:
    """How many requests are measured; 0 for as many as fit into the time."""
    return 0 if workload == "W11" else CARTS[workload]
