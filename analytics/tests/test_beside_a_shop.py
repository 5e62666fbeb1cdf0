"""The replay runs beside an open shop and beside another replay, and says which right it needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.db import connection, connections

from analytics.replay import SUBJECTS, Busy, NoSchema, rebuilding, rebuilt, verified
from catalog import services as catalog
from catalog.models import Variant
from orders.tests.factories import STAFF, make_user, place

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def meanwhile(work: Any) -> Iterator[None]:
    """Run `work` again and again in a thread of its own, at least once, until the block ends."""
    begun, over, failures = Event(), Event(), []

    def run() -> None:
        try:
            while not over.is_set():
                work()
                begun.set()
        except Exception as error:
            failures.append(error)
            begun.set()
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    begun.wait()
    yield
    over.set()
    thread.join()
    assert failures == []


def sell() -> Any:
    """Place an order of an article that there is enough of, and change its price."""
    catalog.create_product(name="Mug", price=Decimal(5), stock_quantity=100_000, actor=STAFF)
    variant = Variant.objects.get()
    numbers = iter(range(100, 10_000))

    def work() -> None:
        place(make_user(), {variant: 1})
        catalog.update_product(product_id=variant.product_id, price=Decimal(next(numbers)), actor=STAFF)

    return work


def test_an_open_shop_is_compared_with_its_own_past() -> None:
    with meanwhile(sell()):
        for subject in SUBJECTS.values():
            result = verified(subject)
            assert result.differing == 0, result.compared


def test_control_without_one_moment_an_open_shop_is_ahead_of_what_was_rebuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    work = sell()
    work()
    execute = rebuilding.execute
    monkeypatch.setattr(rebuilding, "execute", lambda sql: None if "isolation" in sql else execute(sql))
    build, done = rebuilding.build, []

    def build_and_sell(part: Any, schema: str) -> None:
        build(part, schema)
        if part is SUBJECTS["orders"].parts[-1]:
            thread = Thread(target=lambda: (work(), connections.close_all(), done.append(True)))
            thread.start()
            thread.join()

    monkeypatch.setattr(rebuilding, "build", build_and_sell)
    assert verified(SUBJECTS["orders"]).differing > 0
    assert done == [True]


def test_two_at_once_do_not_disturb_each_other() -> None:
    sell()()
    start, outcomes = Barrier(2), []

    def run() -> None:
        start.wait()
        outcomes.append(verified(SUBJECTS["stock"]))
        connections.close_all()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.differing for outcome in outcomes] == [0, 0]
    assert len({outcome.schema for outcome in outcomes}) == 2


def test_two_do_not_keep_the_same_subject_at_once() -> None:
    """One that is at it keeps the lock until its commit."""
    sell()()
    building, go_on, outcomes = Event(), Event(), []
    build = rebuilding.build

    def build_slowly(part: Any, schema: str) -> None:
        building.set()
        go_on.wait()
        build(part, schema)

    def run() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rebuilding, "build", build_slowly)
            outcomes.append(rebuilt(SUBJECTS["orders"]).schema)
        connections.close_all()

    thread = Thread(target=run)
    thread.start()
    building.wait()
    with pytest.raises(Busy):
        rebuilt(SUBJECTS["orders"])
    go_on.set()
    thread.join()
    assert outcomes == ["replay_orders"]
    with connection.cursor() as cursor:
        cursor.execute("drop schema replay_orders cascade")


def test_a_role_that_may_not_make_a_schema_is_told_which_right_it_lacks() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_database(), current_user")
        database, role = cursor.fetchone()
        cursor.execute(f"revoke create on database {database} from {role}")
        try:
            with pytest.raises(NoSchema, match=f"grant create on database {database} to {role}"):
                verified(SUBJECTS["orders"])
        finally:
            cursor.execute(f"grant create on database {database} to {role}")
