"""Alerts: opened, worsened and closed inside the write, by all that an item has."""

from typing import Any

import pytest
from pytest_django import Settings

from events.actors import COMMAND
from events.models import Event
from inventory import services
from inventory.bands import AlertBand, Band, band_of
from inventory.models import StockAlert, StockItem
from inventory.overview import in_bands, present_in, with_present, with_totals
from inventory.services import AdjustmentLine, ReceiptLine
from inventory.services.alerts import unsettled_items
from inventory.tasks import settle_alerts
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


def test_an_open_alert_keeps_the_worst_band_that_it_has_seen() -> None:
    item = StockItemFactory(stock=11)

    sell(item, 1)
    sell(item, 5)
    sell(item, 5)
    set_to(item, 8)

    assert alerts(item) == [("out_of_stock", 0, True)]
    assert told(item) == ["opened", "worsened", "worsened"]


def test_an_open_alert_shows_how_the_item_stands_now() -> None:
    item = StockItemFactory(stock=20)
    set_to(item, 0)

    services.receive_stock(reference="DN-7", lines=[ReceiptLine(item.sku, 7)], actor=COMMAND)

    alert: Any = with_present(StockAlert.objects.all()).get()
    assert (alert.present_band, alert.present_available, alert.band) == ("low", 7, "out_of_stock")
    set_to(item, 60)
    alert = with_present(StockAlert.objects.all()).get()
    assert (alert.present_band, alert.present_available, alert.closed_at is None) == ("out_of_stock", 0, False)


def test_an_alert_is_open_at_the_line_and_closed_above_it() -> None:
    item = StockItemFactory(stock=50)

    for quantity in (10, 11, 9):
        set_to(item, quantity)

    assert alerts(item) == [("low", 10, False), ("low", 9, True)]
    assert told(item) == ["opened", "closed", "opened"]


def test_an_item_that_never_had_stock_has_an_alert_once_it_is_for_sale() -> None:
    item = StockItemFactory(is_sold=False)
    assert alerts(item) == []

    for is_sold in (True, True, False, True):
        services.set_sold(item_ids=[item.pk], is_sold=is_sold, actor=COMMAND)

    assert alerts(item) == [("out_of_stock", 0, False), ("out_of_stock", 0, True)]
    assert told(item) == ["opened", "closed", "opened"]


def test_what_is_not_for_sale_moves_without_an_alert() -> None:
    item = StockItemFactory(stock=20, is_sold=False)

    set_to(item, 0)

    found: Any = with_totals(StockItem.objects.all()).get()
    assert (alerts(item), found.band) == ([], None)


def test_an_item_is_out_since_it_ran_out_last() -> None:
    item = StockItemFactory(stock=20)
    moments = []
    for quantity in (0, 3, 0, 0):
        set_to(item, quantity)
        moments.append(StockAlert.objects.get(item=item).out_since)

    assert moments[1] is None
    assert moments[0] != moments[2] == moments[3]


def test_units_that_may_be_promised_ahead_fill_no_shelf() -> None:
    item = StockItemFactory(stock=3)
    main = item.levels.get().warehouse_id

    services.set_backorder_limit(item_id=item.pk, warehouse_id=main, limit=100, actor=COMMAND)
    sell(item, 3)

    found: Any = with_totals(StockItem.objects.filter(in_bands(["out_of_stock"]))).get()
    assert (found.band, found.available, found.in_stock) == ("out_of_stock", 100, True)
    assert alerts(item) == [("out_of_stock", 100, True)]


def test_a_warehouse_that_goes_out_of_sale_and_comes_back_leaves_all_as_it_was() -> None:
    WarehouseFactory(code="north")
    well, low = StockItemFactory(stock={"north": 90}), StockItemFactory(stock={"main": 2, "north": 5})

    for is_active in (False, True):
        services.update_warehouse(code="north", is_active=is_active, actor=COMMAND)

    [alert] = list[Any](present_in(StockAlert.objects.all(), AlertBand.values))
    assert (alert.item_id, alert.present_band) == (low.pk, "low")
    assert alerts(well) == [("out_of_stock", 0, False)]
    well.refresh_from_db()
    assert well.in_stock


def test_a_setting_that_is_changed_is_settled_by_the_clock(settings: Settings) -> None:
    low, well = StockItemFactory(stock=8), StockItemFactory(stock=15)
    settings.STOCK_CRITICAL_MAX, settings.STOCK_LOW_MAX = 2, 5
    assert list(present_in(StockAlert.objects.all(), AlertBand.values)) == []
    settle_alerts(timestamp=0)
    assert (alerts(low), alerts(well)) == ([("low", 8, False)], [])

    settings.STOCK_CRITICAL_MAX, settings.STOCK_LOW_MAX = 9, 20
    settle_alerts(timestamp=0)

    assert (alerts(low)[1:], alerts(well)) == ([("critical", 8, True)], [("low", 15, True)])
    assert unsettled_items() == []


@pytest.mark.parametrize("critical", [0, 5])
@pytest.mark.parametrize("reorder_point", [None, 0, 3, 60])
def test_python_and_sql_say_the_same(settings: Settings, critical: int, reorder_point: int | None) -> None:
    settings.STOCK_CRITICAL_MAX = critical
    for quantity in (0, 1, 3, 4, 5, 6, 10, 11, 50, 51, 60, 61):
        StockItemFactory(stock=quantity, reorder_point=reorder_point)

    items = list[Any](with_totals(StockItem.objects.all()))

    assert [item.band for item in items] == [band_of(item.on_hand, reorder_point) for item in items]
    for band in Band:
        found = set(StockItem.objects.filter(in_bands([band])).values_list("pk", flat=True))
        assert found == {item.pk for item in items if item.band == band}


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
