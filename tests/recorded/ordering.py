"""Orders: placed, read, moved on, cancelled and deleted; figures; and every kind of refusal."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.db import transaction
from django.test import override_settings

from inventory.models import StockLevel
from tests.recorded.recorder import Recorder
from tests.recorded.shop import ADDRESS, basket, id_of, line, order_of, product
from tests.threads import apart, wait_until_blocked

ORDERS = "POST /orders"


def placing(shop: Recorder) -> None:
    ask = shop.ask
    chair, mug = product(shop, "garden-chair"), product(shop, "mug")
    ask("ann", f"{ORDERS}/", basket({"product_id": chair["product_id"], "quantity": 2}, shipping_address_line2="Rear"))
    ask("ben", ORDERS, basket({"variant_id": mug["variants"][0]["variant_id"], "quantity": 1.0}))
    ask("admin", ORDERS, basket(line("GARDEN-CHAIR"), {"product_id": chair["product_id"], "quantity": 2}))
    ask("ann", ORDERS, basket(line("GARDEN-CHAIR"), shipping_city="  Rome "), Idempotency_Key="ann 1")
    ask("ann", ORDERS, basket(line("GARDEN-CHAIR"), shipping_city="  Rome "), Idempotency_Key="ann 1")
    ask("ann", f"{ORDERS}/", basket(line("GARDEN-CHAIR"), shipping_city="  Rome "), Idempotency_Key="ann 1")
    ask("ann", ORDERS, basket(line("GARDEN-CHAIR", 2), shipping_city="  Rome "), Idempotency_Key="ann 1")
    ask("ben", ORDERS, basket(line("GARDEN-CHAIR"), shipping_city="  Rome "), Idempotency_Key="ann 1")
    ask("ann", ORDERS, basket(line("WALL-LAMP", 10_000), line("BREAD-KNIFE")), Idempotency_Key="ann 2")
    ask("ann", ORDERS, basket(line("GARDEN-CHAIR")), Idempotency_Key="ann 2")
    ask("ann", ORDERS, basket(line("GARDEN-CHAIR")), Idempotency_Key="")
    ask("ann", ORDERS, basket(line("GARDEN-CHAIR")), Idempotency_Key="x" * 256)
    ask("ann", ORDERS, basket(line("GLASS-TABLE", 4)))
    refused: tuple[Any, ...] = (
        [],
        None,
        "DESK",
        [5, None],
        [{}],
        [{"quantity": 1}],
        [{"sku": "DESK"}],
        [{"sku": "DESK", "product_id": 5, "quantity": 1}],
        [{"sku": "DESK", "quantity": 1, "unit_price": "1.00"}],
        [line("DESK", 0), line("DESK", -1), line("DESK", 10_001), line("DESK", "1"), line("DESK", True)],
        [line("DESK", 1.5), line("DESK", None)],
        [{"product_id": 0, "quantity": 1}, {"product_id": 2**63, "quantity": 1}, {"variant_id": "5", "quantity": 1}],
        [line("UNKNOWN"), line("DESK"), {"product_id": 999_999, "quantity": 1}, {"variant_id": 999_999, "quantity": 1}],
        [{"product_id": mug["product_id"], "quantity": 1}],
        [line("SOFA"), line("OLD-CHAIR")],
        [line(""), line("x" * 65)],
        [line("DESK")] * 101,
        [line("MUG-L"), line("KETTLE", 9_999), line("KETTLE", 1)],
    )
    for lines in refused:
        ask("ben", ORDERS, basket() | {"order_items": lines})
    ask("ben", ORDERS, ADDRESS)
    ask("ben", ORDERS, {"order_items": [line("DESK")]})
    ask("ben", ORDERS, basket(line("DESK"), shipping_city="", shipping_country=" ", shipping_state=5))
    ask("ben", ORDERS, basket(line("DESK"), shipping_city=None, shipping_postal_code="x" * 21))
    ask("ben", ORDERS, basket(line("DESK"), shipping_address_line1="x" * 201, shipping_address_line2="x" * 201))
    ask("ben", ORDERS, basket(line("DESK"), total_amount="0.01", user_id=1, status="delivered", coupon="X"))
    with override_settings(MAX_PENDING_ORDERS_PER_CUSTOMER=1):
        ask("ann", ORDERS, basket(line("GARDEN-CHAIR")))
    ask("visitor", "GET /products/garden-chair")


def at_the_same_time(shop: Recorder) -> None:
    """A key is sent again while the first request with it waits for stock that somebody else has locked."""
    body, key = basket(line("READING-LAMP")), {"Idempotency_Key": "at once"}
    send: Any = partial(apart, partial(shop.send, "ann", ORDERS, body, **key))
    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            list(StockLevel.objects.select_for_update().filter(item__sku="READING-LAMP"))
            first = pool.submit(send)
            wait_until_blocked()
            second = pool.submit(send).result(30)
        answers = [second, first.result(30)]
    for answer in answers:
        shop.write("ann", ORDERS, body, key, answer)
    shop.ask("ann", ORDERS, body, **key)


def reading(shop: Recorder) -> None:
    ask = shop.ask
    mine, theirs = order_of(shop, "ann", "shipped"), order_of(shop, "ben", "delivered")
    for role in ("ann", "ben", "stock", "desk"):
        ask(role, f"GET /orders/{mine}")
        ask(role, f"GET /orders/{mine}/history")
    ask("ben", f"GET /orders/{theirs}/")
    ask("ben", f"GET /orders/{theirs}/history/")
    ask("ann", f"HEAD /orders/{mine}")
    ask("ann", f"GET /orders/{mine}", If_None_Match="*")
    ask("ann", f"GET /orders/{mine}/history", If_None_Match="*")
    ask("ann", f"HEAD /orders/{mine}/history")
    for path in ("999999", "0", "x", "9223372036854775808", "999999/history"):
        ask("desk", f"GET /orders/{path}")
    page = ask("ann", "GET /orders/my-orders?page_size=2&count=exact")
    shop.there_and_back("ann", page)
    ask("ben", "GET /orders/my-orders/?page_size=1")
    ask("ben", "HEAD /orders/my-orders")
    ask("ben", "GET /orders/my-orders", If_None_Match="*")
    ask("desk", "GET /orders/my-orders")
    ask("ben", "GET /orders/my-orders?page_size=0&count=5")
    ask("ben", "GET /orders/my-orders?cursor=e30")
    # ["-order_date,-id",0,"2100-01-01T00:00:00+00:00",5]
    cursor = "WyItb3JkZXJfZGF0ZSwtaWQiLDAsIjIxMDAtMDEtMDFUMDA6MDA6MDArMDA6MDAiLDVd"
    ask("ben", f"GET /orders/my-orders?cursor={cursor}&page_size=1")
    page = ask("desk", "GET /orders?page_size=2&count=exact")
    shop.there_and_back("desk", page)
    number = shop.send("desk", f"GET /orders/{mine}").json()["number"]
    for query in (
        *(f"status={status}&page_size=1" for status in ("pending", "confirmed", "shipped", "delivered", "cancelled")),
        "status=lost",
        f"user_id={id_of('ben')}&page_size=1&count=exact",
        f"user_id={id_of('ben')}&status=delivered",
        "user_id=999999",
        "user_id=0",
        "user_id=9223372036854775808",
        "user_id=x",
        "start_date=2000-01-01&page_size=1",
        "start_date=2100-01-01",
        "end_date=2000-01-01T00:00:00Z",
        "end_date=2100-01-01&start_date=2000-01-01T00:00:00-05:00&page_size=1",
        "start_date=x&end_date=2000-02-30",
        "min_amount=200",
        "max_amount=20&page_size=1",
        "min_amount=30&max_amount=40&page_size=1",
        "min_amount=-1&max_amount=1.001",
        f"search={number}",
        "search=MUG-S",
        "search=ben%40example&page_size=1",
        "search=ANN%20SMITH&page_size=1",
        "search=%25",
        f"search={'x' * 101}",
        "status=&user_id=&search=&page_size=1",
        "page_size=101",
        "cursor=x",
    ):
        ask("desk", f"GET /orders?{query}")
    ask("desk", "HEAD /orders/?page_size=1")
    ask("clerk", "GET /orders?page_size=1", If_None_Match="*")


def moving_on(shop: Recorder) -> None:
    ask = shop.ask
    order = order_of(shop, "ann", "pending")
    path = f"PUT /orders/{order}/status"
    for status in ("delivered", "shipped", "pending"):
        ask("desk", path, {"status": status})
    ask("desk", path, {"status": "confirmed"}, If_Match='"9"')
    ask("desk", path, {"status": "confirmed"}, If_Match='"1"')
    ask("desk", path, {"status": "confirmed"}, If_Match='"1"')
    ask("desk", f"{path}/", {"status": "confirmed"})
    for status in ("pending", "shipped", "shipped", "cancelled", "delivered", "cancelled"):
        ask("desk", path, {"status": status})
    for body in ({}, {"status": "lost"}, {"status": None}, {"status": 5}, {"status": "shipped", "note": "x"}):
        ask("desk", path, body)
    ask("ann", path, {"status": "cancelled"})
    ask("desk", "PUT /orders/999999/status", {"status": "confirmed"})
    ask("desk", f"PATCH /orders/{order}/status", {"status": "confirmed"})
    back = ask("ben", ORDERS, basket(line("GLASS-TABLE", 2)))["order_id"]
    ask("desk", f"PUT /orders/{back}/status", {"status": "confirmed"})
    ask("desk", f"PUT /orders/{back}/status", {"status": "shipped"})
    ask("ben", f"POST /orders/{back}/cancel", {})
    ask("ben", f"DELETE /orders/{back}")
    ask("desk", f"DELETE /orders/{back}")
    ask("desk", f"PUT /orders/{back}/status", {"status": "cancelled"})
    ask("admin", f"DELETE /orders/{back}/")
    ask("admin", f"DELETE /orders/{back}")
    ask("ben", f"GET /orders/{back}")
    ask("admin", f"GET /orders/{back}/history")


def cancelling(shop: Recorder) -> None:
    ask = shop.ask
    orders = [ask("ann", ORDERS, basket(line("SALT-AND-PEPPER", 10)))["order_id"] for _ in range(3)]
    path = f"POST /orders/{orders[0]}/cancel"
    ask("ben", path, {})
    ask("ann", path, {"reason": "x" * 256})
    ask("ann", path, {"why": "x"})
    ask("ann", path, {"reason": "too much salt"}, Idempotency_Key="cancel")
    ask("ann", path, {"reason": "too much salt"}, Idempotency_Key="cancel")
    ask("ann", path, {"reason": "other"}, Idempotency_Key="cancel")
    ask("ann", f"{path}/", {"reason": "again"})
    ask("ann", path)
    ask("ann", f"GET {path.split()[1].removesuffix('cancel')}history")
    ask("desk", f"POST /orders/{orders[1]}/cancel", {"reason": "sold out"})
    ask("stock", f"POST /orders/{orders[2]}/cancel", {})
    ask("desk", f"DELETE /orders/{orders[2]}")
    ask("ben", f"DELETE /orders/{orders[2]}")
    ask("ann", f"DELETE /orders/{orders[2]}", {"sure": True})
    ask("ann", f"DELETE /orders/{orders[2]}/")
    ask("ann", f"DELETE /orders/{orders[2]}")
    ask("desk", "POST /orders/999999/cancel", {})
    ask("desk", f"POST /orders/{order_of(shop, 'ben', 'delivered')}/cancel", {})
    ask("admin", f"DELETE /orders/{order_of(shop, 'ben', 'delivered')}")
    ask("ann", f"GET /orders/{orders[0]}/cancel")
    ask("ann", f"PUT /orders/{orders[0]}", {})


def figures(shop: Recorder) -> None:
    ask = shop.ask
    for role in ("desk", "admin"):
        ask(role, "GET /orders/statistics")
    ask("desk", "HEAD /orders/statistics/")
    ask("desk", "GET /orders/statistics", If_None_Match="*")
    for role in ("ann", "ben", "editor"):
        ask(role, "GET /orders/user-statistics")
    shop.ask_again("ann", "GET /orders/user-statistics")
    for query in (
        "",
        "category=available&limit=2",
        "category=low&limit=2",
        "category=out_of_stock&limit=2",
        "category=critical",
        "category=medium&limit=1",
        "category=high&limit=1",
        "min_stock=5&max_stock=9",
        "min_stock=-1",
        "min_stock=9&max_stock=5",
        "category=low&min_stock=2&limit=1",
        "limit=0",
        "limit=1001",
        "category=gone&min_stock=x&max_stock=2147483648",
    ):
        ask("stock", f"GET /orders/health/stock-check?{query}")
    ask("stock", "HEAD /orders/health/stock-check")
    ask("stock", "GET /orders/health/stock-check/?limit=1", If_None_Match="*")
