"""What was changed behind the shop's back is named, and so is what the journal or a ledger leaves out."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from analytics.tests.histories import Life
from analytics.tests.looking import change, found
from events.tests.rewriting import rewriting
from payments.models import Payment

pytestmark = pytest.mark.django_db
# The subject, a change, and what is said of it. The order is one that has a payment and has not left.
ORDERS = [
    ("orders", "status = 'delivered'", "status was told as"),
    ("orders", "total_amount = total_amount + 1", "total_amount was told as"),
    ("orders", "user_id = null, email = 'x@example.com'", "user_id was told as"),
    ("orders", "deleted_at = now()", "deleted was told as False"),
    ("orders", "currency = 'EUR'", "currency was told as 'USD', and is 'EUR'"),
    ("payments", "payment_status = 'refunded'", "payment_status was told as"),
    ("payments", "payment_open = not payment_open", "payment_open was told as"),
]
# The subject, a table, a change of its newest row, and the column that is named.
ROWS = [
    ("catalog", "catalog_product", "price = price + 1", "price"),
    ("catalog", "catalog_product", "name = name || '!'", "name"),
    ("catalog", "catalog_product", "version = version + 1", "version"),
    ("catalog", "catalog_product", "price_from = price_from + 1", "price_from"),
    ("catalog", "catalog_variant", "max_per_customer = 7", "max_per_customer"),
    ("catalog", "catalog_variant", "archived_at = case when archived_at is null then now() end", "archived"),
    ("catalog", "catalog_category", "name = 'Other'", "name"),
    ("stock", "inventory_stockitem", "reorder_point = 77", "reorder_point"),
    ("stock", "inventory_stockitem", "in_stock = not in_stock", "in_stock"),
    ("stock", "inventory_stockitem", "is_sold = not is_sold", "is_sold"),
    ("stock", "inventory_stocklevel", "on_hand = on_hand + 100", "on_hand"),
    ("stock", "inventory_stocklevel", "backorder_limit = backorder_limit + 1", "backorder_limit"),
    ("stock", "inventory_warehouse", "priority = 1", "priority"),
    ("orders", "orders_fulfilmentline", "quantity = quantity + 1", "quantity"),
    ("orders", "orders_fulfilment", "version = version + 1", "version"),
    ("orders", "orders_return", "refund_shipping = refund_shipping + 1", "refund_shipping"),
    ("orders", "orders_returnline", "quantity = quantity + 1", "quantity"),
    ("payments", "payments_payment", "provider = 'other'", "provider"),
    ("payments", "payments_payment", "captured = captured + 1", "captured"),
    ("payments", "payments_payment", "fees = 1", "fees"),
    ("payments", "payments_dispute", "amount = amount + 1", "amount"),
]
# The subject, a kind, and the table that says then what nothing tells.
EVENTS = [
    ("orders", "order.placed", "orders_order"),
    ("orders", "order.cancelled", "orders_order"),
    ("orders", "order.parcel_shipped", "orders_fulfilment"),
    ("orders", "order.return_requested", "orders_return"),
    ("payments", "payment.changed", "payments_payment"),
    ("payments", "payment.disputed", "payments_dispute"),
    ("catalog", "product.created", "catalog_product"),
    ("catalog", "product.updated", "catalog_product"),
    ("stock", "stock.item_created", "inventory_stockitem"),
    ("stock", "stock.item_updated", "inventory_stockitem"),
]


@pytest.fixture
def life() -> Life:
    """A shop in which something of everything has happened, and of which everything is told."""
    life = Life(2_026)
    life.begin()
    life.go_on(30)
    assert found() == []
    return life


@contextmanager
def undone() -> Iterator[None]:
    """Undo what the block does."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def newest(table: str, condition: str = "true") -> int:
    """The id of the newest row."""
    with connection.cursor() as cursor:
        cursor.execute(f"select max(id) from {table} where {condition}")  # noqa: S608  # names of this test
        [row] = cursor.fetchone()
    assert row is not None, f"{table} where {condition} is empty"
    number: int = row
    return number


def test_a_row_that_was_changed_behind_the_shops_back_is_named(life: Life) -> None:
    order = Payment.objects.filter(
        order__user__isnull=False, order__deleted_at=None, order__status__in=["pending", "confirmed"]
    ).earliest("pk")
    changes = [(subject, "orders_order", order.order_id, what, words) for subject, what, words in ORDERS]
    changes += [(subject, table, newest(table), what, f"{column} was told as") for subject, table, what, column in ROWS]
    unnamed = []
    for subject, table, row, what, words in changes:
        with undone():
            change(f"update {table} set {what} where id = %s", row)  # noqa: S608  # as above
            if not any(said.startswith(f"{table} ") and f": {words}" in said for said in found(subject)):
                unnamed.append(f"{table}: {what}")
    assert unnamed == []


def test_an_event_that_is_left_out_is_a_difference(life: Life) -> None:
    unnamed = []
    for subject, kind, table in EVENTS:
        with undone():
            event = newest("events_event", f"kind = '{kind}'")
            with rewriting("events_event"):
                change("delete from events_event where id = %s", event)
            if not any(said.startswith(f"{table} ") for said in found(subject)):
                unnamed.append(kind)
    assert unnamed == []


def test_a_promise_that_would_end_is_named(life: Life) -> None:
    change("update inventory_reservation set expires_at = now() where state = 'open' and reference like %s", "order:%")
    assert any("ends was told as False" in said for said in found("stock"))


def test_a_line_that_was_changed_contradicts_the_total_or_its_revision(life: Life) -> None:
    with rewriting("orders_orderitem"):
        change(
            "update orders_orderitem set unit_price = unit_price + 1, subtotal = subtotal + quantity where id = %s",
            newest("orders_orderitem"),
        )
    assert any("items_total was told as" in said for said in found("orders"))


def test_a_movement_that_is_left_out_is_a_difference(life: Life) -> None:
    with rewriting("inventory_stockmovement"):
        change("delete from inventory_stockmovement where id = %s", newest("inventory_stockmovement"))
    assert any(said.startswith(("inventory_stocklevel", "inventory_reservation")) for said in found("stock"))


def test_an_entry_of_the_books_that_is_left_out_is_a_difference(life: Life) -> None:
    with rewriting("payments_entry"):
        change("delete from payments_entry where id = %s", newest("payments_entry", "kind = 'captured'"))
    assert any(": captured was told as" in said for said in found("payments"))
