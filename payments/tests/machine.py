"""Rules that pay, take, give back, send, take in and cancel in any sequence. Money comes by hand.

The model is one figure: what is in the till. After everything that was begun is carried out, the till has exactly what
the order costs, less what was given away; and every invariant of money, stock and orders holds after each step.
"""

from decimal import Decimal
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import orders.invariants
from database.refusals import Refusal
from inventory import invariants
from inventory.invariants import violations
from orders import services as order_services
from orders.models import Order
from orders.services import Asked
from orders.tests.factories import STAFF, make_article, make_user, place
from payments import services
from payments.invariants import INVARIANTS
from payments.models import Operation, Payment
from payments.services.books import books_of, locked_order

STOCK_AND_ORDERS = {**invariants.INVARIANTS, **orders.invariants.INVARIANTS}
cents = st.sampled_from([Decimal("0.01"), Decimal("3.33"), Decimal(10), Decimal(25)])
few, which = st.integers(1, 2), st.integers(0, 1)


class Till(RuleBasedStateMachine):
    """One order of two articles, its payments, and what is done with both."""

    @initialize()
    def begin(self) -> None:
        self.savepoint = transaction.savepoint()
        basket = {make_article(stock=9, price="3.33"): 3, make_article(stock=9, price="10.00"): 2}
        self.order_id = place(make_user(), basket).id
        self.lines = list(Order.objects.get(pk=self.order_id).order_items.order_by("id").values_list("pk", flat=True))

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            assert list(violations(STOCK_AND_ORDERS)) == []
            transaction.savepoint_rollback(self.savepoint)

    def ask(self, verb: Any, **words: Any) -> Any:
        """Let a verb do what it is asked for, or refuse it. What a refused one has done is undone."""
        try:
            return verb(order_id=self.order_id, actor=STAFF, **words)
        except Refusal:
            return None

    def asked(self, verb: Any, *, at_once: bool, **words: Any) -> None:
        """Ask for money, and let the call follow at once or by the worker later."""
        operations = self.ask(verb, **words)
        if operations and at_once:
            services.carry_on(operations)

    @property
    def order(self) -> Order:
        return Order.objects.get(pk=self.order_id)

    def payments(self) -> list[int]:
        return list(Payment.objects.filter(order=self.order_id).order_by("-id").values_list("pk", flat=True))

    @rule()
    def pay(self) -> None:
        begun = self.ask(services.begin_payment, provider="manual")
        services.carry_on(begun.operations if begun else [])

    @rule(at_once=st.booleans(), amount=st.none() | cents)
    def take(self, at_once: bool, amount: Decimal | None) -> None:
        for payment_id in self.payments()[:1]:
            self.asked(services.capture_payment, at_once=at_once, payment_id=payment_id, amount=amount)

    @rule(at_once=st.booleans())
    def cancel_payment(self, at_once: bool) -> None:
        for payment_id in self.payments()[:1]:
            self.asked(services.cancel_payment, at_once=at_once, payment_id=payment_id)

    @rule(at_once=st.booleans(), amount=st.none() | cents, place=which)
    def refund(self, at_once: bool, amount: Decimal | None, place: int) -> None:
        for payment_id in self.payments()[place : place + 1]:
            self.asked(services.refund_payment, at_once=at_once, payment_id=payment_id, amount=amount)

    @rule(line=which, units=few, restock=st.booleans())
    def refund_lines(self, line: int, units: int, restock: bool) -> None:
        for payment_id in self.payments()[:1]:
            words = {"lines": {self.lines[line]: units}, "restock": restock}
            self.asked(services.refund_payment, at_once=True, payment_id=payment_id, **words)

    @rule(line=which, units=few)
    def ship(self, line: int, units: int) -> None:
        self.ask(order_services.ship_parcel, lines={self.lines[line]: units})

    @rule(line=which, quantity=st.integers(0, 2))
    def change(self, line: int, quantity: int) -> None:
        self.ask(order_services.change_line, line_id=self.lines[line], quantity=quantity)

    @rule(line=which, units=few)
    def take_in(self, line: int, units: int) -> None:
        return_id = self.ask(order_services.ask_return, lines={self.lines[line]: Asked(units)})
        if return_id is not None:
            self.ask(order_services.receive_return, return_id=return_id)

    @rule()
    def confirm(self) -> None:
        self.ask(order_services.confirm_order)

    @precondition(lambda self: hasattr(self, "order_id") and Payment.objects.filter(order=self.order_id).exists())
    @rule()
    def cancel(self) -> None:
        self.ask(order_services.cancel_order)

    @invariant()
    def all_invariants_hold_when_the_worker_has_done_its_work(self) -> None:
        if not hasattr(self, "order_id"):
            return
        savepoint = transaction.savepoint()
        services.settle_order(self.order_id)
        services.carry_on(Operation.objects.unknown().values_list("pk", flat=True))
        assert list(violations(INVARIANTS)) == []
        assert not Operation.objects.unknown().exists()
        self.the_till_has_what_the_order_costs()
        transaction.savepoint_rollback(savepoint)

    def the_till_has_what_the_order_costs(self) -> None:
        """Nothing is owed to the buyer, and the entries say the same as the payments."""
        books = books_of(locked_order(self.order_id))
        came = sum((a.payment.captured - a.payment.refunded for a in books.accounts), Decimal(0))
        assert (books.owed, books.held) == (Decimal(0), came)
        assert came <= books.due, f"{came} of {books.due}"
