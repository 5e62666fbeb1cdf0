"""Carts that are placed while something else happens to them. Each race has a control without the protection."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db.models.functions import Now

from catalog.models import Variant
from checkout import services
from checkout.models import Cart, CartLine
from checkout.services import placing
from checkout.tests.factories import ADDRESS, customer, guest_of, make_cart
from events.actors import WORKER
from inventory import services as inventory_services
from inventory.models import Reservation
from orders.models import Order, OrderItem
from orders.tests.factories import assert_sound, make_article, make_user, stock_of
from tests.threads import at_once, overtaken

pytestmark = pytest.mark.django_db(transaction=True)
FILLED_IN: dict[str, Any] = {"email": "bo@example.com", "shipping_address": ADDRESS}


@pytest.fixture
def mug() -> Variant:
    return make_article(stock=10, sku="MUG", price="10.00")


def place(cart: Cart, total: str = "10.00") -> placing.Placing:
    return services.place_cart(cart_id=cart.pk, caller=guest_of(cart), expected_total=Decimal(total))


def kinds(outcomes: list[Any]) -> dict[str, int]:
    names = [type(outcome).__name__ for outcome in outcomes]
    return {name: names.count(name) for name in sorted(set(names))}


def test_a_cart_placed_many_times_at_once_is_one_order(mug: Variant) -> None:
    cart = make_cart({mug: 1}, **FILLED_IN)

    outcomes = at_once([partial(place, cart) for _ in range(8)])

    assert kinds(outcomes) == {"Placing": 8}
    assert sorted(outcome.is_new for outcome in outcomes) == [False] * 7 + [True]
    assert {outcome.order.id for outcome in outcomes} == {Order.objects.get().pk}
    assert stock_of(mug) == (10, 1)
    assert_sound()


def test_control_without_the_lock_on_the_cart_both_find_it_open(mug: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both would order. That one cart has one order is kept by the database alone then, as an error."""
    cart = make_cart({mug: 1}, **FILLED_IN)
    both_have_read = Barrier(2)
    monkeypatch.setattr(placing, "LOCK", "select %(cart_id)s::uuid")
    shipping_of = placing.shipping_of

    def read_and_meet(*args: Any) -> Any:
        both_have_read.wait(10)
        return shipping_of(*args)

    monkeypatch.setattr(placing, "shipping_of", read_and_meet)

    outcomes = at_once([partial(place, cart) for _ in range(2)])

    assert [outcome.is_new for outcome in outcomes] == [True, True]
    assert Order.objects.count() == 2


def test_a_change_that_waits_for_the_placing_is_refused(mug: Variant) -> None:
    cart = make_cart({mug: 1}, **FILLED_IN)
    add = partial(services.add_line, cart_id=cart.pk, caller=guest_of(cart), named_by="sku", article="MUG", quantity=1)

    late = overtaken(partial(place, cart), add)

    assert type(late).__name__ == "CartNotOpen"
    assert OrderItem.objects.get().quantity == CartLine.objects.get().quantity == 1


def test_a_placing_that_waits_for_a_change_is_for_the_changed_cart(mug: Variant) -> None:
    cart = make_cart({mug: 1}, **FILLED_IN)
    add = partial(services.add_line, cart_id=cart.pk, caller=guest_of(cart), named_by="sku", article="MUG", quantity=1)

    late = overtaken(add, partial(place, cart))
    assert type(late).__name__ == "CartChanged"
    assert late.extra["total"] == "20.00"
    assert not Order.objects.exists()

    place(cart, "20.00")
    assert OrderItem.objects.get().quantity == 2


def test_a_hold_that_is_expired_while_it_is_placed_has_one_outcome(mug: Variant) -> None:
    for _ in range(6):
        user = make_user()
        cart = make_cart({mug: 1}, user=user, **FILLED_IN)
        services.hold_cart(cart_id=cart.pk, caller=customer(user))
        past = Now() - timedelta(seconds=1)
        Reservation.objects.filter(reference=cart.reference).update(expires_at=past)

        placed, expired = at_once(
            [
                partial(services.place_cart, cart_id=cart.pk, caller=customer(user), expected_total=Decimal("10.00")),
                partial(inventory_services.expire_holds, actor=WORKER),
            ]
        )

        assert type(placed).__name__ == "Placing"
        assert expired in (0, 1)
        assert not Reservation.objects.filter(reference=cart.reference, state="open").exists()
        promised = Reservation.objects.filter(reference=placed.order.reference, state="open")
        assert [part.quantity for part in promised] == [1]
    assert stock_of(mug) == (10, 6)
    assert_sound()


def test_the_last_unit_of_two_carts_is_ordered_once() -> None:
    last = make_article(stock=1, price="10.00")
    pair = [make_cart({last: 1}, **FILLED_IN | {"email": f"{name}@example.com"}) for name in ("ann", "bo")]

    outcomes = at_once([partial(place, cart) for cart in pair])

    assert kinds(outcomes) == {"InsufficientStock": 1, "Placing": 1}
    assert sorted(Cart.objects.values_list("state", flat=True)) == ["open", "placed"]
    assert stock_of(last) == (1, 1)
    assert_sound()


def test_a_cart_that_is_deleted_while_it_is_placed_has_its_order(mug: Variant) -> None:
    cart = make_cart({mug: 1}, **FILLED_IN)

    late = overtaken(partial(place, cart), partial(services.delete_cart, cart_id=cart.pk, caller=guest_of(cart)))

    assert type(late).__name__ == "CartNotOpen"
    assert Cart.objects.get().order_id == Order.objects.get().pk


def test_a_cart_that_is_claimed_while_it_is_placed_is_one_or_the_other(mug: Variant) -> None:
    user = make_user()
    make_cart(user=user)
    cart = make_cart({mug: 1}, **FILLED_IN)

    late = overtaken(
        partial(place, cart),
        partial(services.claim_cart, cart_id=cart.pk, caller=customer(user).with_token_of(cart.pk)),
    )

    assert type(late).__name__ == "CartNotOpen"
    assert Order.objects.get().user_id is None
