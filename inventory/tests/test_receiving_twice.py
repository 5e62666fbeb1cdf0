"""One delivery note that is received twice: asked about in the admin, refused by the API until it is meant."""

from functools import partial
from typing import Any

import pytest

from events.actors import COMMAND
from inventory import services
from inventory.exceptions import AlreadyReceived
from inventory.models import StockItem, StockMovement
from inventory.services import ReceiptLine
from inventory.tests.factories import StockItemFactory, WarehouseFactory, level_of
from staff.tests.pages import errors_of, form_on, messages_of, send
from tests.threads import at_once

RECEIVE = "/admin/inventory/stockitem/receive/"


def receive(item: StockItem, units: int = 5, **more: Any) -> services.Posting:
    lines = more.pop("lines", [ReceiptLine(item.sku, units)])
    return services.receive_stock(**{"reference": "DN-1", "lines": lines, "actor": COMMAND} | more)


@pytest.mark.django_db
def test_the_same_note_with_the_same_units_is_refused_until_it_is_meant() -> None:
    item = StockItemFactory()
    receive(item)

    with pytest.raises(AlreadyReceived, match="DN-1 came with these units already"):
        receive(item)
    assert level_of(item).on_hand == 5

    receive(item, again=True)
    assert level_of(item).on_hand == 10


@pytest.mark.django_db
@pytest.mark.parametrize("spelt", ["dn-7 É", "DN-7 e\u0301", "Dn-7 é", "\uff24\uff2e-7 É"])
def test_a_note_is_the_same_in_any_case_and_form(spelt: str) -> None:
    item = StockItemFactory()
    receive(item, reference="DN-7 É")

    with pytest.raises(AlreadyReceived):
        receive(item, reference=spelt)
    assert level_of(item).on_hand == 5


@pytest.mark.django_db
def test_lines_are_summed_and_the_warehouse_does_not_matter() -> None:
    WarehouseFactory(code="north")
    mug, pot = StockItemFactory(), StockItemFactory()
    receive(mug, lines=[ReceiptLine(mug.sku, 2), ReceiptLine(mug.sku, 3), ReceiptLine(pot.sku, 1)])

    with pytest.raises(AlreadyReceived):
        receive(mug, lines=[ReceiptLine(pot.sku, 1, "north"), ReceiptLine(mug.sku, 5, "north")])

    assert StockMovement.objects.filter(kind="received").count() == 3


@pytest.mark.django_db
def test_other_units_another_note_and_notes_without_a_name_are_taken() -> None:
    mug, pot = StockItemFactory(), StockItemFactory()
    receive(mug)

    receive(mug, 6)
    receive(mug, reference="DN-2")
    receive(mug, lines=[ReceiptLine(mug.sku, 5), ReceiptLine(pot.sku, 1)])
    receive(mug, reference="")
    receive(mug, reference="")

    assert level_of(mug).on_hand == 31


@pytest.mark.django_db(transaction=True)
def test_two_who_receive_one_note_at_the_same_moment_receive_it_once() -> None:
    item = StockItemFactory()

    outcomes = at_once([partial(receive, item)] * 4)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyReceived"] * 3 + ["Posting"]
    assert level_of(item).on_hand == 5


@pytest.mark.django_db
def test_the_page_asks_and_receives_when_it_is_meant(keeper: Any, mug: StockItem) -> None:
    note = {"reference": "DN-7", "lines-0-sku": "MUG", "lines-0-quantity": "3"}
    send(keeper, RECEIVE, "reference", **note)

    asked = send(keeper, RECEIVE, "reference", **note)

    assert "DN-7 came with these units" in errors_of(asked)
    assert " That was on " in errors_of(asked)
    assert 'type="checkbox" name="again"' in asked.content.decode()
    assert 'type="checkbox" name="again"' not in keeper.get(RECEIVE).content.decode()
    assert level_of(mug).on_hand == 8

    meant = send(keeper, RECEIVE, "reference", **note, again="on")

    assert messages_of(meant) == ["Received 3 units under DN-7."]
    assert level_of(mug).on_hand == 11


@pytest.mark.django_db
def test_the_api_answers_409_until_it_is_meant_and_replays_by_key(as_admin: Any, mug: StockItem) -> None:
    url = "/api/v1/inventory/receipts"
    body: dict[str, Any] = {"reference": "DN-1", "lines": [{"sku": "MUG", "quantity": 5}]}
    first = as_admin.post(url, body, headers={"Idempotency-Key": "k"})

    replayed = as_admin.post(url, body, headers={"Idempotency-Key": "k"})
    refused = as_admin.post(url, body)
    meant = as_admin.post(url, body | {"again": True})

    assert (first.status_code, replayed.status_code, meant.status_code) == (201, 201, 201)
    assert replayed.content == first.content
    assert (refused.status_code, refused.json()["code"]) == (409, "already_received")
    assert refused.json()["received_at"][:2] == "20"
    assert level_of(mug).on_hand == 15


@pytest.mark.django_db
def test_a_code_of_two_items_names_both_wherever_it_is_scanned(keeper: Any, mug: StockItem) -> None:
    StockItemFactory(sku="CUP", name="Cup", barcode=mug.barcode, stock=1)
    line = {"lines-0-sku": mug.barcode, "lines-0-quantity": "1"}
    both = "2 items have this code: CUP (Cup), MUG (Mug). Type the SKU of the one that you mean."

    receipt = send(keeper, RECEIVE, "reference", reference="DN-1", **line)
    loss = send(keeper, "/admin/orders/order/shortfall/", "missing", sku=mug.barcode, missing="1", reason="fire")
    found = keeper.get(f"/admin/inventory/stockitem/?q={mug.barcode}").content.decode()

    assert both in errors_of(receipt)
    assert both in errors_of(loss)
    assert ">CUP</a>" in found
    assert ">MUG</a>" in found


@pytest.mark.django_db
def test_a_barcode_that_another_item_has_is_taken_with_a_warning(keeper: Any, mug: StockItem) -> None:
    cup = StockItemFactory(sku="CUP")
    url = f"/admin/inventory/stockitem/{cup.pk}/change/"
    form = form_on(keeper, url, "barcode")

    answer = keeper.post(url, form | {"barcode": mug.barcode})

    assert "MUG can be scanned by this code too: a scan will name all of them." in messages_of(answer)
