"""Orders follow their money, and money follows its orders."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.tests.factories import client_of
from database.refusals import Refusal
from events.models import Event
from orders import services as order_services
from orders.exceptions import PaymentInProgress, ShippingBlocked
from orders.models import Order
from orders.services import Asked
from orders.tests.factories import STAFF, everything, make_article, make_order, make_user, place, stock_of
from payments import services, tasks
from payments.exceptions import NothingToPay, RefundTooHigh
from payments.models import Dispute, Entry, Operation, Payment
from payments.providers.snapshot import Captured, Disputed
from payments.tests.factories import (
    assert_money_sound,
    back,
    begun,
    carried_out,
    figures,
    hear,
    paid,
    refund,
    said,
    status_of,
)
from pricing.tests.factories import make_promotion

pytestmark = pytest.mark.django_db


def entries(payment: Payment) -> list[tuple[str, str]]:
    return [(row.kind, str(row.amount)) for row in Entry.objects.filter(payment=payment)]


def test_an_order_that_is_paid_in_full_is_confirmed_once() -> None:
    payment = begun()
    assert (status_of(payment), figures(payment)) == ("pending", ("open", "0.00", "0.00", "unpaid"))

    for _ in range(3):
        assert hear(payment) == []

    assert (status_of(payment), figures(payment)) == ("confirmed", ("paid", "20.00", "0.00", "paid"))
    assert entries(payment) == [("captured", "20.00")]
    assert_money_sound()


def test_money_that_was_set_apart_confirms_and_is_taken_when_goods_leave() -> None:
    payment = begun()
    hear(payment, "authorized")
    assert (status_of(payment), figures(payment)) == ("confirmed", ("authorized", "0.00", "0.00", "authorized"))
    order_services.ship_order(order_id=payment.order_id, actor=STAFF)

    [operation] = services.settle_order(payment.order_id)

    assert services.settle_order(payment.order_id) == [], "what is under way is not begun twice"
    asked = Operation.objects.get(pk=operation)
    assert (asked.kind, asked.amount, asked.state) == ("capture", Decimal("20.00"), "intended")
    hear(payment)
    asked.refresh_from_db()
    assert (asked.state, figures(payment)) == ("done", ("paid", "20.00", "0.00", "paid"))
    assert_money_sound()


def free_order() -> Order:
    """An order of a customer whose coupon is worth all of it."""
    make_promotion(value=Decimal(100), automatic=True, codes=[])
    order = make_order()
    assert (order.total_amount, order.status) == (Decimal("0.00"), "pending")
    return order


def test_an_order_that_costs_nothing_is_confirmed_without_a_payment() -> None:
    order = free_order()
    [told] = Event.objects.filter(kind="order.cost_nothing")

    for _ in range(2):  # a job may be done again
        tasks.settle_order(event_id=told.pk, kind=told.kind, payload=told.payload)

    order.refresh_from_db()
    assert order.status == "confirmed"
    confirmed = Event.objects.filter(kind="order.confirmed", subject=told.subject)
    assert (told.subject, confirmed.count()) == (f"order:{order.pk}", 1)
    with pytest.raises(NothingToPay):
        services.begin_payment(order_id=order.pk, provider="manual", actor=STAFF)
    assert_money_sound()


def test_an_order_that_costs_nothing_is_told_to_be_paid() -> None:
    order = free_order()
    assert order.user
    client = client_of(order.user)
    alone = client.get(f"/api/v1/orders/{order.pk}").json()["payment_status"]
    [in_list] = [row["payment_status"] for row in client.get("/api/v1/orders/my-orders").json()["results"]]
    assert (alone, in_list) == ("paid", "paid")


def test_an_order_that_costs_nothing_waits_for_staff_where_they_confirm_all(settings: Any) -> None:
    settings.MANUAL_PAYMENT_NAME = ""
    order = free_order()

    assert services.settle_order(order.pk) == []

    order.refresh_from_db()
    assert order.status == "pending"


def test_an_order_that_costs_something_tells_nothing_of_it() -> None:
    make_order()
    assert not Event.objects.filter(kind="order.cost_nothing").exists()


def test_an_older_snapshot_changes_nothing() -> None:
    payment = begun()
    hear(payment, refunds=(back("5.00"),))
    known = figures(payment), entries(payment), Payment.objects.values().get(pk=payment.pk)["version"]

    for older in (said(payment, "open"), said(payment, "authorized"), said(payment), said(payment, "cancelled")):
        services.apply(payment.pk, older)

    assert (figures(payment), entries(payment), payment.version) == known
    assert figures(payment) == ("paid", "20.00", "5.00", "partly_refunded")
    assert_money_sound()


def test_money_that_comes_for_a_cancelled_order_goes_back() -> None:
    payment = begun()
    order_services.cancel_order(order_id=payment.order_id, actor=STAFF)

    [asked] = hear(payment)

    operation = Operation.objects.get(pk=asked)
    assert (operation.kind, operation.amount, operation.goodwill) == ("refund", Decimal("20.00"), 0)
    hear(payment, refunds=(back("20.00", operation_id=asked),))
    assert (status_of(payment), figures(payment)) == ("cancelled", ("paid", "20.00", "20.00", "refunded"))
    assert_money_sound()


def test_cancelling_a_paid_order_pays_all_of_it_back_once() -> None:
    payment = paid()
    order_services.cancel_order(order_id=payment.order_id, actor=STAFF)
    for _ in range(2):
        carried_out()
    assert figures(payment) == ("paid", "20.00", "20.00", "refunded")
    assert entries(payment) == [("captured", "20.00"), ("refunded", "20.00")]
    assert_money_sound()


def test_cancelling_an_order_cancels_the_payment_that_is_under_way() -> None:
    payment = begun()
    order_services.cancel_order(order_id=payment.order_id, actor=STAFF)
    carried_out()
    assert figures(payment) == ("cancelled", "0.00", "0.00", "unpaid")
    assert not Order.objects.get(pk=payment.order_id).payment_open
    assert_money_sound()


def test_money_that_comes_twice_goes_back_by_the_later_payment() -> None:
    first = begun()
    services.carry_on(services.cancel_payment(order_id=first.order_id, payment_id=first.pk, actor=STAFF))
    second = begun(Order.objects.get(pk=first.order_id))
    hear(second)

    [asked] = hear(first)

    operation = Operation.objects.get(pk=asked)
    assert (operation.payment_id, operation.amount) == (second.pk, Decimal("20.00"))
    services.carry_out(asked)
    assert (figures(first)[:3], figures(second)[:3]) == (("paid", "20.00", "0.00"), ("paid", "20.00", "20.00"))
    assert_money_sound()


def test_another_amount_or_currency_confirms_nothing_and_waits_for_people() -> None:
    for members in ({"amount": Decimal("19.99")}, {"currency": "EUR"}):
        payment = begun()
        assert hear(payment, **members) == []
        payment.refresh_from_db()
        assert payment.review in Payment.MISMATCHES
        assert status_of(payment) == "pending"
    assert_money_sound()


def test_what_parcels_and_returns_owe_is_paid_out_to_the_cent() -> None:
    mug, pot = make_article(stock=5, price="3.33"), make_article(stock=5, price="10.00")
    order = Order.objects.get(pk=place(make_user(), {mug: 3, pot: 2}).id)
    payment = paid(order)
    one, two = order.order_items.order_by("id")
    order_services.change_line(order_id=order.pk, line_id=two.pk, quantity=1, actor=STAFF)
    carried_out()
    assert figures(payment) == ("paid", "29.99", "10.00", "partly_refunded")
    order_services.ship_order(order_id=order.pk, actor=STAFF)
    asked = order_services.ask_return(order_id=order.pk, lines={one.pk: Asked(2)}, actor=STAFF)
    order_services.receive_return(order_id=order.pk, return_id=asked, actor=STAFF)
    for _ in range(2):
        carried_out()
    assert figures(payment) == ("paid", "29.99", "16.66", "partly_refunded")
    assert [op.goodwill for op in payment.operations.filter(kind="refund")] == [0, 0]
    assert_money_sound()


def test_goodwill_is_no_advance_on_what_is_owed_later() -> None:
    payment = paid()
    order = Order.objects.get(pk=payment.order_id)
    refund(payment, amount=Decimal("4.00"), reason="It came late.")
    order_services.ship_order(order_id=order.pk, actor=STAFF)
    line = order.order_items.get()
    asked = order_services.ask_return(order_id=order.pk, lines={line.pk: Asked(1)}, actor=STAFF)
    order_services.receive_return(order_id=order.pk, return_id=asked, actor=STAFF)
    carried_out()
    assert figures(payment) == ("paid", "20.00", "14.00", "partly_refunded")
    assert_money_sound()


def test_a_refund_at_the_providers_own_page_is_adopted_and_counts_for_what_is_owed() -> None:
    payment = begun()
    hear(payment)
    order_services.cancel_order(order_id=payment.order_id, actor=STAFF)
    assert hear(payment, refunds=(back("20.00", "theirs"),)) == []
    adopted = payment.operations.get(kind="refund")
    assert (adopted.state, adopted.provider_ref, adopted.goodwill) == ("done", "theirs", 0)
    assert figures(payment) == ("paid", "20.00", "20.00", "refunded")
    assert_money_sound()


def test_a_refund_that_fails_is_money_that_is_there_and_waits_for_people() -> None:
    payment = begun()
    hear(payment)
    [asked] = services.refund_payment(order_id=payment.order_id, payment_id=payment.pk, actor=STAFF)
    for state in ("pending", "done", "failed", "done"):  # the last one is older
        hear(payment, refunds=(back("20.00", state=state, operation_id=asked),))
    assert figures(payment) == ("paid", "20.00", "0.00", "paid")
    assert payment.review == "refund_refused"
    assert entries(payment) == [("captured", "20.00"), ("refunded", "20.00"), ("refund_failed", "20.00")]
    assert_money_sound()


def test_a_dispute_holds_the_parcel_until_it_is_won() -> None:
    payment = begun()
    hear(payment)
    due = timezone.now() + timedelta(days=7)
    hear(payment, disputes=(Disputed("d1", "open", Decimal("20.00"), "fraudulent", due),))
    assert figures(payment)[3] == "disputed"
    before = everything()
    with pytest.raises(ShippingBlocked):
        order_services.ship_order(order_id=payment.order_id, actor=STAFF)
    assert everything() == before

    for status in ("won", "open"):  # the second one is older
        hear(payment, disputes=(Disputed("d1", status, Decimal("20.00"), "fraudulent", due),))

    assert (Dispute.objects.get().status, figures(payment)[3]) == ("won", "paid")
    order_services.ship_order(order_id=payment.order_id, actor=STAFF)
    assert_money_sound()


def test_money_that_the_bank_took_back_is_not_refunded_once_more() -> None:
    payment = begun()
    hear(payment)
    hear(payment, disputes=(Disputed("d1", "lost", Decimal("20.00")),))
    order_services.cancel_order(order_id=payment.order_id, actor=STAFF)
    assert services.settle_order(payment.order_id) == []
    assert_money_sound()


def test_never_more_goes_back_than_has_come() -> None:
    payment = paid()
    refund(payment, amount=Decimal("15.00"))
    before = figures(payment), everything()
    for amount in ("5.01", "20.00"):
        with pytest.raises(RefundTooHigh) as refusal:
            refund(payment, amount=Decimal(amount))
        assert refusal.value.extra == {"refundable": "5.00"}
    assert (figures(payment), everything()) == before
    refund(payment)
    assert figures(payment) == ("paid", "20.00", "20.00", "refunded")
    assert_money_sound()


def test_refunding_lines_with_their_goods_gives_stock_and_money_back() -> None:
    mug = make_article(stock=5)
    order = Order.objects.get(pk=place(make_user(), {mug: 3}).id)
    payment, line = paid(order), order.order_items.get()
    order_services.ship_parcel(order_id=order.pk, lines={line.pk: 1}, actor=STAFF)
    assert stock_of(mug) == (4, 2)

    refund(payment, lines={line.pk: 1}, restock=True)
    assert (stock_of(mug), figures(payment)[2]) == ((4, 1), "10.00")
    refund(payment, lines={line.pk: 1})
    assert (stock_of(mug), figures(payment)[2]) == ((4, 1), "20.00")
    with pytest.raises(Refusal):
        refund(payment, lines={line.pk: 2})
    assert figures(payment) == ("paid", "30.00", "20.00", "partly_refunded")
    assert_money_sound()


def test_what_an_order_costs_stays_while_it_is_being_paid() -> None:
    payment = begun(make_order())
    line = Order.objects.get(pk=payment.order_id).order_items.get()
    with pytest.raises(PaymentInProgress):
        order_services.change_line(order_id=payment.order_id, line_id=line.pk, quantity=1, actor=STAFF)
    services.carry_on(services.cancel_payment(order_id=payment.order_id, payment_id=payment.pk, actor=STAFF))
    order_services.change_line(order_id=payment.order_id, line_id=line.pk, quantity=1, actor=STAFF)
    assert begun(Order.objects.get(pk=payment.order_id)).amount == Decimal("10.00")
    assert_money_sound()


def test_what_is_paid_is_not_paid_again() -> None:
    payment = paid()
    for status in ("", "cancelled"):
        if status:
            order_services.cancel_order(order_id=payment.order_id, actor=STAFF)
        with pytest.raises(NothingToPay):
            begun(Order.objects.get(pk=payment.order_id))
    assert Payment.objects.count() == 1


def test_the_clock_asks_before_it_cancels() -> None:
    payment = begun()
    order = Order.objects.filter(pk=payment.order_id)
    with_hours = pytest.MonkeyPatch()
    with_hours.setattr("django.conf.settings.PENDING_ORDER_HOURS", 24)
    try:
        order.update(order_date=timezone.now() - timedelta(days=3))
        assert order_services.expire_pending_orders() == 0, "it is payable for a week"
        assert services.reconcile() == 0
        order.update(payable_until=timezone.now() - timedelta(minutes=1))
        assert order_services.expire_pending_orders() == 0, "money may still come"
        assert services.reconcile() == 1
        assert figures(payment)[0] == "cancelled"
        assert order_services.expire_pending_orders() == 1
    finally:
        with_hours.undo()
    assert status_of(payment) == "cancelled"
    assert_money_sound()


def test_whoever_has_paid_in_time_is_not_cancelled_by_the_clock() -> None:
    payment = begun()
    Order.objects.filter(pk=payment.order_id).update(
        order_date=timezone.now() - timedelta(days=30), payable_until=timezone.now() - timedelta(minutes=1)
    )
    # Staff have said that the money came, and nobody has carried it out yet.
    services.capture_payment(order_id=payment.order_id, payment_id=payment.pk, actor=STAFF)
    with pytest.MonkeyPatch.context() as settings:
        settings.setattr("django.conf.settings.PENDING_ORDER_HOURS", 24)
        services.reconcile()
        assert order_services.expire_pending_orders() == 0
    carried_out()
    assert (status_of(payment), figures(payment)[0]) == ("confirmed", "paid")
    assert_money_sound()


def test_fees_are_kept_where_they_are_known() -> None:
    payment = begun()
    hear(payment, captures=(Captured("c1", Decimal("20.00"), fee=Decimal("0.88")),))
    payment.refresh_from_db()
    assert payment.fees == Decimal("0.88")
