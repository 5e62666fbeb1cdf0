"""What staff are told to do about stock: who comes first, and what the next step is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from events.actors import COMMAND
from inventory import services as inventory
from inventory.models import StockAlert, StockMovement, Warehouse
from inventory.tests.factories import backdate
from orders import services
from orders.tests.factories import STAFF, make_article, make_user, place, receive
from orders.worklist import suggested_quantity, worklist

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("available", "pace", "line", "lot", "lead_days", "quantity"),
    [
        (3, 0, 20, None, 14, 18),
        (3, 0, 20, 12, 14, 24),
        (3, 0.5, 20, None, 10, 38),
        (-5, 0, 0, None, 14, 6),
        (500, 0.1, 20, None, 0, 1),
    ],
)
def test_what_to_order_lasts_beyond_its_delivery(
    available: int, pace: float, line: int, lot: int | None, lead_days: int, quantity: int
) -> None:
    suggested = suggested_quantity(available=available, pace=pace, line=line, lot=lot, lead_days=lead_days)

    assert suggested == quantity


def test_a_row_says_how_long_stock_lasts_at_the_pace_of_four_weeks() -> None:
    wanted = make_article(stock=20, sku="WANTED")
    make_article(stock=4, sku="RESTING")
    place(make_user(), {wanted: 14})

    worst = worklist().rows

    assert [(row.sku, row.quantity, row.days_of_cover) for row in worst] == [
        ("RESTING", 4, None),
        ("WANTED", 6, 12),
    ]
    assert worst[1].suggested == 27


def test_demand_that_was_given_back_is_none() -> None:
    article = make_article(stock=3)
    order = place(make_user(), {article: 2})

    services.cancel_order(order_id=order.id, actor=STAFF)

    [row] = worklist().rows
    assert (row.demand, row.days_of_cover) == (0, None)


def out_for(days: float, *, sku: str, sold: int, price: str = "10.00") -> None:
    """An article of which so many units were sold, all on the day before it ran out."""
    article = make_article(sku=sku, stock=sold, price=price)
    place(make_user(), {article: sold})
    StockAlert.objects.filter(item=article.stock_item).update(out_since=timezone.now() - timedelta(days=days))
    backdate(StockMovement.objects.latest("id"), timezone.now() - timedelta(days=days + 1))


def test_what_loses_most_comes_first_by_days_pace_and_price() -> None:
    out_for(2, sku="LONG", sold=28, price="1.00")
    out_for(1, sku="DEAR", sold=28, price="3.00")
    out_for(1, sku="FAST", sold=280, price="1.00")
    make_article(sku="NEVER", stock=0)
    make_article(sku="FEW", stock=2)

    rows = worklist().rows

    assert [row.sku for row in rows] == ["FAST", "DEAR", "LONG", "NEVER", "FEW"]
    assert [row.lost and round(row.lost) for row in rows] == [10, 3, 2, None, None]


def test_the_pace_is_that_of_the_weeks_before_it_ran_out() -> None:
    out_for(60, sku="LONG-AGO", sold=28)

    [row] = worklist().rows

    assert (row.pace, row.lost and round(row.lost)) == (1, 600)


def test_what_can_be_ordered_ahead_loses_nothing() -> None:
    out_for(5, sku="AHEAD", sold=28)
    item = StockAlert.objects.get().item
    warehouse = Warehouse.objects.get(code="main")
    inventory.set_backorder_limit(item_id=item.pk, warehouse_id=warehouse.pk, limit=9, actor=COMMAND)

    [row] = worklist().rows

    assert (row.band, row.available, row.lost) == ("out_of_stock", 9, None)


def test_every_row_has_its_next_step() -> None:
    attic = Warehouse.objects.create(code="attic", name="Attic", priority=500)
    aside = make_article(sku="ASIDE", stock=1)
    receive(aside, 40, "attic")
    inventory.update_warehouse(code=attic.code, is_active=False, actor=COMMAND)
    make_article(sku="LINE", stock=1, reorder_point=5)
    place(make_user(), {make_article(sku="WANTED", stock=5): 4})
    make_article(sku="UNASKED", stock=1)

    steps = {row.sku: (row.next_step, row.aside, row.units_aside) for row in worklist().rows}

    assert steps == {
        "ASIDE": ("transfer", "attic", 40),
        "LINE": ("receive", None, 0),
        "WANTED": ("receive", None, 0),
        "UNASKED": ("reorder_point", None, 0),
    }


def test_the_counts_are_of_all_and_the_rows_of_the_first() -> None:
    for stock in (0, 0, 3, 8, 20):
        make_article(stock=stock)

    work = worklist(rows=2)

    assert (work.counts, len(work.rows)) == ([("out_of_stock", 2), ("critical", 1), ("low", 1)], 2)


def test_an_empty_shop_has_nothing_to_do() -> None:
    assert (worklist().rows, [count for _, count in worklist().counts]) == ([], [0, 0, 0])


def scans_of(table: str) -> int:
    """How often this transaction has begun to read a table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(seq_scan, 0) + coalesce(idx_scan, 0) from pg_stat_xact_user_tables where relname = %s",
            [table],
        )
        return int(cursor.fetchone()[0])


def test_demand_is_asked_for_only_in_the_bands_that_fill_the_list() -> None:
    for number in range(4):
        make_article(stock=0, sku=f"OUT-{number}")
    for number in range(3):
        make_article(stock=4, sku=f"CRITICAL-{number}")
        make_article(stock=9, sku=f"LOW-{number}")

    def asked(rows: int) -> tuple[list[str], int]:
        before = scans_of("inventory_stockmovement")
        found = worklist(rows)
        assert [count for _, count in found.counts] == [4, 3, 3]
        return [row.sku for row in found.rows], scans_of("inventory_stockmovement") - before

    assert asked(3) == (["OUT-0", "OUT-1", "OUT-2"], 4)
    assert asked(4) == (["OUT-0", "OUT-1", "OUT-2", "OUT-3"], 4)
    assert asked(5) == (["OUT-0", "OUT-1", "OUT-2", "OUT-3", "CRITICAL-0"], 7)
    assert asked(10)[1] == 10
