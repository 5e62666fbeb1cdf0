"""How many units of an article one customer may have in open orders."""

from functools import partial
from threading import Barrier
from typing import Any

import pytest
from pytest_django import Settings

from accounts.leaving import LOCK_PERSON
from accounts.models import User
from catalog.models import Variant
from database.transactions import Overtaken
from orders import services
from orders.exceptions import InsufficientStock, QuantityLimitExceeded
from orders.models import Order
from orders.services import customers, placing
from orders.services.statements import RESOLVE
from orders.tests.clients import ORDERS, basket, client_of, line
from orders.tests.factories import STAFF, assert_sound, everything, make_article, make_user, place, stock_of
from tests.threads import at_once


@pytest.fixture(autouse=True)
def ten(settings: Settings) -> None:
    settings.MAX_UNITS_PER_CUSTOMER = 10


def refused(user: User, wanted: dict[Variant, int]) -> list[tuple[str, int, int, int]]:
    """The lines that are too much: SKU, requested, limit and what is left. Nothing has happened."""
    before = everything()
    with pytest.raises(QuantityLimitExceeded) as refusal:
        place(user, wanted)
    assert everything() == before
    issues = refusal.value.extra["quantity_issues"]
    return [(issue["sku"], issue["requested"], issue["limit"], issue["left"]) for issue in issues]


@pytest.mark.django_db
def test_the_lines_of_an_order_are_counted_together() -> None:
    mug, pot = make_article(stock=50, sku="MUG", name="Mug"), make_article(stock=50)
    client = client_of(make_user())
    before = everything()
    answer = client.post(ORDERS, basket(line(mug, 6), line(pot, 10), {"sku": "MUG", "quantity": 5}))
    assert (answer.status_code, answer.json()["code"]) == (409, "quantity_limit_exceeded")
    assert answer.json()["quantity_issues"] == [
        {
            "product_id": mug.product_id,
            "sku": "MUG",
            "product_name": "Mug",
            "requested": 11,
            "limit": 10,
            "left": 10,
        }
    ]
    assert everything() == before
    assert client.post(ORDERS, basket(line(mug, 6), {"sku": "MUG", "quantity": 4})).status_code == 201


@pytest.mark.django_db
def test_a_million_units_in_a_hundred_lines_are_refused(settings: Settings) -> None:
    settings.MAX_UNITS_PER_CUSTOMER = 1000
    mug = make_article(stock=1_000_000)
    answer = client_of(make_user()).post(ORDERS, basket(*[line(mug, 10_000)] * 100))
    assert (answer.status_code, answer.json()["code"]) == (409, "quantity_limit_exceeded")
    assert stock_of(mug) == (1_000_000, 0)


@pytest.mark.django_db
def test_open_orders_count_until_they_are_shipped_or_off() -> None:
    user, mug = make_user(), make_article(stock=100, sku="MUG")
    first, second = place(user, {mug: 4}), place(user, {mug: 3})
    assert refused(user, {mug: 4}) == [("MUG", 4, 10, 3)]
    services.confirm_order(order_id=first.id, actor=STAFF)
    assert refused(user, {mug: 4}) == [("MUG", 4, 10, 3)]
    services.ship_order(order_id=first.id, actor=STAFF)
    third = place(user, {mug: 7})
    assert refused(user, {mug: 1}) == [("MUG", 1, 10, 0)]
    services.cancel_order(order_id=second.id, actor=STAFF)
    assert refused(user, {mug: 4}) == [("MUG", 4, 10, 3)]
    services.delete_order(order_id=third.id, actor=STAFF)
    place(user, {mug: 10})
    assert_sound()


@pytest.mark.django_db
def test_every_line_that_is_too_much_is_named_with_what_earlier_orders_have() -> None:
    user, mug, pot, jug = make_user(), *(make_article(stock=50, sku=sku) for sku in ("MUG", "POT", "JUG"))
    place(user, {mug: 4, pot: 4})
    # One is too much by itself, and the other only with the order before.
    assert refused(user, {mug: 11, pot: 7, jug: 10}) == [("MUG", 11, 10, 6), ("POT", 7, 10, 6)]


@pytest.mark.django_db
def test_each_customer_and_each_variant_has_a_limit_of_its_own() -> None:
    small = make_article(stock=50)
    large = make_article(stock=50, product=small.product)
    ann, bob = make_user(), make_user()
    place(ann, {small: 10, large: 10})
    place(bob, {small: 10, large: 10})
    assert len(refused(ann, {small: 1, large: 1})) == 2


@pytest.mark.django_db
def test_an_article_may_have_a_limit_of_its_own(settings: Settings) -> None:
    user, few, many = make_user(), make_article(stock=50, sku="FEW"), make_article(stock=50, sku="MANY")
    Variant.objects.filter(pk=few.pk).update(max_per_customer=2)
    Variant.objects.filter(pk=many.pk).update(max_per_customer=20)
    assert refused(user, {few: 3, many: 20}) == [("FEW", 3, 2, 2)]
    place(user, {few: 2, many: 20})
    assert refused(user, {few: 1, many: 1}) == [("FEW", 1, 2, 0), ("MANY", 1, 20, 0)]
    settings.MAX_UNITS_PER_CUSTOMER = 0
    assert refused(user, {few: 1}) == [("FEW", 1, 2, 0)]


@pytest.mark.django_db
def test_without_a_limit_there_is_none(settings: Settings) -> None:
    settings.MAX_UNITS_PER_CUSTOMER = 0
    user, mug = make_user(), make_article(stock=5000)
    place(user, {mug: 3000})
    place(user, {mug: 2000})
    assert stock_of(mug) == (5000, 5000)


@pytest.mark.django_db
def test_a_lowered_limit_leaves_nothing_and_takes_nothing_away() -> None:
    user, mug = make_user(), make_article(stock=50, sku="MUG")
    place(user, {mug: 8})
    Variant.objects.update(max_per_customer=5)
    assert refused(user, {mug: 1}) == [("MUG", 1, 5, 0)]
    assert stock_of(mug) == (50, 8)


@pytest.mark.django_db
def test_what_stood_against_an_order_and_is_gone_runs_it_again() -> None:
    """A cancellation may come between the refusal of the statement and the question why."""
    user, mug = make_user(), make_article(stock=50)
    with pytest.raises(Overtaken):
        customers.refuse(services.Buyer(user.pk), list(lines_of(user, mug)))


def lines_of(user: User, mug: Variant) -> Any:
    wanted = [services.Wanted(1, variant_id=mug.pk)]
    return placing.choose(wanted, placing.resolve(services.Buyer(user.pk), wanted)).values()


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_for_one_customer_at_once() -> None:
    user, mug, pot = make_user(), make_article(stock=500), make_article(stock=500)
    baskets = [{mug: 3}, {pot: 1, mug: 3}, {mug: 3, pot: 1}] * 4
    outcomes = at_once([partial(place, user, wanted) for wanted in baskets])
    assert sum(isinstance(outcome, QuantityLimitExceeded) for outcome in outcomes) == 9
    assert stock_of(mug) == (500, 9)
    assert_sound()


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_on_the_customer_the_limit_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stock of the article is locked after its order is written, too late for the count."""
    user, mug = make_user(), make_article(stock=500)
    write, all_have_written = placing.write, Barrier(4)

    def write_and_wait(*args: Any) -> bool:
        written = write(*args)
        all_have_written.wait(30)
        return written

    monkeypatch.setattr(placing, "write", write_and_wait)
    monkeypatch.setattr(placing, "RESOLVE", RESOLVE.replace(LOCK_PERSON, "select null"))
    outcomes = at_once([partial(place, user, {mug: 6})] * 4)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert Order.objects.count() == 4
    assert stock_of(mug) == (500, 24)


@pytest.mark.django_db
def test_goods_that_are_not_there_are_told_first() -> None:
    user, mug = make_user(), make_article(stock=1)
    with pytest.raises(InsufficientStock):
        place(user, {mug: 11})
