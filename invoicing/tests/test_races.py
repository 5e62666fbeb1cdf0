"""Documents at the same moment: no gap, nothing twice, nothing beyond the invoice. Each race has its control."""

from collections import Counter as Tally
from collections.abc import Iterator
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from pytest_django import Settings

from database.days import today
from database.transactions import Overtaken
from events.services import publish
from invoicing import services
from invoicing.documents import invoice_of
from invoicing.models import Invoice
from invoicing.services import accounts, following, writing
from invoicing.services.accounts import Account
from invoicing.services.following import Cause
from invoicing.services.writing import Number
from invoicing.tests.factories import SELLER, assert_sound, documents, issue, verify
from orders.models import Order
from orders.tests.factories import STAFF, make_article, make_user, place
from orders.tests.returns import shipped
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def seller(settings: Settings) -> None:
    for name, value in SELLER.items():
        setattr(settings, name, value)


def orders_of(count: int) -> list[int]:
    mug, user = make_article(stock=100), make_user()
    return [place(user, {mug: 1}).id for _ in range(count)]


def invoice(order_id: int) -> list[int]:
    return services.follow_order(order_id=order_id, actor=STAFF, due_since=today())


def serials() -> list[int]:
    return list(Invoice.objects.filter(kind="invoice").order_by("serial").values_list("serial", flat=True))


def test_a_crowd_gets_all_numbers_from_one_without_a_gap_though_some_give_up() -> None:
    def give_up(order_id: int) -> None:
        """Take a number, and come to nothing."""
        with transaction.atomic():
            writing.take_number("invoice")
            raise ZeroDivisionError(order_id)

    crowd = orders_of(16)
    works: list[Any] = [partial(invoice if place_ % 4 else give_up, order) for place_, order in enumerate(crowd)]
    outcomes = Tally(type(outcome).__name__ for outcome in at_once(works))
    assert outcomes == {"list": 12, "ZeroDivisionError": 4}
    assert serials() == list(range(1, 13))
    assert sorted(map(len, at_once([partial(invoice, order) for order in crowd]))) == [0] * 12 + [1] * 4
    assert serials() == list(range(1, 17))
    at_once([partial(services.file_of, row) for row in Invoice.objects.values_list("pk", flat=True)[:4]])
    assert_sound()


def test_control_numbers_that_are_read_and_then_written_come_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    all_have_read = Barrier(6, timeout=30)

    def read_then_write(kind: str) -> Number:
        last = Invoice.objects.filter(kind=kind).aggregate(last=Max("serial"))["last"] or 0
        all_have_read.wait()
        with connection.cursor() as cursor:
            cursor.execute("select clock_timestamp()")
            return Number(today().year, last + 1, cursor.fetchone()[0])

    monkeypatch.setattr(writing, "take_number", read_then_write)
    outcomes = at_once([partial(invoice, order) for order in orders_of(6)])
    # Only the constraint keeps them apart, and the others have no invoice.
    assert Tally(type(outcome) for outcome in outcomes) == {list: 1, IntegrityError: 5}
    assert serials() == [1]


def test_control_numbers_of_a_sequence_have_gaps_where_somebody_gave_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("create sequence invoice_control")

    def from_sequence(kind: str) -> Number:
        with connection.cursor() as cursor:
            cursor.execute("select nextval('invoice_control'), clock_timestamp()")
            return Number(today().year, *cursor.fetchone())

    try:
        monkeypatch.setattr(writing, "take_number", from_sequence)
        first, second = orders_of(2)
        monkeypatch.setattr(writing, "publish", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            invoice(first)
        monkeypatch.undo()
        monkeypatch.setattr(writing, "take_number", from_sequence)
        invoice(second)
        assert serials() == [2]
        assert "numbers have no gap" in verify()[0]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("drop sequence invoice_control")


def test_a_document_that_is_not_told_of_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    [order] = orders_of(1)
    before = documents()
    monkeypatch.setattr(writing, "publish", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        invoice(order)
    assert documents() == before


def test_a_number_that_was_waited_for_over_new_year_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    take = writing.TAKE
    # The moment after the wait is of another year than the one before it.
    later = take.replace("last, clock_timestamp()", "last, clock_timestamp() + interval '1 year'")
    monkeypatch.setattr(writing, "TAKE", later)
    with pytest.raises(Overtaken), transaction.atomic():
        writing.take_number("invoice")
    monkeypatch.setattr(writing, "TAKE", take)
    with transaction.atomic():
        assert writing.take_number("invoice").serial == 1


def test_an_order_has_one_invoice_however_many_ask() -> None:
    [order] = orders_of(1)
    outcomes = at_once([partial(invoice, order)] * 8)
    assert sorted(map(len, outcomes)) == [0] * 7 + [1]
    assert serials() == [1]
    assert_sound()


def give(order: Order, times: int) -> None:
    """As payments say that all that an order cost went back, and more than once."""
    for number in range(times):
        total = str(order.total_amount)
        payload: dict[str, Any] = {"order_id": order.pk, "payment_id": 1, "operation_id": number}
        payload |= {"amount": total, "goodwill": total, "lines": {}}
        with transaction.atomic():
            publish("payment.refunded", payload, subject=f"order:{order.pk}", actor=STAFF)


def follow(order: Order) -> list[int]:
    return services.follow_order(order_id=order.pk, actor=STAFF)


def test_refunds_that_are_heard_of_at_once_credit_no_more_than_the_invoice() -> None:
    order = shipped(3)
    issue(order)
    give(order, 3)
    outcomes = at_once([partial(follow, order)] * 6)
    assert sorted(map(len, outcomes)) == [0] * 5 + [1]
    assert Invoice.objects.filter(kind="credit_note").credited() == order.total_amount
    assert_sound()


def test_control_without_the_lock_more_is_credited_than_the_invoice(monkeypatch: pytest.MonkeyPatch) -> None:
    order = shipped(3)
    issue(order)
    give(order, 3)
    all_have_read, places = Barrier(3, timeout=30), iter((0, 1, 2))
    own = following.given

    def one_of_them(account: Account) -> Iterator[Cause]:
        """Each looks at another refund, and finds the whole invoice left."""
        cause = list(own(account))[next(places)]
        assert account.rest
        all_have_read.wait()
        yield cause

    monkeypatch.setattr(following, "locked_order", lambda order_id: Order.objects.get(pk=order_id))
    monkeypatch.setattr(following, "given", one_of_them)
    credit = partial(following.issue_next, order_id=order.pk, actor=STAFF, due_since=None)
    at_once([credit] * 3)
    assert Invoice.objects.filter(kind="credit_note").credited() == 3 * order.total_amount
    assert "credit notes are within their invoice" in verify()[0]


def test_nobody_waits_for_the_order_of_another_while_a_document_is_made() -> None:
    """What is read and worked out of an order is done before the number is taken."""
    first, second = orders_of(2)
    order = accounts.locked_order
    with transaction.atomic():
        document = invoice_of(order(first), supplied_on=today(), is_supplied=False)
        assert [len(ids) for ids in at_once([partial(invoice, second)])] == [1]
        writing.write(Order.objects.get(pk=first), "invoice", document, reference="order", actor=STAFF)
    assert serials() == [1, 2]
