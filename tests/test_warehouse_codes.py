"""The code of a warehouse is one in whatever case it is spelt, wherever somebody names it."""

import importlib
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from events.actors import COMMAND
from events.models import Event
from inventory import services
from inventory.exceptions import CodeTaken
from inventory.models import StockLevel, Warehouse
from inventory.tests.factories import StockItemFactory
from orders.services import look_ahead

pytestmark = pytest.mark.django_db

BASE = "/api/v1/inventory"
SPELLINGS = ["North", "north", "NORTH"]


@pytest.fixture
def north() -> Warehouse:
    return services.create_warehouse(code="North", name="North hall", priority=5, actor=COMMAND)


@pytest.mark.usefixtures("north")
@pytest.mark.parametrize("code", SPELLINGS)
def test_no_two_warehouses_have_one_code(code: str, as_admin: Any, admin_client: Any) -> None:
    before = Warehouse.objects.count()

    with pytest.raises(CodeTaken):
        services.create_warehouse(code=code, name="Other hall", actor=COMMAND)
    answer = as_admin.post(f"{BASE}/warehouses", {"code": code, "name": "Other hall", "priority": 7}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "code_taken")
    page = admin_client.post(
        "/admin/inventory/warehouse/add/", {"code": code, "name": "Other hall", "priority": 7, "is_active": "on"}
    )
    assert page.status_code == 200
    assert "This code is taken." in page.content.decode() or "already exists" in page.content.decode()

    assert Warehouse.objects.count() == before


@pytest.mark.usefixtures("north")
@pytest.mark.parametrize("code", SPELLINGS)
def test_every_look_up_finds_each_spelling(code: str, as_admin: Any, admin_client: Any) -> None:
    mug = StockItemFactory(sku="MUG")
    line = {"sku": "MUG", "quantity": 5, "warehouse": code}

    receipt = as_admin.post(f"{BASE}/receipts", {"reference": "DN-7", "lines": [line]}, format="json")
    assert receipt.status_code == 201, receipt.content
    assert receipt.json()["lines"][0]["warehouse"] == "North"
    lines = [{"sku": "MUG", "delta": -1, "warehouse": code}, {"sku": "MUG", "delta": -1, "warehouse": "North"}]
    adjustment = as_admin.post(f"{BASE}/adjustments", {"reason": "lost", "lines": lines}, format="json")
    assert adjustment.status_code == 400, "one place, twice"
    body = {"from": "North", "to": code, "lines": [{"sku": "MUG", "quantity": 1}]}
    assert as_admin.post(f"{BASE}/transfers", body, format="json").json()["code"] == "same_warehouse"
    body = {"from": code, "to": "main", "lines": [{"sku": "MUG", "quantity": 2}]}
    assert as_admin.post(f"{BASE}/transfers", body, format="json").status_code == 201
    assert StockLevel.objects.get(item=mug, warehouse__code="North").on_hand == 3

    assert as_admin.get(f"{BASE}/warehouses/{code}").json()["name"] == "North hall"
    assert [row["sku"] for row in as_admin.get(f"{BASE}/items", {"warehouse": code}).json()["results"]] == ["MUG"]
    movements = as_admin.get(f"{BASE}/movements", {"warehouse": code}).json()["results"]
    assert {row["warehouse"] for row in movements} == {"North"}
    assert len(movements) == 2
    assert look_ahead(sku="MUG", warehouse=code, missing=1).losers == []
    call_command("low_stock_report", warehouse=code)
    listed = admin_client.get("/admin/inventory/stockitem/", {"warehouse": code}).content.decode()
    assert "MUG" in listed

    changed = as_admin.patch(f"{BASE}/warehouses/{code}", {"name": "Far hall"}, format="json").json()
    assert (changed["code"], changed["name"]) == ("North", "Far hall")
    event = Event.objects.filter(kind="stock.warehouse_updated").get()
    assert (event.subject, event.payload["code"]) == ("warehouse:North", "North")


def test_the_migration_names_warehouses_that_share_a_code_and_changes_nothing() -> None:
    migration = importlib.import_module("inventory.migrations.0014_warehouse_in_any_case")
    with connection.cursor() as cursor:
        cursor.execute("drop index warehouse_code_key_unique")
    with connection.schema_editor() as editor:
        migration.refuse_alike(apps, editor)
        first, second = (Warehouse.objects.create(code=code, name="Hall") for code in ("south", "South"))
        with pytest.raises(CommandError) as refused:
            migration.refuse_alike(apps, editor)
        Warehouse.objects.filter(pk=second.pk).update(code="east")
        migration.refuse_alike(apps, editor)

    assert f"south (Hall, warehouse {first.pk}), South (Hall, warehouse {second.pk})" in str(refused.value)
    assert f"where id = {second.pk};" in str(refused.value)
