"""What a cart costs once the shop has taxes, shipping and promotions, and the coupons that customers try."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Variant
from checkout.models import Cart
from checkout.tests.factories import ADDRESS, CARTS, carts, client_with_token, make_cart
from inventory.models import Warehouse
from inventory.tests.factories import WarehouseFactory
from orders.models import Order
from orders.tests.factories import assert_sound, everything, make_article, receive
from pricing.tests.factories import make_method, make_promotion, make_tax_rate, make_zone, use

pytestmark = pytest.mark.django_db(transaction=True)
BERLIN = ADDRESS | {"city": "Berlin", "state": "", "postal_code": "10115", "country_code": "DE"}


@pytest.fixture
def mug() -> Variant:
    return make_article(stock=10, sku="MUG", price="10.00")


def shown(cart: Cart) -> dict[str, Any]:
    document: dict[str, Any] = client_with_token(cart).get(f"{CARTS}/{cart.pk}").json()
    return document


def test_a_cart_shows_taxes_shipping_and_discounts_as_the_order_will_have_them(mug: Variant) -> None:
    make_tax_rate()
    make_method()
    make_promotion()
    cart = make_cart(
        {mug: 2}, email="bo@example.com", shipping_address=BERLIN, shipping_method="parcel", coupons=["TEN"]
    )

    document = shown(cart)

    assert document["totals"] == {
        "items": "20.00",
        "discount": "2.00",
        "shipping": "4.90",
        "tax": "4.35",
        "total": "27.25",
        "prices_include_tax": False,
        "reverse_charge": False,
    }
    [line] = document["lines"]
    assert (line["subtotal"], line["discount"], line["tax"], line["total"]) == ("20.00", "2.00", "3.42", "21.42")
    assert document["coupons"] == [{"code": "TEN", "name": "Ten percent", "amount": "2.00", "problem": None}]
    assert document["requirements"] == []

    placed = client_with_token(cart).post(f"{CARTS}/{cart.pk}/place", {"expected_total": "27.25"})

    assert (placed.status_code, placed.json()["total_amount"]) == (201, "27.25")
    order = Order.objects.get()
    assert (order.discount_total, order.shipping_total, order.tax_total) == (
        Decimal("2.00"),
        Decimal("4.90"),
        Decimal("4.35"),
    )
    assert_sound()


def test_without_a_country_taxes_and_shipping_are_not_known_yet(mug: Variant) -> None:
    make_tax_rate()
    make_method()
    document = shown(make_cart({mug: 2}, shipping_method="parcel"))
    assert (document["totals"]["tax"], document["totals"]["shipping"]) == ("0.00", "0.00")


# Shipping


def test_the_methods_that_lead_to_the_address_are_offered_with_their_prices(mug: Variant) -> None:
    near = make_zone(countries=["DE"])
    make_method(code="near", name="Near", zone_id=near.pk, days_from=1, days_to=2)
    make_method(code="far", name="Far", steps=[(Decimal(0), Decimal("9.90"))])
    cart = make_cart({mug: 1}, shipping_address=BERLIN)
    path = f"{CARTS}/{cart.pk}"
    client = client_with_token(cart)

    offers = client.get(f"{path}/shipping-methods").json()

    assert {offer["code"]: offer for offer in offers} == {
        "near": {
            "code": "near",
            "name": "Near",
            "price": "4.90",
            "days_from": 1,
            "days_to": 2,
            "is_pickup": False,
        },
        "far": {
            "code": "far",
            "name": "Far",
            "price": "9.90",
            "days_from": None,
            "days_to": None,
            "is_pickup": False,
        },
    }
    client.patch(path, {"shipping_address": ADDRESS})
    assert [offer["code"] for offer in client.get(f"{path}/shipping-methods").json()] == ["far"]


def test_where_the_shop_has_methods_one_must_be_chosen_that_leads_there(mug: Variant) -> None:
    near = make_zone(countries=["DE"])
    make_method(zone_id=near.pk)
    cart = make_cart({mug: 1}, email="bo@example.com", shipping_address=ADDRESS)
    client, path = client_with_token(cart), f"{CARTS}/{cart.pk}"

    def missing() -> list[tuple[str, str]]:
        return [(lack["field"], lack["code"]) for lack in client.get(path).json()["requirements"]]

    assert missing() == [("shipping_method", "required")]
    client.patch(path, {"shipping_method": "parcel"})
    assert missing() == [("shipping_method", "not_available")]
    before = everything() | carts()
    refused = client.post(f"{path}/place", {"expected_total": "10.00"})
    assert (refused.status_code, refused.json()["code"]) == (409, "requirements_missing")
    assert [lack["code"] for lack in refused.json()["requirements"]] == ["not_available"]
    assert everything() | carts() == before
    client.patch(path, {"shipping_address": BERLIN})
    assert missing() == []


def test_what_is_picked_up_must_lie_where_it_is_picked_up(mug: Variant) -> None:
    [here] = Warehouse.objects.all()
    receive(mug, 5, warehouse=WarehouseFactory(code="north").code)
    make_method(code="pickup", pickup_warehouse_id=here.pk)
    cart = make_cart({mug: 12}, email="bo@example.com", shipping_address=BERLIN)
    client, path = client_with_token(cart), f"{CARTS}/{cart.pk}"
    assert [line["available"] for line in shown(cart)["lines"]] == [15]

    document = client.patch(path, {"shipping_method": "pickup"}).json()
    held = client.post(f"{path}/hold")

    [line] = document["lines"]
    assert (line["available"], [problem["code"] for problem in line["problems"]]) == (10, ["insufficient_stock"])
    assert (held.status_code, held.json()["stock_issues"][0]["available"]) == (409, 10)


# Coupons


def test_a_coupon_counts_in_any_case_and_is_taken_off_again(mug: Variant) -> None:
    make_promotion()
    cart = make_cart({mug: 1})
    client, path = client_with_token(cart), f"{CARTS}/{cart.pk}/coupons"

    added = client.post(path, {"code": " ten "})
    again = client.post(path, {"code": "TEN"})
    removed = client.delete(f"{path}/ten")

    assert (added.status_code, added.json()["totals"]["total"], added.json()["version"]) == (200, "9.00", 2)
    assert again.json() == added.json()
    assert (removed.status_code, removed.json()["coupons"], removed.json()["version"]) == (200, [], 3)
    assert client.delete(f"{path}/ten").json()["version"] == 3


@pytest.mark.parametrize(
    ("promotion", "reason"),
    [
        ({"codes": ["OTHER"]}, "unknown"),
        ({"minimum": Decimal(100)}, "minimum_not_reached"),
        ({"is_active": False}, "unknown"),
        ({"product_ids": [999_999]}, "not_applicable"),
    ],
)
def test_a_coupon_that_does_not_count_is_refused_with_the_reason(
    mug: Variant, promotion: dict[str, Any], reason: str
) -> None:
    make_promotion(**promotion)
    cart = make_cart({mug: 1})
    before = carts()

    answer = client_with_token(cart).post(f"{CARTS}/{cart.pk}/coupons", {"code": "TEN"})

    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (409, "coupon_not_valid", reason)
    assert carts() == before


def test_a_coupon_that_no_longer_counts_stays_and_says_why(mug: Variant) -> None:
    make_promotion(minimum=Decimal(20))
    cart = make_cart({mug: 1}, coupons=["TEN"])

    document = shown(cart)

    assert document["coupons"] == [{"code": "TEN", "name": "", "amount": "0.00", "problem": "minimum_not_reached"}]
    assert ("coupons.TEN", "minimum_not_reached") in [
        (lack["field"], lack["code"]) for lack in document["requirements"]
    ]


def test_a_coupon_that_is_used_up_is_refused_before_the_cart_is_placed(mug: Variant) -> None:
    use(make_promotion(total_limit=1), "another order")
    cart = make_cart({mug: 1}, email="bo@example.com")

    answer = client_with_token(cart).post(f"{CARTS}/{cart.pk}/coupons", {"code": "TEN"})

    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (409, "coupon_not_valid", "used_up")
    assert shown(cart)["totals"]["total"] == "10.00"


def test_a_cart_does_not_tell_whether_an_email_has_bought_here(mug: Variant) -> None:
    use(make_promotion(per_customer=1), "another order", customer="email:bo@example.com")
    cart = make_cart({mug: 1}, email="bo@example.com", shipping_address=BERLIN)

    added = client_with_token(cart).post(f"{CARTS}/{cart.pk}/coupons", {"code": "TEN"})
    placed = client_with_token(cart).post(f"{CARTS}/{cart.pk}/place", {"expected_total": "9.00"})

    assert (added.status_code, added.json()["totals"]["total"]) == (200, "9.00")
    assert (placed.status_code, placed.json()["reason"]) == (409, "used_by_customer")
    assert not Order.objects.exists()


def test_a_placed_cart_costs_what_its_order_does_whatever_prices_and_coupons_are_now(mug: Variant) -> None:
    promotion = make_promotion(per_customer=1, total_limit=1)
    make_tax_rate()
    cart = make_cart({mug: 2}, email="bo@example.com", shipping_address=BERLIN, coupons=["TEN"])
    before = shown(cart)
    placed = client_with_token(cart).post(f"{CARTS}/{cart.pk}/place", {"expected_total": before["totals"]["total"]})
    mug.product.__class__.objects.filter(pk=mug.product_id).update(price=Decimal("55.55"))
    assert promotion.pk

    document = shown(cart)

    assert placed.status_code == 201
    assert document["totals"] == before["totals"]
    assert document["coupons"] == before["coupons"]
    assert document["lines"] == [line | {"available": document["lines"][0]["available"]} for line in before["lines"]]


def test_a_coupon_that_is_longer_in_capitals_is_unknown(mug: Variant) -> None:
    cart = make_cart({mug: 1})
    answer = client_with_token(cart).post(f"{CARTS}/{cart.pk}/coupons", {"code": "\u00df" * 40})
    assert (answer.status_code, answer.json()["reason"]) == (409, "unknown")


def test_a_promotion_without_a_code_that_is_used_up_is_in_no_total(mug: Variant) -> None:
    promotion = make_promotion(total_limit=1, codes=[], automatic=True)
    cart = make_cart({mug: 1}, email="bo@example.com")
    assert shown(cart)["totals"]["total"] == "9.00"

    use(promotion, "another order")

    assert shown(cart)["totals"]["total"] == "10.00"


def test_a_cart_has_at_most_ten_coupons(mug: Variant) -> None:
    make_promotion()
    cart = make_cart({mug: 1}, coupons=[f"C{number}" for number in range(10)])
    before = carts()

    answer = client_with_token(cart).post(f"{CARTS}/{cart.pk}/coupons", {"code": "TEN"})

    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (409, "too_many_coupons", 10)
    assert carts() == before


def test_coupons_cannot_be_guessed(mug: Variant, settings: Any) -> None:
    settings.RATE_LIMIT_COUPONS = (2, 60)
    cart = make_cart({mug: 1})
    client = client_with_token(cart)

    answers = [client.post(f"{CARTS}/{cart.pk}/coupons", {"code": f"G{number}"}) for number in range(3)]

    assert [answer.status_code for answer in answers] == [409, 409, 429]


def test_the_last_use_of_a_coupon_is_one_order(mug: Variant) -> None:
    make_promotion(total_limit=1)
    address = ADDRESS
    first, second = (
        make_cart({mug: 1}, email=f"{name}@example.com", shipping_address=address, coupons=["TEN"])
        for name in ("ann", "bo")
    )

    def place(cart: Cart) -> Any:
        return client_with_token(cart).post(f"{CARTS}/{cart.pk}/place", {"expected_total": "9.00"})

    assert place(first).status_code == 201
    before = everything() | carts()
    refused = place(second)
    assert (refused.status_code, refused.json()["code"], refused.json()["reason"]) == (
        409,
        "coupon_not_valid",
        "used_up",
    )
    assert everything() | carts() == before
    assert Order.objects.count() == 1
