"""Fill the peer's database with COPY: `fill(url, size)` an empty database gets all of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import bcrypt
import psycopg

from benchmarks.data import BCRYPT_ROUNDS, PASSWORD, Size, orders, products

PEERS = Path(__file__).parent / "peers"
SHIPPING = '{"line1": "Harbour Street 1", "city": "Lisbon", "state": "Lisboa", "postal_code": "1000", "country": "PT"}'


def fill(url: str, size: Size) -> None:
    with psycopg.connect(url) as connection:
        connection.execute((PEERS / "schema.sql").read_bytes())
        categories = range(1, size.categories + 1)
        copy(connection, "category", ((n, f"category-{n:03d}", f"Category {n:03d}") for n in categories))
        copy(
            connection,
            "product (id, sku, slug, name, description, category_id, price, stock, created_at)",
            (
                (p.id, p.sku, p.slug, p.name, p.description, p.category, p.price, p.stock, p.created_at)
                for p in products(size)
            ),
        )
        secret = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(BCRYPT_ROUNDS)).decode()
        people = range(1, size.users + 1)
        copy(connection, "customer", ((n, f"user{n}@example.com", secret, f"First{n}", f"Last{n}") for n in people))
        fill_orders(connection, size)
        connection.execute((PEERS / "indexes.sql").read_bytes())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")


def fill_orders(connection: psycopg.Connection[Any], size: Size) -> None:
    """Lines are copied with their order's number; prices and totals are then read from the products."""
    connection.execute("create temp table past (id bigint, customer_id bigint, status text, at timestamptz)")
    connection.execute("create temp table past_line (id bigint, product_id bigint, quantity int)")
    past = enumerate(orders(size), start=1)
    copy(connection, "past", ((n, o.user, "delivered" if o.delivered else "pending", o.placed_at) for n, o in past))
    past = enumerate(orders(size), start=1)
    copy(connection, "past_line", ((n, product, units) for n, o in past for product, units in o.lines))
    connection.execute(
        """
        insert into purchase (id, customer_id, status, total, shipping, created_at)
        select o.id, o.customer_id, o.status, l.total, %s::jsonb, o.at
        from past o join (select l.id, sum(l.quantity * p.price) as total
                          from past_line l join product p on p.id = l.product_id group by l.id) l using (id)
        order by o.id
        """,
        [SHIPPING],
    )
    connection.execute("select setval(pg_get_serial_sequence('purchase', 'id'), (select max(id) from purchase))")
    connection.execute(
        """
        insert into purchase_line (purchase_id, product_id, quantity, unit_price, subtotal)
        select l.id, p.id, l.quantity, p.price, l.quantity * p.price
        from past_line l join product p on p.id = l.product_id order by l.id
        """
    )
    connection.execute(
        "insert into stock_change (product_id, purchase_id, delta, reason) "
        "select product_id, id, -quantity, 'order' from past_line order by id"
    )


def copy(connection: psycopg.Connection[Any], table: str, rows: Iterable[Sequence[object]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"copy {table} from stdin") as stream:
        for row in rows:
            stream.write_row(row)
