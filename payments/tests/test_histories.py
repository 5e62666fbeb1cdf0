"""What a provider says of one payment, cut into snapshots that come in any order and more than once: the same books."""

import os
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from inventory.invariants import violations
from orders.models import Order
from payments.invariants import INVARIANTS
from payments.models import Dispute, Entry, Payment
from payments.providers.snapshot import Captured, Disputed, Refunded, Snapshot
from payments.services import applying
from payments.services.applying import apply
from payments.tests.factories import begun, said

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("EXAMPLES", "12"))
# What may happen next at the provider, by what stands there now; refunds and disputes come of money that was taken.
ENDS = {"pending": ("done", "failed"), "done": ("failed",), "open": ("won", "lost")}


@dataclass
class History:
    """A payment at its provider, and all that anybody could have been told of it."""

    now: Snapshot
    told: list[Snapshot] = field(default_factory=list)

    def become(self, **members: Any) -> None:
        self.now = replace(self.now, **members)
        self.told.append(self.now)

    def end(self, kind: str, place: int, state: str) -> None:
        """Let a refund or a dispute come to an end."""
        rows = list(getattr(self.now, kind))
        rows[place] = replace(rows[place], **{"state" if kind == "refunds" else "status": state})
        self.become(**{kind: tuple(rows)})

    def next(self, draw: st.DataObject) -> None:
        """One thing happens."""
        taken = bool(self.now.captures)
        steps: list[Any] = [] if taken else [("pay",), ("authorize",), ("cancel",)]
        left = self.now.captured - self.now.refunded - sum(d.amount for d in self.now.disputes if d.status != "won")
        if taken and left > 0:
            steps += [("refund",), ("dispute",)]
        steps += [
            ("refunds", place, end) for place, row in enumerate(self.now.refunds) for end in ENDS.get(row.state, ())
        ]
        steps += [
            ("disputes", place, end) for place, row in enumerate(self.now.disputes) for end in ENDS.get(row.status, ())
        ]
        if not steps:
            return
        kind, *told = draw.draw(st.sampled_from(steps))
        if kind == "pay":
            self.become(state="paid", captures=(Captured("c1", self.now.amount),))
        elif kind in ("authorize", "cancel") and self.now.state == "open":
            self.become(state="authorized" if kind == "authorize" else "cancelled")
        elif kind == "refund":
            part = min(left, draw.draw(st.sampled_from([Decimal("0.01"), Decimal(5), Decimal(20)])))
            state = draw.draw(st.sampled_from(["pending", "done"]))
            made = Refunded(f"r{len(self.now.refunds)}", part, state)  # type: ignore[arg-type]  # one of the two
            self.become(refunds=(*self.now.refunds, made))
        elif kind == "dispute":
            self.become(disputes=(*self.now.disputes, Disputed(f"d{len(self.now.disputes)}", "open", left)))
        elif told:
            self.end(kind, *told)


def books(payment: Payment) -> dict[str, Any]:
    """What the shop knows in the end: the payment, what its order says of money, and the sums of its entries.

    Whether the order was confirmed is not among it: money that is disputed when it is first heard of confirms nothing.
    """
    row = Payment.objects.values("state", "captured", "refunded").get(pk=payment.pk)
    order = Order.objects.values("payment_status", "payment_open", "shipping_blocked").get(pk=payment.order_id)
    sums = dict(Entry.objects.filter(payment=payment).values_list("kind").annotate(Sum("amount")).order_by())
    net = {"back": sums.get("refunded", 0) - sums.get("refund_failed", 0)}
    net["disputed"] = sums.get("disputed", 0) - sums.get("reinstated", 0)
    disputes = sorted(Dispute.objects.filter(payment=payment).values_list("provider_ref", "status"))
    return {**row, **order, **net, "came": sums.get("captured", 0), "disputes": disputes}


def check_any_sequence(draw: st.DataObject) -> None:
    payment = begun()
    history = History(said(payment, "open"))
    history.told.append(history.now)
    for _ in range(draw.draw(st.integers(1, 8))):
        history.next(draw)
    sequence = draw.draw(st.lists(st.sampled_from(history.told), max_size=6))
    sequence += draw.draw(st.permutations(history.told))
    known = []
    for told in (history.told, sequence):
        savepoint = transaction.savepoint()
        for snapshot in told:
            apply(payment.pk, snapshot)
        assert list(violations(INVARIANTS)) == []
        known.append(books(payment))
        transaction.savepoint_rollback(savepoint)
    assert known[0] == known[1]
    assert (known[1]["captured"], known[1]["refunded"]) == (history.now.captured, history.now.refunded)


OPTIONS: Any = {
    "max_examples": EXAMPLES,
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


@settings(**OPTIONS)
@given(st.data())
def test_the_sequence_in_which_snapshots_come_does_not_matter(draw: st.DataObject) -> None:
    check_any_sequence(draw)


def test_control_where_the_latest_snapshot_counts_the_sequence_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    write = applying.write

    def overwrite(payment: Payment, columns: dict[str, Any]) -> None:
        write(payment, columns | {"state": Latest.state})

    class Latest:
        state = "open"

    join = applying.join

    def join_latest(account: Any, books: Any, snapshot: Snapshot) -> None:
        Latest.state = snapshot.state
        join(account, books, snapshot)

    monkeypatch.setattr(applying, "write", overwrite)
    monkeypatch.setattr(applying, "join", join_latest)
    with pytest.raises(AssertionError):
        settings(**OPTIONS | {"derandomize": True, "database": None, "phases": [Phase.generate]})(
            given(st.data())(check_any_sequence)
        )()
