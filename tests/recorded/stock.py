"""Stock: items, the ledger, alerts and warehouses as staff read them, and postings of goods with their refusals."""

from typing import Any

from tests.recorded.recorder import Recorder
from tests.recorded.shop import id_of

FUTURE, PAST = "2100-01-01T00:00:00Z", "2000-01-01"


def items(shop: Recorder) -> None:
    ask = shop.ask
    page = ask("stock", "GET /inventory/items?page_size=2&count=exact")
    shop.there_and_back("stock", page)
    for query in (
        "band=out_of_stock",
        "band=critical&page_size=2",
        "band=low&page_size=2&count=exact",
        "band=medium&page_size=1",
        "band=high&page_size=1",
        "band=available",
        "warehouse=north",
        "warehouse=unknown",
        "warehouse=closed",
        "search=oak%20chair",
        "search=OAK-&page_size=1",
        "search=4006",
        "search=%25",
        "band=critical&warehouse=main&search=kettle",
        "band=&search=&page_size=1",
        f"search={'x' * 101}&warehouse={'x' * 33}",
        "page_size=1000",
        "count=1",
        "cursor=WyJza3UiLDAsIk9BSyJd&page_size=1",
        "cursor=WyJza3UiLDAsNV0",
    ):
        ask("desk", f"GET /inventory/items?{query}")
    ask("stock", "GET /inventory/items/OAK-CHAIR")
    ask("stock", "HEAD /inventory/items/OAK-CHAIR/")
    ask("stock", "GET /inventory/items/OAK-CHAIR", If_None_Match="*")
    ask("stock", "GET /inventory/items/KAESEBRETT-FUER-ZWEI")
    ask("stock", "GET /inventory/items/K%C3%84SE")
    ask("stock", "GET /inventory/items/oak-chair")
    ask("stock", f"GET /inventory/items/{'x' * 65}")
    path = "PATCH /inventory/items/OAK-CHAIR"
    ask("stock", path, {"reorder_point": 3, "reorder_quantity": 10, "lead_time_days": 14, "unit_cost": "0.00"})
    ask("stock", path, {"reorder_point": 4}, If_Match='"1"')
    ask("stock", path, {"reorder_point": 4}, If_Match='"2"')
    ask("stock", f"{path}/", {"reorder_point": None, "barcode": ""})
    ask("stock", path, {})
    for body in (
        {"reorder_point": -1},
        {"reorder_point": "4"},
        {"reorder_quantity": 1_000_000_001, "lead_time_days": 3_651},
        {"unit_cost": 4.5},
        {"unit_cost": "-1.00"},
        {"barcode": "x" * 65},
        {"sku": "X", "name": "X", "on_hand": 5},
    ):
        ask("stock", path, body)
    ask("stock", "PATCH /inventory/items/UNKNOWN", {"reorder_point": 4})
    ask("stock", "PUT /inventory/items/OAK-CHAIR", {"reorder_point": 4})
    for at in (FUTURE, PAST, "2100-01-01T00:00:00%2B02:00", "2100-01-01T00:00:00+02:00", "", "now", "2000-02-30"):
        ask("stock", f"GET /inventory/items/OAK-CHAIR/as-of?at={at}")
    ask("stock", "GET /inventory/items/OAK-CHAIR/as-of")
    ask("stock", f"GET /inventory/items/UNKNOWN/as-of?at={FUTURE}")


def ledger(shop: Recorder) -> None:
    ask = shop.ask
    page = ask("stock", "GET /inventory/movements?page_size=2&count=exact")
    shop.there_and_back("stock", page)
    for query in (
        "sku=OAK-CHAIR",
        "sku=UNKNOWN",
        "warehouse=north",
        "warehouse=main&page_size=1&count=exact",
        "kind=received&page_size=1",
        "kind=reserved&page_size=2",
        "kind=shipped",
        "kind=sold",
        "reference=DN-1",
        "reference=nothing",
        f"actor=staff:{id_of('stock')}&page_size=1",
        f"actor=customer:{id_of('ann')}&page_size=2&count=exact",
        "actor=system&page_size=1",
        f"since={PAST}&page_size=1",
        f"since={FUTURE}",
        f"until={PAST}",
        f"until={FUTURE}&since={PAST}&kind=released",
        "since=yesterday&until=2000-13-01",
        f"sku={'x' * 65}&reference={'x' * 65}&actor={'x' * 65}&warehouse={'x' * 33}",
        "cursor=x",
    ):
        ask("desk", f"GET /inventory/movements/?{query}")
    ask("editor", "HEAD /inventory/movements")
    page = ask("stock", "GET /inventory/alerts?page_size=2&count=exact")
    shop.there_and_back("stock", page)
    for query in ("state=all&page_size=2", "state=open&page_size=1", "state=closed", "state=", "page_size=x"):
        ask("editor", f"GET /inventory/alerts/?{query}")


def warehouses(shop: Recorder) -> None:
    ask = shop.ask
    page = ask("stock", "GET /inventory/warehouses?page_size=1&count=exact")
    shop.there_and_back("stock", page)
    ask("desk", "GET /inventory/warehouses/?page_size=0")
    for body in (
        {"code": "west", "name": "West"},
        {"code": "west", "name": "West"},
        {"code": "a b", "name": "x" * 101},
        {"code": "x" * 33, "name": "", "priority": 32_768, "is_active": "yes"},
        {"code": None, "name": None},
        {"code": "east", "name": "East", "priority": -1, "is_active": 1},
        {"code": "east", "name": "East", "address": "here"},
        {},
    ):
        ask("stock", "POST /inventory/warehouses", body)
    ask("stock", "GET /inventory/warehouses/west")
    ask("stock", "HEAD /inventory/warehouses/west/")
    ask("stock", "GET /inventory/warehouses/unknown")
    ask("stock", "PATCH /inventory/warehouses/west", {"name": "Far west", "priority": 400}, If_Match='"1"')
    ask("stock", "PATCH /inventory/warehouses/west", {"name": "Near west"}, If_Match='"1"')
    ask("stock", "PATCH /inventory/warehouses/west/", {"is_active": False})
    ask("stock", "PATCH /inventory/warehouses/west", {})
    ask("stock", "PATCH /inventory/warehouses/west", {"code": "east", "name": ""})
    ask("stock", "PATCH /inventory/warehouses/west", {"priority": "1", "is_active": 0, "name": " "})
    ask("stock", "PATCH /inventory/warehouses/unknown", {"name": "X"})


def receipts(shop: Recorder) -> None:
    ask, path = shop.ask, "POST /inventory/receipts"
    body = {"reference": "DN-7", "lines": [{"sku": "DESK", "quantity": 5, "unit_cost": "80.00"}]}
    ask("stock", path, body, Idempotency_Key="DN-7")
    ask("stock", f"{path}/", body, Idempotency_Key="DN-7")
    ask("admin", path, body, Idempotency_Key="DN-7")
    ask("admin", path, body | {"again": True}, Idempotency_Key="DN-7")
    ask("stock", path, body | {"reference": "DN-8"}, Idempotency_Key="DN-7")
    ask("stock", "POST /inventory/adjustments", {"reason": "x", "lines": []}, Idempotency_Key="DN-7")
    ask("stock", path, body, Idempotency_Key="x" * 256)
    two = [{"sku": "DESK", "quantity": 1, "warehouse": "north"}, {"sku": "KETTLE", "quantity": 2.0}]
    ask("stock", path, {"reference": " DN-9 ", "lines": two})
    refused: tuple[Any, ...] = (
        [],
        {},
        [5],
        [{"sku": "UNKNOWN", "quantity": 1}, {"sku": "DESK", "quantity": 1, "warehouse": "nowhere"}],
        [{"sku": "DESK", "quantity": 0}, {"sku": "DESK"}],
        [{"sku": "DESK", "quantity": 10_000_001}],
        [{"sku": "DESK", "quantity": "1", "unit_cost": 5}],
        [{"sku": "DESK", "quantity": 1, "price": "1.00"}],
        [{"sku": None, "quantity": None}],
        [{"sku": "DESK", "quantity": 1}, {"sku": "DESK", "quantity": 1}],
        [{"sku": "DESK", "quantity": 1}] * 201,
    )
    for lines in refused:
        ask("stock", path, {"reference": "DN-10", "lines": lines})
    ask("stock", path, {"lines": two})
    ask("stock", path, {"reference": "x" * 65, "lines": two, "supplier": "x"})
    on_hand = shop.send("stock", "GET /inventory/items/LANTERN").json()["on_hand"]
    all_there_can_be = [{"sku": "LANTERN", "set_to": 1_000_000_000, "expected": on_hand}]
    ask("stock", "POST /inventory/adjustments", {"reason": "a mistake", "lines": all_there_can_be})
    ask("stock", path, {"reference": "much", "lines": [{"sku": "LANTERN", "quantity": 10_000_000}]})


def adjustments_and_transfers(shop: Recorder) -> None:
    ask, path = shop.ask, "POST /inventory/adjustments"
    ask("stock", path, {"reason": "found", "lines": [{"sku": "DESK", "delta": 2}]}, Idempotency_Key="found")
    ask("stock", path, {"reason": "found", "lines": [{"sku": "DESK", "delta": 2}]}, Idempotency_Key="found")
    on_hand = shop.send("stock", "GET /inventory/items/TEAPOT").json()["on_hand"]
    count = {"sku": "TEAPOT", "set_to": on_hand - 1, "expected": on_hand}
    ask("stock", f"{path}/", {"reason": "counted", "lines": [count]})
    ask("stock", path, {"reason": "counted", "lines": [count, {"sku": "DESK", "set_to": 1, "expected": 0}]})
    ask("stock", path, {"reason": "nothing", "lines": [{"sku": "DESK", "delta": 0}]})
    for lines in (
        [{"sku": "DESK"}],
        [{"sku": "DESK", "delta": 1, "set_to": 1, "expected": 1}],
        [{"sku": "DESK", "set_to": 1}],
        [{"sku": "DESK", "delta": -10_000}, {"sku": "KETTLE", "delta": -10_000}],
        [{"sku": "UNKNOWN", "delta": 1}],
        [{"sku": "DESK", "delta": 1, "warehouse": "nowhere"}],
        [{"sku": "DESK", "delta": 1}, {"sku": "DESK", "delta": 1}],
        [{"sku": "DESK", "delta": 1.5}],
        [{"sku": "DESK", "set_to": -1, "expected": 1_000_000_001}],
        [{"sku": "DESK", "delta": 10_000_001}],
        [],
    ):
        ask("stock", path, {"reason": "mistake", "lines": lines})
    ask("stock", path, {"reason": "", "lines": [{"sku": "DESK", "delta": 1}]})
    ask("stock", path, {"reason": "x" * 256, "lines": None})
    path = "POST /inventory/transfers"
    body = {"from": "main", "to": "north", "lines": [{"sku": "DESK", "quantity": 3}]}
    ask("stock", path, body, Idempotency_Key="move")
    ask("stock", f"{path}/", body, Idempotency_Key="move")
    ask("stock", path, body | {"lines": [{"sku": "DESK", "quantity": 4}]}, Idempotency_Key="move")
    for changes in (
        {"to": "main"},
        {"to": "nowhere"},
        {"from": "nowhere"},
        {"lines": [{"sku": "DESK", "quantity": 10_000}, {"sku": "OAK-CHAIR", "quantity": 10_000}]},
        {"lines": [{"sku": "UNKNOWN", "quantity": 1}]},
        {"lines": [{"sku": "DESK", "quantity": 1}, {"sku": "DESK", "quantity": 1}]},
        {"lines": [{"sku": "DESK", "quantity": -1, "warehouse": "main"}]},
        {"lines": "DESK"},
        {"from": None, "to": 5},
        {"from": "x" * 33, "source": "main"},
    ):
        ask("stock", path, body | changes)
    ask("stock", path, {})
    ask("stock", "GET /inventory/items/DESK")
    ask("stock", "GET /inventory/movements?sku=DESK&page_size=3")


def no_warehouse(shop: Recorder) -> None:
    """The last active warehouse stays; afterwards all are as they were."""
    ask = shop.ask
    for code in ("main", "north"):
        ask("stock", f"PATCH /inventory/warehouses/{code}", {"is_active": False})
    ask("visitor", "GET /products/desk")
    ask("ann", "GET /products/facets?search=desk")
    for code in ("main", "north"):
        ask("stock", f"PATCH /inventory/warehouses/{code}", {"is_active": True})
    ask("visitor", "GET /products/desk")
