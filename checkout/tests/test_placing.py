"""A cart becomes an order: once, at the total that the customer has seen, or not at all."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from rest_framework.test import APIClient

from accounts.tests.factories import client_of
from api.models import IdempotencyKey
from catalog.models import Variant
from checkout import services
from checkout.models import Cart, CartLine
from checkout.tests.factories import ADDRESS, CARTS, carts, client_with_token, customer, guest_of, make_cart
from events.models import Event
from inventory.models import Reservation
from orders import services as order_services
from orders.models import Order, OrderEvent
from orders.tests.factories import STAFF, assert_sound, everything, make_article, make_user, stock_of
from orders.tokens import token_of

pytestmark = pytest.mark.django_db(transaction=True)
FILLED_IN: dict[str, Any] = {"email": "Bo@Example.com", "shipping_address": ADDRESS}


@pytest.fixture
def mug() -> Variant:
    return make_article(stock=10, sku="MUG", name="Mug", price="10.00")


def ready(basket: dict[Variant, int], **columns: Any) -> Cart:
    """A guest's cart, or with a `user` a customer's, that lacks nothing."""
    return make_cart(basket, **FILLED_IN | columns)


def place(client: APIClient, cart: Cart, total: str, **more: Any) -> Any:
    return client.post(f"{CARTS}/{cart.pk}/place", {"expected_total": total} | more)


def test_a_guest_places_a_cart(mug: Variant) -> None:
    cart = ready({mug: 2}, phone="+1 555 0100", note="Ring twice.")

    answer = place(client_with_token(cart), cart, "20.00", terms_version="2026-11")

    order = Order.objects.get()
    document = answer.json()
    assert answer.status_code == 201
    assert document["order_id"] == order.pk
    assert document["order_token"] == token_of(order.pk, order.number)
    assert (document["user_id"], document["total_amount"], document["status"]) == (None, "20.00", "pending")
    assert (order.user_id, order.email, order.phone, order.note) == (
        None,
        "bo@example.com",
        "+1 555 0100",
        "Ring twice.",
    )
    assert (order.recipient_name, order.shipping_city, order.shipping_country, order.country_code) == (
        "Bo Smith",
        "Springfield",
        "United States",
        "US",
    )
    assert order.terms_version == "2026-11"
    cart.refresh_from_db()
    assert (cart.state, cart.order_id, cart.held_until) == ("placed", order.pk, None)
    assert stock_of(mug) == (10, 2)
    assert_sound()


def test_a_customer_places_a_cart(mug: Variant) -> None:
    user = make_user()
    cart = ready({mug: 2}, user=user, email="")

    document = place(client_of(user), cart, "20.00").json()

    assert document["user_id"] == user.pk
    assert "order_token" not in document
    assert client_of(user).get(f"/api/v1/orders/{document['order_id']}").status_code == 200
    # The next cart is another one.
    assert client_of(user).post(f"{CARTS}/").status_code == 201


def test_staff_place_the_cart_of_a_customer(mug: Variant, as_staff: Any) -> None:
    user = make_user()
    cart = ready({mug: 1}, user=user)

    answer = place(as_staff("order desk"), cart, "10.00")

    assert (answer.status_code, answer.json()["user_id"]) == (201, user.pk)
    assert "order_token" not in answer.json()
    assert OrderEvent.objects.get().actor_role == "staff"


def test_an_invoice_may_go_elsewhere(mug: Variant) -> None:
    billing = ADDRESS | {"recipient_name": "Bo GmbH", "city": "Chicago", "company": "Bo GmbH"}
    cart = ready({mug: 1}, shipping_address=ADDRESS | {"company": "Ann's Workshop"}, billing_address=billing)

    answer = place(client_with_token(cart), cart, "10.00")

    order = Order.objects.get()
    assert answer.status_code == 201
    assert (order.billing_name, order.billing_city, order.billing_country_code) == ("Bo GmbH", "Chicago", "US")
    assert (order.company, order.shipping_city) == ("Ann's Workshop", "Springfield")
    document = answer.json()
    assert (document["company"], document["billing_address"]["company"]) == ("Ann's Workshop", "Bo GmbH")


@pytest.mark.parametrize(
    ("shipping", "billing", "vat_id"),
    [("ATU1", None, "ATU1"), ("ATU1", "DE1", "DE1"), ("ATU1", "", "ATU1"), ("", "DE1", "DE1"), ("", "", "")],
)
def test_the_vat_id_is_that_of_whoever_pays(mug: Variant, shipping: str, billing: str | None, vat_id: str) -> None:
    cart = ready(
        {mug: 1},
        shipping_address=ADDRESS | {"vat_id": shipping},
        billing_address=None if billing is None else ADDRESS | {"vat_id": billing},
    )

    assert place(client_with_token(cart), cart, "10.00").json()["vat_id"] == vat_id


def test_placing_again_answers_the_order_and_orders_nothing(mug: Variant) -> None:
    cart = ready({mug: 2})
    client = client_with_token(cart)
    first = place(client, cart, "20.00")
    before = everything() | carts()

    again = place(client, cart, "99.00")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert everything() | carts() == before


def test_a_repeated_key_replays_the_order_and_its_token_which_is_stored_nowhere(mug: Variant) -> None:
    cart = ready({mug: 2})
    path, body = f"{CARTS}/{cart.pk}/place", {"expected_total": "20.00"}

    first, again = (client_with_token(cart).post(path, body, headers={"Idempotency-Key": "k"}) for _ in range(2))

    assert first.content == again.content
    assert (first.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    kept = IdempotencyKey.objects.get()
    assert kept.owner == f"cart:{cart.pk}"
    assert first.json()["order_token"].encode() not in bytes(kept.body)
    assert Order.objects.count() == 1


def test_what_is_missing_is_listed_and_nothing_is_ordered(mug: Variant) -> None:
    cart = make_cart({mug: 1}, shipping_address=ADDRESS | {"postal_code": "", "city": ""})
    before = everything() | carts()

    answer = place(client_with_token(cart), cart, "10.00")

    assert (answer.status_code, answer.json()["code"]) == (409, "requirements_missing")
    assert [(lack["step"], lack["field"], lack["code"]) for lack in answer.json()["requirements"]] == [
        ("contact", "email", "required"),
        ("shipping", "shipping_address.city", "required"),
        ("shipping", "shipping_address.postal_code", "required"),
    ]
    assert everything() | carts() == before


def test_an_empty_cart_is_no_order() -> None:
    cart = ready({})
    answer = place(client_with_token(cart), cart, "0.00")
    assert [lack["code"] for lack in answer.json()["requirements"]] == ["empty"]
    assert not Order.objects.exists()


def test_an_article_that_is_gone_is_named(mug: Variant, as_admin: APIClient) -> None:
    cart = ready({mug: 1})
    as_admin.delete(f"/api/v1/products/{mug.product_id}")
    before = everything() | carts()

    answer = place(client_with_token(cart), cart, "10.00")

    assert (answer.status_code, answer.json()["code"]) == (409, "requirements_missing")
    [lack] = answer.json()["requirements"]
    assert (lack["field"], lack["code"]) == (f"lines.{CartLine.objects.get().pk}", "unavailable")
    assert everything() | carts() == before


def test_another_total_than_was_seen_is_refused_with_the_new_prices(mug: Variant, as_admin: APIClient) -> None:
    pot = make_article(stock=5, price="5.00")
    cart = ready({mug: 2, pot: 1})
    as_admin.patch(f"/api/v1/products/{mug.product_id}", {"price": "12.50"})
    before = everything() | carts()

    answer = place(client_with_token(cart), cart, "25.00")

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["total"]) == (409, "cart_changed", "30.00")
    assert problem["lines"] == [
        {
            "line_id": CartLine.objects.get(variant=mug).pk,
            "sku": "MUG",
            "unit_price": "12.50",
            "price_changed_from": "10.00",
        }
    ]
    assert everything() | carts() == before
    assert place(client_with_token(cart), cart, "30.00").status_code == 201


def test_too_little_stock_is_refused_as_in_orders(mug: Variant) -> None:
    cart = ready({mug: 11})
    before = everything() | carts()

    answer = place(client_with_token(cart), cart, "110.00")

    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_stock")
    assert answer.json()["stock_issues"] == [
        {"product_id": mug.product_id, "sku": "MUG", "product_name": "Mug", "requested": 11, "available": 10}
    ]
    assert everything() | carts() == before


@pytest.mark.parametrize("body", [{}, {"expected_total": 20}, {"expected_total": "20.00", "total": "1.00"}])
def test_what_the_customer_has_seen_is_told(mug: Variant, body: dict[str, Any]) -> None:
    cart = ready({mug: 2})

    answer = client_with_token(cart).post(f"{CARTS}/{cart.pk}/place", body)

    assert answer.status_code == 400
    assert not Order.objects.exists()


def test_a_merged_cart_is_not_placed(mug: Variant) -> None:
    cart = ready({mug: 2}, state="merged")
    answer = place(client_with_token(cart), cart, "20.00")
    assert (answer.status_code, answer.json()["code"]) == (409, "cart_not_open")
    assert not Order.objects.exists()


def test_a_placed_cart_is_not_changed_any_more(mug: Variant) -> None:
    cart = ready({mug: 2})
    client = client_with_token(cart)
    order_id = place(client, cart, "20.00").json()["order_id"]
    before = everything() | carts()
    path = f"{CARTS}/{cart.pk}"

    for answer in (
        client.patch(path, {"note": "x"}),
        client.delete(path),
        client.post(f"{path}/lines", {"sku": "MUG", "quantity": 1}),
        client.post(f"{path}/hold"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "cart_not_open")
        assert (answer.json()["state"], answer.json()["order_id"]) == ("placed", order_id)
    assert everything() | carts() == before
    shown = client.get(path).json()
    assert (shown["state"], shown["order_id"], shown["requirements"]) == ("placed", order_id, [])


def test_an_order_that_was_deleted_is_not_answered(mug: Variant) -> None:
    cart = ready({mug: 2})
    client = client_with_token(cart)
    order_id = place(client, cart, "20.00").json()["order_id"]
    order_services.delete_order(order_id=order_id, actor=STAFF)

    assert place(client, cart, "20.00").status_code == 404
    assert Order.objects.count() == 1


# The hold


def test_the_hold_becomes_the_promise_of_the_order(mug: Variant) -> None:
    cart = ready({mug: 5})
    services.hold_cart(cart_id=cart.pk, caller=guest_of(cart))
    [held] = Reservation.objects.all()

    number = place(client_with_token(cart), cart, "50.00").json()["number"]

    [promised] = Reservation.objects.all()
    assert (promised.pk, promised.reference, promised.expires_at) == (held.pk, f"order:{number}", None)
    assert stock_of(mug) == (10, 5)
    assert_sound()


def test_the_last_unit_is_for_the_cart_that_holds_it() -> None:
    last = make_article(stock=1)
    cart, other = ready({last: 1}), ready({last: 1}, email="other@example.com")
    services.hold_cart(cart_id=cart.pk, caller=guest_of(cart))

    assert place(client_with_token(other), other, "10.00").json()["code"] == "insufficient_stock"
    assert place(client_with_token(cart), cart, "10.00").status_code == 201
    assert_sound()


@pytest.mark.parametrize(("taken", "status"), [(5, 201), (6, 409)])
def test_a_hold_that_has_ended_is_made_up_for_as_far_as_there_is_stock(mug: Variant, taken: int, status: int) -> None:
    cart = ready({mug: 5}, user=make_user())
    services.hold_cart(cart_id=cart.pk, caller=customer(cart.user))
    past = Now() - timedelta(minutes=1)
    Reservation.objects.update(expires_at=past)
    Cart.objects.update(held_until=past)
    other = ready({mug: taken}, email="other@example.com")
    place(client_with_token(other), other, f"{taken}0.00")

    assert place(client_of(cart.user), cart, "50.00").status_code == status  # type: ignore[arg-type]  # a customer
    assert stock_of(mug)[1] == (10 if status == 201 else 6)
    assert_sound()


def test_a_cart_is_told_of_like_any_order(mug: Variant) -> None:
    cart = ready({mug: 1})
    place(client_with_token(cart), cart, "10.00")
    assert Event.objects.filter(kind="order.placed").count() == 1
