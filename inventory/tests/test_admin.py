"""The stock keeper's pages that move stock: goods are received, adjusted and transferred."""

from collections.abc import Callable
from typing import Any

import pytest

from events.actors import COMMAND
from events.models import Event
from inventory import services
from inventory.admin_forms import items_by_code
from inventory.models import StockItem, StockMovement, Warehouse
from inventory.tests.factories import StockItemFactory, WarehouseFactory, level_of, snapshot
from staff.tests.pages import errors_of, form_on, messages_of, send

pytestmark = pytest.mark.django_db
STOCK = "/admin/inventory/stockitem/"
ITEM = {"lines-0-sku": "MUG"}


def test_receiving_adds_to_stock_and_the_ledger_says_who_and_why(keeper: Any, mug: StockItem) -> None:
    sent = ITEM | {"reference": "DN-7", "lines-0-quantity": "12", "lines-0-unit_cost": "3.50"}

    answer = send(keeper, f"{STOCK}receive/", "once", **sent)

    assert answer.headers["Location"] == f"{STOCK}{mug.pk}/why/"
    assert level_of(mug).on_hand == 17
    movement = StockMovement.objects.latest("id")
    assert (movement.kind, movement.reference, str(movement.unit_cost)) == ("received", "DN-7", "3.50")
    assert movement.actor == f"staff:{keeper.user.pk}"
    assert Event.objects.latest("pk").channel == "admin"


def test_a_scanned_barcode_names_the_item(keeper: Any, mug: StockItem) -> None:
    send(keeper, f"{STOCK}receive/", "once", **{"reference": "DN-7", "lines-0-sku": "4006381", "lines-0-quantity": "1"})

    assert level_of(mug).on_hand == 6


def test_a_sku_is_known_in_any_case_and_before_a_barcode(mug: StockItem) -> None:
    codes = ("MUG", "mug", "MuG", "4006381", "cup")
    assert items_by_code(codes) == dict.fromkeys(codes[:4], mug)
    StockItemFactory(sku="CUP", barcode="mug")
    assert items_by_code(["mug"]) == {"mug": mug}


def test_a_barcode_that_two_items_share_names_none(keeper: Any, mug: StockItem) -> None:
    StockItemFactory(sku="CUP", barcode="4006381")

    answer = send(
        keeper, f"{STOCK}receive/", "once", **{"reference": "DN-7", "lines-0-sku": "4006381", "lines-0-quantity": "1"}
    )

    assert "2 items have this code" in errors_of(answer)


def test_the_same_page_sent_twice_counts_once(keeper: Any, mug: StockItem) -> None:
    form = form_on(keeper, f"{STOCK}receive/", "once") | ITEM | {"reference": "DN-7", "lines-0-quantity": "12"}
    keeper.post(f"{STOCK}receive/", form)

    again = keeper.post(f"{STOCK}receive/", form)

    assert "was posted already" in errors_of(again)
    assert level_of(mug).on_hand == 17


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Fill in at least one line"),
        ({"lines-0-sku": "NONE", "lines-0-quantity": "1"}, "No item has this SKU"),
        ({"lines-0-sku": "MUG", "lines-0-quantity": "0"}, "greater than or equal to 1"),
        ({"lines-0-sku": "MUG", "lines-0-quantity": "1", "reference": ""}, "This field is required"),
        ({"lines-0-sku": "MUG", "lines-0-quantity": "1", "once": "x"}, "valid UUID"),
        ({"lines-0-sku": "MUG", "lines-0-quantity": "1000000000"}, "less than or equal to 10000000"),
    ],
)
def test_a_refused_receipt_says_why_and_changes_nothing(
    keeper: Any, mug: StockItem, changes: dict[str, str], said: str
) -> None:
    before = snapshot()

    answer = send(keeper, f"{STOCK}receive/", "once", **({"reference": "DN-7"} | changes))

    assert said in errors_of(answer)
    assert snapshot() == before


def test_adjusting_by_a_difference_and_to_a_count(keeper: Any, mug: StockItem) -> None:
    send(keeper, f"{STOCK}adjust/", "once", reason="broken", **ITEM, **{"lines-0-delta": "-2"})
    assert level_of(mug).on_hand == 3

    send(keeper, f"{STOCK}adjust/", "once", reason="count", **ITEM, **{"lines-0-set_to": "9", "lines-0-expected": "3"})
    assert level_of(mug).on_hand == 9


def test_a_count_against_an_old_number_is_refused_with_the_new_one(keeper: Any, mug: StockItem) -> None:
    before = snapshot()

    answer = send(
        keeper, f"{STOCK}adjust/", "once", reason="count", **ITEM, **{"lines-0-set_to": "9", "lines-0-expected": "4"}
    )

    assert "On hand is 5 now" in errors_of(answer)
    assert snapshot() == before


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"lines-0-delta": "1", "lines-0-set_to": "3"}, "either a difference or what was counted"),
        ({}, "either a difference or what was counted"),
        ({"lines-0-delta": "0"}, "changes nothing"),
        ({"lines-0-set_to": "3"}, "what the books showed"),
        ({"lines-0-delta": "-6"}, "At most 5 can leave"),
    ],
)
def test_a_refused_adjustment_says_why(keeper: Any, mug: StockItem, line: dict[str, str], said: str) -> None:
    answer = send(keeper, f"{STOCK}adjust/", "once", reason="why not", **ITEM, **line)

    assert said in errors_of(answer)
    assert level_of(mug).on_hand == 5


def test_a_refusal_stands_on_the_line_that_it_is_about(keeper: Any, mug: StockItem) -> None:
    """Empty lines above it are not told to the service, and do not shift its answer."""
    answer = send(keeper, f"{STOCK}adjust/", "once", reason="broken", **{"lines-2-sku": "MUG", "lines-2-delta": "-6"})

    assert "delta" in answer.context_data["lines"].forms[2].errors


def test_a_page_that_comes_from_an_item_begins_with_it(keeper: Any, mug: StockItem) -> None:
    services.update_item(sku="MUG", reorder_quantity=40, actor=COMMAND)

    receipt = form_on(keeper, f"{STOCK}receive/?sku=MUG", "once")
    adjustment = form_on(keeper, f"{STOCK}adjust/?sku=MUG&warehouse=main", "once")

    assert (receipt["lines-0-sku"], receipt["lines-0-quantity"]) == (["MUG"], ["40"])
    assert adjustment["lines-0-expected"] == ["5"]


def test_a_page_that_begins_with_an_item_can_be_sent_as_it_is(keeper: Any, mug: StockItem) -> None:
    services.update_item(sku="MUG", reorder_quantity=40, actor=COMMAND)

    send(keeper, f"{STOCK}receive/?sku=MUG", "once", reference="DN-7")

    assert level_of(mug).on_hand == 45


def test_goods_move_between_warehouses(keeper: Any, mug: StockItem) -> None:
    north = WarehouseFactory(code="north")

    answer = send(
        keeper, f"{STOCK}transfer/", "once", source="main", target="north", **ITEM, **{"lines-0-quantity": "2"}
    )

    assert (level_of(mug).on_hand, level_of(mug, north.code).on_hand) == (3, 2)
    assert messages_of(answer)[0].startswith("Moved 2 units")


def test_a_transfer_to_the_same_place_is_refused(keeper: Any, mug: StockItem) -> None:
    answer = send(
        keeper, f"{STOCK}transfer/", "once", source="main", target="main", **ITEM, **{"lines-0-quantity": "2"}
    )

    assert "from one warehouse to another" in errors_of(answer)


def test_a_receipt_of_several_items_leads_to_the_ledger(keeper: Any, mug: StockItem) -> None:
    cup = StockItemFactory(sku="CUP")
    lines = ITEM | {"lines-0-quantity": "1", "lines-1-sku": "CUP", "lines-1-quantity": "2"}

    answer = send(keeper, f"{STOCK}receive/", "once", reference="DN 7", **lines)

    assert answer.headers["Location"] == "/admin/inventory/stockmovement/?q=DN%207"
    assert level_of(cup).on_hand == 2
    page = keeper.get(answer.headers["Location"]).content.decode()
    assert page.count('class="sku"') == 2


def test_a_count_that_agrees_says_so(keeper: Any, mug: StockItem) -> None:
    answer = send(
        keeper, f"{STOCK}adjust/", "once", reason="count", **ITEM, **{"lines-0-set_to": "5", "lines-0-expected": "5"}
    )

    assert messages_of(answer) == ["Nothing was posted: the books were right already."]


def test_promises_ahead_are_limited_on_a_page_and_told_when_they_are_covered(keeper: Any, mug: StockItem) -> None:
    main = Warehouse.objects.get(code="main")
    url = f"{STOCK}{mug.pk}/backorder/"
    send(keeper, url, "limit", warehouse="main", limit="4")
    services.reserve(reference="order:1", quantities={mug.pk: 8}, actor=COMMAND)

    refused = send(keeper, url, "limit", warehouse=main.code, limit="2")
    covered = send(keeper, f"{STOCK}receive/", "once", reference="DN", **ITEM, **{"lines-0-quantity": "9"})

    assert errors_of(refused)
    assert level_of(mug).backorder_limit == 4
    assert "order:1" in messages_of(covered)[1]


@pytest.mark.parametrize(("asked", "shown"), [("37", 37), ("", 12), ("-1", 12), ("9" * 40, 12), ("x", 12)])
def test_a_receipt_begins_with_what_was_suggested(staff_pages: Callable[..., Any], asked: str, shown: int) -> None:
    StockItemFactory(sku="MUG", reorder_quantity=12)

    page = staff_pages("stock keeper").get(f"/admin/inventory/stockitem/receive/?sku=MUG&quantity={asked}")

    assert page.context_data["lines"].forms[0].initial["quantity"] == shown
