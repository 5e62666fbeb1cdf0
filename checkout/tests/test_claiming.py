"""A guest logs in: what becomes of the cart that was filled before."""

import pytest

from accounts.tests.factories import client_of
from catalog.models import Variant
from checkout import services
from checkout.callers import Caller
from checkout.models import Cart, CartLine
from checkout.tests.factories import (
    ADDRESS,
    CARTS,
    carts,
    client_with_both,
    client_with_token,
    customer,
    guest_of,
    make_cart,
    quantities_of,
)
from inventory.models import Reservation
from orders.tests.factories import assert_sound, make_article, make_user, stock_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mug() -> Variant:
    return make_article(stock=10, sku="MUG")


@pytest.fixture
def pot() -> Variant:
    return make_article(stock=10, sku="POT")


def test_the_cart_of_a_guest_becomes_the_customers_own(mug: Variant) -> None:
    user, cart = make_user(), make_cart({mug: 2}, email="bo@example.com")
    client = client_with_both(user, cart)

    answer = client.post(f"{CARTS}/{cart.pk}/claim")

    assert answer.status_code == 200
    assert answer.json()["cart_id"] == str(cart.pk)
    assert (answer.json()["user_id"], answer.json()["state"], answer.json()["version"]) == (user.pk, "open", 2)
    assert client_of(user).post(f"{CARTS}/").json()["cart_id"] == str(cart.pk)
    # The token, which other tabs and the mail's link may still have, opens it no more.
    assert client_with_token(cart).get(f"{CARTS}/{cart.pk}").status_code == 404


def test_a_cart_that_was_merged_is_not_deleted_so_that_asking_again_finds_the_other(mug: Variant) -> None:
    user = make_user()
    own, guest = make_cart({mug: 1}, user=user), make_cart({mug: 2})
    client = client_with_both(user, guest)
    client.post(f"{CARTS}/{guest.pk}/claim")

    answer = client_with_token(guest).delete(f"{CARTS}/{guest.pk}")

    assert (answer.status_code, answer.json()["code"], answer.json()["state"]) == (409, "cart_not_open", "merged")
    assert client.post(f"{CARTS}/{guest.pk}/claim").json()["cart_id"] == str(own.pk)


def test_of_an_article_in_both_carts_the_larger_quantity_counts(mug: Variant, pot: Variant) -> None:
    user, pan = make_user(), make_article(stock=5)
    own, guest = make_cart({mug: 3, pot: 1}, user=user), make_cart({mug: 2, pot: 4, pan: 1})

    document = client_with_both(user, guest).post(f"{CARTS}/{guest.pk}/claim").json()

    assert document["cart_id"] == str(own.pk)
    assert quantities_of(own) == {mug.pk: 3, pot.pk: 4, pan.pk: 1}
    merged = Cart.objects.get(pk=guest.pk)
    assert (merged.state, merged.merged_into_id, merged.version) == ("merged", own.pk, 2)
    assert client_with_token(guest).get(f"{CARTS}/{guest.pk}").json()["state"] == "merged"


def test_claiming_again_answers_the_same_cart_and_changes_nothing(mug: Variant) -> None:
    user = make_user()
    own, guest = make_cart({mug: 1}, user=user), make_cart({mug: 2})
    client = client_with_both(user, guest)
    first = client.post(f"{CARTS}/{guest.pk}/claim").json()
    before = carts()

    again = client.post(f"{CARTS}/{guest.pk}/claim")

    assert (again.status_code, again.json()) == (200, first)
    assert client.post(f"{CARTS}/{own.pk}/claim").json() == first
    assert carts() == before


def test_what_the_customer_has_typed_in_stays_and_the_guest_fills_in_the_rest(mug: Variant) -> None:
    user = make_user()
    own = make_cart(user=user, note="Ring.", coupons=["A"])
    guest = make_cart(note="Knock.", phone="+1 555 0100", shipping_address=ADDRESS, coupons=["B", "A"])

    services.claim_cart(cart_id=guest.pk, caller=both(user.pk, guest))

    own.refresh_from_db()
    assert (own.note, own.phone, own.shipping_address, own.coupons) == ("Ring.", "+1 555 0100", ADDRESS, ["A", "B"])
    assert (own.version, own.state) == (2, "open")


def test_a_merged_cart_cannot_be_changed(mug: Variant) -> None:
    user = make_user()
    make_cart(user=user)
    guest = make_cart({mug: 2})
    services.claim_cart(cart_id=guest.pk, caller=both(user.pk, guest))
    before = carts()

    answer = client_with_token(guest).post(f"{CARTS}/{guest.pk}/lines", {"sku": "MUG", "quantity": 1})

    assert (answer.status_code, answer.json()["code"], answer.json()["state"]) == (409, "cart_not_open", "merged")
    assert carts() == before


def test_without_the_token_nothing_is_claimed(mug: Variant, as_admin: object) -> None:
    user, other = make_user(), make_user()
    guest, of_other = make_cart({mug: 2}), make_cart(user=other)
    before = carts()

    assert client_of(user).post(f"{CARTS}/{guest.pk}/claim").status_code == 404
    assert as_admin.post(f"{CARTS}/{guest.pk}/claim").status_code == 404  # type: ignore[attr-defined]  # a client
    assert client_with_both(user, of_other).post(f"{CARTS}/{of_other.pk}/claim").status_code == 404
    assert client_with_token(guest).post(f"{CARTS}/{guest.pk}/claim").status_code == 401
    assert carts() == before


def test_somebody_else_with_the_token_of_a_merged_cart_is_not_shown_whose_it_is(mug: Variant) -> None:
    user = make_user()
    make_cart(user=user)
    guest = make_cart({mug: 2})
    services.claim_cart(cart_id=guest.pk, caller=both(user.pk, guest))

    assert client_with_both(make_user(), guest).post(f"{CARTS}/{guest.pk}/claim").status_code == 404


def test_two_carts_of_more_than_100_articles_are_not_merged() -> None:
    user, articles = make_user(), [make_article() for _ in range(101)]
    make_cart(dict.fromkeys(articles[:60], 1), user=user)
    guest = make_cart(dict.fromkeys(articles[60:], 1))
    before = carts()

    answer = client_with_both(user, guest).post(f"{CARTS}/{guest.pk}/claim")

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_lines")
    assert carts() == before


# The hold of either cart


def test_the_hold_of_a_guest_goes_on_in_the_customers_cart(mug: Variant, pot: Variant) -> None:
    user = make_user()
    own, guest = make_cart({pot: 1}, user=user), make_cart({mug: 2})
    end = services.hold_cart(cart_id=guest.pk, caller=guest_of(guest)).held_until

    merged = services.claim_cart(cart_id=guest.pk, caller=both(user.pk, guest))

    assert merged.held_until == Cart.objects.get(pk=own.pk).held_until == end
    assert held() == {(own.reference, "MUG"): 2, (own.reference, "POT"): 1}
    assert Cart.objects.get(pk=guest.pk).held_until is None
    assert_sound()


def test_the_last_unit_goes_over_with_its_hold(pot: Variant) -> None:
    last, user = make_article(stock=1, sku="LAST"), make_user()
    own, guest = make_cart({pot: 1}, user=user), make_cart({last: 1})
    services.hold_cart(cart_id=own.pk, caller=customer(user))
    services.hold_cart(cart_id=guest.pk, caller=guest_of(guest))

    merged = services.claim_cart(cart_id=guest.pk, caller=both(user.pk, guest))

    assert merged.is_held
    assert held() == {(own.reference, "LAST"): 1, (own.reference, "POT"): 1}
    assert_sound()


def test_where_stock_is_short_the_merged_cart_has_no_hold(mug: Variant) -> None:
    few, user = make_article(stock=3), make_user()
    own, guest = make_cart({few: 5}, user=user), make_cart({mug: 2})
    services.hold_cart(cart_id=guest.pk, caller=guest_of(guest))

    merged = services.claim_cart(cart_id=guest.pk, caller=both(user.pk, guest))

    assert not merged.is_held
    assert quantities_of(own) == {few.pk: 5, mug.pk: 2}
    assert held() == {}
    assert (stock_of(mug), stock_of(few)) == ((10, 0), (3, 0))


def test_a_hold_goes_with_the_cart_that_is_taken_over(mug: Variant) -> None:
    user, guest = make_user(), make_cart({mug: 2})
    services.hold_cart(cart_id=guest.pk, caller=guest_of(guest))

    assert services.claim_cart(cart_id=guest.pk, caller=both(user.pk, guest)).is_held
    assert Cart.objects.get().held_from == ""
    assert CartLine.objects.get().quantity == 2
    assert stock_of(mug) == (10, 2)


def both(user_id: int, guest: Cart) -> Caller:
    """A customer who shows the token of a guest's cart."""
    return customer(user_id).with_token_of(guest.pk)


def held() -> dict[tuple[str, str], int]:
    """The units that carts hold, by reference and SKU."""
    rows = Reservation.objects.filter(state="open").select_related("level__item")
    return {(row.reference, row.level.item.sku): row.quantity for row in rows}
