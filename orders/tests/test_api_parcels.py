"""Parcels over HTTP: what leaves, how it is followed, what stays after all, and who may."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from orders.models import Order
from orders.services import cancel_parcel
from orders.tests.clients import ORDERS, client_of, order_desk, staff_with
from orders.tests.factories import STAFF, assert_sound, buyer_of, everything, make_order, make_user
from orders.tokens import token_of

pytestmark = pytest.mark.django_db
TRACKED = {"carrier": "DHL", "tracking_number": "JD014600", "tracking_url": "https://dhl.example/JD014600?lang=en"}


@pytest.fixture
def order() -> Order:
    """A confirmed order of two units of one article."""
    return make_order(status="confirmed")


@pytest.fixture
def desk() -> APIClient:
    return order_desk()


def line_of(order: Order) -> int:
    return order.order_items.get().pk


def ship(client: APIClient, order: Order, units: int = 0, *, headers: Any = None, **members: Any) -> Any:
    """Send so many units of the order's one line; all that is left without a number."""
    lines = {"lines": [{"order_item_id": line_of(order), "quantity": units}]} if units else {}
    return client.post(f"{ORDERS}/{order.pk}/fulfilments", lines | members, format="json", headers=headers or {})


def parcel_path(order: Order, parcel: Any, verb: str = "") -> str:
    return f"{ORDERS}/{order.pk}/fulfilments/{parcel['fulfilment_id']}{verb}"


def state_of(order: Order) -> tuple[str, str]:
    order.refresh_from_db()
    return order.status, order.fulfilment_status


def test_staff_send_an_order_in_parts(order: Order, desk: APIClient) -> None:
    first = ship(desk, order, 1, **TRACKED)
    assert first.status_code == 201
    [parcel] = first.json()
    assert parcel | {"shipped_at": ""} == {
        "fulfilment_id": parcel["fulfilment_id"],
        "state": "shipped",
        **TRACKED,
        "shipped_at": "",
        "cancelled_at": None,
        "lines": [{"order_item_id": line_of(order), "quantity": 1}],
        "version": 1,
        "warehouse": "main",
    }
    assert state_of(order) == ("confirmed", "partial")

    assert ship(desk, order, warehouse="main").status_code == 201

    assert state_of(order) == ("shipped", "complete")
    assert [found["lines"][0]["quantity"] for found in desk.get(f"{ORDERS}/{order.pk}/fulfilments").json()] == [1, 1]
    assert_sound()


def test_customers_and_guests_see_parcels_without_the_warehouse(order: Order, desk: APIClient) -> None:
    [parcel] = ship(desk, order, 1, **TRACKED).json()
    seen = {name: value for name, value in parcel.items() if name != "warehouse"}
    guest = APIClient(headers={"X-Order-Token": token_of(order.pk, order.number)})
    for client in (client_of(buyer_of(order)), guest):
        assert client.get(f"{ORDERS}/{order.pk}/fulfilments").json() == [seen]
        assert client.get(parcel_path(order, parcel)).json() == seen
        assert client.get(f"{ORDERS}/{order.pk}").json()["fulfilments"] == [seen]
    assert client_of(make_user()).get(f"{ORDERS}/{order.pk}/fulfilments").status_code == 404
    assert APIClient(headers={"X-Order-Token": "x"}).get(parcel_path(order, parcel)).status_code == 404


def test_a_parcel_is_found_with_its_own_order_alone(order: Order, desk: APIClient) -> None:
    [parcel] = ship(desk, order, 1).json()
    other = make_order(status="confirmed")
    before = everything()
    assert desk.get(parcel_path(other, parcel)).status_code == 404
    assert desk.patch(parcel_path(other, parcel), TRACKED, format="json").status_code == 404
    assert desk.post(parcel_path(other, parcel, "/cancel"), {}, format="json").status_code == 404
    assert everything() == before


def test_the_same_request_with_a_key_sends_one_parcel(order: Order, desk: APIClient) -> None:
    key = {"Idempotency-Key": "parcel-1"}
    first, again = ship(desk, order, 1, headers=key), ship(desk, order, 1, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert order.fulfilments.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "field", "code"),
    [
        ({"lines": []}, 400, "lines", "min_length"),
        ({"lines": [{"order_item_id": 999, "quantity": 1}]}, 400, "lines.0.order_item_id", "unknown_line"),
        ({"lines": [{"quantity": 1}]}, 400, "lines.0.order_item_id", "required"),
        ({"lines": [{"order_item_id": 0, "quantity": 0}]}, 400, "lines.0.order_item_id", "min_value"),
        ({"warehouse": "nowhere"}, 400, "warehouse", "unknown_warehouse"),
        ({"tracking_url": "javascript:alert(1)"}, 400, "tracking_url", "not_a_web_address"),
        ({"tracking_url": "dhl.example/1"}, 400, "tracking_url", "not_a_web_address"),
        ({"tracking_url": "https://dhl.example@evil.example"}, 400, "tracking_url", "not_a_web_address"),
        ({"carrier": "D\nHL"}, 400, "carrier", "hidden_character"),
        ({"tracking_number": "1" * 101}, 400, "tracking_number", "max_length"),
        ({"state": "cancelled"}, 400, "state", "unknown_field"),
    ],
)
def test_bad_parcels_are_refused(
    order: Order, desk: APIClient, body: dict[str, Any], status: int, field: str, code: str
) -> None:
    before = everything()
    answer = ship(desk, order, **body)
    first = answer.json()["errors"][0]
    assert (answer.status_code, first["field"], first["code"]) == (status, field, code)
    assert everything() == before


def test_a_line_that_is_named_twice_is_refused(order: Order, desk: APIClient) -> None:
    line, before = {"order_item_id": line_of(order), "quantity": 1}, everything()
    answer = ship(desk, order, lines=[line, line])
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "duplicate_line")
    assert everything() == before


def test_no_more_leaves_than_is_open_and_nothing_of_an_order_that_is_not_confirmed(
    order: Order, desk: APIClient
) -> None:
    pending, before = make_order(), everything()
    too_many = ship(desk, order, 3)
    assert (too_many.status_code, too_many.json()["code"]) == (409, "more_than_open")
    assert [error["field"] for error in too_many.json()["errors"]] == ["lines.0.quantity"]
    too_early = ship(desk, pending)
    assert (too_early.status_code, too_early.json()["code"]) == (409, "illegal_transition")
    stale = ship(desk, order, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert everything() == before
    assert ship(desk, order, headers={"If-Match": '"2"'}).status_code == 201


def test_how_a_parcel_is_followed_is_said_in_parts(order: Order, desk: APIClient) -> None:
    [parcel] = ship(desk, order, 1, carrier="DHL").json()
    path = parcel_path(order, parcel)
    etag = desk.get(path).headers["ETag"]
    told = desk.patch(path, {"tracking_number": "JD014600"}, format="json", headers={"If-Match": etag})
    assert (told.status_code, told.json()["version"]) == (200, 2)
    assert (told.json()["carrier"], told.json()["tracking_number"]) == ("DHL", "JD014600")
    before = everything()
    assert desk.patch(path, {"carrier": ""}, format="json", headers={"If-Match": etag}).status_code == 412
    refused = desk.patch(path, {"tracking_url": "ftp://dhl.example"}, format="json")
    assert refused.json()["errors"][0]["code"] == "not_a_web_address"
    assert everything() == before


def test_a_parcel_that_is_cancelled_is_promised_again(order: Order, desk: APIClient) -> None:
    [parcel] = ship(desk, order).json()
    path = parcel_path(order, parcel, "/cancel")
    stale = desk.post(path, {}, format="json", headers={"If-Match": '"7"'})
    assert (stale.status_code, state_of(order)) == (412, ("shipped", "complete"))

    done = desk.post(path, {"reason": "wrong label"}, format="json")

    assert (done.status_code, done.json()["state"]) == (200, "cancelled")
    assert state_of(order) == ("confirmed", "none")
    again = desk.post(path, {}, format="json")
    assert (again.status_code, again.json()) == (200, done.json())
    gone = desk.patch(parcel_path(order, parcel), {"carrier": "DHL"}, format="json")
    assert (gone.status_code, gone.json()["code"]) == (409, "parcel_gone")
    assert_sound()


def test_a_parcel_that_has_arrived_is_not_cancelled(desk: APIClient) -> None:
    order = make_order(status="delivered")
    parcel, before = {"fulfilment_id": order.fulfilments.get().pk}, everything()
    answer = desk.post(parcel_path(order, parcel, "/cancel"), {}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "parcel_gone")
    assert everything() == before


def test_only_staff_who_may_change_orders_write_parcels(order: Order, desk: APIClient) -> None:
    [parcel] = ship(desk, order, 1).json()
    before = everything()
    guest = APIClient(headers={"X-Order-Token": token_of(order.pk, order.number)})
    for client, status in ((client_of(buyer_of(order)), 403), (staff_with("orders.view_order"), 403), (guest, 401)):
        assert ship(client, order).status_code == status
        assert client.patch(parcel_path(order, parcel), {"carrier": "x"}, format="json").status_code == status
        assert client.post(parcel_path(order, parcel, "/cancel"), {}, format="json").status_code == status
    assert everything() == before


def test_the_timeline_of_a_customer_has_no_reason_of_staff(order: Order, desk: APIClient) -> None:
    [parcel] = ship(desk, order, 1).json()
    cancel_parcel(order_id=order.pk, parcel_id=parcel["fulfilment_id"], actor=STAFF, reason="box broken")
    steps = client_of(buyer_of(order)).get(f"{ORDERS}/{order.pk}/history").json()
    assert [step["event"] for step in steps][-2:] == ["parcel_shipped", "parcel_cancelled"]
    assert "box broken" not in str(steps)
