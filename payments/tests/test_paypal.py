"""PayPal against the fake over HTTP: each function, each way to fail, certificates and signatures."""

import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from django.db import transaction

from payments.providers import GONE, Provider, calls, configured, paypal, paypal_calls, paypal_signatures
from payments.providers.paypal_objects import read
from payments.providers.snapshot import BadSignature, ProviderRefused, ProviderUnknown, Request
from tests.providers.helper import FakeProviders
from tests.providers.notices import WEBHOOK_ID, paypal_headers
from tests.providers.signer import Signer

Ask = Callable[..., Request]
BACK = "https://shop.example.com/thanks"


@pytest.fixture(autouse=True)
def no_token() -> Iterator[None]:
    yield
    paypal_calls._tokens.clear()
    paypal_signatures._kept.clear()


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


def last_event(fake: FakeProviders, kind: str) -> dict[str, Any]:
    found = [one["event"] for one in fake.notices() if one["provider"] == "paypal"]
    event: dict[str, Any] = next(event for event in reversed(found) if event["event_type"] == kind)
    return event


def test_a_notification_says_what_it_is_about(fake: FakeProviders, ask_for: Ask) -> None:
    request = ask_for("9")
    ref = captured(fake, request)
    sent = paypal.refund(ref, Decimal("1"), "USD", f"refund-{ref}", 4)
    dispute = fake.customer("dispute", ref)
    capture = sent.captures[0].ref
    for kind, found in {
        "CHECKOUT.ORDER.APPROVED": (ref, ref),
        "PAYMENT.CAPTURE.COMPLETED": (ref, capture),
        "PAYMENT.CAPTURE.REFUNDED": ("", sent.refunds[0].ref),
        "CUSTOMER.DISPUTE.CREATED": ("", dispute["dispute_id"]),
    }.items():
        event = last_event(fake, kind)
        notice = paypal.parse_notification(*fake.signed("paypal", event))
        assert (notice.event_id, notice.kind, notice.payment_id) == (event["id"], kind, request.payment_id)
        assert (notice.ref, notice.object_ref) == found


def test_a_signature_is_of_this_checksum_and_this_webhook(fake: FakeProviders, settings: Any) -> None:
    headers, body = fake.signed("paypal", {"id": "WH-1", "event_type": "ANY"})
    assert paypal.parse_notification(headers, body).event_id == "WH-1"
    # PayPal signs a checksum alone: another body that has it passes. So nothing of a body is believed.
    forged = with_checksum_of(body, b'{"id": "WH-2", "event_type": "PAYMENT.CAPTURE.COMPLETED", "x": "')
    assert paypal.parse_notification(headers, forged).event_id == "WH-2"
    bad = [
        (headers, body + b" "),
        ({name: value for name, value in headers.items() if name != "Paypal-Transmission-Sig"}, body),
        (headers | {"Paypal-Transmission-Sig": "é"}, body),
        (headers | {"Paypal-Transmission-Time": "2020-01-01T00:00:00Z"}, body),
        (headers | {"Paypal-Auth-Algo": "none"}, body),
        *[(headers | {"Paypal-Cert-Url": url}, body) for url in STRANGE],
        fake.signed("paypal", {"event_type": "WITHOUT.ID"}),
    ]
    for sent, content in bad:
        with pytest.raises(BadSignature):
            paypal.parse_notification(sent, content)
    settings.PAYPAL_WEBHOOK_ID = "WHANOTHER"
    with pytest.raises(BadSignature):
        paypal.parse_notification(headers, body)


# Nobody is asked for these certificates.
STRANGE = (
    "",
    "https://[",
    "https://api.paypal.com/v1/notifications/certs/CERT-1",  # while the settings point at the fake
    "https://example.com/v1/notifications/certs/CERT-1",
    "http://127.0.0.1:1/paypal/v1/notifications/certs/CERT-1",
)


def with_checksum_of(body: bytes, start: bytes) -> bytes:
    """Another text in JSON with the CRC32 of `body`.

    CRC32 is linear: each bit of a letter turns the same bits of the checksum, whatever the others are. So those to turn
    are calculated, and nothing is tried.
    """
    letters, end, wanted = 64, b'"}', zlib.crc32(body)
    base = zlib.crc32(start + b"`" * letters + end)
    turned = {}
    for place, bit in product(range(letters), (1, 2, 4, 8, 16)):
        text = bytearray(b"`" * letters)
        text[place] ^= bit
        turned[place, bit] = zlib.crc32(start + bytes(text) + end) ^ base
    rows: dict[int, tuple[int, set[tuple[int, int]]]] = {}
    for change, bits in turned.items():
        value, used = bits, {change}
        while value and value.bit_length() in rows:
            other, theirs = rows[value.bit_length()]
            value, used = value ^ other, used ^ theirs
        if value:
            rows[value.bit_length()] = (value, used)
    missing, chosen = base ^ wanted, set[tuple[int, int]]()
    while missing:
        other, theirs = rows[missing.bit_length()]
        missing, chosen = missing ^ other, chosen ^ theirs
    text = bytearray(b"`" * letters)
    for place, bit in chosen:
        text[place] ^= bit
    forged = start + bytes(text) + end
    assert zlib.crc32(forged) == wanted
    return forged


def test_only_a_good_certificate_of_paypal_is_taken(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PAYPAL_WEBHOOK_ID, settings.PAYPAL_API_BASE = WEBHOOK_ID, ""
    served: dict[str, tuple[int, bytes]] = {}
    asked: list[str] = []

    def send(method: str, url: str) -> tuple[int, bytes]:
        asked.append(url)
        return served[url]

    monkeypatch.setattr(calls, "send", send)
    paypal_signatures._fetched.clear()
    body = b'{"id": "WH-1"}'

    def checked(signer: Signer, pem: bytes | None = None, status: int = 200) -> None:
        headers = paypal_headers(body, signer, "https://api.paypal.com")
        url = headers["Paypal-Cert-Url"] = headers["Paypal-Cert-Url"].replace("/paypal/v1", "/v1")
        served[url] = (status, signer.pem() if pem is None else pem)
        paypal.parse_notification(headers, body)

    good = Signer()
    checked(good)
    checked(good)
    assert len(asked) == 1
    checked(alone := Signer(), alone.certificate.public_bytes(serialization.Encoding.PEM))
    stranger = Signer()
    mixed = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (stranger.certificate, good.authority))
    for signer, pem in (
        (Signer("api.example.com"), None),
        (Signer(days=(-10, -1)), None),
        (stranger, mixed),
        (Signer(), b"no certificate"),
        (Signer(), good.pem()),
    ):
        with pytest.raises(BadSignature):
            checked(signer, pem)
    with pytest.raises(BadSignature):
        checked(Signer(), b"", 404)
    with pytest.raises(ProviderUnknown):
        checked(Signer(), b"", 503)
    # Strangers name certificates without end: no more than ten are asked for in a minute.
    paypal_signatures._fetched[:] = [time.monotonic()] * 10
    before = len(asked)
    with pytest.raises(ProviderUnknown):
        checked(stranger)
    assert len(asked) == before
    assert isinstance(next(iter(paypal_signatures._kept.values())), x509.Certificate)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.example.com/v1/notifications/certs/CERT-1",
        "https://examplepaypal.com/v1/notifications/certs/CERT-1",
        "https://me@api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/../../../x",
        "https://api.paypal.com/anywhere",
        "http://127.0.0.1:8090/paypal/v1/notifications/certs/CERT-1",
    ],
)
def test_a_certificate_is_fetched_from_no_other_place(settings: Any, url: str) -> None:
    settings.PAYPAL_API_BASE = ""
    assert not paypal_signatures.is_of_paypal(url)
    assert paypal_signatures.is_of_paypal("https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594")
