"""Signatures of webhooks, after the specification Standard Webhooks 1.0 (https://www.standardwebhooks.com).

`webhook-signature` has one `v1,…` for each secret that is valid: the base64 of an HMAC-SHA256 over
`webhook-id.webhook-timestamp.body`, whose key is the secret's base64 behind `whsec_`.
"""

import hmac
import secrets
import time
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from hashlib import sha256

PREFIX = "whsec_"
SECRET_BYTES = 32
# A request that is older is refused, so that nobody can send one again that they have overheard.
TOLERANCE_SECONDS = 5 * 60


class NotGenuine(Exception):
    """The request does not come from whoever has the secret, or it is too old."""


def new_secret() -> str:
    """A random secret: `whsec_` and the base64 of 32 bytes."""
    return PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The key of a secret. Raises ValueError for one that is none."""
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except NotBase64:
        key = b""
    if not 24 <= len(key) <= 64:
        raise ValueError("A secret is whsec_ and the base64 of 24 to 64 bytes.")
    return key


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature of a message by one secret: `v1,…`. Raises ValueError for a secret that is none."""
    signed = hmac.new(key_of(secret), b".".join((message_id.encode(), timestamp.encode(), body)), sha256)
    return f"v1,{b64encode(signed.digest()).decode()}"


def headers_of(message_id: str, body: bytes, valid: Sequence[str]) -> dict[str, str]:
    """The three headers of a message that is sent now, signed by each of the valid secrets."""
    timestamp = str(int(time.time()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signature(secret, message_id, timestamp, body) for secret in valid),
    }


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> None:
    """Check a message as a receiver does. Raises NotGenuine. The names of the headers are in small letters."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise NotGenuine("There is no webhook-timestamp.")
    if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        raise NotGenuine("It was sent at another time.")
    expected = signature(secret, message_id, timestamp, body).encode()
    sent = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(one.encode(), expected) for one in sent):
        raise NotGenuine("No signature is by this secret.")
