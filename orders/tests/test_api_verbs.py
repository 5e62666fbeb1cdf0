"""Moving, cancelling and deleting orders over HTTP, and who may."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from orders.models import Order
from orders.tests.clients import ORDERS, client_of, order_desk, staff_with
from orders.tests.factories import buyer_of, everything, make_order, stock_of

pytestmark = pytest.mark.django_db


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
    assert set_status(client_of(buyer_of(order)), order, "confirmed").status_code == 403
    assert set_status(staff_with("orders.view_order"), order, "confirmed").status_code == 403
    assert set_status(APIClient(), order, "confirmed").status_code == 401
    assert everything() == before


def test_an_owner_cancels_once_and_again() -> None:
    order = make_order(stock=5)
    shopper = client_of(buyer_of(order))
    answer = shopper.post(f"{ORDERS}/{order.pk}/cancel", {"reason": "Changed my mind."})
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert stock_of(order.order_items.get().variant) == (5, 0)
    again = shopper.post(f"{ORDERS}/{order.pk}/cancel")
    assert (again.status_code, again.content) == (200, answer.content)
    assert order.history.filter(note="Changed my mind.").count() == 1


def test_cancelling_with_a_key_is_replayed() -> None:
    order = make_order()
    shopper = client_of(buyer_of(order))
    first, again = (shopper.post(f"{ORDERS}/{order.pk}/cancel", headers={"Idempotency-Key": "c1"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.content == again.content


def test_an_owner_cannot_cancel_a_confirmed_order_and_staff_can() -> None:
    order = make_order(status="confirmed", stock=5)
    refused = client_of(buyer_of(order)).post(f"{ORDERS}/{order.pk}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    assert order_desk().post(f"{ORDERS}/{order.pk}/cancel").status_code == 200


@pytest.mark.parametrize("reason", [1, [], "x" * 256, "\x00"])
def test_bad_reasons_are_refused(reason: Any) -> None:
    order = make_order()
    assert client_of(buyer_of(order)).post(f"{ORDERS}/{order.pk}/cancel", {"reason": reason}).status_code == 400
    assert Order.objects.get().status == "pending"


def test_a_deleted_order_has_left_the_api() -> None:
    order, desk = make_order(stock=5), order_desk()
    shopper = client_of(buyer_of(order))
    answer = shopper.delete(f"{ORDERS}/{order.pk}")
    assert (answer.status_code, answer.content) == (204, b"")
    for client in (shopper, desk):
        assert client.get(f"{ORDERS}/{order.pk}").status_code == 404
        assert client.get(f"{ORDERS}/{order.pk}/history").status_code == 404
        assert client.delete(f"{ORDERS}/{order.pk}").status_code == 404
        assert client.post(f"{ORDERS}/{order.pk}/cancel").status_code == 404
    assert set_status(desk, order, "confirmed").status_code == 404
    assert desk.get(ORDERS).json()["results"] == []
    assert Order.objects.get().deleted_at is not None


def test_deleting_what_has_been_shipped_is_a_conflict() -> None:
    order = make_order(status="shipped")
    for client in (client_of(buyer_of(order)), order_desk()):
        answer = client.delete(f"{ORDERS}/{order.pk}")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_deletable")
