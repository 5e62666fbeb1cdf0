"""Orders with taxes, shipping, promotions and holds: the figures that stand afterwards, and what is refused."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from catalog.models import Product, Variant
from catalog.tests.factories import make_category
from inventory import services as inventory_services
from inventory.models import Reservation, StockLevel, Warehouse
from orders import services
from orders.exceptions import InsufficientStock, QuantityLimitExceeded, ShippingNotAvailable, TotalChanged
from orders.models import Charge, Order, OrderDiscount
from orders.services import Buyer, PlacedOrder, Shipping, Terms, Wanted
from orders.services.terms import NO_TERMS
from orders.tests.clients import ORDERS, basket, client_of, line
from orders.tests.factories import (
    ADDRESS,
    STAFF,
    assert_sound,
    customer,
    everything,
    make_article,
    make_user,
    receive,
    stock_of,
)
from pricing.exceptions import CouponNotValid
from pricing.models import Redemption, Slot
from pricing.tests.factories import make_method, make_promotion, make_tax_rate, make_zone

pytestmark = pytest.mark.django_db
BERLIN: Shipping = {
    **ADDRESS,
    "shipping_city": "Berlin",
    "shipping_state": "",
    "shipping_postal_code": "10115",
    "shipping_country": "Germany",
    "country_code": "DE",
}
GUEST = Buyer(None, "Ann@Example.com")


def order_of(
    buyer: User | Buyer, contents: dict[Variant, int], terms: Terms = NO_TERMS, shipping: Shipping = BERLIN
) -> PlacedOrder:
    """An order as a checkout places it."""
    lines = [Wanted(quantity, variant_id=variant.pk) for variant, quantity in contents.items()]
    who, actor = (Buyer(buyer.pk), customer(buyer)) if isinstance(buyer, User) else (buyer, STAFF)
    return services.place_order(buyer=who, lines=lines, shipping=shipping, actor=actor, terms=terms)


def figures(order: Order) -> tuple[Decimal, ...]:
    return (order.items_total, order.discount_total, order.shipping_total, order.tax_total, order.total_amount)


def amounts(*texts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, texts))


def test_an_order_keeps_every_figure_that_led_to_its_total() -> None:
    make_tax_rate()
    make_method()
    promotion = make_promotion()
    mug, pot = make_article(stock=5, price="12.50"), make_article(stock=9, price="3.99")
    placed = order_of(make_user(), {mug: 2, pot: 3}, Terms(method="parcel", coupons=("ten",)))
    order = Order.objects.get()
    assert figures(order) == amounts("36.97", "3.70", "4.90", "7.26", "45.43")
    assert (order.prices_include_tax, order.tax_rounding, order.reverse_charge) == (False, "line", False)
    lines = order.order_items.values_list("subtotal", "discount", "tax", "tax_rate", "tax_name")
    assert list(lines) == [
        (*amounts("25.00", "2.50", "4.28", "19"), "VAT"),
        (*amounts("11.97", "1.20", "2.05", "19"), "VAT"),
    ]
    assert Charge.objects.values_list("kind", "code", "name", "amount", "discount", "tax", "tax_rate").get() == (
        *("shipping", "parcel", "Parcel"),
        *amounts("4.90", "0.00", "0.93", "19"),
    )
    [off] = OrderDiscount.objects.values_list("order", "promotion_id", "code", "name", "amount")
    assert off == (order.pk, promotion.pk, "TEN", "Ten percent", Decimal("3.70"))
    assert (placed.total_amount, placed.items_total) == amounts("45.43", "36.97")
    assert Redemption.objects.get().reference == order.reference
    assert_sound()


def test_prices_that_include_tax_say_how_much_of_it(settings: Settings) -> None:
    settings.PRICES_INCLUDE_TAX = True
    make_tax_rate()
    order_of(make_user(), {make_article(stock=5, price="11.90"): 2})
    order = Order.objects.get()
    assert figures(order) == amounts("23.80", "0.00", "0.00", "3.80", "23.80")
    assert order.prices_include_tax
    assert_sound()


def test_a_business_abroad_owes_the_tax_itself(settings: Settings) -> None:
    settings.PRICES_INCLUDE_TAX, settings.SHOP_COUNTRY = True, "AT"
    make_tax_rate()
    user = make_user()
    order_of(user, {make_article(stock=5, price="11.90"): 2}, shipping={**BERLIN, "vat_id": "DE 136 695 976"})
    order = Order.objects.get()
    assert figures(order) == amounts("20.00", "0.00", "0.00", "0.00", "20.00")
    assert (order.reverse_charge, order.order_items.get().unit_price) == (True, Decimal("10.00"))
    document = client_of(user).get(f"{ORDERS}/{order.pk}").json()
    assert (document["reverse_charge"], document["prices_include_tax"]) == (True, order.prices_include_tax)
    assert client_of(user).get(f"{ORDERS}/my-orders").json()["results"] == [document]
    assert_sound()


def test_a_region_by_name_has_the_taxes_of_its_code() -> None:
    make_tax_rate(name="State", rate=Decimal("6.25"), country="US", region="IL")
    order_of(
        make_user(),
        {make_article(stock=1): 1},
        shipping={**ADDRESS, "shipping_state": "Illinois", "country_code": "US"},
    )
    assert Order.objects.get().tax_total == Decimal("0.63")


def test_over_http_the_destination_is_taxed_and_shipping_costs_nothing() -> None:
    make_tax_rate()
    make_method()
    mug, shopper = make_article(stock=5, price="10.00"), client_of(make_user())
    body = basket(line(mug), shipping_country="Deutschland", shipping_state="", shipping_postal_code="10115")
    answer = shopper.post(ORDERS, body)
    assert answer.status_code == 201
    document = answer.json()
    assert (document["total_amount"], document["tax_total"], document["shipping_total"]) == ("11.90", "1.90", "0.00")
    assert (document["country_code"], document["charges"], document["discounts"]) == ("DE", [], [])
    taxed = {name: document["order_items"][0][name] for name in ("discount", "tax", "tax_rate", "tax_name")}
    assert taxed == {"discount": "0.00", "tax": "1.90", "tax_rate": "19.0000", "tax_name": "VAT"}
    assert shopper.get(f"{ORDERS}/{document['order_id']}").json() == document
    assert shopper.get(f"{ORDERS}/my-orders").json()["results"] == [document]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"shipping_country": "U.S. of A"}, "shipping_country", "unknown_country"),
        ({"shipping_country": "United States", "country_code": "DE"}, "country_code", "country_mismatch"),
        ({"country_code": "\u00df"}, "country_code", "unknown_country"),
        ({"shipping_country": "United States", "shipping_state": "Calif."}, "shipping_state", "unknown_region"),
    ],
)
def test_no_tax_is_saved_by_misspelling_a_place(changes: dict[str, str], field: str, code: str) -> None:
    make_tax_rate(country="US", region="CA")
    mug, shopper = make_article(stock=1), client_of(make_user())

    answer = shopper.post(ORDERS, basket(line(mug), **changes))

    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert not Order.objects.exists()


def test_charges_and_discounts_are_shown_alike_by_all_ways() -> None:
    make_tax_rate()
    make_method()
    make_promotion()
    user = make_user()
    shipping: Shipping = {
        **BERLIN,
        "company": "Ann & Co",
        "billing_name": "Bo",
        "billing_company": 'Bo "GmbH"',
        "billing_address_line1": '2 Side "Street"',
        "billing_city": "Köln",
    }
    placed = order_of(user, {make_article(stock=5): 1}, Terms(method="parcel", coupons=("TEN",)), shipping)
    document = client_of(user).get(f"{ORDERS}/{placed.id}").json()
    assert document["charges"] == [
        {
            "kind": "shipping",
            "code": "parcel",
            "name": "Parcel",
            "amount": "4.90",
            "discount": "0.00",
            "tax": "0.93",
            "tax_rate": "19.0000",
            "tax_name": "VAT",
        }
    ]
    assert document["discounts"] == [{"code": "TEN", "name": "Ten percent", "amount": "1.00"}]
    assert document["billing_address"]["city"] == "Köln"
    assert (document["company"], document["billing_address"]["company"]) == ("Ann & Co", 'Bo "GmbH"')
    assert document["fulfilments"] == []
    assert client_of(user).get(f"{ORDERS}/my-orders").json()["results"] == [document]


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        (Terms(expected_total=Decimal("9.99")), TotalChanged),
        (Terms(coupons=("NONE",)), CouponNotValid),
        (Terms(method="drone"), ShippingNotAvailable),
        (Terms(method="parcel"), ShippingNotAvailable),
    ],
)
@pytest.mark.parametrize("is_configured", [True, False])
def test_terms_that_do_not_hold_are_refused(terms: Terms, refusal: Any, is_configured: bool) -> None:
    if is_configured:
        make_tax_rate()
        make_method(zone_id=make_zone(countries=["AT"]).pk)
    mug, user = make_article(stock=5), make_user()
    before = everything()
    with pytest.raises(refusal):
        order_of(user, {mug: 1}, terms)
    assert everything() == before


def test_a_changed_total_is_said_with_the_prices_of_now() -> None:
    make_tax_rate()
    mug = make_article(stock=5, price="10.00", sku="MUG")
    with pytest.raises(TotalChanged) as refusal:
        order_of(make_user(), {mug: 2}, Terms(expected_total=Decimal("20.00")))
    assert refusal.value.extra == {
        "total": "23.80",
        "lines": [{"variant_id": mug.pk, "sku": "MUG", "unit_price": "10.00"}],
    }


def test_the_expected_total_is_no_hindrance_where_it_is_right() -> None:
    make_tax_rate()
    assert order_of(make_user(), {make_article(stock=1): 1}, Terms(expected_total=Decimal("11.90"))).id


@pytest.mark.parametrize("ending", ["cancel", "delete", "expire"])
def test_an_order_that_ends_gives_its_coupon_back(ending: str, settings: Settings) -> None:
    promotion = make_promotion(total_limit=1)
    mug, user = make_article(stock=5), make_user()
    placed = order_of(user, {mug: 1}, Terms(coupons=("TEN",)))
    assert not Slot.objects.exists()
    with pytest.raises(CouponNotValid) as refusal:
        order_of(make_user(), {mug: 1}, Terms(coupons=("TEN",)))
    assert refusal.value.reason == "used_up"
    assert (Order.objects.count(), stock_of(mug)) == (1, (5, 1))
    if ending == "cancel":
        services.cancel_order(order_id=placed.id, actor=customer(user), owner_id=user.pk)
    elif ending == "delete":
        services.delete_order(order_id=placed.id, actor=STAFF)
    else:
        settings.PENDING_ORDER_HOURS = 1
        Order.objects.update(order_date=datetime.now(UTC) - timedelta(hours=2))
        assert services.expire_pending_orders() == 1
    assert Slot.objects.filter(promotion=promotion).count() == 1
    assert stock_of(mug) == (5, 0)
    assert_sound()
    assert order_of(make_user(), {mug: 1}, Terms(coupons=("TEN",))).discount_total == Decimal("1.00")


def test_a_guest_uses_a_coupon_as_often_as_a_customer_may() -> None:
    make_promotion(per_customer=1)
    mug = make_article(stock=5)
    order_of(GUEST, {mug: 1}, Terms(coupons=("TEN",)))
    with pytest.raises(CouponNotValid) as refusal:
        order_of(Buyer(None, "ann@example.com"), {mug: 1}, Terms(coupons=("TEN",)))
    assert refusal.value.reason == "used_by_customer"
    assert order_of(Buyer(None, "bo@example.com"), {mug: 1}, Terms(coupons=("TEN",))).id


def test_an_order_after_the_last_use_of_a_promotion_costs_the_whole_price() -> None:
    make_promotion(total_limit=1, codes=[], automatic=True)
    mug = make_article(stock=5)
    totals = [order_of(make_user(), {mug: 1}).total_amount for _ in range(2)]
    assert totals == [Decimal("9.00"), Decimal("10.00")]


def test_a_guest_has_an_email_and_the_limits_of_a_customer(settings: Settings) -> None:
    settings.MAX_UNITS_PER_CUSTOMER = 3
    mug = make_article(stock=9)
    placed = order_of(GUEST, {mug: 2})
    order = Order.objects.get()
    assert (order.user_id, order.email, placed.email) == (None, "ann@example.com", "ann@example.com")
    with pytest.raises(QuantityLimitExceeded) as refusal:
        order_of(Buyer(None, "ANN@example.com"), {mug: 2})
    assert refusal.value.extra["quantity_issues"][0]["left"] == 1
    assert order_of(Buyer(None, "bo@example.com"), {mug: 3}).id
    assert_sound()


def hold(reference: str, contents: dict[Variant, int]) -> None:
    """What a cart holds."""
    inventory_services.replace_hold(
        reference=reference,
        quantities={variant.stock_item_id: quantity for variant, quantity in contents.items()},
        actor=STAFF,
        expires_at=datetime.now(UTC) + timedelta(minutes=10),
    )


def open_units(reference: str) -> int:
    return sum(Reservation.objects.filter(reference=reference, state="open").values_list("quantity", flat=True))


def test_a_hold_of_the_last_units_becomes_the_promise() -> None:
    mug = make_article(stock=2)
    hold("cart:1", {mug: 2})
    order = order_of(make_user(), {mug: 2}, Terms(hold="cart:1"))
    assert (open_units("cart:1"), open_units(order.reference)) == (0, 2)
    assert Reservation.objects.get(state="open").expires_at is None
    assert stock_of(mug) == (2, 2)
    assert_sound()


def test_what_a_hold_lacks_is_made_up_for_and_what_it_has_too_much_is_given_back() -> None:
    mug, pot, cup = make_article(stock=3), make_article(stock=1), make_article(stock=1)
    hold("cart:1", {mug: 1, cup: 1})
    order = order_of(make_user(), {mug: 3, pot: 1}, Terms(hold="cart:1"))
    assert (open_units("cart:1"), open_units(order.reference)) == (0, 4)
    assert (stock_of(mug), stock_of(pot), stock_of(cup)) == ((3, 3), (1, 1), (1, 0))
    assert_sound()


def test_a_hold_that_cannot_be_made_up_for_stays() -> None:
    mug = make_article(stock=3)
    hold("cart:1", {mug: 1})
    hold("cart:2", {mug: 2})
    before = everything()
    with pytest.raises(InsufficientStock) as refusal:
        order_of(make_user(), {mug: 2}, Terms(hold="cart:1"))
    assert refusal.value.extra["stock_issues"][0]["available"] == 1
    assert everything() == before


def test_what_is_picked_up_is_promised_where_it_is_picked_up() -> None:
    shop = Warehouse.objects.create(code="shop", name="Shop", priority=900)
    make_method(code="pickup", name="Pick-up", steps=[(Decimal(0), Decimal(0))], pickup_warehouse_id=shop.pk)
    mug = make_article(stock=5)
    before = everything()
    with pytest.raises(InsufficientStock):
        order_of(make_user(), {mug: 1}, Terms(method="pickup"))
    assert everything() == before
    receive(mug, 2, "shop")
    hold("cart:1", {mug: 1})
    for terms in (Terms(method="pickup"), Terms(method="pickup", hold="cart:1")):
        order_of(make_user(), {mug: 1}, terms)
    reserved = StockLevel.objects.filter(item_id=mug.stock_item_id).values_list("warehouse__code", "reserved")
    assert dict(reserved) == {"main": 0, "shop": 2}
    assert_sound()


def test_a_lost_line_takes_its_discount_and_its_tax_along() -> None:
    make_tax_rate()
    make_method()
    make_promotion()
    mug, pot = make_article(stock=2, price="12.50", sku="MUG"), make_article(stock=9, price="3.99")
    order_of(make_user(), {mug: 2, pot: 3}, Terms(method="parcel", coupons=("TEN",)))
    services.record_shortfall(sku="MUG", warehouse="main", missing=1, actor=STAFF)
    assert figures(Order.objects.get()) == amounts("11.97", "1.20", "4.90", "2.98", "18.65")
    assert_sound()


def test_a_promotion_for_a_category_counts_for_the_categories_below() -> None:
    above = make_category("Kitchen")
    below = make_category("Mugs", parent=above.slug)
    mug = make_article(stock=1, price="20.00")
    Product.objects.filter(pk=mug.product_id).update(category=below)
    make_promotion(codes=[], automatic=True, category_ids=[above.pk])
    assert order_of(make_user(), {mug: 1}).total_amount == Decimal("18.00")
