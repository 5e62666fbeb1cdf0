"""Reading orders over HTTP, and who may."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from api.problems import safety_net
from api.renderers import dumps
from events.tests.rewriting import rewriting
from orders import services
from orders.models import Fulfilment, Order
from orders.serializers.documents import OrderSerializer
from orders.tests.clients import ORDERS, client_of, order_desk, staff_with
from orders.tests.factories import STAFF, buyer_of, everything, make_article, make_order, make_user, place
from orders.tests.plain import PlainOrderSerializer

# What a list without neighbours says beside its rows.
ONLY_PAGE = dict.fromkeys(("next", "previous", "next_cursor", "previous_cursor"))
pytestmark = pytest.mark.django_db


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [order["order_id"] for order in answer.json()["results"]]


def many_orders(number: int, **fields: Any) -> list[Order]:
    """Orders of one user, a minute apart, the oldest first."""
    user, mug = make_user(**fields), make_article(stock=1000)
    orders = [
        Order.objects.get(pk=place(user, {mug: place_ + 1, make_article(stock=1): 1}).id) for place_ in range(number)
    ]
    for age, order in enumerate(reversed(orders)):
        Order.objects.filter(pk=order.pk).update(order_date=Now() - timedelta(minutes=age))
    return orders


def test_my_orders_are_the_serializers_bytes() -> None:
    orders = many_orders(3, last_name='O"Neill\\ <&> Ünï\t\n\x1f\x7f \u2028😀')
    Order.objects.filter(pk=orders[0].pk).update(order_date=datetime.fromisoformat("2026-01-02T03:04:05+00:00"))
    line = orders[1].order_items.all()[0]
    with rewriting("orders_orderitem"):
        type(line).objects.filter(pk=line.pk).update(product_name='a"b\\c/d<&>\t\n\r\b\f\x01\x1f\x7fÜ\u2028😀')
    make_order()
    services.confirm_order(order_id=orders[2].pk, actor=STAFF)
    for line in orders[2].order_items.all():
        services.ship_parcel(order_id=orders[2].pk, lines={line.pk: 1}, actor=STAFF)
    first, second = Fulfilment.objects.order_by("id")
    services.cancel_parcel(order_id=orders[2].pk, parcel_id=second.pk, actor=STAFF)
    whole = datetime.fromisoformat("2026-01-02T03:04:05+00:00")
    Fulfilment.objects.filter(pk=first.pk).update(carrier='"<&>', shipped_at=whole)
    Fulfilment.objects.filter(pk=second.pk).update(shipped_at=whole + timedelta(microseconds=10))
    answer = client_of(buyer_of(orders[0])).get(f"{ORDERS}/my-orders")
    newest_first = Order.objects.of(buyer_of(orders[0]).pk).order_by("-order_date", "-id")
    plain = PlainOrderSerializer(newest_first.with_lines(), many=True).data
    assert answer.content == dumps(ONLY_PAGE | {"results": plain})
    assert ids(answer) == [order.pk for order in reversed(orders)]


def test_one_order_and_the_list_of_staff_are_the_serializers_bytes() -> None:
    order = make_order(status="shipped")
    place(buyer_of(order), {make_article(stock=1): 1, make_article(stock=1, price="0.50"): 1})
    desk, orders = order_desk(), PlainOrderSerializer(Order.objects.order_by("-order_date", "-id"), many=True).data
    assert desk.get(f"{ORDERS}/{order.pk}").content == dumps(orders[1])
    assert desk.get(ORDERS).content == dumps(ONLY_PAGE | {"results": orders})


def members(answer: Any) -> list[list[str]]:
    return [list(row) for row in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("expand=none", {"charges", "discounts", "fulfilments"}),
        ("expand=fulfilments", {"charges", "discounts"}),
        ("expand=charges,none&expand=discounts", {"fulfilments"}),
        ("expand=all,none", set()),
    ],
)
@pytest.mark.parametrize("path", ["/my-orders", ""])
def test_rows_of_orders_have_what_expand_names(path: str, query: str, shown: set[str]) -> None:
    order = make_order(status="shipped")
    reader = order_desk() if not path else client_of(buyer_of(order))
    [whole] = reader.get(f"{ORDERS}{path}").json()["results"]
    [row] = reader.get(f"{ORDERS}{path}?{query}").json()["results"]
    assert row == {name: value for name, value in whole.items() if name not in shown}
    assert whole["order_id"] == order.pk


@pytest.mark.parametrize("path", ["/my-orders", ""])
def test_rows_of_orders_have_the_members_that_are_named(path: str) -> None:
    order = make_order()
    reader = order_desk() if not path else client_of(buyer_of(order))
    [whole] = reader.get(f"{ORDERS}{path}").json()["results"]
    for name in OrderSerializer.Meta.fields:
        assert reader.get(f"{ORDERS}{path}?fields={name}").json()["results"] == [{name: whole[name]}]
    assert members(reader.get(f"{ORDERS}{path}?fields=charges,status,order_id&expand=none")) == [["order_id", "status"]]
    assert reader.get(f"{ORDERS}{path}?fields=total").status_code == 400
    assert reader.get(f"{ORDERS}{path}?expand=lines").status_code == 400


def test_my_orders_come_in_pages_both_ways() -> None:
    orders = many_orders(5)[::-1]
    shopper = client_of(buyer_of(orders[0]))
    first = shopper.get(f"{ORDERS}/my-orders?page_size=2&count=exact")
    assert ids(first) == [order.pk for order in orders[:2]]
    assert first.json()["count"] == 5
    assert first.json()["previous"] is None
    second = shopper.get(first.json()["next"])
    assert ids(second) == [order.pk for order in orders[2:4]]
    third = shopper.get(second.json()["next"])
    assert ids(third) == [orders[4].pk]
    assert third.json()["next"] is None
    assert ids(shopper.get(third.json()["previous"])) == ids(second)
    assert ids(shopper.get(second.json()["previous"])) == ids(first)


def test_my_orders_leave_out_deleted_ones_and_those_of_others() -> None:
    order, deleted = make_order(), make_order()
    Order.objects.update(user=order.user)
    services.delete_order(order_id=deleted.pk, actor=STAFF)
    make_order()
    assert ids(client_of(buyer_of(order)).get(f"{ORDERS}/my-orders")) == [order.pk]
    assert ids(client_of(make_user()).get(f"{ORDERS}/my-orders")) == []


@pytest.mark.parametrize("path", ["my-orders", ""])
@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=WzFd",
        "page_size=0",
        "page_size=101",
        "page_size=x",
        "count=1",
        "page_size=1e3",
        "cursor=%00",
    ],
)
def test_bad_pages_are_refused(path: Any, query: Any) -> None:
    answer = order_desk().get(f"{ORDERS}/{path}?{query}")
    assert answer.status_code == 400
    assert not safety_net


def test_a_page_has_an_etag() -> None:
    order = make_order()
    shopper = client_of(buyer_of(order))
    for path in (f"{ORDERS}/my-orders", f"{ORDERS}/{order.pk}", f"{ORDERS}/{order.pk}/history"):
        answer = shopper.get(path)
        again = shopper.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (answer.status_code, again.status_code, again.content) == (200, 304, b"")


def test_staff_see_all_orders_newest_first() -> None:
    orders = many_orders(3)[::-1]
    desk = order_desk()
    first = desk.get(ORDERS, {"page_size": 2})
    assert ids(first) == [order.pk for order in orders[:2]]
    assert ids(desk.get(first.json()["next"])) == [orders[2].pk]
    assert first.json()["results"][0] == desk.get(f"{ORDERS}/{orders[0].pk}").json()


@pytest.mark.parametrize("path", [ORDERS, f"{ORDERS}/statistics", f"{ORDERS}/health/stock-check"])
def test_staff_pages_are_for_staff_with_the_permission(path: Any, client: Any) -> None:
    assert client.get(path).status_code == 401
    assert client_of(make_user()).get(path).status_code == 403
    assert staff_with("catalog.view_product").get(path).status_code == 403
    needed = "inventory.view_stockitem" if "stock-check" in path else "orders.view_order"
    assert staff_with(needed).get(path).status_code == 200


def test_the_filters_of_the_list() -> None:
    ann = make_user(email="ann@example.com", first_name="Ann", last_name="O_Hara")
    bob = make_user(email="bob@example.org", first_name="Bob", last_name="Builder")
    small = make_order(ann, price="1.00", sku="MUG-1")
    large = make_order(bob, price="500.00", sku="POT-1", status="confirmed")
    Order.objects.filter(pk=small.pk).update(order_date="2026-03-01T12:00:00Z")
    Order.objects.filter(pk=large.pk).update(order_date="2026-03-02T12:00:00Z")
    desk = order_desk()

    def found(**query: Any) -> list[int]:
        return ids(desk.get(ORDERS, query))

    assert found() == [large.pk, small.pk]
    assert found(status="pending") == found(user_id=ann.pk) == [small.pk]
    assert found(min_amount="2.01") == found(min_amount="1000.00") == [large.pk]
    assert found(max_amount="999.99") == found(max_amount="2") == [small.pk]
    assert found(start_date="2026-03-02") == found(start_date="2026-03-01T12:00:01Z") == [large.pk]
    assert found(end_date="2026-03-01") == found(end_date="2026-03-02T13:59:59+02:00") == [small.pk]
    assert found(start_date="2026-03-01", end_date="2026-03-02") == [large.pk, small.pk]
    assert found(search=small.number) == found(search="MUG-1") == found(search="O_Hara") == [small.pk]
    assert found(search="ANN@example.com") == found(search="ann o_h") == [small.pk]
    assert found(search="example") == [large.pk, small.pk]
    assert found(search="O%Hara") == found(search="%") == found(search="Ox") == []
    assert found(search="example", status="confirmed") == [large.pk]
    assert found(status="", search="") == [large.pk, small.pk]
    assert found(status=["pending", "confirmed"]) == found(user_id=[ann.pk, bob.pk]) == [large.pk, small.pk]
    assert found(status=["shipped", "confirmed"], user_id=[ann.pk, bob.pk]) == [large.pk]


@pytest.mark.parametrize(
    "query",
    [
        "status=open",
        "user_id=x",
        "user_id=0",
        "user_id=9223372036854775808",
        "user_id=1e400",
        "start_date=yesterday",
        "start_date=2026-02-30",
        "end_date=2026-01-01T00:00:00",
        "end_date=2026-01-01T00:00:00%2B22:29",
        "end_date=0000-01-01",
        "min_amount=1e-1000000",
        "min_amount=-1",
        "max_amount=NaN",
        "max_amount=1.001",
        "max_amount=999999999999999999",
        "search=" + "x" * 101,
        "search=%00",
        "status=pending&status=open",
        "min_amount=1&min_amount=2",
        "skip=20",
    ],
)
def test_bad_filters_are_refused(query: Any) -> None:
    answer = order_desk().get(f"{ORDERS}?{query}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert not safety_net


@pytest.mark.parametrize("verb", ["get", "delete"])
@pytest.mark.parametrize("path", ["{id}", "{id}/history"])
def test_a_strangers_order_is_not_there(verb: Any, path: Any) -> None:
    order, stranger = make_order(), client_of(make_user())
    if verb == "delete" and "history" in path:
        return
    before = everything()
    theirs = getattr(stranger, verb)(f"{ORDERS}/{path.format(id=order.pk)}")
    missing = getattr(stranger, verb)(f"{ORDERS}/{path.format(id=2**62)}")
    assert theirs.status_code == missing.status_code == 404
    assert theirs.json() | {"request_id": ""} == missing.json() | {"request_id": ""}
    assert everything() == before


def test_a_stranger_cancels_nothing() -> None:
    order = make_order()
    before = everything()
    assert client_of(make_user()).post(f"{ORDERS}/{order.pk}/cancel").status_code == 404
    assert staff_with("catalog.view_product").post(f"{ORDERS}/{order.pk}/cancel").status_code == 404
    assert staff_with("orders.view_order").post(f"{ORDERS}/{order.pk}/cancel").status_code == 403
    assert staff_with("orders.view_order").delete(f"{ORDERS}/{order.pk}").status_code == 403
    assert everything() == before


def test_history_is_told_to_customers_without_names_of_staff() -> None:
    order = make_order(status="confirmed")
    services.cancel_order(order_id=order.pk, actor=STAFF, reason="Dropped by Bob.", message="Damaged.")
    steps = client_of(buyer_of(order)).get(f"{ORDERS}/{order.pk}/history").json()
    assert [(step["event"], step["from_status"], step["to_status"], step["actor"], step["note"]) for step in steps] == [
        ("placed", None, "pending", "customer", ""),
        ("confirmed", "pending", "confirmed", "staff", ""),
        ("cancelled", "confirmed", "cancelled", "staff", "Damaged."),
    ]
    assert all(step["at"].endswith("Z") for step in steps)
    assert "Bob" not in str(steps)
    steps = order_desk().get(f"{ORDERS}/{order.pk}/history").json()
    assert [step["actor"] for step in steps] == [f"customer:{order.user_id}", str(STAFF), str(STAFF)]
    assert [step["reason"] for step in steps] == ["", "", "Dropped by Bob."]


@pytest.mark.parametrize("path", ["0", "-1", "x", "9223372036854775808", "1e400", "%00", "my-order", "1/x"])
def test_paths_that_name_no_order_are_not_found(path: Any) -> None:
    answer = order_desk().get(f"{ORDERS}/{path}")
    assert answer.status_code in (400, 404)
    assert answer.headers["Content-Type"] == "application/problem+json"


def query_count(client: APIClient, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize(("path", "queries"), [("/my-orders", 1 + 1), ("", 4 + 5)])
def test_the_number_of_queries_does_not_grow_with_the_page(path: Any, queries: Any) -> None:
    """The session and, of staff, their devices and rights; then the orders, with lines, charges, discounts, parcels."""
    user = make_user()
    client = client_of(user)
    if not path:
        client = order_desk()
    place(user, {make_article(stock=1): 1})
    assert query_count(client, ORDERS + path) == queries
    for _ in range(19):
        place(user, {make_article(stock=1): 1, make_article(stock=1): 1})
    assert query_count(client, ORDERS + path) == queries


def test_methods_that_are_not_there_are_405() -> None:
    order = make_order()
    for method, path, allowed in [
        ("put", "", "GET, HEAD, POST"),
        ("put", f"/{order.pk}", "GET, HEAD, PATCH, DELETE"),
        ("post", f"/{order.pk}/status", "PUT"),
        ("get", f"/{order.pk}/cancel", "POST"),
    ]:
        answer = getattr(order_desk(), method)(ORDERS + path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (405, "application/problem+json")
        assert answer.headers["Allow"] == allowed
