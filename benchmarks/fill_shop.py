"""Fill our own database with COPY, as if all of it had happened: `python -m benchmarks.fill_shop small|large`.

Products, items and people are copied; goods received and orders go through the back-fill that the demo shop uses, so
that ledger, reservations, history and events are what the services would have written (`manage.py verify_stock`).
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402  # after the settings
from django.db import connection, transaction  # noqa: E402

from benchmarks import data  # noqa: E402
from benchmarks.data import SIZES, Size  # noqa: E402
from events.actors import BACKFILL  # noqa: E402
from inventory.backfill import PastReceipt, backfill, receive  # noqa: E402
from inventory.models import Warehouse  # noqa: E402
from inventory.services.records import settle_items  # noqa: E402
from orders.backfill import PastLine, PastOrder, PastStep, load_orders  # noqa: E402
from orders.services import Shipping  # noqa: E402

SHIPPING: Shipping = {
    "shipping_address_line1": "Harbour Street 1",
    "shipping_address_line2": "",
    "shipping_city": "Lisbon",
    "shipping_state": "Lisboa",
    "shipping_postal_code": "1000",
    "shipping_country": "PT",
}
# Whatever has ids of ours continues after them.
SEQUENCES = ("catalog_category", "catalog_product", "catalog_variant", "inventory_stockitem", "accounts_user")
BAR = 40


def fill(size: Size) -> None:
    started = time.monotonic()
    with transaction.atomic():
        fill_catalog(size)
        fill_users(size)
        with connection.cursor() as cursor:
            for table in SEQUENCES:
                cursor.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}")  # noqa: S608
    fill_past(size)
    with connection.cursor() as cursor:
        progress(size.orders, size, "tidying up")
        cursor.execute("set statement_timeout = 0")
        cursor.execute("vacuum analyze")
    progress(size.orders, size, f"done in {time.monotonic() - started:.0f} s\n")


def fill_catalog(size: Size) -> None:
    warehouse = Warehouse.objects.earliest("priority")
    copy(
        "catalog_category (id, name, slug, version)",
        ((n, f"Category {n:03d}", f"category-{n:03d}", 1) for n in range(1, size.categories + 1)),
    )
    copy(
        "catalog_product (id, name, slug, description, price, status, category_id, attributes, version, created_at, "
        "updated_at)",
        (
            (p.id, p.name, p.slug, p.description, p.price, "active", p.category, "{}", 1, p.created_at, p.created_at)
            for p in data.products(size)
        ),
    )
    copy(
        "inventory_stockitem (id, sku, name, barcode, in_stock, version, created_at)",
        ((p.id, p.sku, p.name, "", False, 1, p.created_at) for p in data.products(size)),
    )
    copy(
        "inventory_stocklevel (item_id, warehouse_id, on_hand, reserved)",
        ((p.id, warehouse.pk, 0, 0) for p in data.products(size)),
    )
    copy(
        "catalog_variant (id, product_id, stock_item_id, name, options, position, version)",
        ((p.id, p.id, p.id, "", "{}", 0, 1) for p in data.products(size)),
    )


def fill_users(size: Size) -> None:
    secret = make_password(data.PASSWORD)
    empty = ("", "", "", "", "", "", "")
    copy(
        "accounts_user (id, email, first_name, last_name, password, phone, address_line1, address_line2, city, state, "
        "postal_code, country, is_active, is_staff, is_superuser, version)",
        (
            (n, f"user{n}@example.com", f"First{n}", f"Last{n}", secret, *empty, True, False, False, 1)
            for n in range(1, size.users + 1)
        ),
    )


def fill_past(size: Size) -> None:
    warehouse = Warehouse.objects.earliest("priority").pk
    taken: Counter[int] = Counter()
    for order in data.orders(size):
        taken.update(dict(order.lines))
    with backfill():
        receive(
            PastReceipt(p.id, warehouse, p.stock + taken[p.id], p.created_at, reference="OPENING")
            for p in data.products(size)
            if p.stock
        )
        load_orders(past_orders(size, warehouse))
        progress(size.orders, size, "writing the ledger")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select id from inventory_stocklevel order by item_id, warehouse_id for no key update")
        cursor.execute("select id from inventory_stockitem where not in_stock")
        settle_items([item_id for (item_id,) in cursor.fetchall()], actor=BACKFILL)


def past_orders(size: Size, warehouse: int) -> Iterator[PastOrder]:
    for number, order in enumerate(data.orders(size)):
        if number % 5_000 == 0:
            progress(number, size, "orders")
        lines = [PastLine(variant, units, warehouse) for variant, units in order.lines]
        steps = [
            PastStep(status, order.placed_at + timedelta(hours=hours))
            for status, hours in (("confirmed", 1), ("shipped", 24), ("delivered", 72))
        ]
        yield PastOrder(order.user, order.placed_at, SHIPPING, lines, steps if order.delivered else [])


def progress(done: int, size: Size, what: str) -> None:
    bar = "#" * (BAR * done // size.orders)
    print(f"\r[{bar:<{BAR}}] {done:,} of {size.orders:,} {what:<24}", end="", flush=True)


def copy(table: str, rows: Iterable[Sequence[Any]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"copy {table} from stdin") as stream:
        for row in rows:
            stream.write_row(row)


if __name__ == "__main__":
    fill(SIZES[sys.argv[1]])
