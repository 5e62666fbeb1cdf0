"""Stock that is kept for a cart: for how long, what happens to it when the cart changes, and what guests may hold."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from rest_framework.test import APIClient

from catalog.models import Variant
from checkout import services
from checkout.exceptions import HoldLimit, NotEnoughToHold, RequirementsMissing
from checkout.models import Cart, CartLine
from checkout.tests.factories import CARTS, carts, client_with_token, customer, guest_of, make_cart
from inventory.models import Reservation
from orders.exceptions import InsufficientStock
from orders.tests.factories import assert_sound, make_article, make_user, place, stock_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mug() -> Variant:
    return make_article(stock=10, sku="MUG")


def held(cart: Cart) -> dict[int, int]:
    """The units that a cart holds, by item."""
    rows = Reservation.objects.filter(reference=cart.reference, state="open")
    return {row.level.item_id: row.quantity for row in rows.select_related("level")}


def make_overdue(cart: Cart) -> None:
    """Let the hold of a cart have ended a minute ago."""
    past = Now() - timedelta(minutes=1)
    Reservation.objects.filter(reference=cart.reference).update(expires_at=past)
    Cart.objects.filter(pk=cart.pk).update(held_until=past)


def test_a_hold_keeps_the_stock_for_a_quarter_of_an_hour(mug: Variant) -> None:
    cart = make_cart({mug: 2})
    client = client_with_token(cart)

    answer = client.post(f"{CARTS}/{cart.pk}/hold")

    document = answer.json()
    assert answer.status_code == 200
    [part] = Reservation.objects.filter(reference=f"cart:{cart.pk}")
    assert part.expires_at is not None
    assert datetime.fromisoformat(document["held_until"]) == part.expires_at
    assert timedelta(minutes=14) < part.expires_at - part.created_at <= timedelta(minutes=15)
    assert stock_of(mug) == (10, 2)
    assert document["lines"][0]["available"] == 10
    # A hold is no edit.
    assert document["version"] == 1
    assert_sound()


def test_a_hold_that_is_asked_for_again_is_extended(mug: Variant, settings: Any) -> None:
    cart = make_cart({mug: 2})
    first = services.hold_cart(cart_id=cart.pk, caller=guest_of(cart)).held_until
    settings.CART_HOLD_MINUTES = 20

    second = services.hold_cart(cart_id=cart.pk, caller=guest_of(cart)).held_until

    assert first is not None
    assert second is not None
    assert timedelta(minutes=4) < second - first < timedelta(minutes=6)
    assert held(cart) == {mug.stock_item_id: 2}


def test_no_hold_is_longer_than_the_shop_allows(mug: Variant, settings: Any) -> None:
    settings.CART_HOLD_MINUTES, settings.HOLD_MAX_HOURS = 600, 1
    cart = make_cart({mug: 2})

    services.hold_cart(cart_id=cart.pk, caller=guest_of(cart))

    [part] = Reservation.objects.filter(reference=cart.reference)
    assert part.expires_at == part.created_at + timedelta(hours=1) == Cart.objects.get().held_until


def test_a_hold_is_all_or_nothing_and_names_every_short_line(mug: Variant) -> None:
    pot = make_article(stock=1, sku="POT")
    cart = make_cart({mug: 11, pot: 2})
    before = carts()

    answer = client_with_token(cart).post(f"{CARTS}/{cart.pk}/hold")

    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_stock")
    assert [(issue["sku"], issue["requested"], issue["available"]) for issue in answer.json()["stock_issues"]] == [
        ("MUG", 11, 10),
        ("POT", 2, 1),
    ]
    assert carts() == before
    assert (stock_of(mug), stock_of(pot)) == ((10, 0), (1, 0))


def test_an_empty_cart_holds_nothing() -> None:
    cart = make_cart()
    with pytest.raises(RequirementsMissing) as refusal:
        services.hold_cart(cart_id=cart.pk, caller=guest_of(cart))
    assert [lack["code"] for lack in refusal.value.extra["requirements"]] == ["empty"]


def test_an_article_that_is_not_for_sale_is_not_held(mug: Variant, as_admin: APIClient) -> None:
    cart = make_cart({mug: 1})
    as_admin.delete(f"/api/v1/products/{mug.product_id}")

    answer = client_with_token(cart).post(f"{CARTS}/{cart.pk}/hold")

    assert (answer.status_code, answer.json()["code"]) == (409, "requirements_missing")
    assert answer.json()["requirements"][0]["code"] == "unavailable"
    assert held(cart) == {}


def test_what_a_cart_holds_nobody_else_gets(mug: Variant) -> None:
    cart = make_cart({mug: 8}, user=make_user())
    services.hold_cart(cart_id=cart.pk, caller=customer(cart.user))

    with pytest.raises(InsufficientStock):
        place(make_user(), {mug: 3})
    place(make_user(), {mug: 2})
    assert stock_of(mug) == (10, 10)


def test_a_hold_that_has_ended_is_nobodys(mug: Variant) -> None:
    cart = make_cart({mug: 10}, user=make_user())
    services.hold_cart(cart_id=cart.pk, caller=customer(cart.user))
    make_overdue(cart)

    place(make_user(), {mug: 10})

    assert held(cart) == {}
    assert stock_of(mug) == (10, 10)
    assert_sound()


# A cart that changes


def test_the_hold_follows_the_lines(mug: Variant) -> None:
    pot = make_article(stock=4)
    cart = make_cart({mug: 2})
    caller = guest_of(cart)
    end = services.hold_cart(cart_id=cart.pk, caller=caller).held_until

    services.add_line(cart_id=cart.pk, caller=caller, named_by="variant_id", article=pot.pk, quantity=1)
    services.add_line(cart_id=cart.pk, caller=caller, named_by="sku", article="MUG", quantity=1)
    assert held(cart) == {mug.stock_item_id: 3, pot.stock_item_id: 1}
    services.remove_line(cart_id=cart.pk, caller=caller, line_id=CartLine.objects.get(variant=mug).pk)
    assert held(cart) == {pot.stock_item_id: 1}
    assert Cart.objects.get().held_until == end

    services.remove_line(cart_id=cart.pk, caller=caller, line_id=CartLine.objects.get().pk)

    assert held(cart) == {}
    assert Cart.objects.get().held_until is None
    assert (stock_of(mug), stock_of(pot)) == ((10, 0), (4, 0))
    assert_sound()


def test_a_held_cart_takes_no_more_than_there_is(mug: Variant) -> None:
    cart = make_cart({mug: 2}, user=make_user())
    caller = customer(cart.user)
    services.hold_cart(cart_id=cart.pk, caller=caller)
    before = carts()

    with pytest.raises(NotEnoughToHold) as refusal:
        services.set_quantity(cart_id=cart.pk, line_id=CartLine.objects.get().pk, caller=caller, quantity=11)

    assert refusal.value.extra["stock_issues"][0]["available"] == 10
    assert carts() == before
    assert stock_of(mug) == (10, 2)


def test_a_cart_without_a_hold_may_want_more_than_there_is(mug: Variant) -> None:
    cart = make_cart({mug: 2})
    line_id = CartLine.objects.get().pk

    changed = services.set_quantity(cart_id=cart.pk, line_id=line_id, caller=guest_of(cart), quantity=11)

    assert changed.lines[0].quantity == 11
    assert stock_of(mug) == (10, 0)


def test_a_cart_whose_hold_has_ended_changes_without_one(mug: Variant) -> None:
    cart = make_cart({mug: 2})
    services.hold_cart(cart_id=cart.pk, caller=guest_of(cart))
    make_overdue(cart)

    changed = services.set_quantity(
        cart_id=cart.pk, line_id=CartLine.objects.get().pk, caller=guest_of(cart), quantity=11
    )

    assert not changed.is_held


def test_a_cart_that_is_deleted_gives_its_stock_back(mug: Variant) -> None:
    cart = make_cart({mug: 2})
    services.hold_cart(cart_id=cart.pk, caller=guest_of(cart))

    services.delete_cart(cart_id=cart.pk, caller=guest_of(cart))

    assert stock_of(mug) == (10, 0)
    assert not Cart.objects.exists()
    assert_sound()


# What guests may hold


def test_guests_hold_their_share_of_an_article_together(mug: Variant) -> None:
    first, second, third = make_cart({mug: 3}), make_cart({mug: 2}), make_cart({mug: 1})
    services.hold_cart(cart_id=first.pk, caller=guest_of(first, "a"))
    services.hold_cart(cart_id=second.pk, caller=guest_of(second, "b"))

    with pytest.raises(HoldLimit):
        services.hold_cart(cart_id=third.pk, caller=guest_of(third, "c"))

    assert (stock_of(mug), held(third)) == ((10, 5), {})
    of_customer = make_cart({mug: 5}, user=make_user())
    services.hold_cart(cart_id=of_customer.pk, caller=customer(of_customer.user))
    assert stock_of(mug) == (10, 10)


def test_a_guest_may_hold_the_last_unit() -> None:
    last = make_article(stock=1)
    cart = make_cart({last: 1})

    services.hold_cart(cart_id=cart.pk, caller=guest_of(cart))

    assert stock_of(last) == (1, 1)


def test_a_guest_who_wants_more_than_the_share_goes_on_without_a_hold(mug: Variant) -> None:
    cart = make_cart({mug: 5})
    services.hold_cart(cart_id=cart.pk, caller=guest_of(cart))

    changed = services.set_quantity(
        cart_id=cart.pk, line_id=CartLine.objects.get().pk, caller=guest_of(cart), quantity=6
    )

    assert (changed.lines[0].quantity, changed.is_held) == (6, False)
    assert stock_of(mug) == (10, 0)
    assert_sound()


def test_the_carts_of_one_address_that_hold_something_are_limited(mug: Variant, settings: Any) -> None:
    settings.GUEST_HOLDS_PER_ADDRESS = 2
    first, second, third, fourth = (make_cart({mug: 1}) for _ in range(4))
    for cart in (first, second, second):
        services.hold_cart(cart_id=cart.pk, caller=guest_of(cart, "home"))

    with pytest.raises(HoldLimit):
        services.hold_cart(cart_id=third.pk, caller=guest_of(third, "home"))
    assert stock_of(mug) == (10, 2)

    services.hold_cart(cart_id=third.pk, caller=guest_of(third, "office"))
    make_overdue(first)
    services.hold_cart(cart_id=fourth.pk, caller=guest_of(fourth, "home"))


def test_an_address_that_holds_is_kept_as_a_pseudonym(mug: Variant) -> None:
    cart = make_cart({mug: 1})
    client_with_token(cart).post(f"{CARTS}/{cart.pk}/hold", REMOTE_ADDR="203.0.113.7")

    kept = Cart.objects.get().held_from
    assert len(kept) == 12
    assert "203" not in kept
