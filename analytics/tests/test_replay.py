"""The replay finds no difference after any history, and says so."""

import os
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.replay import SUBJECTS, rebuilt, tell_baseline, verified
from analytics.tests.histories import Life
from analytics.tests.looking import change, found
from catalog import services as catalog
from catalog.models import Product
from events.models import Event
from events.tests.rewriting import rewriting
from orders.models import Order
from orders.tests.factories import STAFF, make_order

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("EXAMPLES", "5"))
STEPS = 100


@settings(max_examples=EXAMPLES)
@given(st.integers(0, 10**6))
def test_any_history_is_told_by_the_journal_and_the_ledgers(seed: int) -> None:
    life = Life(seed)
    life.go_on(STEPS)
    assert found() == []


def test_a_history_has_something_of_everything() -> None:
    life = Life(7)
    life.begin()
    life.go_on(150)
    assert found() == []
    for subject in SUBJECTS.values():
        empty = [table.table for table in verified(subject).compared if not table.rows]
        assert empty == [], subject.name


def test_the_command_says_what_differs_and_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    order = make_order(status="shipped")
    tell_baseline(of_all=True)
    call_command("replay", "orders", "--verify")
    assert "0 differences" in capsys.readouterr().out
    change("update orders_order set currency = 'EUR' where id = %s", order.pk)
    with pytest.raises(CommandError, match="1 rows are not what the journal"):
        call_command("replay", "orders", "--verify")
    assert f"orders_order {order.pk}: currency was told as 'USD', and is 'EUR'" in capsys.readouterr().out


def test_a_verified_replay_leaves_nothing_behind_and_says_of_which_moment_it_is() -> None:
    make_order()
    result = verified(SUBJECTS["orders"])
    assert result.is_verified
    assert result.newest_event == Event.objects.latest("pk").pk
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_namespace where nspname like 'replay%'")
        assert cursor.fetchone() == (0,)


def test_what_is_rebuilt_without_verifying_stays_and_gives_way_to_the_next() -> None:
    catalog.create_product(name="Mug", price=Decimal(5), actor=STAFF)
    for _ in range(2):
        result = rebuilt(SUBJECTS["catalog"])
        assert result.schema == "replay_catalog"
        with connection.cursor() as cursor:
            cursor.execute("select name, price from replay_catalog.catalog_product")
            assert cursor.fetchall() == [("Mug", Decimal(5))]


def test_rows_of_which_nothing_is_told_are_named_until_there_is_a_baseline(
    capsys: pytest.CaptureFixture[str],
) -> None:
    catalog.create_product(name="Mug", price=Decimal(5), stock_quantity=3, actor=STAFF)
    with rewriting("events_event"):
        change("delete from events_event where kind in ('product.created', 'stock.item_created')")
    [nothing] = [words for words in found() if words.startswith("catalog_product")]
    assert nothing.endswith("is there, and nothing tells of it")

    call_command("replay", "all", "--baseline", "--verify")
    # The product, its variant and the item.
    assert "3 rows told to the journal as they are now." in capsys.readouterr().out
    assert found() == []
    assert tell_baseline() == 0
    assert Event.objects.filter(kind="journal.baseline").count() == 3

    catalog.update_product(product_id=Product.objects.get().pk, price=Decimal(6), actor=STAFF)
    assert found() == []
    change("update catalog_product set price = 3, price_from = 3, price_to = 3")
    assert any(": price was told" in difference for difference in found())


def test_the_upgrade_tells_what_the_rows_of_earlier_releases_say() -> None:
    tell = import_module("analytics.migrations.0001_baseline").tell
    shop = SimpleNamespace(connection=connection)
    tell(None, shop)
    assert not Event.objects.exists(), "a shop in which nothing has happened has nothing to tell"

    catalog.create_category(name="Mugs", actor=STAFF)
    catalog.create_product(name="Mug", price=Decimal(5), category="mugs", stock_quantity=3, actor=STAFF)
    with rewriting("events_event"):
        change("update events_event set payload = payload - 'values' - 'variants' where kind like %s", "%created")
    assert len(found("catalog")) == 3
    tell(None, shop)
    assert found() == []
    assert tell_baseline() == 0


def test_a_baseline_of_all_says_anew_what_every_row_says() -> None:
    catalog.create_product(name="Mug", price=Decimal(5), actor=STAFF)
    change("update catalog_product set price = price + 1, price_from = price_from + 1, price_to = price_to + 1")
    tell_baseline(of_all=True)
    assert found() == []


def test_what_an_order_of_an_earlier_release_does_not_tell_is_not_compared() -> None:
    order = make_order()
    with rewriting("events_event"):
        change(
            "update events_event set payload = jsonb_build_object('order_id', %s::bigint) where kind = 'order.placed'",
            order.pk,
        )
    assert not [words for words in found("orders") if words.startswith("orders_order ")]
    Order.objects.filter(pk=order.pk).update(currency="EUR")
    assert found("orders") == []
    Order.objects.filter(pk=order.pk).update(status="delivered")
    assert found("orders") == [f"orders_order {order.pk}: status was told as 'pending', and is 'delivered'"]
