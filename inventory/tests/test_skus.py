"""One SKU names one item, in whatever case and form it is spelt."""

import importlib
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction

from events.actors import COMMAND
from inventory import services
from inventory.exceptions import SkuTaken
from inventory.models import StockItem
from inventory.tests.factories import StockItemFactory

pytestmark = pytest.mark.django_db
BASE = "/api/v1/inventory"
# É as one character and as two, in both cases, a letter of full width, a hyphen that keeps a line together, and a dash.
SPELLINGS = (
    *("CAF\u00c9-1", "CAFE\u0301-1", "caf\u00e9-1", "Cafe\u0301-1", "\uff23af\u00e9-1"),
    *("Caf\u00e9\u20111", "Caf\u00e9\u20131"),
)


@pytest.mark.parametrize("sku", SPELLINGS)
def test_a_sku_is_taken_in_every_spelling(sku: str) -> None:
    services.create_item(sku="Caf\u00e9-1", name="Mug", actor=COMMAND)
    cup = services.create_item(sku="CUP", name="Cup", actor=COMMAND)

    with pytest.raises(SkuTaken):
        services.create_item(sku=sku, name="Other", actor=COMMAND)
    with pytest.raises(SkuTaken):
        services.change_sku(item_id=cup.pk, sku=sku, actor=COMMAND)
    with pytest.raises(IntegrityError, match="stockitem_sku_key_unique"), transaction.atomic():
        StockItem.objects.filter(pk=cup.pk).update(sku=sku)


def test_a_sharp_s_is_two_of_them() -> None:
    services.create_item(sku="Stra\u00dfe-1", name="Sign", actor=COMMAND)

    for sku in ("STRASSE-1", "strasse-1", "STRA\u1e9eE-1"):
        with pytest.raises(SkuTaken):
            services.create_item(sku=sku, name="Other", actor=COMMAND)


def test_an_item_may_change_the_case_of_its_own_sku() -> None:
    item = services.create_item(sku="wh-1", name="Mug", actor=COMMAND)

    services.change_sku(item_id=item.pk, sku="WH-1", actor=COMMAND)
    services.change_sku(item_id=item.pk, sku="Caf\u00e9", actor=COMMAND)
    services.change_sku(item_id=item.pk, sku="Cafe\u0301", actor=COMMAND)  # the same text: kept in one form

    item.refresh_from_db()
    assert (item.sku, item.version) == ("Caf\u00e9", 3)


@pytest.mark.parametrize("sku", SPELLINGS)
def test_every_look_up_of_staff_finds_each_spelling(sku: str, as_admin: Any) -> None:
    StockItemFactory(sku="Caf\u00e9-1", stock=5)
    line = {"sku": sku, "quantity": 1}

    assert as_admin.get(f"{BASE}/items/{quote(sku)}").json()["sku"] == "Caf\u00e9-1"
    assert as_admin.patch(f"{BASE}/items/{quote(sku)}", {"barcode": "1"}, format="json").status_code == 200
    past = as_admin.get(f"{BASE}/items/{quote(sku)}/as-of?at=2100-01-01").json()
    assert (past["sku"], past["on_hand"]) == ("Caf\u00e9-1", 5)
    receipt = as_admin.post(f"{BASE}/receipts", {"reference": "DN-7", "lines": [line, line | {"sku": "CAF\u00c9-1"}]})
    assert receipt.status_code == 201, receipt.content
    assert {row["sku"] for row in as_admin.get(f"{BASE}/movements", {"sku": sku}).json()["results"]} == {"Caf\u00e9-1"}
    adjustment = {"reason": "lost", "lines": [{"sku": sku, "delta": -1}, {"sku": "Caf\u00e9-1", "delta": -1}]}
    assert as_admin.post(f"{BASE}/adjustments", adjustment, format="json").status_code == 400  # one place, twice


@pytest.mark.parametrize("page", ["stockitem", "stockmovement"])
@pytest.mark.parametrize("sku", SPELLINGS)
def test_the_pages_of_staff_find_each_spelling(page: str, sku: str, admin_client: Any) -> None:
    StockItemFactory(sku="Caf\u00e9-1", stock=5)
    StockItemFactory(sku="OTHER", stock=7)

    found = admin_client.get(f"/admin/inventory/{page}/", {"q": sku}).content.decode()

    assert "Caf\u00e9-1" in found
    assert ">OTHER<" not in found


def test_the_migration_names_items_that_share_a_sku_and_changes_nothing() -> None:
    migration = importlib.import_module("inventory.migrations.0007_sku_in_any_form")
    with connection.cursor() as cursor:
        cursor.execute("drop index stockitem_sku_key_unique")
    with connection.schema_editor() as editor:
        migration.refuse_alike(apps, editor)
        first, second = (StockItem.objects.create(sku=sku, name="Mug") for sku in ("WH-1", "wh-1"))
        with pytest.raises(CommandError) as refused:
            migration.refuse_alike(apps, editor)
        StockItem.objects.filter(pk=second.pk).update(sku="WH-2")
        migration.refuse_alike(apps, editor)

    assert f"WH-1 (item {first.pk}), wh-1 (item {second.pk})" in str(refused.value)
    assert f"where id = {second.pk};" in str(refused.value)
