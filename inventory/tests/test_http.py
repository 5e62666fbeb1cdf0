"""The inventory endpoints of the contract: who may ask, what is read, and what may be changed."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from events.actors import COMMAND
from inventory import services
from inventory.tests.factories import StockItemFactory, WarehouseFactory, snapshot

pytestmark = pytest.mark.django_db
BASE = "/api/v1/inventory"
ENDPOINTS = [
    ("get", "/items"),
    ("get", "/items/MUG"),
    ("patch", "/items/MUG"),
    ("get", "/items/MUG/as-of"),
    ("post", "/receipts"),
    ("post", "/adjustments"),
    ("post", "/transfers"),
    ("get", "/movements"),
    ("get", "/alerts"),
    ("get", "/warehouses"),
    ("post", "/warehouses"),
    ("get", "/warehouses/main"),
    ("patch", "/warehouses/main"),
]
READS = [path for method, path in ENDPOINTS if method == "get"]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_strangers_and_customers_are_kept_out(method: str, path: str, api: Any, as_customer: Any) -> None:
    StockItemFactory(sku="MUG")

    assert getattr(api, method)(BASE + path).status_code == 401
    assert getattr(as_customer, method)(BASE + path).status_code == 403


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/items?band=huge", "band"),
        ("/items?page_size=0", "page_size"),
        ("/items?cursor=abc", "cursor"),
        ("/movements?kind=stolen", "kind"),
        ("/movements?since=yesterday", "since"),
        ("/alerts?state=closed", "state"),
        ("/items/MUG/as-of", "at"),
        ("/items/MUG/as-of?at=2026-01-01T00:00:00%2B22:29", "at"),
    ],
)
def test_a_bad_parameter_is_refused(path: str, parameter: str, as_admin: Any) -> None:
    StockItemFactory(sku="MUG")

    answer = as_admin.get(BASE + path)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [parameter]


def test_an_item_shows_totals_and_each_warehouse(as_admin: Any) -> None:
    WarehouseFactory(code="north")
    WarehouseFactory(code="closed", is_active=False)
    item = StockItemFactory(sku="MUG", name="Mug", stock={"main": 5, "north": 2, "closed": 9}, unit_cost="3.10")
    services.reserve(reference="r-1", quantities={item.pk: 1}, actor=COMMAND)

    answer = as_admin.get(f"{BASE}/items/MUG/")

    document = answer.json()
    assert answer.headers["ETag"].startswith('"1.')
    assert [(row["warehouse"], row["on_hand"], row["available"]) for row in document.pop("warehouses")] == [
        ("main", 5, 4),
        ("north", 2, 2),
        ("closed", 9, 9),
    ]
    assert document == {
        "sku": "MUG",
        "name": "Mug",
        "barcode": "",
        "on_hand": 7,
        "reserved": 1,
        "available": 6,
        "band": "low",
        "in_stock": True,
        "is_sold": True,
        "reorder_point": None,
        "reorder_quantity": None,
        "lead_time_days": None,
        "unit_cost": "3.10",
        "version": 1,
    }


def test_items_are_filtered_by_band_warehouse_and_text(as_admin: Any) -> None:
    WarehouseFactory(code="north")
    StockItemFactory(sku="A-1", name="Tea mug", stock=100)
    StockItemFactory(sku="B-2", name="Cup", stock={"north": 3}, barcode="4006381333931")
    StockItemFactory(sku="C-3", name="Pot")

    def skus(query: str) -> list[str]:
        return [row["sku"] for row in as_admin.get(f"{BASE}/items?{query}").json()["results"]]

    assert skus("") == ["A-1", "B-2", "C-3"]
    assert skus("band=high") == ["A-1"]
    assert skus("band=critical") == ["B-2"]
    assert skus("band=out_of_stock") == ["C-3"]
    assert skus("warehouse=north") == ["B-2"]
    assert skus("search=MUG") == ["A-1"]
    assert skus("search=63813") == ["B-2"]
    assert skus("search=c-") == ["C-3"]


def test_repeated_values_of_a_filter_are_alternatives(as_admin: Any) -> None:
    WarehouseFactory(code="north")
    WarehouseFactory(code="south")
    mug = StockItemFactory(sku="MUG", stock=100)
    StockItemFactory(sku="CUP", stock={"north": 3})
    StockItemFactory(sku="POT", stock={"south": 20})
    StockItemFactory(sku="HAT")
    services.reserve(reference="r-1", quantities={mug.pk: 2}, actor=COMMAND)
    services.fulfil(reference="r-1", actor=COMMAND)

    def found(query: str, name: str) -> list[str]:
        return [row[name] for row in as_admin.get(f"{BASE}/{query}").json()["results"]]

    assert found("items?band=critical&band=out_of_stock", "sku") == ["CUP", "HAT"]
    assert found("items?band=high&band=medium", "sku") == ["MUG", "POT"]
    assert found("items?warehouse=north&warehouse=south", "sku") == ["CUP", "POT"]
    assert found("items?warehouse=north&warehouse=south&band=medium&band=high", "sku") == ["POT"]
    assert found("movements?kind=received&kind=shipped", "kind") == ["shipped", *["received"] * 3]
    assert found("movements?kind=received&kind=counted", "kind") == ["received"] * 3
    assert found("movements?sku=CUP&sku=POT", "sku") == ["POT", "CUP"]
    assert found("movements?warehouse=north&warehouse=south", "warehouse") == ["south", "north"]
    assert found("movements?reference=r-1&reference=r-2", "kind") == ["shipped", "reserved"]
    assert found("movements?actor=staff:1&actor=system&kind=reserved", "kind") == ["reserved"]


@pytest.mark.parametrize(
    ("path", "parameter", "code"),
    [
        ("/items?colour=red", "colour", "unknown_parameter"),
        ("/items/MUG?band=low", "band", "unknown_parameter"),
        ("/items/MUG/as-of?at=2026-01-01&page_size=1", "page_size", "unknown_parameter"),
        ("/movements?band=low", "band", "unknown_parameter"),
        ("/alerts?offset=20", "offset", "unknown_parameter"),
        ("/warehouses?state=open", "state", "unknown_parameter"),
        ("/items?search=a&search=b", "search", "repeated"),
        ("/movements?since=2026-01-01&since=2026-01-02", "since", "repeated"),
        ("/alerts?state=open&state=all", "state", "repeated"),
    ],
)
def test_an_unknown_parameter_and_one_that_is_repeated_in_vain_are_refused(
    path: str, parameter: str, code: str, as_admin: Any
) -> None:
    StockItemFactory(sku="MUG")

    answer = as_admin.get(BASE + path)

    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(parameter, code)]


def test_an_item_is_edited_against_the_version_that_was_seen(as_admin: Any) -> None:
    StockItemFactory(sku="MUG")
    etag = as_admin.get(f"{BASE}/items/MUG").headers["ETag"]

    first = as_admin.patch(f"{BASE}/items/MUG", {"reorder_point": 20}, headers={"If-Match": etag})
    before = snapshot()
    second = as_admin.patch(f"{BASE}/items/MUG", {"reorder_point": 30}, headers={"If-Match": etag})

    assert (first.status_code, second.status_code) == (200, 412)
    assert (first.json()["reorder_point"], first.json()["version"]) == (20, 2)
    assert snapshot() == before


def test_a_sale_is_no_edit(as_admin: Any) -> None:
    item = StockItemFactory(sku="MUG", stock=5)
    etag = as_admin.get(f"{BASE}/items/MUG").headers["ETag"]
    services.reserve(reference="r-1", quantities={item.pk: 1}, actor=COMMAND)

    assert as_admin.get(f"{BASE}/items/MUG", headers={"If-None-Match": etag}).status_code == 200
    assert as_admin.patch(f"{BASE}/items/MUG", {"lead_time_days": 3}, headers={"If-Match": etag}).status_code == 200


def test_quantities_are_no_fields_of_an_item(as_admin: Any) -> None:
    StockItemFactory(sku="MUG", stock=5)
    before = snapshot()

    for field in ("on_hand", "reserved", "available", "in_stock", "sku", "name", "version", "id"):
        assert as_admin.patch(f"{BASE}/items/MUG", {field: 1}).status_code == 400
    assert snapshot() == before


def test_stock_of_a_past_moment_comes_from_the_ledger(as_admin: Any) -> None:
    item = StockItemFactory(sku="MUG", stock=5)
    services.reserve(reference="r-1", quantities={item.pk: 2}, actor=COMMAND)
    then = timezone.now()
    services.fulfil(reference="r-1", actor=COMMAND)

    answer = as_admin.get(f"{BASE}/items/MUG/as-of", {"at": then.isoformat()}).json()
    long_ago = as_admin.get(f"{BASE}/items/MUG/as-of", {"at": (then - timedelta(days=9)).date().isoformat()}).json()

    assert (answer["on_hand"], answer["reserved"], answer["available"]) == (5, 2, 3)
    assert [(row["warehouse"], row["on_hand"]) for row in answer["warehouses"]] == [("main", 5)]
    assert (long_ago["on_hand"], long_ago["at"][-1]) == (0, "Z")


def test_the_ledger_is_listed_newest_first_and_filtered(as_admin: Any) -> None:
    WarehouseFactory(code="north")
    mug = StockItemFactory(sku="MUG", stock={"main": 5, "north": 5})
    StockItemFactory(sku="CUP", stock=1)
    services.reserve(reference="r-1", quantities={mug.pk: 2}, actor=COMMAND)

    def found(query: str) -> list[tuple[str, str, str]]:
        rows = as_admin.get(f"{BASE}/movements?{query}").json()["results"]
        return [(row["sku"], row["warehouse"], row["kind"]) for row in rows]

    everything = [
        ("MUG", "main", "reserved"),
        ("CUP", "main", "received"),
        ("MUG", "north", "received"),
        ("MUG", "main", "received"),
    ]
    assert found("") == everything
    assert found("sku=MUG") == [row for row in everything if row[0] == "MUG"]
    assert found("warehouse=north") == [everything[2]]
    assert found("kind=reserved") == found("reference=r-1") == [everything[0]]
    assert found("actor=system") == everything
    assert found("actor=staff:1") == found("sku=NO") == found("since=2999-01-01") == found("until=2000-01-01") == []
    first = as_admin.get(f"{BASE}/movements?page_size=3&count=exact").json()
    assert (len(first["results"]), first["count"], first["previous"]) == (3, 4, None)
    assert [row["kind"] for row in as_admin.get(first["next"]).json()["results"]] == ["received"]


def test_open_alerts_are_listed_and_closed_ones_on_demand(as_admin: Any) -> None:
    item = StockItemFactory(sku="MUG", name="Mug", stock=3)
    services.set_stock(item_id=item.pk, quantity=50, actor=COMMAND)
    StockItemFactory(sku="CUP", name="Cup", stock=7, reorder_point=8)

    (row,) = as_admin.get(f"{BASE}/alerts").json()["results"]
    every = as_admin.get(f"{BASE}/alerts?state=all").json()["results"]

    assert (row["sku"], row["name"], row["band"], row["available"], row["reorder_point"], row["closed_at"]) == (
        "CUP",
        "Cup",
        "low",
        7,
        8,
        None,
    )
    assert [(alert["sku"], alert["band"], alert["closed_at"] is None) for alert in every] == [
        ("CUP", "low", True),
        ("MUG", "critical", False),
    ]


def test_a_warehouse_is_opened_and_taken_out_of_sale(as_admin: Any) -> None:
    created = as_admin.post(f"{BASE}/warehouses", {"code": "north", "name": "North", "priority": 5})
    taken = as_admin.post(f"{BASE}/warehouses", {"code": "north", "name": "Again"})
    item = StockItemFactory(sku="MUG", stock={"north": 5})
    etag = as_admin.get(f"{BASE}/warehouses/north").headers["ETag"]
    closed = as_admin.patch(f"{BASE}/warehouses/north", {"is_active": False}, headers={"If-Match": etag})
    stale = as_admin.patch(f"{BASE}/warehouses/north", {"name": "Nord"}, headers={"If-Match": etag})

    assert created.status_code == 201
    assert created.json() == {"code": "north", "name": "North", "priority": 5, "is_active": True, "version": 1}
    assert (taken.status_code, taken.json()["code"]) == (409, "code_taken")
    assert (closed.status_code, closed.json()["is_active"], closed.json()["version"]) == (200, False, 2)
    assert stale.status_code == 412
    item.refresh_from_db()
    assert not item.in_stock
    listed = [row["code"] for row in as_admin.get(f"{BASE}/warehouses").json()["results"]]
    assert listed == ["north", "main"]


@pytest.mark.parametrize("path", ["/items/NO", "/items/NO/as-of?at=2026-01-01", "/warehouses/no"])
def test_what_does_not_exist_is_not_found(path: str, as_admin: Any) -> None:
    assert as_admin.get(BASE + path).status_code == 404
    if "as-of" not in path:
        assert as_admin.patch(BASE + path, {}).status_code == 404


@pytest.mark.parametrize("path", ["/items", "/movements", "/alerts"])
def test_lists_cost_the_same_for_1_and_20_rows(
    path: str, as_admin: Any, django_assert_max_num_queries: Any, django_assert_num_queries: Any
) -> None:
    StockItemFactory(stock=3)
    with django_assert_max_num_queries(6) as first:
        assert len(as_admin.get(BASE + path).json()["results"]) == 1
    for _ in range(19):
        StockItemFactory(stock=3)
    with django_assert_num_queries(len(first)):
        assert len(as_admin.get(BASE + path).json()["results"]) == 20
