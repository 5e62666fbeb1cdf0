"""Reading, moving, cancelling and deleting orders over HTTP, and who may."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from api.problems import safety_net
from api.renderers import dumps
from orders import services
from orders.models import Order
from orders.serializers import OrderSerializer
from orders.tests.clients import ORDERS, client_of, order_desk, staff_with
from orders.tests.factories import STAFF, everything, make_article, make_order, make_user, place, stock_of

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
    type(line).objects.filter(pk=line.pk).update(product_name='a"b\\c/d<&>\t\n\r\b\f\x01\x1f\x7fÜ\u2028😀')
    make_order()
    answer = client_of(orders[0].user).get(f"{ORDERS}/my-orders")
    plain = OrderSerializer(Order.objects.of(orders[0].user_id).newest_first().with_lines(), many=True).data
    assert answer.content == dumps({"next": None, "previous": None, "results": plain})
    assert ids(answer) == [order.pk for order in reversed(orders)]


def test_my_orders_come_in_pages_both_ways() -> None:
    orders = many_orders(5)[::-1]
    shopper = client_of(orders[0].user)
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
    assert ids(client_of(order.user).get(f"{ORDERS}/my-orders")) == [order.pk]
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
    shopper = client_of(order.user)
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
    assert found(unknown="x") == [large.pk, small.pk]


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
    services.cancel_order(order_id=order.pk, actor=STAFF, reason="Damaged.")
    steps = client_of(order.user).get(f"{ORDERS}/{order.pk}/history").json()
    assert [(step["event"], step["from_status"], step["to_status"], step["actor"], step["note"]) for step in steps] == [
        ("placed", None, "pending", "customer", ""),
        ("confirmed", "pending", "confirmed", "staff", ""),
        ("cancelled", "confirmed", "cancelled", "staff", "Damaged."),
    ]
    assert all(step["at"].endswith("Z") for step in steps)
    steps = order_desk().get(f"{ORDERS}/{order.pk}/history").json()
    assert [step["actor"] for step in steps] == [f"customer:{order.user_id}", str(STAFF), str(STAFF)]


def set_status(client: APIClient, order: Order, status: Any, **headers: str) -> Any:
    return client.put(f"{ORDERS}/{order.pk}/status", {"status": status}, headers=headers)


def test_staff_move_an_order_on() -> None:
    order, desk = make_order(stock=5), order_desk()
    for version, status in enumerate(["confirmed", "shipped", "delivered"], start=2):
        answer = set_status(desk, order, status)
        assert (answer.status_code, answer.json()["status"], answer.json()["version"]) == (200, status, version)
        again = set_status(desk, order, status)
        assert (again.status_code, again.content) == (200, answer.content)
    assert order.history.count() == 4
    refused = set_status(desk, order, "cancelled")
    assert (refused.status_code, refused.json()["code"], refused.json()["allowed"]) == (409, "illegal_transition", [])


def test_if_match_guards_a_change_of_status() -> None:
    order, desk = make_order(), order_desk()
    seen = desk.get(f"{ORDERS}/{order.pk}").headers["ETag"]
    assert set_status(desk, order, "confirmed", **{"If-Match": '"7"'}).status_code == 412
    assert set_status(desk, order, "confirmed", **{"If-Match": seen}).status_code == 200
    stale = set_status(desk, order, "shipped", **{"If-Match": seen})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")


@pytest.mark.parametrize("status", [None, "", "open", 1, ["pending"], {}, "PENDING", "x" * 10_000])
def test_bad_statuses_are_refused(status: Any) -> None:
    order = make_order()
    before = everything()
    assert set_status(order_desk(), order, status).status_code == 400
    assert everything() == before


def test_only_staff_with_the_permission_set_a_status() -> None:
    order = make_order()
    before = everything()
    assert set_status(client_of(order.user), order, "confirmed").status_code == 403
    assert set_status(staff_with("orders.view_order"), order, "confirmed").status_code == 403
    assert set_status(APIClient(), order, "confirmed").status_code == 401
    assert everything() == before


def test_an_owner_cancels_once_and_again() -> None:
    order = make_order(stock=5)
    shopper = client_of(order.user)
    answer = shopper.post(f"{ORDERS}/{order.pk}/cancel", {"reason": "Changed my mind."})
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert stock_of(order.order_items.get().variant) == (5, 0)
    again = shopper.post(f"{ORDERS}/{order.pk}/cancel")
    assert (again.status_code, again.content) == (200, answer.content)
    assert order.history.filter(note="Changed my mind.").count() == 1


def test_cancelling_with_a_key_is_replayed() -> None:
    order = make_order()
    shopper = client_of(order.user)
    first, again = (shopper.post(f"{ORDERS}/{order.pk}/cancel", headers={"Idempotency-Key": "c1"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.content == again.content


def test_an_owner_cannot_cancel_a_confirmed_order_and_staff_can() -> None:
    order = make_order(status="confirmed", stock=5)
    refused = client_of(order.user).post(f"{ORDERS}/{order.pk}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    assert order_desk().post(f"{ORDERS}/{order.pk}/cancel").status_code == 200


@pytest.mark.parametrize("reason", [None, 1, [], "x" * 256, "\x00"])
def test_bad_reasons_are_refused(reason: Any) -> None:
    order = make_order()
    assert client_of(order.user).post(f"{ORDERS}/{order.pk}/cancel", {"reason": reason}).status_code == 400
    assert Order.objects.get().status == "pending"


def test_a_deleted_order_has_left_the_api() -> None:
    order, desk = make_order(stock=5), order_desk()
    shopper = client_of(order.user)
    answer = shopper.delete(f"{ORDERS}/{order.pk}")
    assert (answer.status_code, answer.content) == (204, b"")
    for client in (shopper, desk):
        assert client.get(f"{ORDERS}/{order.pk}").status_code == 404
        assert client.get(f"{ORDERS}/{order.pk}/history").status_code == 404
        assert client.delete(f"{ORDERS}/{order.pk}").status_code == 404
        assert client.post(f"{ORDERS}/{order.pk}/cancel").status_code == 404
    assert set_status(desk, order, "confirmed").status_code == 404
    assert ids(desk.get(ORDERS)) == []
    assert Order.objects.get().deleted_at is not None


def test_deleting_what_has_been_shipped_is_a_conflict() -> None:
    order = make_order(status="shipped")
    for client in (client_of(order.user), order_desk()):
        answer = client.delete(f"{ORDERS}/{order.pk}")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_deletable")


@pytest.mark.parametrize("path", ["0", "-1", "x", "9223372036854775808", "1e400", "%00", "my-order", "1/x"])
def test_paths_that_name_no_order_are_not_found(path: Any) -> None:
    answer = order_desk().get(f"{ORDERS}/{path}")
    assert answer.status_code in (400, 404)
    assert answer.headers["Content-Type"] == "application/problem+json"


def query_count(client: APIClient, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize(("path", "queries"), [("/my-orders", 1), ("", 2)])
def test_the_number_of_queries_does_not_grow_with_the_page(path: Any, queries: Any) -> None:
    user = make_user()
    client = client_of(user)
    if not path:
        client = order_desk()
        client.get(ORDERS)  # permissions are read once for each user instance
    place(user, {make_article(stock=1): 1})
    assert query_count(client, ORDERS + path) == queries
    for _ in range(19):
        place(user, {make_article(stock=1): 1, make_article(stock=1): 1})
    assert query_count(client, ORDERS + path) == queries


def test_methods_that_are_not_there_are_405() -> None:
    order = make_order()
    for method, path in [
        ("put", ""),
        ("patch", f"/{order.pk}"),
        ("post", f"/{order.pk}/status"),
        ("get", f"/{order.pk}/cancel"),
    ]:
        answer = getattr(order_desk(), method)(ORDERS + path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (405, "application/problem+json")
        assert answer.headers["Allow"]
