"""The large shop of the benchmarks holds what the back-fill would have written, row by row."""

from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import pytest
from django.db import connection

from benchmarks import bare_tables, data, past
from benchmarks.data import Size
from benchmarks.fill_shop import fill_few
from events.tests.rewriting import rewriting
from inventory.backfill import PastReceipt, backfill, receive
from inventory.models import Warehouse
from orders.backfill import PastLine, PastOrder, PastStep, load_orders
from orders.services import Shipping

TINY = Size(products=60, users=4, orders_per_user=6, categories=5)
CATALOG = ("catalog_product", "inventory_stockitem", "inventory_stocklevel", "catalog_variant")


def copy_in(table: str, columns: str, rows: str) -> None:
    with connection.cursor() as cursor, cursor.copy(f"copy {table} ({columns}) from stdin") as stream:
        stream.write(rows)


def fill_by_the_backfill() -> None:
    """The catalog by COPY, with nothing on the shelves, and then everything that happened."""
    with connection.cursor() as cursor:
        cursor.execute("alter sequence orders_number_seq restart")
        for table in past.TABLES:
            cursor.execute(f"alter table {table} alter id restart")
    fill_few(TINY)
    for table in CATALOG:
        copy_in(table, past.TABLES[table].columns, "".join(past.TABLES[table].rows(TINY)))
    with connection.cursor() as cursor:
        cursor.execute("update inventory_stocklevel set on_hand = 0, reserved = 0")
        cursor.execute("update inventory_stockitem set in_stock = false")
    assert Warehouse.objects.earliest("priority").pk == past.WAREHOUSE
    ordered, _ = past.promised(TINY)
    with backfill(durable=False):
        receive(
            PastReceipt(p.id, past.WAREHOUSE, p.stock + ordered[p.id], p.created_at, reference="OPENING")
            for p in data.products(TINY)
            if p.stock
        )
        load_orders(past_orders())


def past_orders() -> Iterator[PastOrder]:
    for order in data.orders(TINY):
        steps = [
            PastStep(status, order.placed_at + timedelta(hours=hours))
            for status, hours in (("confirmed", 1), ("shipped", 24), ("delivered", 72))
        ]
        lines = [PastLine(product, units, past.WAREHOUSE) for product, units in order.lines]
        shipping = cast(Shipping, {"recipient_name": past.recipient(order.user), **past.ADDRESS})
        yield PastOrder(order.user, order.placed_at, shipping, lines, steps if order.delivered else [])


@pytest.mark.django_db
def test_what_is_copied_is_what_the_backfill_writes() -> None:
    fill_by_the_backfill()
    with rewriting("events_event"), connection.cursor() as cursor:
        # The journal has the alerts too, and nothing of it has been dispatched.
        cursor.execute("delete from events_event where kind not like 'order.%'")
        for name, table in past.TABLES.items():
            cursor.execute(f"create temp table copied (like {name} including defaults)")
            copy_in("copied", table.columns, "".join(table.rows(TINY)))
            columns = table.columns.replace("position, ", "")
            ours, theirs = (f"select {columns} from {source}" for source in ("copied", name))  # noqa: S608
            cursor.execute(f"({ours} except all {theirs}) union all ({theirs} except all {ours})")
            assert cursor.fetchall() == [], name
            cursor.execute("select count(*) from copied")
            assert cursor.fetchone()[0] > 0, name
            cursor.execute("drop table copied")


@pytest.mark.django_db
def test_bare_tables_get_back_exactly_what_they_had() -> None:
    before = bare_tables.schema()
    taken = bare_tables.undress(past.TABLES)
    assert len(bare_tables.schema()) < len(before)
    with connection.cursor() as cursor:
        for statement in [*(s for own in taken.indexes.values() for s in own), *taken.foreign_keys]:
            cursor.execute(statement)
    assert bare_tables.schema() == before
