"""Changing orders over HTTP: what is sent, who may, and what is answered."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from orders import services
from orders.models import Order
from orders.services import Buyer, Wanted
from orders.tests.clients import ORDERS, client_of, order_desk, staff_with
from orders.tests.factories import (
    ADDRESS,
    STAFF,
    assert_sound,
    buyer_of,
    everything,
    make_article,
    make_order,
    make_user,
    place,
)
from orders.tokens import token_of

pytestmark = pytest.mark.django_db
HAMBURG = {
    "shipping_address_line1": "2 Harbour",
    "shipping_city": "Hamburg",
    "shipping_postal_code": "20095",
    "shipping_country": "Germany",
}


def patch(client: APIClient, order: Order, body: Any, **headers: str) -> Any:
    return client.patch(f"{ORDERS}/{order.pk}", body, headers=headers)


def line_of(order: Order, place_: int = 0) -> str:
    return f"{ORDERS}/{order.pk}/lines/{order.order_items.all()[place_].pk}"


def two_lines() -> Order:
    basket = {make_article(stock=5, sku="MUG"): 2, make_article(stock=5, sku="POT"): 3}
    return Order.objects.get(pk=place(make_user(), basket).id)


def test_an_owner_changes_where_an_order_goes_to() -> None:
    order = make_order()
    owner = client_of(buyer_of(order))
    answer = patch(owner, order, HAMBURG | {"recipient_name": "Cy Young", "phone": None})
    document = answer.json()
    assert (answer.status_code, document["version"]) == (200, 2)
    assert (document["recipient_name"], document["phone"]) == ("Cy Young", ADDRESS["phone"])
    assert (document["shipping_state"], document["shipping_country"], document["country_code"]) == ("", "Germany", "DE")
    assert answer.content == owner.get(f"{ORDERS}/{order.pk}").content
    again = patch(owner, order, HAMBURG)
    assert (again.status_code, again.content) == (200, answer.content)
    assert patch(owner, order, {}).content == answer.content


def test_an_invoice_gets_an_address_of_its_own_and_loses_it() -> None:
    order = make_order()
    desk = order_desk()
    billing = {
        "billing_name": "Acme",
        "billing_address_line1": "1 Way",
        "billing_city": "Paris",
        "billing_postal_code": "75001",
        "billing_country": "France",
    }
    shown = patch(desk, order, billing).json()["billing_address"]
    assert (shown["name"], shown["country_code"], shown["address_line2"]) == ("Acme", "FR", "")
    assert patch(desk, order, {"billing_address_line1": ""}).json()["billing_address"] is None


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"shipping_city": "Hamburg"}, "shipping_address_line1", "required"),
        (HAMBURG | {"shipping_postal_code": ""}, "shipping_postal_code", "blank"),
        (HAMBURG | {"country_code": "XX"}, "country_code", "unknown_country"),
        (HAMBURG | {"country_code": "FR"}, "country_code", "country_mismatch"),
        ({"country_code": "DE"}, "shipping_city", "required"),
        ({"billing_name": "Acme"}, "billing_city", "required"),
        ({"billing_country": "FR", "billing_country_code": "XX"}, "billing_country_code", "unknown_country"),
        ({"recipient_name": ""}, "recipient_name", "blank"),
        ({"recipient_name": "www.example.com"}, "recipient_name", "link"),
        ({"note": 7}, "note", "invalid"),
        ({"email": "new@example.com"}, "email", "unknown_field"),
        ({"status": "shipped"}, "status", "unknown_field"),
    ],
)
def test_bad_changes_are_refused(body: Any, field: str, code: str) -> None:
    order = make_order()
    before = everything()
    answer = patch(order_desk(), order, body)
    assert answer.status_code == 400
    assert code in {error["code"] for error in answer.json()["errors"] if error["field"] == field}
    assert everything() == before


@pytest.mark.parametrize("body", [{}, {"quantity": None}])
def test_a_line_of_which_nothing_is_said_stays_as_it_is(body: dict[str, Any]) -> None:
    order = make_order()
    before = everything()
    answer = order_desk().patch(line_of(order), body)
    assert (answer.status_code, answer.json()["order_id"]) == (200, order.pk)
    assert everything() == before


@pytest.mark.parametrize("quantity", [0, -1, "1", 1.5, 10_001, True, [1]])
def test_bad_quantities_are_refused(quantity: Any) -> None:
    order = make_order()
    before = everything()
    answer = order_desk().patch(line_of(order), {"quantity": quantity})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "quantity")
    assert everything() == before


def test_an_owner_takes_units_and_a_line_off_and_reads_what_changed() -> None:
    order = two_lines()
    owner = client_of(buyer_of(order))
    mug, pot = line_of(order), line_of(order, 1)
    fewer = owner.patch(pot, {"quantity": 1, "reason": "Too many"})
    assert (fewer.status_code, fewer.json()["total_amount"]) == (200, "30.00")
    assert owner.patch(pot, {"quantity": 1}).content == fewer.content
    more = owner.patch(pot, {"quantity": 2})
    assert (more.status_code, more.json()["code"]) == (400, "more_than_ordered")
    off = owner.delete(mug)
    assert (off.status_code, [line["sku"] for line in off.json()["order_items"]]) == (200, ["POT"])
    assert (owner.delete(mug).status_code, owner.delete(pot).json()["code"]) == (404, "last_line")
    revisions = owner.get(f"{ORDERS}/{order.pk}/revisions").json()
    assert [(row["kind"], row["sku"], row["quantity_after"], row["owed"], row["actor"]) for row in revisions] == [
        ("line_changed", "POT", 1, "20.00", "customer"),
        ("line_changed", "MUG", 0, "20.00", "customer"),
    ]
    assert revisions[0]["before"]["subtotal"] == "30.00"
    assert_sound()


def test_if_match_guards_changes() -> None:
    order, desk = two_lines(), order_desk()
    patch(desk, order, {"note": "Ring"})
    before = everything()
    stale = {"If-Match": '"1"'}
    answers = [
        patch(desk, order, {"note": "Knock"}, **stale),
        desk.patch(line_of(order), {"quantity": 1}, headers=stale),
        desk.delete(line_of(order), headers=stale),
        desk.post(f"{line_of(order)}/replace", {"sku": "NONE", "quantity": 1}, headers=stale),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(412, "version_mismatch")] * 4
    assert everything() == before


def test_a_guest_changes_a_pending_order_by_its_token() -> None:
    lines = [Wanted(2, variant_id=make_article(stock=5).pk)]
    placed = services.place_order(buyer=Buyer(None, "ann@example.com"), lines=lines, shipping=ADDRESS, actor=STAFF)
    order = Order.objects.get(pk=placed.id)
    guest = APIClient()
    guest.credentials(HTTP_X_ORDER_TOKEN=token_of(order.pk, order.number))
    assert patch(guest, order, {"note": "Ring"}).status_code == 200
    assert guest.patch(line_of(order), {"quantity": 1}).status_code == 200
    revisions = guest.get(f"{ORDERS}/{order.pk}/revisions").json()
    assert [row["actor"] for row in revisions] == ["visitor", "visitor"]
    guest.credentials(HTTP_X_ORDER_TOKEN="wrong")
    before = everything()
    for answer in (patch(guest, order, {"note": "No"}), guest.delete(line_of(order))):
        assert answer.status_code == 404
    services.confirm_order(order_id=order.pk, actor=STAFF)
    guest.credentials(HTTP_X_ORDER_TOKEN=token_of(order.pk, order.number))
    late = patch(guest, order, {"note": "No"})
    assert (late.status_code, late.json()["code"]) == (409, "not_changeable")
    assert everything()["OrderRevision"] == before["OrderRevision"]


def test_others_change_nothing() -> None:
    order = two_lines()
    before = everything()
    for client, status in (
        (APIClient(), 401),
        (client_of(make_user()), 404),
        (staff_with("orders.view_order"), 403),
    ):
        assert patch(client, order, {"note": "No"}).status_code == status
        assert client.patch(line_of(order), {"quantity": 1}).status_code == status
        assert client.delete(line_of(order)).status_code == status
    owner = client_of(buyer_of(order))
    assert owner.post(f"{line_of(order)}/replace", {"sku": "POT", "quantity": 1}).status_code == 403
    words = owner.patch(line_of(order), {"quantity": 1, "message": "Hello"})
    assert words.json()["errors"][0]["code"] == "not_for_customers"
    assert client_of(make_user()).get(f"{ORDERS}/{order.pk}/revisions").status_code == 404
    assert everything() == before


def test_staff_replace_a_line_once_under_a_key_and_see_who_did_it() -> None:
    order, desk = two_lines(), order_desk()
    bowl = make_article(stock=5, sku="BOWL", price="15.00")
    path, body = f"{line_of(order)}/replace", {"variant_id": bowl.pk, "quantity": 2, "message": "As we said."}
    first, again = (desk.post(path, body, headers={"Idempotency-Key": "r1"}) for _ in range(2))
    assert (first.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert first.content == again.content
    assert [(line["sku"], line["quantity"]) for line in first.json()["order_items"]] == [("POT", 3), ("BOWL", 2)]
    [removed, added] = desk.get(f"{ORDERS}/{order.pk}/revisions").json()
    assert removed["actor"].startswith("staff:")
    assert (added["kind"], added["before"], added["owed"]) == ("line_added", {}, "-30.00")
    assert_sound()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"quantity": 1}, 400, "article_required"),
        ({"sku": "NONE", "quantity": 1}, 400, "unknown_article"),
        ({"sku": "POT", "quantity": 1}, 409, "already_on_order"),
        ({"sku": "BOWL", "quantity": 3}, 409, "more_than_open"),
        ({"sku": "BOWL", "quantity": 2}, 409, "insufficient_stock"),
        ({"sku": "BOWL"}, 400, "required"),
    ],
)
def test_what_cannot_take_the_place_of_a_line_is_refused(body: Any, status: int, code: str) -> None:
    order = two_lines()
    make_article(stock=1, sku="BOWL")
    before = everything()
    answer = order_desk().post(f"{line_of(order)}/replace", body)
    found = {answer.json()["code"], *(error["code"] for error in answer.json().get("errors", []))}
    assert (answer.status_code, code in found) == (status, True)
    assert everything() == before
