"""Orders that change while they are shipped, sold and changed: real connections, and each race has its control."""

import random
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from catalog.models import Variant
from database.refusals import Refusal
from events.tests.rewriting import rewriting
from inventory import services as inventory_services
from orders import services
from orders.exceptions import InsufficientStock, NotChangeable
from orders.models import Order, OrderRevision
from orders.services import Wanted
from orders.services.reducing import reduce_line
from orders.tests.factories import STAFF, assert_sound, make_article, make_order, make_user, place, stock_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def first_line(order: Order) -> int:
    line = order.order_items.first()
    assert line is not None
    return line.pk


def order_of(*articles: Variant, units: int = 1, confirmed: bool = False) -> Order:
    order = Order.objects.get(pk=place(make_user(), dict.fromkeys(articles, units)).id)
    if confirmed:
        services.confirm_order(order_id=order.pk, actor=STAFF)
    return order


def replaced(order: Order, article: Variant, quantity: int = 1) -> Any:
    return partial(
        services.replace_line,
        order_id=order.pk,
        line_id=first_line(order),
        wanted=Wanted(quantity, variant_id=article.pk),
        actor=STAFF,
    )


def fewer(order: Order, quantity: int) -> Any:
    return partial(services.change_line, order_id=order.pk, line_id=first_line(order), quantity=quantity, actor=STAFF)


def test_a_unit_is_taken_off_once_however_many_ask() -> None:
    order = make_order(stock=5)
    outcomes = at_once([fewer(order, 1)] * 8)
    assert sorted(outcomes) == [False] * 7 + [True]
    order.refresh_from_db()
    assert (order.total_amount, OrderRevision.objects.count()) == (10, 1)
    assert_sound()


def test_control_without_the_lock_on_the_order_each_of_them_takes_it_off() -> None:
    order = make_order(stock=5)
    both_have_read = Barrier(2)

    def take_off_unlocked() -> None:
        with transaction.atomic():
            seen = Order.objects.get(pk=order.pk)
            line = seen.order_items.get()
            both_have_read.wait(30)
            reduce_line(seen, line, 1, kind="line_changed", actor=STAFF)

    with rewriting("orders_orderitem"):
        at_once([take_off_unlocked] * 2)
    order.refresh_from_db()
    assert (order.total_amount, order.order_items.get().quantity) == (0, 1)


def test_units_either_leave_or_are_taken_off() -> None:
    for _ in range(5):
        order = make_order(stock=5, status="confirmed")
        mug = order.order_items.get().variant
        shipped, changed = at_once([partial(services.ship_order, order_id=order.pk, actor=STAFF), fewer(order, 1)])
        assert shipped is True
        left = order.order_items.get().quantity
        assert (type(changed), stock_of(mug)) == ((bool, (4, 0)) if left == 1 else (NotChangeable, (3, 0)))
    assert_sound()


def test_an_address_changes_before_the_goods_leave_or_not_at_all() -> None:
    for _ in range(5):
        order = make_order(status="confirmed")
        change = partial(services.change_order, order_id=order.pk, changes={"phone": "+49 1"}, actor=STAFF)
        shipped, changed = at_once([partial(services.ship_order, order_id=order.pk, actor=STAFF), change])
        assert (shipped, type(changed)) in ((True, bool), (True, NotChangeable))
        events = list(order.history.values_list("event", flat=True))
        assert events[2:] == (["changed", "shipped"] if changed is True else ["shipped"])
    assert_sound()


def test_the_last_unit_takes_the_place_of_one_line() -> None:
    bowl, orders = make_article(stock=1), [order_of(make_article(stock=1)) for _ in range(6)]
    outcomes = at_once([replaced(order, bowl) for order in orders])
    refused = [outcome for outcome in outcomes if isinstance(outcome, InsufficientStock)]
    assert (len(refused), stock_of(bowl)) == (5, (1, 1))
    assert OrderRevision.objects.count() == 2
    assert_sound()


def test_control_two_locks_on_stock_one_after_the_other_deadlock() -> None:
    """Giving the old line back first, and then reserving the new one, locks stock in the sequence of the request."""
    mug, bowl = make_article(stock=3), make_article(stock=3)
    orders = [order_of(mug), order_of(bowl)]
    both_hold_one = Barrier(2)

    def replace_in_two_steps(order: Order, new: Variant) -> None:
        with transaction.atomic():
            inventory_services.release(reference=order.reference, actor=STAFF)
            both_hold_one.wait(30)
            inventory_services.reserve(reference=order.reference, quantities={new.stock_item_id: 1}, actor=STAFF)

    outcomes = at_once([partial(replace_in_two_steps, orders[0], bowl), partial(replace_in_two_steps, orders[1], mug)])
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "OperationalError"]


def test_lines_that_change_places_do_not_deadlock() -> None:
    mug, bowl = make_article(stock=40), make_article(stock=40)
    orders = [order_of(article) for article in (mug, bowl) * 6]
    before = deadlocks()
    others = {mug.pk: bowl, bowl.pk: mug}
    works = [replaced(order, others[order.order_items.get().variant_id]) for order in orders]
    outcomes = at_once(works)
    assert [type(outcome) for outcome in outcomes] == [int] * 12
    assert (deadlocks(), stock_of(mug), stock_of(bowl)) == (before, (40, 6), (40, 6))
    assert_sound()


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select deadlocks from pg_stat_database where datname = current_database()")
        return int(cursor.fetchone()[0])


def test_a_crowd_of_staff_and_buyers_leaves_every_invariant_whole() -> None:
    """Eight staff change, replace, ship in part, lose and cancel the same orders, with buyers beside them."""
    articles = [make_article(stock=30) for _ in range(4)]
    orders = [order_of(*articles[:2], units=3, confirmed=place_ % 2 == 0) for place_ in range(6)]

    def staff(seed: int) -> int:
        choose, done = random.Random(seed), 0  # noqa: S311  # a test's own dice, no secret
        for _ in range(12):
            try:
                act(choose, choose.choice(orders), articles)
                done += 1
            except Refusal:
                continue
        return done

    def buyer(seed: int) -> int:
        choose = random.Random(seed)  # noqa: S311  # as above
        return sum(bool(place(make_user(), {choose.choice(articles): 1})) for _ in range(6))

    outcomes = at_once([*(partial(staff, seed) for seed in range(8)), partial(buyer, 8), partial(buyer, 9)])
    assert all(isinstance(outcome, int) for outcome in outcomes), outcomes
    assert sum(outcomes) > 30
    assert_sound()


def act(choose: random.Random, order: Order, articles: list[Variant]) -> None:
    """Something that staff do with an order."""
    line = choose.choice(list(order.order_items.all()) or [None])
    line_id = line.pk if line else 0
    match choose.randrange(6):
        case 0:
            services.change_line(order_id=order.pk, line_id=line_id, quantity=choose.randrange(3), actor=STAFF)
        case 1:
            wanted = Wanted(choose.randint(1, 2), variant_id=choose.choice(articles).pk)
            services.replace_line(order_id=order.pk, line_id=line_id, wanted=wanted, actor=STAFF)
        case 2:
            services.ship_parcel(order_id=order.pk, lines={line_id: 1}, actor=STAFF)
        case 3:
            parcel = order.fulfilments.order_by("?").first()
            services.cancel_parcel(order_id=order.pk, parcel_id=parcel.pk if parcel else 0, actor=STAFF)
        case 4:
            changes = {"note": str(choose.random())}
            services.change_order(order_id=order.pk, changes=changes, actor=STAFF)
        case _:
            sku = choose.choice(articles).stock_item.sku
            services.record_shortfall(sku=sku, warehouse="main", missing=1, actor=STAFF)
