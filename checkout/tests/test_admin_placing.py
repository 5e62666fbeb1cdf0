"""The order desk ends a call: coupons, the way of shipping, and the order at the total that was read out."""

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Variant
from checkout.models import Cart
from checkout.tests.factories import ADDRESS, carts, make_cart
from events.models import Event
from orders.models import Order
from orders.tests.factories import make_article, make_user, stock_of
from pricing.tests.factories import make_method, make_promotion
from staff.tests.pages import form_on, messages_of

pytestmark = pytest.mark.django_db(transaction=True)
CARTS = "/admin/checkout/cart/"


@pytest.fixture
def desk(staff_pages: Callable[..., Any]) -> Any:
    return staff_pages("order desk")


@pytest.fixture
def mug(db: None) -> Variant:
    return make_article(stock=10, sku="MUG", name="Mug", price="10.00")


def ready(mug: Variant, **columns: Any) -> Cart:
    return make_cart({mug: 2}, **{"email": "guest@example.com", "shipping_address": ADDRESS} | columns)


def page_of(cart: Cart) -> str:
    return f"{CARTS}{cart.pk}/change/"


def test_the_order_is_placed_for_the_total_that_the_page_shows_and_leads_to_its_page(desk: Any, mug: Variant) -> None:
    cart = ready(mug)

    answer = desk.post(f"{CARTS}{cart.pk}/place/", form_on(desk, page_of(cart), "expected_total"))

    order = Order.objects.get()
    assert messages_of(answer) == [f"Order {order.number} is placed."]
    assert answer.headers["Location"] == f"/admin/orders/order/{order.pk}/change/"
    assert (order.user, order.email, str(order.total_amount)) == (None, "guest@example.com", "20.00")
    assert stock_of(mug) == (10, 2)
    placed = Event.objects.get(kind="order.placed")
    assert (placed.actor, placed.channel) == (f"staff:{desk.user.pk}", "admin")


def test_the_order_of_a_customer_is_the_customers_own(desk: Any, mug: Variant) -> None:
    user = make_user()
    cart = ready(mug, user=user, email="")

    desk.post(f"{CARTS}{cart.pk}/place/", form_on(desk, page_of(cart), "expected_total"))

    assert Order.objects.get().user == user


def test_a_total_that_was_not_the_one_of_now_places_nothing(desk: Any, mug: Variant) -> None:
    cart = ready(mug)
    form = form_on(desk, page_of(cart), "expected_total")
    cart.lines.update(quantity=3)
    before = carts()

    answer = desk.post(f"{CARTS}{cart.pk}/place/", form)

    assert messages_of(answer) == ["Nothing was ordered: look at the new total."]
    assert (carts(), Order.objects.count(), stock_of(mug)) == (before, 0, (10, 0))


def test_stock_that_is_gone_meanwhile_is_named_and_places_nothing(desk: Any, mug: Variant) -> None:
    cart = ready(mug)
    form = form_on(desk, page_of(cart), "expected_total")
    other = ready(mug, email="other@example.com")
    other.lines.update(quantity=9)
    desk.post(f"{CARTS}{other.pk}/place/", form_on(desk, page_of(other), "expected_total"))

    answer = desk.post(f"{CARTS}{cart.pk}/place/", form)

    assert "MUG" in messages_of(answer)[-1]
    assert Order.objects.count() == 1


def test_a_cart_that_lacks_something_cannot_be_placed_and_says_what(desk: Any, mug: Variant) -> None:
    cart = ready(mug, shipping_address=None)

    assert "expected_total" not in desk.get(page_of(cart)).content.decode()
    answer = desk.post(f"{CARTS}{cart.pk}/place/", {"expected_total": "20.00"})

    assert "Say where the parcel is to go." in messages_of(answer)[0]
    assert not Order.objects.exists()


def test_a_page_without_a_total_places_nothing(desk: Any, mug: Variant) -> None:
    cart = ready(mug)

    answer = desk.post(f"{CARTS}{cart.pk}/place/", {})

    assert messages_of(answer) == ["The page does not say which total was shown. Nothing was ordered."]
    assert not Order.objects.exists()


def test_a_coupon_comes_counts_and_goes(desk: Any, mug: Variant) -> None:
    make_promotion()
    cart = ready(mug)

    desk.post(f"{CARTS}{cart.pk}/coupons/", {"code": "ten"})
    assert Cart.objects.get(pk=cart.pk).coupons == ["TEN"]
    assert "\N{MINUS SIGN}2.00" in desk.get(page_of(cart)).content.decode()

    desk.post(f"{CARTS}{cart.pk}/remove-coupon/", {"code": "TEN"})
    assert Cart.objects.get(pk=cart.pk).coupons == []
    told = Event.objects.filter(kind="cart.served").order_by("id")
    assert [event.payload["did"] for event in told] == ["added a coupon", "took a coupon off"]


def test_a_coupon_that_does_not_count_is_refused(desk: Any, mug: Variant) -> None:
    cart = ready(mug)

    answer = desk.post(f"{CARTS}{cart.pk}/coupons/", {"code": "NONE"})

    assert len(messages_of(answer)) == 1
    assert Cart.objects.get(pk=cart.pk).coupons == []
    assert not Event.objects.filter(kind="cart.served").exists()


def test_a_way_of_shipping_is_chosen_and_costs_what_it_costs(desk: Any, mug: Variant) -> None:
    method = make_method()
    cart = ready(mug)
    assert "Choose how it is to be shipped." in desk.get(page_of(cart)).content.decode()

    desk.post(f"{CARTS}{cart.pk}/method/", {"method": method.code})

    assert Cart.objects.get(pk=cart.pk).shipping_method == method.code
    assert form_on(desk, page_of(cart), "method")["method"] == [method.code]
    desk.post(f"{CARTS}{cart.pk}/place/", form_on(desk, page_of(cart), "expected_total"))
    order = Order.objects.get()
    assert order.shipping_total > 0
    assert order.total_amount == 20 + order.shipping_total
