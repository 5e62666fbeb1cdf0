"""Items and warehouses, and what changing them does to availability."""

import pytest
from django.core.exceptions import ValidationError

from database.refusals import NotFound, VersionMismatch
from events.actors import COMMAND
from events.models import Event
from inventory import services
from inventory.exceptions import CodeTaken, InsufficientStock, NoWarehouse, SkuTaken
from inventory.models import StockAlert, StockItem, StockLevel, Warehouse
from inventory.tests.factories import StockItemFactory, WarehouseFactory, level_of, snapshot

pytestmark = pytest.mark.django_db


def test_a_new_item_is_nowhere_yet_but_has_a_place_to_meet() -> None:
    item = services.create_item(sku="MUG", name="Mug", actor=COMMAND, reorder_point=3)

    assert (item.in_stock, item.version, level_of(item).on_hand) == (False, 1, 0)
    assert Event.objects.get().kind == "stock.item_created"


def test_a_sku_is_taken_once() -> None:
    StockItemFactory(sku="MUG")
    before = snapshot()

    with pytest.raises(SkuTaken):
        services.create_item(sku="MUG", name="Another", actor=COMMAND)
    assert snapshot() == before


@pytest.mark.parametrize("sku", ["", " A", "A ", "a/b", ".", "..", "a\nb", "x" * 65])
def test_what_cannot_stand_in_a_path_is_no_sku(sku: str) -> None:
    before = snapshot()

    with pytest.raises(ValidationError):
        services.create_item(sku=sku, name="Mug", actor=COMMAND)
    assert snapshot() == before


def test_without_any_warehouse_there_is_no_place_for_an_item() -> None:
    Warehouse.objects.all().delete()

    with pytest.raises(NoWarehouse):
        services.create_item(sku="MUG", name="Mug", actor=COMMAND)


def test_renaming_is_no_edit_of_the_item() -> None:
    item = StockItemFactory()

    services.rename_item(item_id=item.pk, name="Cup", actor=COMMAND)

    item.refresh_from_db()
    assert (item.name, item.version) == ("Cup", 1)
    with pytest.raises(NotFound):
        services.rename_item(item_id=10**9, name="Cup", actor=COMMAND)


def test_an_edit_raises_the_version_and_is_told_with_what_was_before() -> None:
    item = StockItemFactory(sku="MUG", lead_time_days=5)

    services.update_item(sku="MUG", actor=COMMAND, expected_version=1, lead_time_days=7, unit_cost=None)

    item.refresh_from_db()
    assert (item.lead_time_days, item.version) == (7, 2)
    assert Event.objects.order_by("-id")[0].payload == {"sku": "MUG", "changes": {"lead_time_days": [5, 7]}}


def test_saying_the_same_again_is_no_edit() -> None:
    StockItemFactory(sku="MUG", lead_time_days=5)
    before = snapshot()

    services.update_item(sku="MUG", actor=COMMAND, lead_time_days=5)
    services.update_warehouse(code="main", actor=COMMAND, is_active=True)
    assert snapshot() == before


def test_an_edit_against_an_older_version_is_refused() -> None:
    StockItemFactory(sku="MUG")
    services.update_item(sku="MUG", actor=COMMAND, lead_time_days=5)
    before = snapshot()

    with pytest.raises(VersionMismatch):
        services.update_item(sku="MUG", actor=COMMAND, expected_version=1, lead_time_days=6)
    assert snapshot() == before


def test_a_new_reorder_point_opens_and_closes_the_alert() -> None:
    item = StockItemFactory(sku="MUG", stock=20)

    services.update_item(sku="MUG", actor=COMMAND, reorder_point=30)
    assert StockAlert.objects.get(item=item).band == "low"
    services.update_item(sku="MUG", actor=COMMAND, reorder_point=None)
    assert StockAlert.objects.get(item=item).closed_at is not None


def test_a_warehouse_code_is_taken_once() -> None:
    before = snapshot()

    with pytest.raises(CodeTaken):
        services.create_warehouse(code="main", name="Main", actor=COMMAND)
    assert (snapshot(), Warehouse.objects.count()) == (before, 1)


def test_a_warehouse_out_of_sale_takes_its_stock_with_it() -> None:
    north = WarehouseFactory(code="north")
    only, both = StockItemFactory(stock={"north": 20}), StockItemFactory(stock={"main": 20, "north": 20})

    services.update_warehouse(code="north", actor=COMMAND, is_active=False)

    assert list(StockItem.objects.filter(in_stock=True)) == [both]
    assert [alert.band for alert in StockAlert.objects.filter(item=only, closed_at=None)] == ["out_of_stock"]
    services.update_warehouse(code="north", actor=COMMAND, is_active=True)
    assert StockItem.objects.filter(in_stock=True).count() == 2
    assert not StockAlert.objects.filter(closed_at=None).exists()
    north.refresh_from_db()
    assert north.version == 3


def test_a_warehouse_edited_against_an_older_version_is_refused() -> None:
    with pytest.raises(VersionMismatch):
        services.update_warehouse(code="main", actor=COMMAND, expected_version=7, name="Other")
    with pytest.raises(NotFound):
        services.update_warehouse(code="moon", actor=COMMAND, name="Other")
    assert Warehouse.objects.get().name == "Main warehouse"


def test_a_backorder_limit_makes_an_item_available() -> None:
    item = StockItemFactory()
    main = Warehouse.objects.get(code="main")

    services.set_backorder_limit(item_id=item.pk, warehouse_id=main.pk, limit=5, actor=COMMAND)

    item.refresh_from_db()
    assert (item.in_stock, level_of(item).available) == (True, 5)


def test_a_backorder_limit_below_what_is_promised_is_refused() -> None:
    item = StockItemFactory()
    main = Warehouse.objects.get(code="main")
    services.set_backorder_limit(item_id=item.pk, warehouse_id=main.pk, limit=5, actor=COMMAND)
    services.reserve(reference="r-1", quantities={item.pk: 4}, actor=COMMAND)
    before = snapshot()

    with pytest.raises(InsufficientStock):
        services.set_backorder_limit(item_id=item.pk, warehouse_id=main.pk, limit=3, actor=COMMAND)
    with pytest.raises(NotFound):
        services.set_backorder_limit(item_id=item.pk, warehouse_id=10**9, limit=3, actor=COMMAND)
    assert snapshot() == before
    assert StockLevel.objects.get(item=item).backorder_limit == 5
