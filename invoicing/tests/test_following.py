"""The documents of an order follow the order: each once, in any sequence of jobs, and nothing is credited twice."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from config.subscriptions import SUBSCRIPTIONS
from database.days import today
from database.refusals import NotFound, Refusal
from events.actors import WORKER
from events.models import Event
from events.services import publish
from invoicing import services, tasks
from invoicing.models import Invoice
from invoicing.tests.factories import SELLER, assert_sound, follow, issue
from orders import services as orders
from orders.models import Order, Return
from orders.services import Terms, Wanted
from orders.tests.factories import STAFF, make_article, make_order, make_user
from orders.tests.returns import ask, give_back, ids, receive_back, shipped
from orders.tests.test_change_sequences import Step, prices, steps, take
from orders.tests.test_refunds import with_everything, withdraw
from orders.tests.test_terms import order_of
from pricing.tests.factories import make_method, make_promotion, make_tax_rate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def seller(settings: Settings) -> None:
    for name, value in SELLER.items():
        setattr(settings, name, value)


def hear(*kinds: str) -> None:
    """Let the jobs of all events of these kinds run that follow orders."""
    for event in Event.objects.filter(kind__in=kinds).order_by("id"):
        assert tasks.follow_order in SUBSCRIPTIONS[event.kind]
        tasks.follow_order(event_id=event.pk, kind=event.kind, payload=event.payload)


def told() -> list[tuple[str, Decimal]]:
    """What each document so far was issued for, and what it comes to; a credit note with a minus."""
    rows = Invoice.objects.order_by("id")
    return [(row.reference, -row.total if row.is_credit_note else row.total) for row in rows]


def pay(order: Order) -> None:
    """As payments say that an order is paid."""
    with transaction.atomic():
        told = {"order_id": order.pk, "payment_id": 1, "amount": str(order.total_amount), "confirmed": True}
        publish("payment.paid", told, subject=f"order:{order.pk}", actor=WORKER)


def refund(order: Order, operation_id: int, amount: str, goodwill: str, lines: dict[int, int] | None = None) -> None:
    """As payments say that money went back, of which so much was not owed."""
    payload = {"order_id": order.pk, "payment_id": 1, "operation_id": operation_id, "amount": amount}
    payload |= {"goodwill": goodwill, "lines": {str(line_id): units for line_id, units in (lines or {}).items()}}
    with transaction.atomic():
        publish("payment.refunded", payload, subject=f"order:{order.pk}", actor=WORKER)


def gifts() -> list[Event]:
    return list(Event.objects.filter(kind="payment.refunded"))


def test_an_order_is_invoiced_when_it_is_paid_and_not_again_when_it_leaves() -> None:
    order = make_order(status="confirmed")
    hear("order.changed")
    assert told() == []
    pay(order)
    hear("payment.paid", "payment.paid")
    [invoice] = Invoice.objects.all()
    assert (invoice.reference, invoice.total, invoice.supplied_on) == ("order", order.total_amount, today())
    assert invoice.document["is_supplied"] is False
    orders.ship_order(order_id=order.pk, actor=STAFF)
    hear("order.shipped", "payment.paid")
    assert told() == [("order", Decimal("20.00"))]
    event = Event.objects.get(kind="invoice.issued")
    assert (event.subject, event.actor, event.channel) == (f"order:{order.pk}", "system", "worker")
    assert event.payload == {"order_id": order.pk, "invoice_id": invoice.pk, "number": invoice.number}
    assert_sound()


@pytest.mark.parametrize("all_of_it", [True, False])
def test_an_order_is_invoiced_when_its_first_goods_leave(all_of_it: bool) -> None:
    order = make_order(status="confirmed")
    lines = None if all_of_it else {ids(order)[0]: 1}
    orders.ship_parcel(order_id=order.pk, lines=lines, actor=STAFF)
    hear("order.shipped", "order.parcel_shipped")
    assert told() == [("order", Decimal("20.00"))]
    assert Invoice.objects.get().document["is_supplied"] is True


def test_nothing_is_invoiced_in_a_shop_that_does_not_or_of_an_order_that_ended(settings: Settings) -> None:
    cancelled = make_order(status="cancelled")
    pay(cancelled)
    settings.INVOICES = False
    pay(make_order(status="shipped"))
    hear("payment.paid", "order.shipped", "order.cancelled")
    assert told() == []


def test_what_an_invoice_took_back_before_it_was_written_is_no_part_of_a_credit_note() -> None:
    order = make_order(status="confirmed")
    orders.change_line(order_id=order.pk, line_id=ids(order)[0], quantity=1, actor=STAFF)
    pay(order)
    hear("payment.paid", "order.line_changed")
    assert told() == [("order", Decimal("10.00"))]


def test_units_that_are_taken_off_a_line_are_credited_with_their_own_tax(settings: Settings) -> None:
    make_tax_rate()
    placed = order_of(make_user(), {make_article(stock=9, price="3.99"): 3, make_article(stock=9): 1})
    [invoice] = issue(placed.id)
    line = invoice.order.order_items.all()[0]
    orders.change_line(order_id=placed.id, line_id=line.pk, quantity=1, actor=STAFF)
    hear("order.line_changed", "order.line_changed")
    note = invoice.credit_notes.get()
    order = Order.objects.get(pk=placed.id)
    assert (invoice.total - note.total, invoice.tax - note.tax) == (order.total_amount, order.tax_total)
    [credited] = note.document["lines"]
    assert (credited["key"], credited["quantity"], credited["unit_price"]) == (f"line:{line.pk}", 2, "3.99")
    assert note.document["credits"] == {"number": invoice.number, "issued_on": today().isoformat()}
    assert (note.number, note.document["reason"]) == (f"C{today().year}-000001", "The order was changed.")
    assert_sound()


def test_goods_that_come_back_are_credited_and_their_refund_is_not_credited_again() -> None:
    order = shipped(2)
    issue(order)
    back = ask(order, {ids(order)[0]: 1})
    receive_back(order, back)
    # The money may be faster than the job that hears of the goods.
    refund(order, 1, "10.00", goodwill="0")
    hear("payment.refunded", "order.return_received", "order.shipped", "payment.refunded")
    assert told() == [("order", Decimal("20.00")), (f"return:{back}", Decimal("-10.00"))]
    assert_sound()


def test_money_that_was_not_owed_is_credited_beside_what_is_owed() -> None:
    order = shipped(2)
    # It is known before there is an invoice.
    refund(order, 1, "4.00", goodwill="4.00")
    hear("payment.refunded")
    assert told() == []
    hear("order.shipped")
    back = ask(order, {ids(order)[0]: 1})
    receive_back(order, back)
    refund(order, 2, "13.00", goodwill="3.00")
    hear("payment.refunded", "order.return_received")
    assert told()[1:] == [("refund:1", Decimal(-4)), (f"return:{back}", Decimal(-10)), ("refund:2", Decimal(-3))]
    assert Invoice.objects.get(reference="refund:2").document["reason"] == "Money was paid back."
    refund(order, 3, "9.00", goodwill="9.00")
    hear("payment.refunded")
    assert told()[-1] == ("refund:3", Decimal(-3))
    refund(order, 4, "1.00", goodwill="1.00")
    hear("payment.refunded")
    assert len(told()) == 5
    assert_sound()


def test_a_refund_for_units_comes_off_their_line() -> None:
    order = shipped(2, 1)
    issue(order)
    first, second = ids(order)
    refund(order, 1, "10.00", goodwill="10.00", lines={second: 1, 999_999: 7})
    hear("payment.refunded")
    [line] = Invoice.objects.get(reference="refund:1").document["lines"]
    assert (line["key"], line["quantity"], line["total"]) == (f"line:{second}", 1, "10.00")
    refund(order, 2, "3.00", goodwill="3.00")
    hear("payment.refunded")
    [rest] = Invoice.objects.get(reference="refund:2").document["lines"]
    assert (rest["key"], rest["quantity"], rest["unit_price"]) == (f"line:{first}", None, None)


@pytest.mark.parametrize("included", [False, True])
def test_a_full_withdrawal_takes_the_delivery_back_and_every_cent_of_tax(included: bool, settings: Settings) -> None:
    order = with_everything(settings, included=included)
    issue(order)
    _, two = ids(order)
    withdraw(order, {two: 2})
    withdraw(order)
    hear("order.return_received")
    notes = Invoice.objects.filter(kind="credit_note")
    assert notes.credited() == order.total_amount
    assert sum(note.tax for note in notes) == order.tax_total
    assert any(line["kind"] == "shipping" for note in notes for line in note.document["lines"])
    assert_sound()


@pytest.mark.parametrize("end", [orders.cancel_order, orders.delete_order])
def test_an_order_that_ends_is_credited_in_full(end: Callable[..., object]) -> None:
    order = make_order(status="confirmed")
    issue(order)
    refund(order, 1, "5.00", goodwill="5.00")
    hear("payment.refunded")
    end(order_id=order.pk, actor=STAFF)
    hear("order.cancelled", "order.deleted", "order.cancelled")
    assert told() == [("order", Decimal("20.00")), ("refund:1", Decimal("-5.00")), ("ended", Decimal("-15.00"))]
    assert_sound()


def test_another_article_makes_a_new_invoice_in_the_place_of_the_old_one() -> None:
    order = make_order(status="confirmed")
    [first] = issue(order)
    refund(order, 1, "5.00", goodwill="5.00")
    hear("payment.refunded")
    dear = make_article(stock=5, price="50.00")
    wanted = Wanted(1, variant_id=dear.pk)
    orders.replace_line(order_id=order.pk, line_id=ids(order)[0], wanted=wanted, actor=STAFF)
    hear("order.line_changed")
    replaced = f"replaces:{first.number}"
    # The 5.00 that went back have gone back all the same.
    assert told()[2:] == [("replaced", Decimal(-15)), (replaced, Decimal(60)), ("refund:1", Decimal(-5))]
    orders.change_line(order_id=order.pk, line_id=ids(order)[0], quantity=0, actor=STAFF)
    hear("order.line_changed")
    assert [amount for _, amount in told()[5:]] == [Decimal(-10)]
    assert_sound()


def test_another_buyer_makes_a_new_invoice_and_other_words_do_not() -> None:
    order = make_order(status="confirmed")
    [first] = issue(order)
    orders.change_order(order_id=order.pk, changes={"note": "Ring twice."}, actor=STAFF)
    hear("order.changed")
    assert len(told()) == 1
    orders.change_order(order_id=order.pk, changes={"company": "Smith KG"}, actor=STAFF)
    hear("order.changed", "order.changed")
    assert [reference for reference, _ in told()] == ["order", "replaced", f"replaces:{first.number}"]
    assert Invoice.objects.order_by("id")[2].document["buyer"]["company"] == "Smith KG"


def test_an_order_that_is_not_there_is_refused() -> None:
    with pytest.raises(NotFound):
        services.follow_order(order_id=999_999, actor=STAFF)


def test_the_day_of_supply_is_that_of_the_last_parcel() -> None:
    order = make_order(status="shipped")
    yesterday = today() - timedelta(days=1)
    order.fulfilments.update(shipped_at=f"{yesterday}T12:00:00Z")
    [invoice] = issue(order)
    assert (invoice.supplied_on, invoice.document["supplied_on"]) == (yesterday, yesterday.isoformat())


@settings(max_examples=20)
@given(
    included=st.booleans(),
    listed=st.tuples(prices, prices, prices, prices),
    sequence=st.lists(
        st.one_of(
            steps,
            st.sampled_from([("return", 0, 0, 1), ("hear", 0, 0, 0), ("give", 1, 0, 0), ("give", 2, 0, 0)]),
        ),
        max_size=8,
    ),
)
def test_invoices_less_credit_notes_are_what_the_order_is_worth(
    settings: Settings, included: bool, listed: tuple[Decimal, ...], sequence: list[Step]
) -> None:
    """Whatever happens to an order, and whenever the worker hears of it."""
    settings.PRICES_INCLUDE_TAX = included
    savepoint = transaction.savepoint()
    try:
        make_tax_rate()
        make_method()
        make_promotion()
        articles = [make_article(stock=6, price=str(price)) for price in listed]
        contents = {articles[0]: 3, articles[1]: 2}
        placed = order_of(make_user(), contents, Terms(method="parcel", coupons=("ten",)))
        orders.confirm_order(order_id=placed.id, actor=STAFF)
        issue(placed.id)
        for step in [*sequence, ("hear", 0, 0, 0)]:
            order = Order.objects.get(pk=placed.id)
            try:
                if step[0] == "hear":
                    follow(order)
                elif step[0] == "give":
                    refund(order, step[1], "0.50", goodwill="0.50")
                elif step[0] == "return":
                    give_back(order, {ids(order)[0]: 1})
                else:
                    take(step, order, articles)
            except Refusal:
                continue
        assert_sound()
        order = Order.objects.get(pk=placed.id)
        returned = sum((back.refund_items + back.refund_shipping for back in Return.objects.all()), Decimal(0))
        given = Decimal("0.50") * len({event.payload["operation_id"] for event in gifts()})
        worth = max(order.total_amount - returned - given, Decimal(0)) if order.status != "cancelled" else Decimal(0)
        # Shares of returns are rounded as a whole, and those of the order's figures one by one.
        assert abs(sum(amount for _, amount in told()) - worth) <= (Decimal("0.02") if returned else 0)
    finally:
        transaction.savepoint_rollback(savepoint)
