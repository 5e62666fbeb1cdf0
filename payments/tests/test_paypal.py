"""PayPal against the fake over HTTP: each function, and each way to fail."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from payments.providers import GONE, Provider, calls, configured, paypal, paypal_calls
from payments.providers.paypal_objects import read
from payments.providers.snapshot import ProviderRefused, ProviderUnknown, Request
from tests.providers.helper import FakeProviders

pytestmark = pytest.mark.usefixtures("no_token")
Ask = Callable[..., Request]
BACK = "https://shop.example.com/thanks"


def begin(request: Request) -> str:
    return paypal.create(request, f"create-{request.payment_id}").ref


def captured(fake: FakeProviders, request: Request) -> str:
    """A payment whose money was taken."""
    ref = begin(request)
    fake.customer("approve", ref)
    paypal.capture(ref, request.amount, request.currency, f"capture-{request.payment_id}")
    return ref


def test_an_order_is_approved_captured_and_sent_back(fake: FakeProviders, ask_for: Ask) -> None:
    module: Provider = paypal
    assert configured()["paypal"] is module
    request = ask_for("12.50", return_url=BACK)
    begun = paypal.create(request, f"create-{request.payment_id}")
    assert (begun.state, begun.amount, begun.currency, begun.payment_id, begun.approved) == (
        *("open", Decimal("12.50"), "USD"),
        *(request.payment_id, False),
    )
    assert begun.client == {"approve_url": f"{fake.base}/customer/{begun.ref}"}
    assert paypal.create(request, f"create-{request.payment_id}").ref == begun.ref
    with pytest.raises(ProviderRefused) as refused:
        paypal.capture(begun.ref, Decimal("12.50"), "USD", "too-early")
    assert refused.value.code == "ORDER_NOT_APPROVED"

    fake.customer("approve", begun.ref)
    approved = paypal.fetch(begun.ref)
    assert (approved.state, approved.approved, approved.client) == ("open", True, {})
    with pytest.raises(ProviderRefused) as refused:
        paypal.capture(begun.ref, Decimal("12.49"), "USD", "in-part")
    assert refused.value.code == "AMOUNT_NOT_WHOLE"
    taken = paypal.capture(begun.ref, Decimal("12.50"), "USD", f"capture-{request.payment_id}")
    assert (taken.state, taken.captured, taken.approved, taken.method_label) == (
        *("paid", Decimal("12.50")),
        *(False, "PayPal"),
    )
    assert taken.captures[0].fee == Decimal("0.93")  # 3.49 % and 0.49
    assert paypal.capture(begun.ref, Decimal("12.50"), "USD", "another-key") == taken
    assert paypal.cancel(begun.ref, "too-late") == taken

    part = paypal.refund(begun.ref, Decimal("2.50"), "USD", "refund-77", 77)
    assert paypal.refund(begun.ref, Decimal("2.50"), "USD", "refund-77", 77) == part
    assert [(one.amount, one.state, one.operation_id) for one in part.refunds] == [(Decimal("2.50"), "done", 77)]
    fake.customer("refund", begun.ref, amount="4")
    with pytest.raises(ProviderRefused) as refused:
        paypal.refund(begun.ref, Decimal("6.01"), "USD", "refund-78", 78)
    assert refused.value.code == "REFUND_AMOUNT_EXCEEDED"
    whole = paypal.refund(begun.ref, Decimal("6"), "USD", "refund-79", 79)
    assert (whole.state, whole.refunded) == ("paid", Decimal("12.50"))
    assert [one.operation_id for one in whole.refunds] == [77, None, 79]
    assert [row["amount"] for row in fake.books(request.payment_id)[0]["refunds"]] == ["2.50", "4.00", "6.00"]


def test_money_is_authorized_first_and_captured_in_part_or_let_go(fake: FakeProviders, ask_for: Ask) -> None:
    requests = [ask_for("30", capture_method="manual") for _ in range(3)]
    refs = [begin(request) for request in requests]
    for ref in refs:
        fake.customer("approve", ref)
    authorized = paypal.authorize(refs[0], "authorize-0")
    assert paypal.authorize(refs[0], "authorize-again") == authorized
    assert (authorized.state, authorized.captured, authorized.approved) == ("authorized", Decimal(0), False)
    assert authorized.expires_at is not None
    assert timedelta(28) < authorized.expires_at - datetime.now(UTC) <= timedelta(29)
    taken = paypal.capture(refs[0], Decimal("20"), "USD", "capture-0")
    assert (taken.state, taken.amount, taken.captured) == ("paid", Decimal("30"), Decimal("20"))

    paypal.authorize(refs[1], "authorize-1")
    assert paypal.cancel(refs[1], "cancel-1").state == "cancelled"
    assert paypal.cancel(refs[1], "cancel-1-again").state == "cancelled"
    with pytest.raises(ProviderRefused) as refused:
        paypal.capture(refs[1], Decimal("30"), "USD", "capture-1")
    assert refused.value.code == "AUTHORIZATION_VOIDED"
    # Captured without being authorized before: both happen.
    assert paypal.capture(refs[2], Decimal("30"), "USD", "capture-2").captured == Decimal("30")


def test_an_order_that_nobody_approved_cannot_be_cancelled_and_is_forgotten(fake: FakeProviders, ask_for: Ask) -> None:
    ref = begin(ask_for("5"))
    assert paypal.cancel(ref, "cancel").state == "open"
    fake.customer("expire", ref)
    with pytest.raises(ProviderRefused) as refused:
        paypal.fetch(ref)
    assert refused.value.code in GONE


def test_an_instrument_that_is_declined_leaves_the_order_open(fake: FakeProviders, ask_for: Ask) -> None:
    request = ask_for("5")
    ref = begin(request)
    fake.customer("approve", ref, declines=True)
    with pytest.raises(ProviderRefused) as refused:
        paypal.capture(ref, Decimal("5"), "USD", "capture")
    assert refused.value.code == "INSTRUMENT_DECLINED"
    assert paypal.fetch(ref).state == "open"
    fake.customer("approve", ref)
    assert paypal.capture(ref, Decimal("5"), "USD", "capture").state == "paid"


def test_a_call_that_ends_badly_is_unknown_and_its_repetition_is_done_once(fake: FakeProviders, ask_for: Ask) -> None:
    for fault in ("drop_before", "drop_after", "429", "500_before", "500_after"):
        request = ask_for("8")
        fake.fault("paypal.create", fault)
        with pytest.raises(ProviderUnknown):
            begin(request)
        ref = begin(request)
        assert [row["ref"] for row in fake.books(request.payment_id)] == [ref]
        fake.customer("approve", ref)
        fake.fault("paypal.capture", fault)
        with pytest.raises(ProviderUnknown):
            paypal.capture(ref, Decimal("8"), "USD", f"capture-{ref}")
        assert paypal.capture(ref, Decimal("8"), "USD", f"capture-{ref}").captured == Decimal("8")
        fake.fault("paypal.refund", fault)
        with pytest.raises(ProviderUnknown):
            paypal.refund(ref, Decimal("3"), "USD", f"refund-{ref}", 5)
        # Even when PayPal has forgotten the key: what an operation sent is seen before it is sent again.
        fake.tell("forget_keys")
        assert paypal.refund(ref, Decimal("3"), "USD", f"refund-{ref}", 5).refunded == Decimal("3")
        books = fake.books(request.payment_id)[0]
        assert (len(books["charges"]), len(books["refunds"])) == (1, 1)


def test_a_token_is_kept_and_asked_for_again_when_it_is_taken_back(
    fake: FakeProviders, ask_for: Ask, settings: Any
) -> None:
    fake.fault("paypal.token", "500_before")
    with pytest.raises(ProviderUnknown):
        begin(ask_for("1"))
    begin(ask_for("1"))
    fake.fault("paypal.token", "500_before")  # not asked for: the next payment needs no token
    begin(ask_for("1"))
    account = (settings.PAYPAL_API_BASE, settings.PAYPAL_CLIENT_ID)
    paypal_calls._tokens[account] = ("taken back", time.monotonic() + 1000)
    fake.tell("reset")
    with pytest.raises(ProviderUnknown, match="401"):
        begin(ask_for("1"))
    begin(ask_for("1"))
    settings.PAYPAL_CLIENT_SECRET = "wrong"
    paypal_calls._tokens.clear()
    with pytest.raises(ProviderUnknown):
        begin(ask_for("1"))


def test_currencies_have_the_decimals_of_paypal(fake: FakeProviders, ask_for: Ask) -> None:
    request = ask_for("500", "JPY")
    ref = captured(fake, request)
    assert str(paypal.refund(ref, Decimal("200"), "JPY", "refund-yen", 1).refunded) == "200"
    forints = ask_for("1200.00", "HUF")
    assert str(paypal.fetch(captured(fake, forints)).captured) == "1200.00"
    for amount, currency, code in (("12.50", "HUF", "DECIMAL_PRECISION"), ("1.234", "KWD", "DECIMAL_PRECISION")):
        with pytest.raises(ProviderRefused) as refused:
            begin(ask_for(amount, currency))
        assert refused.value.code == code


def test_a_refund_is_spread_over_captures_and_fails_later(fake: FakeProviders, ask_for: Ask) -> None:
    request = ask_for("10")
    ref = captured(fake, request)
    fake.set(refunds_wait=True)
    snapshot = paypal.refund(ref, Decimal("10"), "USD", "refund-all", 9)
    assert snapshot.refunds[0].state == "pending"
    fake.customer("settle_refund", refund=snapshot.refunds[0].ref, succeeds=False)
    assert paypal.fetch(ref).refunded == Decimal(0)


def test_a_dispute_is_seen_with_its_date_and_how_it_ends(fake: FakeProviders, ask_for: Ask) -> None:
    ref = captured(fake, ask_for("20"))
    opened = fake.customer("dispute", ref)
    dispute = paypal.fetch(ref).disputes[0]
    assert (dispute.ref, dispute.status, dispute.amount) == (opened["dispute_id"], "open", Decimal("20.00"))
    assert dispute.reason == "merchandise_or_service_not_received"
    assert dispute.due_by is not None
    fake.customer("close_dispute", ref, dispute=dispute.ref, won=True)
    assert paypal.fetch(ref).disputes[0].status == "won"


def test_what_happened_since_then_is_found_by_the_report(fake: FakeProviders, ask_for: Ask) -> None:
    requests = [ask_for("20") for _ in range(3)]
    refs = [captured(fake, request) for request in requests[:2]]
    refs.append(begin(requests[2]))
    time.sleep(1.1)  # the report's times have no fractions
    since = datetime.now(UTC)
    fake.customer("refund", refs[0], amount="1")
    young = ask_for("3")
    paid = captured(fake, young)
    assert {one.ref for one in paypal.find(since=since)} == {refs[0], paid}
    assert [one.ref for one in paypal.find(payment_id=young.payment_id)] == [paid]
    assert [one.ref for one in paypal.find(payment_id=requests[1].payment_id, since=since - timedelta(70))] == [refs[1]]
    assert paypal.find(payment_id=requests[2].payment_id) == []


@pytest.mark.django_db
def test_paypal_is_not_called_within_a_transaction(fake: FakeProviders, ask_for: Ask) -> None:
    request = ask_for("10")
    with transaction.atomic(), pytest.raises(calls.CalledInTransaction):
        begin(request)
    assert fake.books(request.payment_id) == []


def order(status: str = "COMPLETED", **payments: list[dict[str, Any]]) -> dict[str, Any]:
    amount = {"currency_code": "USD", "value": "10.00"}
    found = {name: [{"id": f"{name}-{number}", "amount": amount, **one} for number, one in enumerate(several)]
             for name, several in payments.items()}  # fmt: skip
    return {"id": "ORDER", "status": status, "purchase_units": [{"amount": amount, "payments": found}]}


@pytest.mark.parametrize(
    ("document", "state"),
    [
        (order("CREATED"), "open"),
        (order("VOIDED"), "cancelled"),
        (order(captures=[{"status": "PENDING"}]), "open"),
        (order(captures=[{"status": "DECLINED", "status_details": {"reason": "X"}}]), "failed"),
        (order(captures=[{"status": "DECLINED"}, {"status": "PARTIALLY_REFUNDED"}]), "paid"),
        (order(authorizations=[{"status": "PENDING"}]), "open"),
        (order(authorizations=[{"status": "DENIED"}]), "failed"),
        (order(authorizations=[{"status": "CREATED"}]), "authorized"),
        (order(authorizations=[{"status": "CREATED"}], captures=[{"status": "PENDING"}]), "open"),
    ],
)
def test_the_state_follows_the_money_and_not_the_order(document: dict[str, Any], state: str) -> None:
    assert read(document).state == state


# Notifications
