"""The replay finds no difference after any history, and names what was changed behind the shop's back."""

import os
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.replay import SUBJECTS, rebuilt, tell_baseline, verified
from analytics.tests.histories import Life
from catalog.models import Product
from events.models import Event
from events.tests.rewriting import rewriting
from orders.models import Order
from orders.tests.factories import make_article
from payments.models import Payment

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("EXAMPLES", "6"))
STEPS = 120


def found() -> list[str]:
    """All differences of all subjects."""
    return [
        str(difference)
        for subject in SUBJECTS.values()
        for table in verified(subject).compared
        for difference in table.first
    ]


def change(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def life() -> Life:
    """A shop in which a good deal has happened, and of which everything is told."""
    life = Life(2_026)
    life.go_on(150)
    assert found() == []
    return life


@settings(max_examples=EXAMPLES)
@given(st.integers(0, 10**6))
def test_any_history_is_told_by_the_journal_and_the_ledgers(seed: int) -> None:
    life = Life(seed)
    life.go_on(STEPS)
    assert found() == []


def test_a_history_has_something_of_everything(life: Life) -> None:
    life.go_on(400)
    assert found() == []
    for subject in SUBJECTS.values():
        empty = [table.table for table in verified(subject).compared if not table.rows]
        assert empty == [], subject.name


SABOTAGE = {
    "order status": ("update orders_order set status = 'delivered' where id = %s", "orders_order {}: status was told"),
    "order total": ("update orders_order set total_amount = total_amount + 1 where id = %s", "total_amount was told"),
    "order owner": (
        "update orders_order set user_id = null, email = 'x@example.com' where id = %s",
        "user_id was told",
    ),
    "order deleted": ("update orders_order set deleted_at = now() where id = %s", "deleted was told as False"),
    "payment status": ("update orders_order set payment_status = 'refunded' where id = %s", "payment_status was told"),
}


@pytest.mark.parametrize("what", SABOTAGE)
def test_an_order_that_was_changed_behind_the_shops_back_is_named(life: Life, what: str) -> None:
    statement, words = SABOTAGE[what]
    payment = Payment.objects.filter(
        order__user__isnull=False, order__deleted_at=None, order__status__in=["pending", "confirmed"]
    ).earliest("pk")
    change(statement, payment.order_id)
    assert any(words.format(payment.order_id) in difference for difference in found())


@pytest.mark.parametrize(
    ("table", "assignment", "column"),
    [
        ("catalog_product", "price = price + 1", "price"),
        ("catalog_product", "name = name || '!'", "name"),
        ("catalog_product", "version = version + 1", "version"),
        ("catalog_product", "price_from = price_from + 1", "price_from"),
        ("catalog_variant", "max_per_customer = 7", "max_per_customer"),
        ("catalog_category", "name = 'Other'", "name"),
        ("inventory_stockitem", "reorder_point = 77", "reorder_point"),
        ("inventory_stockitem", "in_stock = not in_stock", "in_stock"),
        ("inventory_stockitem", "is_sold = not is_sold", "is_sold"),
        ("inventory_stocklevel", "on_hand = on_hand + 100", "on_hand"),
        ("inventory_stocklevel", "backorder_limit = backorder_limit + 1", "backorder_limit"),
        ("inventory_warehouse", "priority = 1", "priority"),
        ("orders_fulfilmentline", "quantity = quantity + 1", "quantity"),
        ("orders_fulfilment", "version = version + 1", "version"),
        ("orders_return", "refund_shipping = refund_shipping + 1", "refund_shipping"),
        ("orders_returnline", "quantity = quantity + 1", "quantity"),
        ("payments_payment", "provider = 'other'", "provider"),
        ("payments_payment", "captured = captured + 1", "captured"),
        ("payments_payment", "fees = 1", "fees"),
    ],
)
def test_a_row_that_was_changed_behind_the_shops_back_is_named(
    life: Life, table: str, assignment: str, column: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"select max(id) from {table}")  # noqa: S608  # a name of this test
        [row] = cursor.fetchone()
    assert row is not None
    change(f"update {table} set {assignment} where id = %s", row)  # noqa: S608  # as above
    assert any(difference.startswith(f"{table} ") and f": {column} was told" in difference for difference in found())


def test_a_promise_that_was_changed_behind_the_shops_back_is_named(life: Life) -> None:
    make_and_place = "update inventory_reservation set expires_at = now() where state = 'open' and reference like %s"
    change(make_and_place, "order:%")
    assert any("ends was told as False" in difference for difference in found())


def test_a_line_that_was_changed_behind_the_shops_back_contradicts_the_total(life: Life) -> None:
    with rewriting("orders_orderitem"):
        change(
            "update orders_orderitem set unit_price = unit_price + 1, subtotal = subtotal + quantity "
            "where id = (select max(id) from orders_orderitem)"
        )
    assert any("items_total was told" in difference for difference in found())


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("order.placed", "orders_order"),
        ("order.cancelled", "orders_order"),
        ("order.parcel_shipped", "orders_fulfilment"),
        ("order.return_requested", "orders_return"),
        ("payment.changed", "payments_payment"),
        ("product.created", "catalog_product"),
        ("product.updated", "catalog_product"),
        ("stock.item_created", "inventory_stockitem"),
        ("stock.item_updated", "inventory_stockitem"),
    ],
)
def test_an_event_that_is_left_out_is_a_difference(life: Life, kind: str, table: str) -> None:
    with rewriting("events_event"):
        change("delete from events_event where id = (select max(id) from events_event where kind = %s)", kind)
    assert any(difference.startswith(f"{table} ") for difference in found())


def test_a_movement_that_is_left_out_is_a_difference(life: Life) -> None:
    with rewriting("inventory_stockmovement"):
        change(
            "delete from inventory_stockmovement "
            "where id = (select max(id) from inventory_stockmovement where kind = 'received')"
        )
    assert any(": on_hand was told" in difference for difference in found())


def test_the_command_says_what_differs_and_exits_with_1(life: Life, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("replay", "all", "--verify")
    assert "0 differences" in capsys.readouterr().out
    order = Order.objects.latest("pk")
    change("update orders_order set currency = 'XXX' where id = %s", order.pk)
    with pytest.raises(CommandError, match="1 rows are not what the journal"):
        call_command("replay", "orders", "--verify")
    assert f"orders_order {order.pk}: currency was told as 'USD', and is 'XXX'" in capsys.readouterr().out


def test_a_verified_replay_leaves_nothing_behind(life: Life) -> None:
    schemas = "select count(*) from pg_namespace where nspname like 'replay%'"
    verified(SUBJECTS["orders"])
    with connection.cursor() as cursor:
        cursor.execute(schemas)
        assert cursor.fetchone() == (0,)


def test_what_is_rebuilt_without_verifying_stays_to_be_looked_at_and_gives_way_to_the_next(life: Life) -> None:
    for _ in range(2):
        result = rebuilt(SUBJECTS["catalog"])
        assert result.schema == "replay_catalog"
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from replay_catalog.catalog_product")
            assert cursor.fetchone() == (Product.objects.count(),)


def test_rows_of_which_nothing_is_told_are_named_until_there_is_a_baseline() -> None:
    make_article(stock=3)
    [nothing] = [words for words in found() if words.startswith("catalog_product")]
    assert nothing.endswith("is there, and nothing tells of it")

    assert tell_baseline() == 2  # the product and its variant: the item was made by a service
    assert found() == []
    assert tell_baseline() == 0
    assert Event.objects.filter(kind="journal.baseline").count() == 2

    change("update catalog_product set price = 3")
    assert any(": price was told" in difference for difference in found())


def test_a_baseline_of_all_says_anew_what_every_row_says(life: Life) -> None:
    change("update catalog_product set price = price + 1, price_from = price_from + 1, price_to = price_to + 1")
    tell_baseline(of_all=True)
    assert not any(": price was told" in difference for difference in found())
