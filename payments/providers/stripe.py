"""Stripe, by its official library: one PaymentIntent for each payment.

The library takes 22 MB of memory, so it is imported with the first call, and not at all for a notification.
"""

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

from payments.providers import calls
from payments.providers.notices import member, number, word
from payments.providers.snapshot import BadSignature, Notice, ProviderRefused, ProviderUnknown, Request, Snapshot
from payments.providers.stripe_amounts import to_units
from payments.providers.stripe_objects import read

if TYPE_CHECKING:
    from stripe import PaymentIntent, StripeClient

BY_HAND, CANCELS = False, True
# A buyer has so long for the card's number and the bank's questions.
PAYABLE_FOR = timedelta(hours=1)
# Stripe forgets a key after 24 hours at the earliest.
KEY_LIFETIME = timedelta(hours=20)
# The version of the API that the library's types describe.
VERSION = "2026-10-28.endive"
EXPAND = ["latest_charge.balance_transaction", "latest_charge.refunds"]
PAGE = 100
# A notification that was signed longer ago is refused, in seconds: somebody may have kept it.
TOLERANCE = 300


def name() -> str:
    """What buyers read."""
    return "Card and more"


def publishable_key() -> str:
    """What Stripe's script in the browser needs."""
    return str(settings.STRIPE_PUBLISHABLE_KEY)


def create(request: Request, key: str) -> Snapshot:
    """Begin a payment. The buyer's browser gets a client secret, and Stripe's script asks for card or wallet."""
    with translated() as client:
        intent = client.v1.payment_intents.create(
            {
                "amount": to_units(request.amount, request.currency),
                "currency": request.currency.lower(),
                "capture_method": "manual" if request.capture_method == "manual" else "automatic",
                "automatic_payment_methods": {"enabled": True},
                "description": request.order_number,
                "metadata": {"payment_id": str(request.payment_id), "order_number": request.order_number},
                "expand": EXPAND,
            },
            {"idempotency_key": key},
        )
        return read(client, intent)


def fetch(ref: str) -> Snapshot:
    """The payment as Stripe has it now."""
    with translated() as client:
        return read(client, client.v1.payment_intents.retrieve(ref, {"expand": EXPAND}))


def authorize(ref: str, key: str) -> Snapshot:
    """The payment as it is: Stripe sets money apart by itself, when the buyer confirms."""
    return fetch(ref)


def capture(ref: str, amount: Decimal, currency: str, key: str) -> Snapshot:
    """Take so much of what was authorized. Stripe lets the rest go, so there is no second capture."""
    with translated() as client:
        intent = client.v1.payment_intents.capture(
            ref, {"amount_to_capture": to_units(amount, currency), "expand": EXPAND}, {"idempotency_key": key}
        )
        return read(client, intent)


def cancel(ref: str, key: str) -> Snapshot:
    """Give up a payment, so that nothing can be paid by it any more.

    One that was paid or cancelled meanwhile cannot be: the answer is what it is.
    """
    try:
        with translated() as client:
            intent = client.v1.payment_intents.cancel(ref, {"expand": EXPAND}, {"idempotency_key": key})
            return read(client, intent)
    except ProviderRefused as refusal:
        if refusal.code != "payment_intent_unexpected_state":
            raise
    return fetch(ref)


def refund(ref: str, amount: Decimal, currency: str, key: str, operation_id: int) -> Snapshot:
    """Send so much back to where it came from."""
    with translated() as client:
        client.v1.refunds.create(
            {
                "payment_intent": ref,
                "amount": to_units(amount, currency),
                "metadata": {"operation_id": str(operation_id)},
            },
            {"idempotency_key": key},
        )
    return fetch(ref)


def find(*, payment_id: int | None = None, since: datetime | None = None) -> list[Snapshot]:
    """The payments of one of ours, or all for which something happened since then.

    The search by metadata may be a minute behind, and an hour when Stripe has troubles; the list is not.
    """
    with translated() as client:
        expand = [f"data.{path}" for path in EXPAND]
        if since is None:
            query = f"metadata['payment_id']:'{payment_id}'"
            found = client.v1.payment_intents.search({"query": query, "limit": PAGE, "expand": expand})
            return [read(client, intent) for intent in found.auto_paging_iter()]
        begun = client.v1.payment_intents.list(
            {"created": {"gte": int(since.timestamp())}, "limit": PAGE, "expand": expand}
        )
        snapshots = {intent.id: read(client, intent) for intent in begun.auto_paging_iter()}
        if payment_id is not None:
            return [snapshot for snapshot in snapshots.values() if snapshot.payment_id == payment_id]
        for ref in touched(client, since):
            if ref not in snapshots:
                snapshots[ref] = read(client, client.v1.payment_intents.retrieve(ref, {"expand": EXPAND}))
        return list(snapshots.values())


def touched(client: "StripeClient", since: datetime) -> Iterator[str]:
    """The payments, perhaps older ones, that were refunded or disputed since then."""
    moment = int(since.timestamp())
    for refund in client.v1.refunds.list({"created": {"gte": moment}, "limit": PAGE}).auto_paging_iter():
        yield from name_of(refund.payment_intent)
    for dispute in client.v1.disputes.list({"created": {"gte": moment}, "limit": PAGE}).auto_paging_iter():
        yield from name_of(dispute.payment_intent)


def name_of(intent: "PaymentIntent | str | None") -> list[str]:
    """The id of a PaymentIntent that may stand there whole, by its id alone, or not at all."""
    if intent is None:
        return []
    return [intent if isinstance(intent, str) else intent.id]


def parse_notification(headers: Mapping[str, str], body: bytes) -> Notice:
    """What an event of Stripe is about. Raises BadSignature."""
    said = {name.lower(): value for name, value in headers.items()}.get("stripe-signature", "")
    if not is_signed(said, body):
        raise BadSignature("Stripe-Signature is missing, wrong or too old.")
    try:
        event = json.loads(body)
    except ValueError as error:
        raise BadSignature("The body is no JSON.") from error
    if not word(event, "id"):
        raise BadSignature("The body is no event.")
    kind = word(event, "data", "object", "object")
    named = word(event, "data", "object", "id")
    return Notice(
        event_id=word(event, "id"),
        kind=word(event, "type", longest=64),
        ref=named if kind == "payment_intent" else word(event, "data", "object", "payment_intent"),
        object_ref=named,
        payment_id=number(member(event, "data", "object", "metadata", "payment_id")),
    )


def is_signed(said: str, body: bytes) -> bool:
    """Whether a header of the form t=…,v1=… signs the very bytes of the body with one of our secrets, lately enough.

    While a secret is replaced there are two, and Stripe signs with both.
    """
    parts = [part.partition("=") for part in said.split(",")]
    moment = next((value for name, _, value in parts if name.strip() == "t"), "")
    if not moment.isascii() or not moment.isdigit() or abs(time.time() - int(moment[:12])) > TOLERANCE:
        return False
    signatures = [value.encode() for name, _, value in parts if name.strip() == "v1"]
    return any(
        hmac.compare_digest(
            hmac.new(secret.encode(), b"%b.%b" % (moment.encode(), body), hashlib.sha256).hexdigest().encode(),
            signature,
        )
        for secret in settings.STRIPE_WEBHOOK_SECRETS
        for signature in signatures
    )


@contextmanager
def translated() -> Iterator["StripeClient"]:
    """Stripe's client; its errors become ours."""
    calls.refuse_within_transaction()  # the library would take the refusal of the session for a broken connection
    import stripe

    try:
        yield client_of(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)
    except stripe.APIConnectionError as error:
        raise ProviderUnknown("Stripe did not answer.") from error
    except stripe.IdempotencyError as error:
        # The key was used before with other parameters: an earlier try may have been carried out.
        raise ProviderUnknown(f"Stripe: {error.user_message}") from error
    except stripe.StripeError as error:
        code = error.code or getattr(error.error, "type", None) or ""
        raise calls.judged(error.http_status or 0, code, error.user_message or "") from error


@lru_cache(maxsize=4)
def client_of(secret_key: str, api_base: str) -> "StripeClient":
    """The client for one account, over the session of calls.py. It repeats nothing by itself: the reconciler does."""
    import stripe

    # It would write an id of this machine into the home folder, and the times of calls into the next ones.
    stripe.enable_telemetry = False
    # Its lines show whole answers, with client secrets, as soon as somebody asks for DEBUG.
    logging.getLogger("stripe").setLevel(logging.WARNING)
    return stripe.StripeClient(
        secret_key,
        stripe_version=VERSION,
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=(calls.CONNECT, calls.READ), session=calls.session()),
        base_addresses={"api": api_base} if api_base else {},
    )
