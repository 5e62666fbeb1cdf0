"""Stripe, by its own library, against the fake over HTTP: each function, each way to fail, and signatures."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
import stripe as library
from django.db import transaction

from payments.exceptions import UnknownProvider
from payments.providers import Provider, calls, configured, configured_provider, stripe
from payments.providers.snapshot import BadSignature, ProviderRefused, ProviderUnknown, Request
from payments.providers.stripe_amounts import from_units, to_units
from tests.providers.helper import FakeProviders

Ask = Callable[..., Request]
FAULTS = ("drop_before", "drop_after", "429", "500_before", "500_after")


def key_of(request: Request, what: str = "create") -> str:
    return f"{what}-{request.payment_id}"


def test_the_modules_are_providers_and_those_with_an_account_are_configured(settings: Any) -> None:
    module: Provider = stripe
    assert "stripe" not in configured()
    for name in ("stripe", "nobody"):
        with pytest.raises(UnknownProvider):
            configured_provider(name)
    settings.STRIPE_SECRET_KEY = "sk_test_1"
    assert configured()["stripe"] is module
    assert configured_provider("stripe") is module


def test_a_payment_is_begun_paid_and_sent_back(fake: FakeProviders, ask_for: Ask) -> None:
    request = ask_for("12.50")
    begun = stripe.create(request, key_of(request))
    assert (begun.state, begun.amount, begun.currency, begun.payment_id) == (
        *("open", Decimal("12.50"), "USD"),
        request.payment_id,
    )
    assert set(begun.client) == {"client_secret"}
    assert begun.client["client_secret"].startswith(f"{begun.ref}_secret_")
    assert begun.client["client_secret"] not in repr(begun)
    assert stripe.create(request, key_of(request)).ref == begun.ref
    assert stripe.fetch(begun.ref) == begun

    fake.customer("pay", begun.ref)
    paid = stripe.fetch(begun.ref)
    assert (paid.state, paid.captured, paid.refunded, paid.method_label) == (
        *("paid", Decimal("12.50"), Decimal(0)),
        "Visa ···· 4242",
    )
    assert paid.captures[0].fee == Decimal("0.66")  # 2.9 % and 0.30

    part = stripe.refund(begun.ref, Decimal("2.50"), "USD", key_of(request, "refund"), 77)
    again = stripe.refund(begun.ref, Decimal("2.50"), "USD", key_of(request, "refund"), 77)
    assert part == again
    assert [(one.amount, one.state, one.operation_id) for one in part.refunds] == [(Decimal("2.50"), "done", 77)]
    fake.customer("refund", begun.ref, amount=1000)
    whole = stripe.fetch(begun.ref)
    assert whole.refunded == Decimal("12.50")
    assert [one.operation_id for one in whole.refunds] == [None, 77]
    assert fake.books(request.payment_id)[0]["charges"] == [{"ref": paid.captures[0].ref, "amount": "12.50"}]


def test_money_that_is_authorized_is_captured_in_part_or_let_go(fake: FakeProviders, ask_for: Ask) -> None:
    first, second = ask_for("30", capture_method="manual"), ask_for("30", capture_method="manual")
    refs = [stripe.create(request, key_of(request)).ref for request in (first, second)]
    for ref in refs:
        fake.customer("pay", ref)
    authorized = stripe.fetch(refs[0])
    assert (authorized.state, authorized.captured) == ("authorized", Decimal(0))
    assert authorized.expires_at is not None
    assert timedelta(6) < authorized.expires_at - datetime.now(UTC) <= timedelta(7)

    taken = stripe.capture(refs[0], Decimal("20"), "USD", key_of(first, "capture"))
    assert (taken.state, taken.amount, taken.captured, taken.refunds) == ("paid", Decimal("30"), Decimal("20"), ())
    assert stripe.capture(refs[0], Decimal("20"), "USD", key_of(first, "capture")) == taken
    with pytest.raises(ProviderRefused) as refused:
        stripe.capture(refs[0], Decimal("10"), "USD", key_of(first, "capture-again"))
    assert refused.value.code == "payment_intent_unexpected_state"
    with pytest.raises(ProviderRefused) as refused:
        stripe.capture(refs[1], Decimal("30.01"), "USD", key_of(second, "capture"))
    assert refused.value.code == "amount_too_large"

    assert stripe.cancel(refs[1], key_of(second, "cancel")).state == "cancelled"
    assert stripe.cancel(refs[1], key_of(second, "cancel-again")).state == "cancelled"
    late = stripe.cancel(refs[0], key_of(first, "cancel"))
    assert (late.state, late.captured) == ("paid", Decimal("20"))


def test_a_card_that_is_declined_leaves_the_payment_open_for_another_one(fake: FakeProviders, ask_for: Ask) -> None:
    request = ask_for("5")
    ref = stripe.create(request, key_of(request)).ref
    fake.customer("pay", ref, card="4000000000000002")
    declined = stripe.fetch(ref)
    assert (declined.state, declined.failure_code, declined.captured) == ("open", "generic_decline", Decimal(0))
    fake.customer("pay", ref, card="4000002500003155")
    assert stripe.fetch(ref).state == "open"
    fake.customer("authenticate", ref, succeeds=True)
    assert (stripe.fetch(ref).state, stripe.fetch(ref).failure_code) == ("paid", "")


def test_a_call_that_ends_badly_is_unknown_and_its_repetition_is_done_once(fake: FakeProviders, ask_for: Ask) -> None:
    for fault in FAULTS:
        request = ask_for("8")
        fake.fault("stripe.create", fault)
        with pytest.raises(ProviderUnknown):
            stripe.create(request, key_of(request))
        if fault.startswith("500"):
            # Stripe repeats its 500: what is true is found at the object alone.
            with pytest.raises(ProviderUnknown):
                stripe.create(request, key_of(request))
            found = stripe.find(payment_id=request.payment_id)
            assert len(found) == (1 if fault == "500_after" else 0)
            ref = found[0].ref if found else stripe.create(request, key_of(request, "anew")).ref
        else:
            ref = stripe.create(request, key_of(request)).ref
        assert [row["ref"] for row in fake.books(request.payment_id)] == [ref]
        fake.customer("pay", ref)

        for call in ("stripe.refund", "stripe.fetch"):
            fake.fault(call, "drop_after")
            with pytest.raises(ProviderUnknown):
                stripe.refund(ref, Decimal("3"), "USD", key_of(request, "refund"), 5)
        assert stripe.refund(ref, Decimal("3"), "USD", key_of(request, "refund"), 5).refunded == Decimal("3")
        assert len(fake.books(request.payment_id)[0]["refunds"]) == 1


def test_an_answer_that_comes_too_late_is_unknown_while_its_key_is_in_use(
    fake: FakeProviders, ask_for: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ask_for("8")
    monkeypatch.setattr(calls, "PATIENT_READ", 0.4)
    fake.fault("stripe.create", "hang", seconds=1.2)
    started = time.monotonic()
    with calls.patient(), pytest.raises(ProviderUnknown):
        stripe.create(request, key_of(request))
    assert time.monotonic() - started < 1.1
    with pytest.raises(ProviderUnknown, match="409"):
        stripe.create(request, key_of(request))
    assert fake.books(request.payment_id) == []
    deadline = time.monotonic() + 10
    while not fake.books(request.payment_id) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert stripe.create(request, key_of(request)).ref == fake.books(request.payment_id)[0]["ref"]


def test_what_stripe_refuses_is_refused_by_its_word(fake: FakeProviders, ask_for: Ask, settings: Any) -> None:
    request = ask_for("10")
    ref = stripe.create(request, key_of(request)).ref
    fake.customer("pay", ref)
    before = fake.books(request.payment_id)
    with pytest.raises(ProviderRefused) as refused:
        stripe.refund(ref, Decimal("10.01"), "USD", key_of(request, "refund"), 1)
    assert refused.value.code == "amount_too_large"
    with pytest.raises(ProviderRefused) as refused:
        stripe.fetch("pi_nowhere")
    assert refused.value.code == "resource_missing"
    # The key says that something else was asked before, and perhaps done.
    with pytest.raises(ProviderUnknown):
        stripe.create(ask_for("10"), key_of(request))
    # Whoever is not let in now may have been let in before.
    settings.STRIPE_SECRET_KEY = "sk_test_another"
    with pytest.raises(ProviderUnknown):
        stripe.refund(ref, Decimal("1"), "USD", key_of(request, "refund"), 1)
    assert fake.books(request.payment_id) == before


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("12.50", "USD", 1250), ("500", "JPY", 500), ("1.230", "KWD", 1230), ("5", "ISK", 500), ("7.00", "MGA", 7)],
)
def test_amounts_are_in_the_units_of_stripe(amount: str, currency: str, units: int) -> None:
    assert to_units(Decimal(amount), currency) == units
    assert str(from_units(units, currency)) == amount


def test_currencies_without_cents_and_with_mils_are_charged_exactly(fake: FakeProviders, ask_for: Ask) -> None:
    for amount, part, currency in (("500", "200", "JPY"), ("1.230", "0.230", "KWD")):
        request = ask_for(amount, currency)
        ref = stripe.create(request, key_of(request)).ref
        fake.customer("pay", ref)
        sent = stripe.refund(ref, Decimal(part), currency, key_of(request, "refund"), 1)
        assert (sent.currency, str(sent.captured), str(sent.refunded)) == (currency, amount, part)
        assert fake.books(request.payment_id)[0]["refunds"][0]["amount"] == part
    with pytest.raises(ProviderRefused) as refused:
        stripe.create(ask_for("1.234", "KWD"), "of-a-fils")
    assert refused.value.code == "amount_not_chargeable"


def test_all_refunds_are_seen_and_one_may_fail_later(fake: FakeProviders, ask_for: Ask) -> None:
    request = ask_for("20")
    ref = stripe.create(request, key_of(request)).ref
    fake.customer("pay", ref)
    fake.set(refunds_wait=True)
    for number in range(12):
        snapshot = stripe.refund(ref, Decimal("1"), "USD", key_of(request, f"refund-{number}"), number + 1)
    assert {one.operation_id for one in snapshot.refunds} == set(range(1, 13))
    assert {one.state for one in snapshot.refunds} == {"pending"}
    fake.customer("settle_refund", refund=snapshot.refunds[0].ref, succeeds=False)
    assert stripe.fetch(ref).refunded == Decimal("11")


def test_a_dispute_is_seen_with_its_date_and_how_it_ends(fake: FakeProviders, ask_for: Ask) -> None:
    request = ask_for("20")
    ref = stripe.create(request, key_of(request)).ref
    fake.customer("pay", ref)
    opened = fake.customer("dispute", ref, reason="product_not_received")
    dispute = stripe.fetch(ref).disputes[0]
    assert (dispute.ref, dispute.status, dispute.amount, dispute.reason) == (
        *(opened["id"], "open"),
        *(Decimal("20.00"), "product_not_received"),
    )
    assert dispute.due_by is not None
    with pytest.raises(ProviderRefused):
        stripe.refund(ref, Decimal("1"), "USD", key_of(request, "refund"), 1)
    fake.customer("close_dispute", ref, dispute=dispute.ref, won=False)
    assert stripe.fetch(ref).disputes[0].status == "lost"


def test_what_happened_since_then_is_found_at_old_payments_too(fake: FakeProviders, ask_for: Ask) -> None:
    requests = [ask_for("20") for _ in range(4)]
    refs = [stripe.create(request, key_of(request)).ref for request in requests]
    for ref in refs[:3]:
        fake.customer("pay", ref)
    time.sleep(1.1)  # Stripe's times have no fractions
    since = datetime.now(UTC)
    fake.customer("refund", refs[0], amount=100)
    fake.customer("dispute", refs[1])
    young = ask_for("3")
    begun = stripe.create(young, key_of(young))
    assert {one.ref for one in stripe.find(since=since)} == {refs[0], refs[1], begun.ref}
    assert stripe.find(payment_id=young.payment_id, since=since) == [begun]
    assert stripe.find(payment_id=requests[0].payment_id, since=since) == []
    assert [one.ref for one in stripe.find(payment_id=requests[0].payment_id)] == [refs[0]]


@pytest.mark.django_db
def test_no_provider_is_called_within_a_transaction(fake: FakeProviders, ask_for: Ask) -> None:
    request = ask_for("10")
    with transaction.atomic(), pytest.raises(calls.CalledInTransaction):
        stripe.create(request, key_of(request))
    with transaction.atomic(), pytest.raises(calls.CalledInTransaction):
        calls.send("GET", f"{fake.base}/books")
    assert fake.books(request.payment_id) == []
    assert stripe.create(request, key_of(request)).state == "open"


def test_threads_share_the_connections(fake: FakeProviders, ask_for: Ask) -> None:
    found: list[str] = []

    def begin(request: Request) -> None:
        found.append(stripe.create(request, key_of(request)).ref)

    threads = [Thread(target=begin, args=(ask_for("1"),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 8


# Notifications


def last_event(fake: FakeProviders, kind: str) -> dict[str, Any]:
    event: dict[str, Any] = next(one["event"] for one in reversed(fake.notices()) if one["event"]["type"] == kind)
    return event


def test_a_notification_says_what_it_is_about(fake: FakeProviders, ask_for: Ask) -> None:
    request = ask_for("9")
    ref = stripe.create(request, key_of(request)).ref
    fake.customer("pay", ref)
    paid = last_event(fake, "payment_intent.succeeded")
    notice = stripe.parse_notification(*fake.signed("stripe", paid))
    assert (notice.event_id, notice.kind) == (paid["id"], "payment_intent.succeeded")
    assert (notice.ref, notice.object_ref, notice.payment_id) == (ref, ref, request.payment_id)
    sent = stripe.refund(ref, Decimal("1"), "USD", key_of(request, "refund"), 4)
    notice = stripe.parse_notification(*fake.signed("stripe", last_event(fake, "refund.created")))
    assert (notice.ref, notice.object_ref, notice.payment_id) == (ref, sent.refunds[0].ref, None)


def test_while_a_secret_is_replaced_both_are_good(fake: FakeProviders, settings: Any) -> None:
    event = {"id": "evt_1", "object": "event", "type": "any", "data": {"object": {}}}
    headers, body = fake.signed("stripe", event)
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_of_the_fake"]
    assert stripe.parse_notification(headers, body).event_id == "evt_1"
    fake.set(stripe_secrets=["whsec_older", "whsec_new"])
    assert stripe.parse_notification(*fake.signed("stripe", event)).event_id == "evt_1"
    fake.set(stripe_secrets=["whsec_older"])
    with pytest.raises(BadSignature):
        stripe.parse_notification(*fake.signed("stripe", event))
    settings.STRIPE_WEBHOOK_SECRETS = []
    with pytest.raises(BadSignature):
        stripe.parse_notification(headers, body)


def test_a_signature_is_of_these_bytes_and_of_now(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_1"]
    body = json.dumps({"id": "evt_1", "type": "ü", "data": {}}, ensure_ascii=False)

    def signed(moment: float, text: str = body) -> dict[str, str]:
        sign = library.WebhookSignature.generate_signature_header
        return {"stripe-signature": sign(text, "whsec_1", int(moment))}

    assert stripe.parse_notification(signed(time.time()), body.encode()).kind == ""
    bad = [
        (signed(time.time() - 301), body.encode()),
        (signed(time.time() + 330), body.encode()),
        (signed(time.time()), body.encode() + b" "),
        (signed(time.time(), "[]"), b"[]"),
        (signed(time.time(), "{"), b"{"),
        ({}, body.encode()),
        ({"Stripe-Signature": "t=1,v1=é"}, body.encode()),
        ({"Stripe-Signature": f"t={int(time.time())},v1=é"}, b"\xff"),
        ({"Stripe-Signature": f"t={int(time.time())}"}, body.encode()),
        ({"Stripe-Signature": "t=٣,v1="}, body.encode()),
    ]
    for headers, sent in bad:
        with pytest.raises(BadSignature):
            stripe.parse_notification(headers, sent)
