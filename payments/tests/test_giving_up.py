"""A payment that is given up while money may still come by it: nothing is taken, lost or begun for ever."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.conf import settings as configured
from django.utils import timezone

from events.tests.rewriting import rewriting
from inventory.invariants import violations
from orders import services as order_services
from orders.models import Order
from orders.tests.factories import STAFF, everything, make_order
from payments import services
from payments.exceptions import NotCancellable
from payments.invariants import INVARIANTS
from payments.models import Operation, Payment
from payments.providers import manual
from payments.providers.snapshot import ProviderRefused, ProviderUnknown, Snapshot
from payments.services.carrying import again
from payments.services.reconciling import give_up_overdue
from payments.tests.factories import assert_money_sound, back, begun, figures, hear, status_of

pytestmark = pytest.mark.django_db


def cancelling(payment: Payment) -> list[int]:
    """Somebody asks that it be cancelled, and the provider has not answered."""
    return services.cancel_payment(order_id=payment.order_id, payment_id=payment.pk, actor=STAFF)


def kinds(payment: Payment) -> list[tuple[str, str]]:
    return list(payment.operations.order_by("id").values_list("kind", "state"))


def overdue(payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of its order is over."""
    monkeypatch.setattr(configured, "PENDING_ORDER_HOURS", 24)
    Order.objects.filter(pk=payment.order_id).update(
        order_date=timezone.now() - timedelta(days=30), payable_until=timezone.now() - timedelta(minutes=1)
    )


def test_money_that_is_set_apart_while_its_payment_is_cancelled_confirms_nothing() -> None:
    payment = begun()
    [cancel] = cancelling(payment)
    hear(payment, "authorized")
    assert (status_of(payment), figures(payment)[3]) == ("pending", "unpaid")
    assert_money_sound()
    services.carry_out(cancel)
    assert (status_of(payment), figures(payment)) == ("pending", ("cancelled", "0.00", "0.00", "unpaid"))


def test_a_payment_that_has_confirmed_its_order_is_cancelled_with_the_order_alone() -> None:
    payment = begun()
    hear(payment, "authorized")
    before = everything(), figures(payment)
    with pytest.raises(NotCancellable):
        cancelling(payment)
    assert (everything(), figures(payment)) == before

    order_services.cancel_order(order_id=payment.order_id, actor=STAFF)
    services.carry_on(services.settle_order(payment.order_id))
    assert (status_of(payment), figures(payment)) == ("cancelled", ("cancelled", "0.00", "0.00", "unpaid"))
    assert_money_sound()


def test_another_payment_begins_while_the_first_one_is_still_being_cancelled() -> None:
    first = begun()
    cancelling(first)
    second = begun(Order.objects.get(pk=first.order_id))
    assert (figures(first)[0], figures(second)[0]) == ("cancelled", "open")
    assert kinds(first) == [("create", "done"), ("cancel", "done")]
    assert_money_sound()


def test_whoever_pays_while_the_clock_is_about_to_cancel_keeps_the_money_set_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payment = begun()
    overdue(payment, monkeypatch)
    hear(payment, "authorized")
    give_up_overdue(payment.pk)  # it was overdue when the clock made its list
    assert (status_of(payment), figures(payment)[0]) == ("confirmed", "authorized")
    assert kinds(payment) == [("create", "done")]
    assert_money_sound()


def test_whoever_begins_to_pay_again_and_again_keeps_no_goods_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    payment = begun()
    overdue(payment, monkeypatch)
    assert begun(Order.objects.get(pk=payment.order_id)) == payment
    order = Order.objects.get(pk=payment.order_id)
    assert order.payable_until is not None
    assert order.payable_until < timezone.now()
    assert list(Order.objects.overdue_but_payable()) == [order]


def test_a_provider_that_refuses_to_cancel_is_not_asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(ref: str, key: str) -> Snapshot:
        raise ProviderRefused("processing")

    payment = begun()
    monkeypatch.setattr(manual, "cancel", refuse)
    order_services.cancel_order(order_id=payment.order_id, actor=STAFF)
    services.carry_on(services.settle_order(payment.order_id))
    hear(payment, "open")
    assert kinds(payment) == [("create", "done"), ("cancel", "refused")]
    payment.refresh_from_db()
    assert payment.next_check_at is not None

    payment.operations.filter(kind="cancel").update(resolved_at=timezone.now() - timedelta(minutes=1))
    hear(payment, "open")
    assert kinds(payment)[2:] == [("cancel", "intended")]
    assert_money_sound()


def test_a_second_payment_of_what_is_paid_is_cancelled() -> None:
    first = begun()
    cancelling(first)
    second = begun(Order.objects.get(pk=first.order_id))
    hear(first)
    assert kinds(second) == [("create", "done"), ("cancel", "intended")]
    assert_money_sound()


def test_money_that_was_let_go_before_it_was_taken_waits_for_people() -> None:
    payment = begun()
    hear(payment, "authorized")
    hear(payment, "cancelled")
    payment.refresh_from_db()
    assert (status_of(payment), payment.state, payment.review) == ("confirmed", "cancelled", "let_go")
    assert_money_sound()


def test_a_refund_that_nobody_waited_for_any_more_stands_in_the_books() -> None:
    payment = begun()
    hear(payment)
    [asked] = services.refund_payment(
        order_id=payment.order_id, payment_id=payment.pk, actor=STAFF, amount=Decimal("5.00")
    )
    new = again(asked)
    assert new is not None
    said = (back("5.00", "r1", operation_id=asked), back("5.00", "r2", operation_id=new.pk))
    for _ in range(2):
        hear(payment, refunds=said)
    assert figures(payment) == ("paid", "20.00", "10.00", "partly_refunded")
    assert [operation.state for operation in payment.operations.filter(kind="refund")] == ["done", "done"]
    assert_money_sound()


def test_a_provider_that_is_silent_is_left_alone_until_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def say_nothing(ref: str) -> Snapshot:
        asked.append(ref)
        raise ProviderUnknown("no answer")

    some = [begun() for _ in range(5)]
    Payment.objects.update(next_check_at=timezone.now())
    monkeypatch.setattr(manual, "fetch", say_nothing)
    for turn in (3, 5):
        left = 5 - len(asked)
        assert services.reconcile() == left
        assert len(asked) == turn, "those who were not asked come first the next time"
    assert {f"manual-{payment.pk}" for payment in some} == set(asked)


@pytest.mark.parametrize("named", INVARIANTS)
def test_control_each_invariant_of_money_sees_what_it_is_for(named: str) -> None:
    payment = begun(make_order())
    hear(payment, refunds=(back("5.00"),))
    row = Payment.objects.filter(pk=payment.pk)
    order = Order.objects.filter(pk=payment.order_id)
    refunds = payment.operations.filter(kind="refund")
    more = partial(Operation.objects.create, payment=payment, kind="refund", amount=Decimal("16.00"), actor="system")

    def rewrite() -> None:
        with rewriting("payments_operation"):
            refunds.update(amount=Decimal("6.00"))

    damage: dict[str, Callable[[], object]] = {
        "payments are the sum of their entries": lambda: row.update(captured=Decimal("21.00")),
        "refunds are the operations that were carried out": rewrite,
        "no more goes back than has come": more,
        "an order says how it is paid": lambda: order.update(payment_status="paid"),
        "the clock asks where money may still come": lambda: order.update(payment_open=True),
        "nobody pays for what was given up": lambda: order.update(status="cancelled"),
        "a confirmed order is paid, people confirmed it, or they are to look at it": lambda: order.update(
            payment_status="unpaid"
        ),
    }
    assert not list(violations(INVARIANTS))
    damage[named]()
    assert named in {violation.invariant for violation in violations(INVARIANTS)}
