"""Carts at the same moment: on real connections, with real commits. Each race has a control without the protection."""

from functools import partial
from threading import Barrier
from typing import Any

import pytest

from catalog.models import Variant
from checkout import services
from checkout.callers import Caller
from checkout.facts import Facts
from checkout.models import Cart, CartLine
from checkout.tests.factories import customer, guest_of, make_cart, quantities_of
from inventory.models import Reservation
from orders.tests.factories import assert_sound, make_article, make_user, stock_of
from tests.threads import at_once, overtaken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mug() -> Variant:
    return make_article(stock=100, sku="MUG")


def kinds(outcomes: list[Any]) -> dict[str, int]:
    names = [type(outcome).__name__ for outcome in outcomes]
    return {name: names.count(name) for name in sorted(set(names))}


def add(cart: Cart, caller: Caller, variant: Variant, quantity: int = 1) -> Facts:
    return services.add_line(
        cart_id=cart.pk, caller=caller, named_by="variant_id", article=variant.pk, quantity=quantity
    )


# Lines


def test_what_two_tabs_add_at_once_adds_up(mug: Variant) -> None:
    cart = make_cart()

    outcomes = at_once([partial(add, cart, guest_of(cart), mug, 2) for _ in range(8)])

    assert kinds(outcomes) == {"Facts": 8}
    assert quantities_of(cart) == {mug.pk: 16}
    assert Cart.objects.get().version == 9


def test_control_reading_and_then_writing_loses_units(mug: Variant) -> None:
    cart = make_cart({mug: 1})
    all_have_read = Barrier(4)

    def add_by_hand() -> None:
        line = CartLine.objects.get(cart=cart)
        all_have_read.wait(10)
        line.quantity += 2
        line.save()

    at_once([add_by_hand] * 4)

    assert quantities_of(cart) == {mug.pk: 3}


def test_two_tabs_do_not_fill_a_cart_over_its_brim(mug: Variant) -> None:
    cart = make_cart({make_article(): 1 for _ in range(99)})
    pot = make_article(stock=1)

    outcomes = at_once([partial(add, cart, guest_of(cart), article) for article in (mug, pot)])

    assert kinds(outcomes) == {"Facts": 1, "TooManyLines": 1}
    assert CartLine.objects.count() == 100


def test_a_line_that_is_changed_while_another_tab_removes_it_stays_removed(mug: Variant) -> None:
    cart = make_cart({mug: 1})
    line_id, caller = CartLine.objects.get().pk, guest_of(cart)

    late = overtaken(
        partial(services.remove_line, cart_id=cart.pk, line_id=line_id, caller=caller),
        partial(services.set_quantity, cart_id=cart.pk, line_id=line_id, caller=caller, quantity=5),
    )

    assert type(late).__name__ == "NotFound"
    assert quantities_of(cart) == {}
    assert Cart.objects.get().version == 2


def test_of_two_edits_of_one_version_the_second_is_refused(mug: Variant) -> None:
    cart = make_cart()
    change = partial(services.change_cart, cart_id=cart.pk, caller=guest_of(cart), expected_version=1)

    late = overtaken(partial(change, changes={"note": "a"}), partial(change, changes={"note": "b"}))

    assert type(late).__name__ == "VersionMismatch"
    assert Cart.objects.get().note == "a"


def test_a_customer_who_opens_carts_at_once_has_one() -> None:
    user = make_user()

    outcomes = at_once([partial(services.open_cart, caller=customer(user)) for _ in range(6)])

    assert sorted(is_new for _, is_new in outcomes) == [False] * 5 + [True]
    assert {cart.id for cart, _ in outcomes} == {Cart.objects.get().pk}


# Holds


def test_the_last_unit_is_held_by_one_of_two_carts() -> None:
    last, users = make_article(stock=1), [make_user(), make_user()]
    pair = [make_cart({last: 1}, user=user) for user in users]

    outcomes = at_once(
        [
            partial(services.hold_cart, cart_id=cart.pk, caller=customer(user))
            for cart, user in zip(pair, users, strict=True)
        ]
    )

    assert kinds(outcomes) == {"Facts": 1, "NotEnoughToHold": 1}
    assert stock_of(last) == (1, 1)
    assert Cart.objects.filter(held_until__isnull=False).count() == 1
    assert_sound()


def test_control_looking_before_holding_gives_the_last_unit_twice() -> None:
    """The stock that a cart shows is read without a lock: it can refuse, and never grant."""
    last = make_article(stock=1)
    pair = [make_cart({last: 1}) for _ in range(2)]
    both_have_looked = Barrier(2)

    def look_and_take(cart: Cart) -> bool:
        from checkout.facts import read_cart

        [line] = read_cart(cart.pk, guest_of(cart)).lines
        both_have_looked.wait(10)
        return line.available >= line.quantity

    assert at_once([partial(look_and_take, cart) for cart in pair]) == [True, True]


def test_guests_at_one_address_do_not_hold_more_carts_than_they_may_at_once(mug: Variant, settings: Any) -> None:
    settings.GUEST_HOLDS_PER_ADDRESS = 3
    crowd = [make_cart({mug: 1}) for _ in range(8)]

    outcomes = at_once([partial(services.hold_cart, cart_id=cart.pk, caller=guest_of(cart, "home")) for cart in crowd])

    assert kinds(outcomes) == {"Facts": 3, "HoldLimit": 5}
    assert stock_of(mug) == (100, 3)


def test_guests_do_not_hold_more_than_their_share_at_once() -> None:
    few = make_article(stock=8)
    crowd = [make_cart({few: 1}) for _ in range(8)]

    outcomes = at_once(
        [
            partial(services.hold_cart, cart_id=cart.pk, caller=guest_of(cart, str(number)))
            for number, cart in enumerate(crowd)
        ]
    )

    assert kinds(outcomes) == {"Facts": 4, "HoldLimit": 4}
    assert stock_of(few) == (8, 4)
    assert_sound()


def test_sixteen_held_carts_swap_two_articles_without_a_deadlock(mug: Variant) -> None:
    pot = make_article(stock=100)
    before = deadlocks()
    crowd = []
    for number in range(16):
        user = make_user()
        cart = make_cart({(mug, pot)[number % 2]: 1}, user=user)
        services.hold_cart(cart_id=cart.pk, caller=customer(user))
        crowd.append((cart, customer(user)))

    def swap(cart: Cart, caller: Caller) -> None:
        for _ in range(3):
            [line] = CartLine.objects.filter(cart=cart)
            other = pot if line.variant_id == mug.pk else mug
            add(cart, caller, other)
            services.remove_line(cart_id=cart.pk, line_id=line.pk, caller=caller)

    outcomes = at_once([partial(swap, *pair) for pair in crowd])

    assert kinds(outcomes) == {"NoneType": 16}
    assert deadlocks() == before
    assert (stock_of(mug), stock_of(pot)) == ((100, 8), (100, 8))
    assert Reservation.objects.filter(state="open").count() == 16
    assert_sound()


# Claiming


def test_the_same_cart_claimed_at_once_is_merged_once(mug: Variant) -> None:
    user = make_user()
    own, guest = make_cart({mug: 3}, user=user), make_cart({mug: 5})
    caller = customer(user).with_token_of(guest.pk)

    outcomes = at_once([partial(services.claim_cart, cart_id=guest.pk, caller=caller) for _ in range(6)])

    assert {outcome.id for outcome in outcomes} == {own.pk}
    assert quantities_of(own) == {mug.pk: 5}
    assert Cart.objects.get(pk=own.pk).version == 2


def test_control_adding_the_lines_up_gives_them_twice(mug: Variant) -> None:
    """What merging would do with a sum instead of the larger quantity, when a client asks again."""
    user = make_user()
    own, guest = make_cart({mug: 3}, user=user), make_cart({mug: 5})
    for _ in range(2):
        for variant_id, quantity in quantities_of(guest).items():
            variant = Variant.objects.get(pk=variant_id)
            add(own, customer(user), variant, quantity)
    assert quantities_of(own) == {mug.pk: 13}


def test_two_guests_carts_claimed_at_once_end_in_one_cart(mug: Variant) -> None:
    user, pot = make_user(), make_article(stock=5)
    pair = [make_cart({mug: 2}), make_cart({pot: 1})]

    outcomes = at_once(
        [partial(services.claim_cart, cart_id=cart.pk, caller=customer(user).with_token_of(cart.pk)) for cart in pair]
    )

    assert kinds(outcomes) == {"Facts": 2}
    live = Cart.objects.live().get()
    assert live.user_id == user.pk
    assert quantities_of(live) == {mug.pk: 2, pot.pk: 1}


def test_two_customers_with_the_token_do_not_both_get_the_cart(mug: Variant) -> None:
    guest, users = make_cart({mug: 2}), [make_user(), make_user()]

    outcomes = at_once(
        [
            partial(services.claim_cart, cart_id=guest.pk, caller=customer(user).with_token_of(guest.pk))
            for user in users
        ]
    )

    assert kinds(outcomes) == {"Facts": 1, "NotFound": 1}


def test_a_cart_that_is_changed_while_it_is_claimed_keeps_the_change_or_refuses_it(mug: Variant) -> None:
    user = make_user()
    own, guest = make_cart({mug: 1}, user=user), make_cart({mug: 2})

    late = overtaken(
        partial(services.claim_cart, cart_id=guest.pk, caller=customer(user).with_token_of(guest.pk)),
        partial(add, guest, guest_of(guest), mug, 7),
    )
    assert type(late).__name__ == "CartNotOpen"
    assert quantities_of(own) == {mug.pk: 2}


def deadlocks() -> int:
    """The deadlocks that this database has seen."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select pg_stat_clear_snapshot()")
        cursor.execute("select deadlocks from pg_stat_database where datname = current_database()")
        return int(cursor.fetchone()[0])
