"""Money at the same moment: on real connections, with real commits. Each race has a control without the protection."""

from decimal import Decimal
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from orders import services as order_services
from orders.models import Order, OrderEvent
from orders.tests.factories import STAFF, make_order
from orders.tests.test_races import kinds
from payments import services
from payments.exceptions import RefundTooHigh
from payments.models import Entry, Operation, Payment
from payments.money import Account, Books
from payments.services.books import account_in, follow, intend
from payments.tests.factories import assert_money_sound, begun, carried_out, figures, hear, said, status_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
TABS = 8


def hearing(payment: Payment, state: Any = "paid") -> Any:
    return partial(services.apply, payment.pk, said(payment, state))


def refunding(payment: Payment, amount: str) -> Any:
    order, money = payment.order_id, Decimal(amount)
    return partial(services.refund_payment, order_id=order, payment_id=payment.pk, actor=STAFF, amount=money)


def beginning(order: Order) -> Any:
    return partial(services.begin_payment, order_id=order.pk, provider="manual", actor=STAFF)


def cancelling(payment: Payment) -> Any:
    return partial(order_services.cancel_order, order_id=payment.order_id, actor=STAFF)


def refunds(payment: Payment) -> list[tuple[str, str]]:
    return [(row.state, str(row.amount)) for row in payment.operations.filter(kind="refund")]


def books_unlocked(payment: Payment) -> tuple[Order, Books]:
    """An order and its books as somebody reads them who takes no lock."""
    order = Order.objects.get(pk=payment.order_id)
    accounts = [Account(row, list(row.operations.all()), []) for row in order.payments.order_by("id")]
    return order, Books(accounts, order_services.due_of(order))


def test_what_a_provider_says_counts_once_however_many_hear_it() -> None:
    payment = begun()
    assert at_once([hearing(payment)] * TABS) == [[]] * TABS
    assert (status_of(payment), figures(payment)) == ("confirmed", ("paid", "20.00", "0.00", "paid"))
    assert Entry.objects.count() == 1
    assert OrderEvent.objects.filter(order=payment.order_id, event="confirmed").count() == 1
    assert_money_sound()


def test_money_for_a_cancelled_order_goes_back_once_however_many_hear_of_it() -> None:
    payment = begun()
    order_services.cancel_order(order_id=payment.order_id, actor=STAFF)
    outcomes = at_once([hearing(payment)] * TABS)
    assert sorted(len(asked) for asked in outcomes) == [0] * (TABS - 1) + [1]
    assert refunds(payment) == [("intended", "20.00")]
    carried_out()
    assert figures(payment) == ("paid", "20.00", "20.00", "refunded")
    assert_money_sound()


def test_control_without_the_locks_everybody_sends_it_back() -> None:
    payment = begun()
    order_services.cancel_order(order_id=payment.order_id, actor=STAFF)
    Payment.objects.filter(pk=payment.pk).update(state="paid", captured=Decimal("20.00"))
    all_have_looked = Barrier(TABS)

    def follow_unlocked() -> list[int]:
        with transaction.atomic():
            order, books = books_unlocked(payment)
            all_have_looked.wait(30)
            return follow(order, books)

    outcomes = at_once([follow_unlocked] * TABS)
    assert [len(asked) for asked in outcomes] == [1] * TABS
    assert refunds(payment) == [("intended", "20.00")] * TABS


def test_refunds_at_once_never_exceed_what_has_come() -> None:
    payment = begun()
    hear(payment)
    outcomes = at_once([refunding(payment, "7.00")] * TABS)
    assert kinds(outcomes) == {"RefundTooHigh": TABS - 2, "list": 2}
    assert {outcome.extra["refundable"] for outcome in outcomes if isinstance(outcome, RefundTooHigh)} <= {"6.00"}
    assert refunds(payment) == [("intended", "7.00")] * 2
    services.carry_on(Operation.objects.unknown().values_list("pk", flat=True))
    assert figures(payment) == ("paid", "20.00", "14.00", "partly_refunded")
    assert_money_sound()


def test_control_without_the_locks_more_goes_back_than_has_come() -> None:
    payment = begun()
    hear(payment)
    all_have_looked = Barrier(TABS)

    def refund_unlocked() -> bool:
        with transaction.atomic():
            _, books = books_unlocked(payment)
            account = account_in(books, payment.pk)
            fits = Decimal("7.00") <= account.held
            all_have_looked.wait(30)
            if fits:
                intend(account, Operation.Kind.REFUND, amount=Decimal("7.00"), actor=STAFF)
            return fits

    assert at_once([refund_unlocked] * TABS) == [True] * TABS
    assert refunds(payment) == [("intended", "7.00")] * TABS


def test_an_order_that_is_paid_in_many_tabs_has_one_payment() -> None:
    order = make_order()
    outcomes = at_once([beginning(order)] * TABS)
    assert len({outcome.payment_id for outcome in outcomes}) == 1
    assert sorted(outcome.is_new for outcome in outcomes) == [False] * (TABS - 1) + [True]
    assert Operation.objects.filter(kind="create").count() == 1
    assert_money_sound()


def test_control_without_the_lock_and_the_constraint_each_tab_has_a_payment() -> None:
    order = make_order()
    all_have_looked = Barrier(TABS)

    def begin_unlocked() -> bool:
        with transaction.atomic():
            has_one = order.payments.live().exists()
            all_have_looked.wait(30)
            if not has_one:
                Payment.objects.create(order=order, provider="manual", amount=Decimal("20.00"), currency="USD")
            return has_one

    with connection.cursor() as cursor:
        cursor.execute("select indexdef from pg_indexes where indexname = 'payment_one_live'")
        (definition,) = cursor.fetchone()
        cursor.execute("drop index payment_one_live")
        try:
            assert at_once([begin_unlocked] * TABS) == [False] * TABS
            assert order.payments.live().count() == TABS
        finally:
            Payment.objects.all().delete()
            cursor.execute(definition)


def test_money_that_comes_while_staff_cancel_the_order_goes_back() -> None:
    for _ in range(6):
        payment = begun()
        heard, cancelled = at_once([hearing(payment), cancelling(payment)])
        assert (type(heard), cancelled) == (list, True)
        carried_out()
        assert (status_of(payment), figures(payment)) == ("cancelled", ("paid", "20.00", "20.00", "refunded"))
    assert_money_sound()


def test_money_that_comes_while_its_buyer_cancels_is_not_lost() -> None:
    for _ in range(6):
        payment = begun()
        buyer = Order.objects.get(pk=payment.order_id).user_id
        heard, cancelled = at_once([hearing(payment), partial(cancelling(payment), owner_id=buyer)])
        assert isinstance(heard, list)
        carried_out()
        if cancelled is True:
            assert (status_of(payment), figures(payment)[3]) == ("cancelled", "refunded")
        else:
            assert type(cancelled).__name__ == "IllegalTransition"
            assert (status_of(payment), figures(payment)[3]) == ("confirmed", "paid")
    assert_money_sound()


def test_of_those_who_carry_out_the_same_operation_one_makes_the_call() -> None:
    payment = begun()
    hear(payment)
    [asked] = refunding(payment, "5.00")()
    outcomes = at_once([partial(services.carry_out, asked)] * TABS)
    assert sum(outcome is not None for outcome in outcomes) == 1
    assert (Operation.objects.get(pk=asked).tries, figures(payment)[2]) == (1, "5.00")
    assert_money_sound()
