"""Alerts: opened, worsened and closed inside the write, by all that an item has."""

import pytest
from pytest_django import Settings

from events.actors import COMMAND
from events.models import Event
from inventory import services
from inventory.bands import band_of
from inventory.models import StockAlert, StockItem
from inventory.services import AdjustmentLine
from inventory.tests.factories import StockItemFactory, WarehouseFactory

pytestmark = pytest.mark.django_db


def sell(item: StockItem, quantity: int) -> None:
    reference = f"sale-{Event.objects.count()}-{item.levels.get(warehouse__code='main').reserved}"
    services.reserve(reference=reference, quantities={item.pk: quantity}, actor=COMMAND)


def set_to(item: StockItem, quantity: int) -> None:
    services.set_stock(item_id=item.pk, quantity=quantity, actor=COMMAND)


def alerts(item: StockItem) -> list[tuple[str, int, bool]]:
    """Band, what was available then, and whether it is open; oldest first."""
    rows = StockAlert.objects.filter(item=item).order_by("id")
    return [(alert.band, alert.available, alert.closed_at is None) for alert in rows]


def told(item: StockItem) -> list[str]:
    events = Event.objects.filter(kind__startswith="stock.alert_", subject=f"sku:{item.sku}").order_by("id")
    return [event.kind.removeprefix("stock.alert_") for event in events]


@pytest.mark.parametrize(
    ("available", "reorder_point", "band"),
    [
        (0, None, "out_of_stock"),
        (1, None, "critical"),
        (5, None, "critical"),
        (6, None, "low"),
        (10, None, "low"),
        (11, None, "medium"),
        (50, None, "medium"),
        (51, None, "high"),
        (60, 60, "low"),
        (4, 3, "medium"),
        (3, 3, "critical"),
        (1, 0, "medium"),
        (0, 0, "out_of_stock"),
    ],
)
def test_bands_follow_the_settings_and_the_item(available: int, reorder_point: int | None, band: str) -> None:
    assert band_of(available, reorder_point) == band


def test_an_item_that_falls_to_its_line_opens_one_alert() -> None:
    item = StockItemFactory(stock=12)

    sell(item, 1)
    assert alerts(item) == []
    sell(item, 1)
    sell(item, 1)
    assert alerts(item) == [("low", 10, True)]
    assert told(item) == ["opened"]


def test_an_open_alert_gets_worse_but_not_better() -> None:
    item = StockItemFactory(stock=11)

    sell(item, 1)
    sell(item, 5)
    sell(item, 5)
    set_to(item, 8)

    assert alerts(item) == [("out_of_stock", 0, True)]
    assert told(item) == ["opened", "worsened", "worsened"]


def test_an_alert_closes_above_its_line_and_not_at_it(settings: Settings) -> None:
    settings.STOCK_ALERT_HYSTERESIS = 3
    item = StockItemFactory(stock=50)
    set_to(item, 10)

    for quantity in (11, 10, 12, 11, 10):
        set_to(item, quantity)
    assert told(item) == ["opened"]
    set_to(item, 12)
    set_to(item, 13)
    assert (told(item), alerts(item)) == (["opened", "closed"], [("low", 10, False)])
    set_to(item, 9)
    assert alerts(item) == [("low", 10, False), ("low", 9, True)]


def test_an_item_with_a_line_of_its_own_is_low_there() -> None:
    item = StockItemFactory(stock=100, reorder_point=80)

    sell(item, 20)

    assert alerts(item) == [("low", 80, True)]


def test_stock_in_another_warehouse_counts() -> None:
    WarehouseFactory(code="north")
    item = StockItemFactory(stock={"main": 12, "north": 30})

    sell(item, 12)

    assert alerts(item) == []
    item.refresh_from_db()
    assert item.in_stock


def test_the_last_unit_and_the_first_one_flip_in_stock() -> None:
    item = StockItemFactory(stock=2)

    services.reserve(reference="r-1", quantities={item.pk: 2}, actor=COMMAND)
    item.refresh_from_db()
    assert not item.in_stock
    services.release(reference="r-1", actor=COMMAND)
    item.refresh_from_db()
    assert item.in_stock


def test_one_posting_settles_every_item_in_it() -> None:
    first, second = StockItemFactory(stock=20), StockItemFactory(stock=20)

    services.adjust_stock(
        reason="fire",
        lines=[AdjustmentLine(first.sku, delta=-20), AdjustmentLine(second.sku, delta=-12)],
        actor=COMMAND,
    )

    assert (alerts(first), alerts(second)) == ([("out_of_stock", 0, True)], [("low", 8, True)])
    payload = Event.objects.get(kind="stock.alert_opened", subject=f"sku:{second.sku}").payload
    assert payload == {
        "alert_id": StockAlert.objects.get(item=second).pk,
        "sku": second.sku,
        "band": "low",
        "available": 8,
    }
