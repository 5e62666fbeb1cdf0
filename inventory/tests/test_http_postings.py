"""Postings over HTTP: goods that come in, are corrected, or move; and the bodies that are refused."""

from collections.abc import Callable
from typing import Any

import pytest

from inventory.models import StockMovement
from inventory.tests.factories import StockItemFactory, WarehouseFactory, level_of, snapshot

pytestmark = pytest.mark.django_db
BASE = "/api/v1/inventory"


def receipt(**line: Any) -> dict[str, Any]:
    return {"reference": "DN-1", "lines": [{"sku": "MUG", "quantity": 5} | line]}


def test_an_editor_of_the_catalog_moves_no_stock(as_staff: Callable[..., Any]) -> None:
    StockItemFactory(sku="MUG")
    before = snapshot()

    assert as_staff("catalog editor").post(f"{BASE}/receipts", receipt()).status_code == 403
    assert snapshot() == before


def test_a_stock_keeper_receives_goods(as_staff: Callable[..., Any]) -> None:
    item = StockItemFactory(sku="MUG", stock=2)

    answer = as_staff("stock keeper").post(f"{BASE}/receipts/", receipt(unit_cost="3.50"))

    assert answer.status_code == 201
    movement = StockMovement.objects.order_by("-id")[0]
    (line,) = answer.json()["lines"]
    assert line["at"].endswith("Z")
    del line["at"]
    assert line == {
        "movement_id": movement.pk,
        "sku": "MUG",
        "warehouse": "main",
        "kind": "received",
        "on_hand_delta": 5,
        "on_hand_after": 7,
        "reserved_after": 0,
    }
    assert answer.json()["reference"] == "DN-1"
    assert str(movement.unit_cost) == "3.50"
    assert movement.actor.startswith("staff:")
    assert level_of(item).on_hand == 7


def test_goods_may_cost_nothing(as_admin: Any) -> None:
    StockItemFactory(sku="MUG")
    assert as_admin.post(f"{BASE}/receipts", receipt(unit_cost="0")).status_code == 201
    answer = as_admin.patch(f"{BASE}/items/MUG", {"unit_cost": "0.00"})
    assert (answer.status_code, answer.json()["unit_cost"]) == (200, "0.00")


def test_a_repeated_receipt_with_its_key_is_posted_once(as_admin: Any) -> None:
    item = StockItemFactory(sku="MUG")
    headers = {"Idempotency-Key": "delivery-1"}

    first = as_admin.post(f"{BASE}/receipts", receipt(), headers=headers)
    second = as_admin.post(f"{BASE}/receipts", receipt(), headers=headers)
    other = as_admin.post(f"{BASE}/receipts", receipt(quantity=6), headers=headers)

    assert (first.status_code, second.status_code, other.status_code) == (201, 201, 422)
    assert second.content == first.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert level_of(item).on_hand == 5


def test_unknown_names_are_refused_with_their_places(as_admin: Any) -> None:
    StockItemFactory(sku="MUG")
    before = snapshot()
    lines = [{"sku": "MUG", "quantity": 1}, {"sku": "NO", "quantity": 1, "warehouse": "moon"}]

    answer = as_admin.post(f"{BASE}/receipts", {"reference": "DN-1", "lines": lines})

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_item")
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [
        ("lines.1.sku", "unknown_item"),
        ("lines.1.warehouse", "unknown_warehouse"),
    ]
    assert snapshot() == before


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/receipts", {}, "reference"),
        ("/receipts", {"reference": "x", "lines": []}, "lines"),
        ("/receipts", receipt(quantity=0), "lines.0.quantity"),
        ("/receipts", receipt(quantity="5"), "lines.0.quantity"),
        ("/receipts", receipt(quantity=10**30), "lines.0.quantity"),
        ("/receipts", receipt(unit_cost=3.5), "lines.0.unit_cost"),
        ("/receipts", receipt(colour="red"), "lines.0.colour"),
        ("/adjustments", {"lines": [{"sku": "MUG", "delta": 1}]}, "reason"),
        ("/adjustments", {"reason": "x", "lines": [{"sku": "MUG"}]}, "lines.0"),
        ("/adjustments", {"reason": "x", "lines": [{"sku": "MUG", "set_to": 1}]}, "lines.0"),
        ("/adjustments", {"reason": "x", "lines": [{"sku": "MUG", "delta": 1, "expected": 1}]}, "lines.0"),
        ("/transfers", {"to": "main", "lines": [{"sku": "MUG", "quantity": 1}]}, "from"),
        ("/transfers", {"from": "main", "to": "main", "lines": [{"sku": "MUG", "quantity": 1}]}, "to"),
        ("/warehouses", {"code": "a/b", "name": "A"}, "code"),
        ("/warehouses", {"code": "a"}, "name"),
    ],
)
def test_a_bad_body_is_refused_and_nothing_is_written(
    path: str, body: dict[str, Any], field: str, as_admin: Any
) -> None:
    StockItemFactory(sku="MUG", stock=5)
    before = snapshot()

    answer = as_admin.post(BASE + path, body)

    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert snapshot() == before


def test_adjusting_to_a_stale_value_names_every_refused_line(as_admin: Any) -> None:
    StockItemFactory(sku="MUG", stock=5)
    StockItemFactory(sku="CUP", stock=5)
    StockItemFactory(sku="POT", stock=5)
    before = snapshot()
    lines = [
        {"sku": "MUG", "set_to": 3, "expected": 4},
        {"sku": "CUP", "set_to": 3, "expected": 5},
        {"sku": "POT", "delta": -6},
    ]

    answer = as_admin.post(f"{BASE}/adjustments", {"reason": "count", "lines": lines})

    assert (answer.status_code, answer.json()["code"]) == (409, "stale_count")
    assert answer.json()["lines"] == [{"line": 0, "sku": "MUG", "expected": 4, "on_hand": 5}]
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [
        ("lines.0.expected", "stale_count"),
        ("lines.2.delta", "insufficient_stock"),
    ]
    assert snapshot() == before


def test_an_adjustment_is_posted_with_its_reason(as_admin: Any) -> None:
    item = StockItemFactory(sku="MUG", stock=5)

    answer = as_admin.post(
        f"{BASE}/adjustments", {"reason": "broken", "lines": [{"sku": "MUG", "set_to": 3, "expected": 5}]}
    )

    assert answer.status_code == 201
    assert [line["on_hand_delta"] for line in answer.json()["lines"]] == [-2]
    movement = StockMovement.objects.order_by("-id")[0]
    assert (movement.kind, movement.reason, movement.reference) == (
        "adjusted",
        "broken",
        answer.json()["reference"],
    )
    assert level_of(item).on_hand == 3


def test_goods_move_between_warehouses(as_admin: Any) -> None:
    WarehouseFactory(code="north")
    item = StockItemFactory(sku="MUG", stock=5)

    answer = as_admin.post(
        f"{BASE}/transfers", {"from": "main", "to": "north", "lines": [{"sku": "MUG", "quantity": 2}]}
    )

    assert answer.status_code == 201
    assert [(line["warehouse"], line["kind"], line["on_hand_after"]) for line in answer.json()["lines"]] == [
        ("main", "transferred_out", 3),
        ("north", "transferred_in", 2),
    ]
    assert (level_of(item).on_hand, level_of(item, "north").on_hand) == (3, 2)
