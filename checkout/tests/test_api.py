"""Carts over HTTP: opened, filled, read, changed and given up, by guests and by customers."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from rest_framework.test import APIClient

from accounts.tests.factories import client_of
from catalog.models import Variant
from checkout.models import Cart, CartLine
from checkout.tests.factories import ADDRESS, CARTS, carts, client_with_token, make_cart, quantities_of
from checkout.tokens import token_of
from orders.tests.factories import make_article, make_user, stock_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug() -> Variant:
    return make_article(stock=10, price="10.00", sku="MUG", name="Mug")


def test_a_guest_opens_a_cart_and_is_given_its_token(api: APIClient) -> None:
    answer = api.post(f"{CARTS}/")

    document = answer.json()
    assert answer.status_code == 201
    assert document["token"] == token_of(UUID(document["cart_id"]))
    assert document == {
        "cart_id": str(Cart.objects.get().pk),
        "user_id": None,
        "state": "open",
        "version": 1,
        "currency": "USD",
        "lines": [],
        "coupons": [],
        "shipping_address": None,
        "billing_address": None,
        "email": "",
        "phone": "",
        "shipping_method": "",
        "note": "",
        "totals": {
            "items": "0.00",
            "discount": "0.00",
            "shipping": "0.00",
            "tax": "0.00",
            "total": "0.00",
            "prices_include_tax": False,
            "reverse_charge": False,
        },
        "requirements": [
            {"step": "lines", "field": "lines", "code": "empty", "message": "There is nothing in the cart."},
            {
                "step": "contact",
                "field": "email",
                "code": "required",
                "message": "The confirmation needs an email address.",
            },
            {
                "step": "shipping",
                "field": "shipping_address",
                "code": "required",
                "message": "Say where the parcel is to go.",
            },
        ],
        "held_until": None,
        "order_id": None,
        "token": document["token"],
    }


def test_a_token_is_stored_nowhere_and_shown_again_to_the_same_key(api: APIClient) -> None:
    first, again = (api.post(f"{CARTS}/", headers={"Idempotency-Key": "a"}) for _ in range(2))

    token = first.json()["token"]
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Cart.objects.count() == 1
    from api.models import IdempotencyKey

    assert token.encode() not in bytes(IdempotencyKey.objects.get().body)


def test_a_customer_has_one_cart() -> None:
    client = client_of(make_user())

    first, again = client.post(f"{CARTS}/"), client.post(f"{CARTS}/")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert "token" not in first.json()


def test_the_same_article_adds_up_by_whatever_name(mug: Variant) -> None:
    cart = make_cart()
    client = client_with_token(cart)

    for body in ({"product_id": mug.product_id}, {"variant_id": mug.pk}, {"sku": "mug"}):
        answer = client.post(f"{CARTS}/{cart.pk}/lines", body | {"quantity": 2})

    assert answer.status_code == 200
    [line] = answer.json()["lines"]
    assert line == {
        "line_id": CartLine.objects.get().pk,
        "product_id": mug.product_id,
        "variant_id": mug.pk,
        "sku": "MUG",
        "product_name": "Mug",
        "image": None,
        "quantity": 6,
        "available": 10,
        "unit_price": "10.00",
        "price_changed_from": None,
        "subtotal": "60.00",
        "discount": "0.00",
        "tax": "0.00",
        "total": "60.00",
        "problems": [],
    }
    assert answer.json()["totals"]["total"] == "60.00"
    assert answer.json()["version"] == 4


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"sku": "NONE", "quantity": 1}, "unknown_article"),
        ({"product_id": 999_999, "quantity": 1}, "unknown_article"),
        ({"sku": "MUG", "quantity": 0}, "invalid"),
        ({"sku": "MUG", "quantity": 10_001}, "invalid"),
        ({"sku": "MUG", "variant_id": 1, "quantity": 1}, "invalid"),
        ({"quantity": 1}, "invalid"),
        ({"sku": "MUG", "quantity": 1, "price": "1.00"}, "invalid"),
    ],
)
def test_a_line_that_names_nothing_for_sale_changes_nothing(mug: Variant, body: dict[str, Any], code: str) -> None:
    cart = make_cart({mug: 1})
    before = carts()

    answer = client_with_token(cart).post(f"{CARTS}/{cart.pk}/lines", body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert carts() == before


def test_a_product_of_several_variants_needs_the_variant(mug: Variant) -> None:
    make_article(product=mug.product, stock=1)
    cart = make_cart()

    answer = client_with_token(cart).post(f"{CARTS}/{cart.pk}/lines", {"product_id": mug.product_id, "quantity": 1})

    assert (answer.status_code, answer.json()["code"]) == (400, "variant_required")
    assert answer.json()["errors"][0]["field"] == "product_id"
    assert quantities_of(cart) == {}


def test_a_line_has_at_most_10_000_units(mug: Variant) -> None:
    cart = make_cart({mug: 9_999})
    client = client_with_token(cart)
    before = carts()

    refused = client.post(f"{CARTS}/{cart.pk}/lines", {"sku": "MUG", "quantity": 2})

    assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (409, "quantity_too_high", 10_000)
    assert carts() == before
    assert client.post(f"{CARTS}/{cart.pk}/lines", {"sku": "MUG", "quantity": 1}).status_code == 200


def test_a_cart_has_at_most_100_lines(mug: Variant) -> None:
    cart = make_cart({make_article(): 1 for _ in range(100)})
    before = carts()

    answer = client_with_token(cart).post(f"{CARTS}/{cart.pk}/lines", {"sku": "MUG", "quantity": 1})

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_lines")
    assert carts() == before


def test_a_line_is_changed_and_taken_off(mug: Variant) -> None:
    cart = make_cart({mug: 3})
    line = f"{CARTS}/{cart.pk}/lines/{CartLine.objects.get().pk}"
    client = client_with_token(cart)

    changed = client.patch(line, {"quantity": 1})
    assert (changed.status_code, changed.json()["lines"][0]["quantity"], changed.json()["version"]) == (200, 1, 2)
    removed = client.delete(line)
    assert (removed.status_code, removed.json()["lines"], removed.json()["version"]) == (200, [], 3)
    assert client.delete(line).status_code == client.patch(line, {"quantity": 1}).status_code == 404
    assert Cart.objects.get().version == 3


def test_the_line_of_another_cart_is_not_there(mug: Variant) -> None:
    other, cart = make_cart({mug: 3}), make_cart({mug: 1})
    line = CartLine.objects.get(cart=other)
    before = carts()

    answer = client_with_token(cart).patch(f"{CARTS}/{cart.pk}/lines/{line.pk}", {"quantity": 2})

    assert answer.status_code == 404
    assert carts() == before


def test_price_stock_and_problems_are_those_of_now(mug: Variant, as_admin: APIClient) -> None:
    short, gone = make_article(stock=1, name="Pot"), make_article(stock=5, name="Pan")
    cart = make_cart({mug: 1, short: 2, gone: 1})
    as_admin.patch(f"/api/v1/products/{mug.product_id}", {"price": "12.50"})
    as_admin.delete(f"/api/v1/products/{gone.product_id}")

    document = client_with_token(cart).get(f"{CARTS}/{cart.pk}").json()

    changed, few, archived = document["lines"]
    assert (changed["unit_price"], changed["price_changed_from"]) == ("12.50", "10.00")
    assert few["problems"] == [{"code": "insufficient_stock", "message": "Only 1 can be ordered now."}]
    assert archived["problems"] == [{"code": "unavailable", "message": "This is not for sale any more."}]
    assert (archived["subtotal"], archived["total"]) == ("0.00", "0.00")
    assert document["totals"]["total"] == "32.50"
    assert [(lack["field"], lack["code"]) for lack in document["requirements"]][:2] == [
        (f"lines.{few['line_id']}", "insufficient_stock"),
        (f"lines.{archived['line_id']}", "unavailable"),
    ]


def test_more_units_than_one_customer_may_order_are_a_problem(mug: Variant) -> None:
    Variant.objects.filter(pk=mug.pk).update(max_per_customer=2)
    cart = make_cart({mug: 3})

    [line] = client_with_token(cart).get(f"{CARTS}/{cart.pk}").json()["lines"]

    assert line["problems"] == [{"code": "quantity_limit_exceeded", "message": "One customer may order 2."}]


def test_everything_that_is_typed_in_stands_in_the_cart() -> None:
    cart = make_cart()
    changes = {
        "email": "bo@example.com",
        "phone": "+1 555 0100",
        "shipping_address": ADDRESS | {"state": "illinois", "country_code": "us"},
        "billing_address": {"country_code": "DE", "company": "Bo GmbH", "vat_id": "DE136695976"},
        "note": "Please ring twice.",
    }

    answer = client_with_token(cart).patch(f"{CARTS}/{cart.pk}", changes)

    document = answer.json()
    assert answer.status_code == 200
    assert document["shipping_address"] == {"company": "", "vat_id": "", "address_line2": ""} | ADDRESS
    assert document["billing_address"]["company"] == "Bo GmbH"
    assert (document["email"], document["phone"], document["note"]) == (
        "bo@example.com",
        "+1 555 0100",
        "Please ring twice.",
    )
    assert document["version"] == 2
    assert {(lack["field"], lack["code"]) for lack in document["requirements"]} == {
        ("lines", "empty"),
        ("billing_address.recipient_name", "required"),
        ("billing_address.address_line1", "required"),
        ("billing_address.city", "required"),
        ("billing_address.postal_code", "required"),
    }


def test_a_value_that_the_cart_has_is_no_edit() -> None:
    cart = make_cart(email="bo@example.com", note="Ring.")
    client = client_with_token(cart)

    assert client.patch(f"{CARTS}/{cart.pk}", {"email": "bo@example.com", "note": "Ring."}).json()["version"] == 1
    assert client.patch(f"{CARTS}/{cart.pk}", {}).json()["version"] == 1
    assert client.patch(f"{CARTS}/{cart.pk}", {"email": None, "note": ""}).json()["version"] == 2
    assert Cart.objects.get().email == "bo@example.com"


def test_an_invoice_goes_where_the_parcel_goes_again() -> None:
    cart = make_cart(shipping_address=ADDRESS, billing_address=ADDRESS)

    document = client_with_token(cart).patch(f"{CARTS}/{cart.pk}", {"billing_address": None}).json()

    assert (document["billing_address"], document["shipping_address"]["city"]) == (None, "Springfield")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"shipping_address": {"country_code": "XX"}}, "shipping_address.country_code"),
        ({"shipping_address": {"street": "Main"}}, "shipping_address.street"),
        ({"shipping_address": {"recipient_name": "see www.example.com"}}, "shipping_address.recipient_name"),
        ({"state": "placed"}, "state"),
        ({"note": "two\nlines"}, "note"),
    ],
)
def test_what_cannot_be_typed_in_changes_nothing(changes: dict[str, Any], field: str) -> None:
    cart = make_cart()
    before = carts()

    answer = client_with_token(cart).patch(f"{CARTS}/{cart.pk}", changes)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert carts() == before


def test_a_customer_is_written_to_at_the_account_unless_the_cart_says_otherwise() -> None:
    user = make_user(phone="+1 555 0199")
    cart = make_cart(user=user, shipping_address=ADDRESS | {"recipient_name": ""})

    document = client_of(user).get(f"{CARTS}/{cart.pk}").json()

    assert (document["email"], document["phone"]) == (user.email, "+1 555 0199")
    assert [lack["field"] for lack in document["requirements"]] == ["lines"]


@pytest.mark.parametrize("version", ["2147483648", "7901310210", "9" * 40])
def test_a_number_that_no_version_can_be_is_another_version(mug: Variant, version: str) -> None:
    cart = make_cart({mug: 1})
    answer = client_with_token(cart).patch(f"{CARTS}/{cart.pk}", {"note": "x"}, headers={"If-Match": f'"{version}"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "version_mismatch")


def test_a_line_without_a_new_quantity_stays_as_it_is(mug: Variant) -> None:
    cart = make_cart({mug: 3})
    answer = client_with_token(cart).patch(f"{CARTS}/{cart.pk}/lines/{cart.lines.get().pk}", {})
    assert (answer.status_code, quantities_of(cart)) == (200, {mug.pk: 3})


def test_an_edit_of_an_older_version_is_refused(mug: Variant) -> None:
    cart = make_cart({mug: 1})
    client = client_with_token(cart)
    etag = client.get(f"{CARTS}/{cart.pk}").headers["ETag"]
    line = f"{CARTS}/{cart.pk}/lines/{CartLine.objects.get().pk}"
    client.patch(line, {"quantity": 2}, headers={"If-Match": etag})
    before = carts()

    for answer in (
        client.patch(f"{CARTS}/{cart.pk}", {"note": "x"}, headers={"If-Match": etag}),
        client.patch(line, {"quantity": 5}, headers={"If-Match": etag}),
        client.delete(f"{CARTS}/{cart.pk}", headers={"If-Match": etag}),
    ):
        assert (answer.status_code, answer.json()["version"]) == (412, 2)
    assert carts() == before
    assert client.get(f"{CARTS}/{cart.pk}", headers={"If-None-Match": etag}).status_code == 200


def test_a_cart_is_deleted_with_its_lines(mug: Variant) -> None:
    cart = make_cart({mug: 1})
    client = client_with_token(cart)

    assert client.delete(f"{CARTS}/{cart.pk}").status_code == 204
    assert carts() == {"Cart": [], "CartLine": []}
    assert client.delete(f"{CARTS}/{cart.pk}").status_code == 404


def test_the_cart_of_somebody_else_is_not_there(mug: Variant) -> None:
    owner, of_guest = make_user(), make_cart({mug: 1})
    of_customer = make_cart({mug: 1}, user=owner)
    before = carts()
    strangers = [
        (APIClient(), of_guest),
        (client_of(owner), of_guest),
        (client_with_token(uuid4()), of_guest),
        (APIClient(), of_customer),
        # The token of a cart opens it as long as it is a guest's.
        (client_with_token(of_customer), of_customer),
        (client_of(make_user()), of_customer),
    ]
    for client, cart in strangers:
        path = f"{CARTS}/{cart.pk}"
        line = f"{path}/lines/{CartLine.objects.get(cart=cart).pk}"
        answers = [
            client.get(path),
            client.patch(path, {"note": "x"}),
            client.delete(path),
            client.post(f"{path}/lines", {"sku": "MUG", "quantity": 1}),
            client.patch(line, {"quantity": 2}),
            client.delete(line),
            client.get(f"{path}/shipping-methods"),
            client.post(f"{path}/hold"),
        ]
        assert {answer.status_code for answer in answers} == {404}
    assert carts() == before
    assert stock_of(mug) == (10, 0)


def test_the_first_answer_is_for_whoever_shows_the_token(mug: Variant) -> None:
    cart = make_cart()
    sent = (f"{CARTS}/{cart.pk}/lines", {"sku": "MUG", "quantity": 1})
    key = {"Idempotency-Key": "k"}

    first, again = (client_with_token(cart).post(*sent, headers=key) for _ in range(2))

    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert quantities_of(cart) == {mug.pk: 1}
    assert APIClient().post(*sent, headers=key).status_code == 404


def test_staff_fill_the_cart_of_a_customer(mug: Variant, as_staff: Any) -> None:
    user, desk = make_user(), as_staff("order desk")

    opened = desk.post(f"{CARTS}/", {"user_id": user.pk})
    path = f"{CARTS}/{opened.json()['cart_id']}"
    desk.post(f"{path}/lines", {"sku": "MUG", "quantity": 2})

    assert opened.status_code == 201
    assert client_of(user).post(f"{CARTS}/").json()["lines"][0]["quantity"] == 2
    assert desk.get(path).json()["email"] == user.email


@pytest.mark.parametrize("groups", [(), ("catalog editor",)])
def test_who_does_not_take_orders_opens_no_cart_for_others(groups: tuple[str, ...], as_staff: Any) -> None:
    answer = as_staff(*groups).post(f"{CARTS}/", {"user_id": make_user().pk})

    assert (answer.status_code, answer.json()["code"]) == (400, "not_for_customers")
    assert Cart.objects.count() == 0


def test_a_customer_who_is_not_there_has_no_cart(as_staff: Any) -> None:
    answer = as_staff("order desk").post(f"{CARTS}/", {"user_id": 999_999})

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_customer")
    assert Cart.objects.count() == 0


def test_new_carts_of_one_address_are_limited(settings: Any, api: APIClient) -> None:
    settings.RATE_LIMIT_CARTS = (2, 60)

    assert [api.post(f"{CARTS}/").status_code for _ in range(3)] == [201, 201, 429]
    assert Cart.objects.count() == 2
