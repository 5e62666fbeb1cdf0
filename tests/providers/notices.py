"""Telling the shop what happened: events, their signatures, and the ways in which they arrive badly."""

import base64
import hashlib
import hmac
import json
import random
import secrets
import threading
import time
import urllib.error
import urllib.request
import zlib
from datetime import UTC, datetime
from typing import Any

from tests.providers.books import Books, Thing
from tests.providers.signer import Signer

WEBHOOK_ID = "WH0FAKE"
# A notification that the shop does not take is told again so many times, as providers do for days.
TRIES = 40


def tell(books: Books, provider: str, kind: str, thing: Thing, resource_type: str = "") -> None:
    """Write an event down, to be delivered as the settings say. Called in the unit of what happened."""
    if provider == "stripe":
        event: Thing = {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "type": kind,
            "created": int(time.time()),
            "data": {"object": thing},
        }
    else:
        event = {
            "id": f"WH-{secrets.token_hex(10).upper()}",
            "event_type": kind,
            "resource_type": resource_type,
            "create_time": datetime.now(UTC).isoformat(timespec="seconds"),
            "resource": thing,
        }
    books.add("event", event)
    copies = 2 if chance(books, "doubled") else 1
    for _ in range(copies):
        signed = "badly" if chance(books, "badly_signed") else "well"
        state = "lost" if chance(books, "lost") else "waiting"
        add_notice(books, provider, event, signed, state)
    if chance(books, "forged"):
        add_notice(books, provider, forged(provider, event), "badly", "waiting")


def chance(books: Books, name: str) -> bool:
    return random.random() < float(books.setting(name))


def forged(provider: str, event: Thing) -> Thing:
    """An event that never was: a stranger says that the payment succeeded."""
    lie: Thing = json.loads(json.dumps(event))
    lie["id"] += "lie"
    if provider == "stripe":
        lie["type"] = "payment_intent.succeeded"
    else:
        lie["event_type"] = "PAYMENT.CAPTURE.COMPLETED"
    return lie


def add_notice(books: Books, provider: str, event: Thing, signed: str, state: str) -> None:
    soonest, latest = books.setting("delay")
    due = time.time() + random.uniform(soonest, latest)
    books.rows(
        "insert into notice (provider, event, due, tries, signed, state) values (?, ?, ?, 0, ?, ?)",
        *(provider, json.dumps(event), due, signed, state),
    )


def stripe_headers(body: bytes, secrets_: list[str], moment: int | None = None) -> dict[str, str]:
    """The header by which Stripe signs a body: one signature for each secret."""
    at = int(time.time()) if moment is None else moment
    signatures = [hmac.new(s.encode(), b"%d.%b" % (at, body), hashlib.sha256).hexdigest() for s in secrets_]
    return {"Stripe-Signature": ",".join([f"t={at}", *(f"v1={signature}" for signature in signatures)])}


def paypal_headers(body: bytes, signer: Signer, base: str) -> dict[str, str]:
    """The headers by which PayPal signs the checksum of a body."""
    transmission, at = secrets.token_hex(16), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    signature = signer.sign(f"{transmission}|{at}|{WEBHOOK_ID}|{zlib.crc32(body)}".encode())
    return {
        "Paypal-Transmission-Id": transmission,
        "Paypal-Transmission-Time": at,
        "Paypal-Transmission-Sig": base64.b64encode(signature).decode(),
        "Paypal-Auth-Algo": "SHA256withRSA",
        "Paypal-Cert-Url": f"{base}/paypal/v1/notifications/certs/{signer.name}",
    }


class Messenger:
    """The thread that delivers what is due, to addresses that end in the provider's name."""

    def __init__(self, books: Books, signer: Signer, base: str, notify: str) -> None:
        self.books, self.signer, self.base, self.notify = books, signer, base, notify
        # Without the proxy of the environment, which is for other hosts.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def start(self) -> None:
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            if not self.notify:
                time.sleep(0.1)
                continue
            due = self.books.rows(
                "select seq, provider, event, signed, tries, due from notice"
                " where state = 'waiting' order by due limit 1"
            )
            wait = due[0][5] - time.time() if due else 1.0
            if wait > 0:
                self.books.told.wait(min(wait, 1.0))
                self.books.told.clear()
                continue
            seq, provider, event, signed, tries, _ = due[0]
            self.note(seq, tries + 1, self.deliver(provider, event.encode(), signed))

    def note(self, seq: int, tries: int, taken: bool) -> None:
        state = "delivered" if taken else "given_up" if tries >= TRIES else "waiting"
        due = time.time() + min(0.2 * 2**tries, 20)
        with self.books.lock:
            self.books.rows("update notice set state = ?, tries = ?, due = ? where seq = ?", state, tries, due, seq)

    def headers(self, provider: str, body: bytes, signed: str = "well") -> dict[str, str]:
        signed_body = body if signed == "well" else body + b" "
        if provider == "stripe":
            return stripe_headers(signed_body, self.books.setting("stripe_secrets"))
        return paypal_headers(signed_body, self.signer, self.base)

    def deliver(self, provider: str, body: bytes, signed: str) -> bool:
        """Whether the shop took it. What is signed badly is told once: a stranger does not come again."""
        headers = self.headers(provider, body, signed) | {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.notify}/{provider}/notifications", body, headers)
        try:
            self.opener.open(request, timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            return signed != "well"
        except OSError:
            return False
        return True


def listed(books: Books) -> list[dict[str, Any]]:
    """The notices, oldest first."""
    found = books.rows("select seq, provider, event, signed, tries, state from notice order by seq")
    return [
        {"seq": seq, "provider": provider, "event": json.loads(event), "signed": signed, "tries": tries, "state": state}
        for seq, provider, event, signed, tries, state in found
    ]
