"""The grid that corrects many shelves, and the stock count."""

import csv
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.utils import timezone

from events.actors import COMMAND
from inventory import services
from inventory.models import StockItem, StockMovement
from inventory.tests.factories import StockItemFactory, WarehouseFactory, backdate, level_of, snapshot
from staff.tests.pages import messages_of

pytestmark = pytest.mark.django_db
GRID, COUNT = "/admin/inventory/stockitem/grid/", "/admin/inventory/stockitem/count/"


def rows(**shelves: tuple[StockItem, dict[str, Any]] | Any) -> dict[str, Any]:
    """What a page of these shelves posts."""
    body: dict[str, Any] = {"shelf": []}
    for item, values in shelves.values():
        level = level_of(item)
        body["shelf"].append(str(level.pk))
        body |= {f"shelf-{level.pk}-{name}": value for name, value in values.items()}
    return body


def correct(client: Any, reason: str = "counted", **shelves: Any) -> Any:
    return client.post(f"{GRID}?warehouse=main", rows(**shelves) | {"reason": reason})


def count(client: Any, button: str = "", at: Any = None, **shelves: Any) -> Any:
    moment = (at or timezone.now() + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
    once = {"once": "6a5f0d5c-1d7f-4f6f-9a55-0b6f5d1a2b3c", "counted_at": moment, "reference": "count 7"}
    return client.post(f"{COUNT}?warehouse=main", rows(**shelves) | once | ({button: "1"} if button else {}))


def on_hand(item: StockItem) -> int:
    return level_of(item).on_hand


# The grid


def test_the_grid_shows_what_lies_in_a_warehouse(keeper: Any) -> None:
    WarehouseFactory(code="north")
    StockItemFactory(sku="MUG", stock=3)
    StockItemFactory(sku="POT", stock=40)

    def shown(query: str) -> list[str]:
        return [row.level.item.sku for row in keeper.get(GRID + query).context_data["rows"]]

    assert shown("") == shown("?warehouse=main") == ["MUG", "POT"]
    assert shown("?warehouse=main&q=po") == ["POT"]
    assert shown("?warehouse=main&band=critical") == ["MUG"]
    assert shown("?warehouse=main&after=MUG") == ["POT"]
    assert shown("?warehouse=north") == shown("?warehouse=nowhere") == []


def test_long_grids_have_a_next_page(keeper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.admin_sheets.ROWS", 2)
    for sku in ("A", "B", "C"):
        StockItemFactory(sku=sku)

    page = keeper.get(f"{GRID}?warehouse=main")

    assert len(page.context_data["rows"]) == 2
    assert b"after=B" in page.content
    assert keeper.get(f"{GRID}?warehouse=main&after=B").context_data["after"] == ""


def test_changed_rows_are_corrected_and_the_others_left_alone(keeper: Any) -> None:
    mug, pot, jar = (StockItemFactory(stock=5) for _ in range(3))

    page = correct(
        keeper,
        "recount",
        a=(mug, {"expected": 5, "on_hand": 9}),
        b=(pot, {"expected": 5, "on_hand": 5}),
        c=(jar, {"expected": 5, "on_hand": ""}),
    )

    assert [on_hand(item) for item in (mug, pot, jar)] == [9, 5, 5]
    assert messages_of(page) == ["1 corrected."]
    assert [row.done for row in page.context_data["rows"] if row.done] == ["5 → 9"]
    movement = StockMovement.objects.latest("id")
    assert (movement.reason, movement.actor) == ("recount", f"staff:{keeper.user.pk}")


def test_a_stale_row_is_refused_alone_and_shows_what_is_there_now(keeper: Any) -> None:
    mug, pot = StockItemFactory(stock=5), StockItemFactory(stock=5)
    line = services.AdjustmentLine(mug.sku, "main", delta=2)
    services.adjust_stock(reason="somebody else", lines=[line], actor=COMMAND)

    page = correct(keeper, a=(mug, {"expected": 5, "on_hand": 9}), b=(pot, {"expected": 5, "on_hand": 4}))

    assert (on_hand(mug), on_hand(pot)) == (7, 4)
    assert messages_of(page) == ["1 corrected, 1 refused."]
    [stale] = [row for row in page.context_data["rows"] if row.form.errors]
    assert (stale.form["on_hand"].value(), stale.form["expected"].value()) == ("9", "7")
    assert "On hand is 7 now." in stale.form.errors["on_hand"]
    # Sent again, knowing that, it is done.
    correct(keeper, a=(mug, {"expected": 7, "on_hand": 9}))
    assert on_hand(mug) == 9


def test_a_row_that_is_so_by_now_is_not_refused(keeper: Any) -> None:
    """A second click on the same page says what the first one has done."""
    mug = StockItemFactory(stock=7)
    correct(keeper, mug=(mug, {"expected": 7, "on_hand": 9}))
    before = snapshot()

    again = correct(keeper, mug=(mug, {"expected": 7, "on_hand": 9}))

    assert snapshot() == before
    [row] = again.context_data["rows"]
    assert (row.done, row.form.errors) == ("9 already", {})


def test_promised_units_cannot_be_corrected_away(keeper: Any) -> None:
    mug = StockItemFactory(stock=5)
    services.reserve(reference="order:1", quantities={mug.pk: 4}, actor=COMMAND)

    page = correct(keeper, a=(mug, {"expected": 5, "on_hand": 3}))

    assert on_hand(mug) == 5
    assert "can leave" in str(page.context_data["rows"][0].form.errors["on_hand"])


@pytest.mark.parametrize(("reason", "on_hand"), [("", 9), ("counted", -1), ("counted", "many"), ("counted", 10**12)])
def test_without_a_reason_or_a_number_nothing_is_corrected(keeper: Any, reason: str, on_hand: Any) -> None:
    mug = StockItemFactory(stock=5)
    before = snapshot()

    page = correct(keeper, reason, a=(mug, {"expected": 5, "on_hand": on_hand}))

    assert page.status_code == 200
    assert snapshot() == before


def test_shelves_that_are_none_are_passed_over(keeper: Any) -> None:
    before = snapshot()

    page = keeper.post(f"{GRID}?warehouse=main", {"reason": "x", "shelf": ["999999", "x", "-1", "9" * 40, "²"]})

    assert page.status_code == 200
    assert keeper.post(f"{GRID}?warehouse=nowhere", {"reason": "x", "shelf": ["1"]}).status_code == 200
    assert snapshot() == before


@pytest.mark.parametrize("page", [GRID, COUNT])
@pytest.mark.parametrize("group", ["order desk", "catalog editor"])
def test_only_those_who_move_stock_come_in(staff_pages: Callable[..., Any], page: str, group: str) -> None:
    client = staff_pages(group)

    assert client.get(page).status_code == 403
    assert client.post(page, {}).status_code == 403


# The count


def test_a_sheet_is_blind_and_can_be_exported(keeper: Any) -> None:
    StockItemFactory(sku="MUG", name="=HYPERLINK(1)", stock=81_234_567)

    page = keeper.get(f"{COUNT}?warehouse=main")
    answer = keeper.get(f"{COUNT}?warehouse=main&format=csv")
    assert answer.content.startswith(b"\xef\xbb\xbfSKU,")
    sheet = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))

    assert b"81234567" not in page.content.replace(b",", b"")
    assert sheet == [["SKU", "Name", "Barcode", "Counted"], ["MUG", "'=HYPERLINK(1)", "", ""]]


def test_the_exported_sheet_has_the_shelves_of_all_pages(keeper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.admin_sheets.ROWS", 2)
    for sku in ("JAR", "MUG", "POT"):
        StockItemFactory(sku=sku, name="Thing", stock=1)

    page = keeper.get(f"{COUNT}?warehouse=main&after=JAR").content.decode()
    sheet = list(csv.reader(StringIO(keeper.get(f"{COUNT}?warehouse=main&after=JAR&format=csv").content.decode())))

    assert "This page has 2 of 3 shelves." in page
    assert [row[0] for row in sheet[1:]] == ["JAR", "MUG", "POT"]


def test_differences_are_looked_at_before_anything_is_written(keeper: Any) -> None:
    mug = StockItemFactory(sku="MUG", stock=10)
    services.update_item(sku="MUG", unit_cost=Decimal("2.50"), actor=COMMAND)
    pot, jar = StockItemFactory(sku="POT", stock=4), StockItemFactory(sku="JAR", stock=4)
    before = snapshot()

    page = count(keeper, a=(mug, {"on_hand": 8}), b=(pot, {"on_hand": 5}), c=(jar, {"on_hand": 4}), at=None)

    found = [
        (row.level.item.sku, row.books, row.counted, row.units, row.value) for row in page.context_data["differences"]
    ]
    assert found == [("MUG", 10, 8, -2, Decimal("-5.00")), ("POT", 4, 5, 1, None)]
    assert (page.context_data["total"], page.context_data["without_cost"]) == (Decimal("-5.00"), 1)
    assert snapshot() == before


def test_a_count_is_posted_once_and_says_what_it_did(keeper: Any) -> None:
    mug, pot = StockItemFactory(stock=10), StockItemFactory(stock=4)
    shelves = {"a": (mug, {"on_hand": 8}), "b": (pot, {"on_hand": 4})}

    first = count(keeper, "post", **shelves)
    again = count(keeper, "post", **shelves)

    assert first.status_code == 302
    assert on_hand(mug) == 8
    assert "posted already" in str(again.context_data["head"].non_field_errors())
    movement = StockMovement.objects.filter(kind="counted").get()
    assert (movement.on_hand_delta, movement.reference) == (-2, "count 7")


def test_what_moved_after_the_count_is_kept(keeper: Any) -> None:
    mug = StockItemFactory(stock=10)
    counted_at = timezone.now() - timedelta(hours=1)
    backdate(StockMovement.objects.get(), counted_at - timedelta(hours=1))
    # Three are shipped after the shelf was counted; the count knows nothing of them.
    services.reserve(reference="order:1", quantities={mug.pk: 3}, actor=COMMAND)
    services.fulfil(reference="order:1", actor=COMMAND)

    count(keeper, "post", at=counted_at, a=(mug, {"on_hand": 9}))

    assert on_hand(mug) == 6


def test_missing_units_that_are_promised_refuse_the_whole_count(keeper: Any) -> None:
    mug, pot = StockItemFactory(sku="MUG", stock=5), StockItemFactory(stock=5)
    services.reserve(reference="order:1", quantities={mug.pk: 4}, actor=COMMAND)
    before = snapshot()

    page = count(keeper, "post", a=(mug, {"on_hand": 2}), b=(pot, {"on_hand": 1}))

    assert "MUG" in str(page.context_data["head"].non_field_errors())
    assert snapshot() == before


@pytest.mark.parametrize("at", [timezone.now() + timedelta(days=1)])
def test_a_count_of_the_future_and_one_of_nothing_are_refused(keeper: Any, at: Any) -> None:
    mug = StockItemFactory(stock=5)
    before = snapshot()

    assert "still to come" in str(count(keeper, at=at, a=(mug, {"on_hand": 2})).context_data["head"].errors)
    assert "Nothing was counted" in str(count(keeper, a=(mug, {"on_hand": ""})).context_data["head"].errors)
    assert snapshot() == before


def test_one_goes_back_from_the_differences_to_the_sheet(keeper: Any) -> None:
    mug = StockItemFactory(stock=5)

    page = count(keeper, "edit", a=(mug, {"on_hand": 2}))

    assert page.context_data["rows"][0].form["on_hand"].value() == "2"
