"""Notifications of PayPal: what they are about, their signatures, and the certificates that these are checked with."""

import time
import zlib
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from payments.providers import calls, paypal, paypal_signatures
from payments.providers.snapshot import BadSignature, ProviderUnknown
from payments.tests.test_paypal import Ask, captured
from tests.providers.helper import FakeProviders
from tests.providers.notices import WEBHOOK_ID, paypal_headers
from tests.providers.signer import Signer

pytestmark = pytest.mark.usefixtures("no_token")


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
