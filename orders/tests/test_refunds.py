"""What goods that came back are worth: exact shares, nothing lost over several returns, never more than was paid."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from events.tests.rewriting import rewriting
from orders import services
from orders.models import Order, OrderDiscount, OrderItem, OrderRevision, Return
from orders.services import Asked, Terms, Wanted
from orders.services.refunds import worth
from orders.tests.factories import STAFF, assert_sound, make_article, make_user, place
from orders.tests.returns import ask, give_back, ids, receive_back, shipped
from orders.tests.test_terms import order_of
from pricing.tests.factories import make_method, make_promotion, make_tax_rate

pytestmark = pytest.mark.django_db


def with_everything(settings: Settings | None = None, *, included: bool = False) -> Order:
    """A shipped order with taxes, a discount and shipping."""
    if settings is not None:
        settings.PRICES_INCLUDE_TAX = included
    make_tax_rate()
    make_method()
    make_promotion()
    articles = {make_article(stock=9, price="12.50"): 2, make_article(stock=9, price="3.99"): 3}
    placed = order_of(make_user(), articles, Terms(method="parcel", coupons=("ten",)))
    for status in ("confirmed", "shipped"):
        services.set_status(order_id=placed.id, status=status, actor=STAFF)
    return Order.objects.get(pk=placed.id)


def withdraw(order: Order, units: dict[int, int] | None = None) -> Return:
    """A withdrawal whose goods have come."""
    lines = None if units is None else {line_id: Asked(quantity) for line_id, quantity in units.items()}
    return receive_back(order, services.withdraw(order_id=order.pk, actor=STAFF, lines=lines))


def test_a_line_is_worth_what_was_charged_less_its_discount_with_its_tax() -> None:
    order = with_everything()
    one, two = ids(order)
    # 25.00 - 2.50 + 4.28 for two, and 11.97 - 1.20 + 2.05 for three
    assert give_back(order, {one: 2, two: 3}) == Decimal("26.78") + Decimal("12.82")
    assert_sound()


def test_the_last_unit_takes_the_rest() -> None:
    order = with_everything()
    _, two = ids(order)
    shares = [give_back(order, {two: 1}) for _ in range(3)]
    assert shares == [Decimal("4.27"), Decimal("4.28"), Decimal("4.27")]
    assert sum(shares) == Decimal("12.82")
    assert_sound()


def test_a_tax_that_is_in_the_price_is_not_paid_back_twice(settings: Settings) -> None:
    order = with_everything(settings, included=True)
    one, two = ids(order)
    assert give_back(order, {one: 1, two: 3}) == Decimal("11.25") + Decimal("10.77")
    assert_sound()


@pytest.mark.parametrize(
    ("currency", "price", "shares"),
    [("JPY", "1000", ["333", "334", "333"]), ("KWD", "1.000", ["0.333", "0.334", "0.333"])],
)
def test_shares_have_the_decimals_of_the_currency(
    currency: str, price: str, shares: list[str], settings: Settings
) -> None:
    settings.CURRENCY = currency
    order = shipped(3, price=price)
    line = order.order_items.get()
    # As if a promotion had taken off two thirds.
    off = line.subtotal - Decimal(price)
    with rewriting("orders_orderitem"):
        OrderItem.objects.update(discount=off)
    Order.objects.update(discount_total=off, total_amount=price)
    assert [str(give_back(order, {line.pk: 1})) for _ in range(3)] == shares


@given(
    amount=st.decimals(min_value=0, max_value=10**6, places=2),
    parts=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    more=st.integers(0, 40),
)
def test_over_any_returns_all_of_a_line_is_worth_what_it_cost(amount: Decimal, parts: list[int], more: int) -> None:
    line = OrderItem(quantity=sum(parts) + more, subtotal=Decimal("0.00"))
    refunded = Decimal(0)
    for number, came in enumerate([*parts, more] if more else parts):
        refund = worth(amount, line, came, earlier=sum(parts[:number]), refunded=refunded)
        assert 0 <= refund <= amount - refunded
        refunded += refund
    assert refunded == amount


def test_a_line_that_became_shorter_pays_back_no_more_than_is_left_of_it() -> None:
    order = shipped(3, price="0.01")
    line = order.order_items.get()
    assert worth(Decimal("0.01"), line, 2, earlier=0, refunded=Decimal(0)) == Decimal("0.01")
    line.quantity = 2
    assert worth(Decimal("0.01"), line, 1, earlier=1, refunded=Decimal("0.01")) == 0
    assert worth(Decimal("0.00"), line, 1, earlier=1, refunded=Decimal("0.01")) == 0


def test_what_was_taken_off_a_line_is_not_paid_back_again() -> None:
    placed = order_of(make_user(), {make_article(stock=9, price="10.00"): 3})
    services.confirm_order(order_id=placed.id, actor=STAFF)
    order = Order.objects.get(pk=placed.id)
    line = order.order_items.get()
    services.ship_parcel(order_id=order.pk, actor=STAFF, lines={line.pk: 2})
    first = give_back(order, {line.pk: 1})
    services.record_shortfall(sku=line.sku, warehouse="main", missing=8, actor=STAFF)
    assert [first, give_back(order, {line.pk: 1})] == [Decimal(10), Decimal(10)]
    assert_sound()


def test_a_full_withdrawal_pays_the_delivery_back_too() -> None:
    order = with_everything()
    row = withdraw(order)
    # 4.90 of shipping, with 0.93 of tax
    assert (row.refund_items, row.refund_shipping) == (Decimal("39.60"), Decimal("5.83"))
    assert row.refund_items + row.refund_shipping == order.total_amount
    assert_sound()


def test_withdrawals_that_are_full_together_pay_the_delivery_back_with_the_last() -> None:
    order = with_everything()
    one, two = ids(order)
    rows = [withdraw(order, {one: 1, two: 3}), withdraw(order, {one: 1})]
    assert [row.refund_shipping for row in rows] == [0, Decimal("5.83")]
    assert sum(row.refund_items + row.refund_shipping for row in rows) == order.total_amount
    assert_sound()


def test_the_delivery_of_goods_that_the_buyer_keeps_or_sends_back_otherwise_is_not_paid_back() -> None:
    order = with_everything()
    receive_back(order, ask(order, {ids(order)[0]: 1}))
    assert withdraw(order).refund_shipping == 0
    assert_sound()


def test_a_withdrawal_of_which_not_all_comes_keeps_the_delivery(settings: Settings) -> None:
    order = with_everything(settings, included=True)
    one, two = ids(order)
    goods: Any = {one: services.Received(2), two: services.Received(2)}
    row = receive_back(order, services.withdraw(order_id=order.pk, actor=STAFF), lines=goods)
    assert row.refund_shipping == 0
    assert withdraw(order).refund_shipping == Decimal("4.90")
    assert_sound()


@pytest.mark.parametrize("quantity", [2, 3])
def test_returns_and_what_is_owed_are_together_no_more_than_was_charged(quantity: int) -> None:
    """Two of four come back for 178.44, and the two that have not left are taken off: 178.43 are left of 356.87."""
    order = Order.objects.get(pk=place(make_user(), {make_article(stock=9, price="93.52"): 4}).id)
    [line] = ids(order)
    discount, tax = Decimal("37.41"), Decimal("20.20")
    with rewriting("orders_orderitem"):
        OrderItem.objects.filter(pk=line).update(discount=discount, tax=tax)
    Order.objects.filter(pk=order.pk).update(
        total_amount=Decimal("356.87"), discount_total=discount, tax_total=tax, tax_rounding="line"
    )
    OrderDiscount.objects.create(order=order, promotion_id=0, name="Ten percent", amount=discount)
    services.confirm_order(order_id=order.pk, actor=STAFF)
    services.ship_parcel(order_id=order.pk, lines={line: 2}, actor=STAFF)
    assert give_back(order, {line: 2}) == Decimal("178.44")

    services.change_line(order_id=order.pk, line_id=line, quantity=quantity, actor=STAFF)
    owed = OrderRevision.objects.get().owed
    assert_sound()

    if quantity == 3:
        assert owed == Decimal("89.22")
        services.change_line(order_id=order.pk, line_id=line, quantity=2, actor=STAFF)
        owed += OrderRevision.objects.latest("id").owed
    assert owed == Decimal("178.43")
    assert_sound()


def test_a_line_that_replaced_another_is_paid_back_too() -> None:
    order = Order.objects.get(pk=place(make_user(), {make_article(stock=9, price="20.00"): 2}).id)
    other = make_article(stock=9, price="27.00")
    services.confirm_order(order_id=order.pk, actor=STAFF)
    new = services.replace_line(
        order_id=order.pk, line_id=ids(order)[0], wanted=Wanted(2, variant_id=other.pk), actor=STAFF
    )
    services.ship_order(order_id=order.pk, actor=STAFF)
    assert give_back(order, {new: 1}) == 27
    assert_sound()
