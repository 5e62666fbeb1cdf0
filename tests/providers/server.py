"""The fake's one port: both APIs, the customer's pages, the control of whoever tests, and the books as JSON."""

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.providers import control, customer, pages, paypal_api, stripe_api
from tests.providers.books import Books, Thing
from tests.providers.notices import WEBHOOK_ID, Messenger
from tests.providers.refusals import Refused, paypal_refusal, stripe_refusal
from tests.providers.signer import Signer


class Fake(ThreadingHTTPServer):
    """The server, with what its handlers share."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder: Path, port: int, notify: str = "") -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.base = f"http://127.0.0.1:{self.server_address[1]}"
        self.books, self.signer = Books(folder / "books.sqlite3"), Signer()
        self.messenger = Messenger(self.books, self.signer, self.base, notify)
        self.messenger.start()
        # The keys of calls that are being carried out now.
        self.in_use: set[tuple[str, str]] = set()
        self.in_use_lock = threading.Lock()

    def settings(self) -> Thing:
        """What a shop sets to use the fake."""
        return {
            "STRIPE_SECRET_KEY": stripe_api.SECRET_KEY,
            "STRIPE_PUBLISHABLE_KEY": stripe_api.PUBLISHABLE_KEY,
            "STRIPE_WEBHOOK_SECRETS": self.books.setting("stripe_secrets"),
            "STRIPE_API_BASE": f"{self.base}/stripe",
            "PAYPAL_CLIENT_ID": paypal_api.CLIENT_ID,
            "PAYPAL_CLIENT_SECRET": paypal_api.CLIENT_SECRET,
            "PAYPAL_WEBHOOK_ID": WEBHOOK_ID,
            "PAYPAL_API_BASE": f"{self.base}/paypal",
        }


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Fake
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.handle_one()

    def do_POST(self) -> None:
        self.handle_one()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a trial makes thousands of requests."""

    def handle_one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        if len(self.body) < length:
            return self.drop()  # whoever asked has died over it, and nobody acts on half a request
        parts = urlsplit(self.path)
        self.place, self.query = parts.path, dict(parse_qsl(parts.query))
        _, first, *rest = self.place.split("/")
        path = f"/{'/'.join(rest)}"
        if first == "stripe":
            return self.answer_stripe(path, parts.query)
        if first == "paypal":
            return self.answer_paypal(path)
        if first in ("", "customer"):
            return self.answer_customer(rest)
        if first in ("control", "books"):
            return self.answer_control(first, rest)
        return self.send(404, {"error": "not found"})

    def send(self, status: int, body: Any, *, kind: str = "application/json", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def drop(self) -> None:
        """Break the connection without a word."""
        self.close_connection = True
        self.connection.close()

    # The two APIs

    def answer_stripe(self, path: str, query: str) -> None:
        route = next((one for one in stripe_api.ROUTES if one[0] == self.command and re.fullmatch(one[1], path)), None)
        if route is None:
            return self.send(404, stripe_refusal("", f"Unrecognized request URL ({path}).").body)
        if self.headers.get("Authorization") != f"Bearer {stripe_api.SECRET_KEY}":
            return self.send(401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided."}})
        if self.headers.get("Stripe-Version") != stripe_api.VERSION:
            return self.send(400, stripe_refusal("", "The version of the API is not the one that we tested.").body)
        _, pattern, name, endpoint = route
        match = re.fullmatch(pattern, path)
        refs = match.groups() if match else ()
        params = stripe_api.parsed(query if self.command == "GET" else self.body.decode())
        return self.call("stripe", name, lambda: (200, endpoint(self.server.books, params, *refs)))

    def answer_paypal(self, path: str) -> None:
        if path == "/v1/oauth2/token":
            return self.call("paypal", "paypal.token", self.token)
        if path == f"/v1/notifications/certs/{self.server.signer.name}":
            return self.send(200, self.server.signer.pem(), kind="application/x-pem-file")
        if self.headers.get("Authorization") != f"Bearer {paypal_api.TOKEN}":
            return self.send(401, {"name": "AUTHENTICATION_FAILURE", "message": "Authentication failed."})
        for method, pattern, name, endpoint, status in paypal_api.ROUTES:
            refs = paypal_api.matched(path, pattern)
            if method != self.command or refs is None:
                continue
            sent = self.query if method == "GET" else json.loads(self.body or b"{}")
            answer = partial(endpoint, self.server.books, sent, f"{self.server.base}/paypal", *refs)
            return self.call("paypal", name, lambda status=status, answer=answer: (status, answer()))  # type: ignore[misc]
        return self.send(404, paypal_refusal("", "Not found.", status=404).body)

    def token(self) -> tuple[int, Thing]:
        login = base64.b64encode(f"{paypal_api.CLIENT_ID}:{paypal_api.CLIENT_SECRET}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {login}":
            raise Refused(401, {"error": "invalid_client"}, kept=False)
        return 200, {"access_token": paypal_api.TOKEN, "token_type": "Bearer", "expires_in": 32_400}

    def call(self, provider: str, name: str, act: Callable[[], tuple[int, Thing]]) -> None:
        """Carry a call out, once for each key, and let go wrong what is to go wrong."""
        fault, seconds = self.server.books.take_fault(name)
        if fault == "drop_before":
            return self.drop()
        if fault == "429":
            return self.send(429, {"error": {"type": "rate_limit_error", "message": "Too many requests."}})
        key = self.headers.get("Idempotency-Key" if provider == "stripe" else "PayPal-Request-Id") or ""
        key = key if self.command == "POST" else ""
        with self.server.in_use_lock:
            if key and (provider, key) in self.server.in_use:
                return self.send(409, in_use(provider))
            self.server.in_use.add((provider, key))
        try:
            if fault == "hang":
                time.sleep(seconds)
            status, body, replayed = self.once(provider, key, act, fault)
        finally:
            with self.server.in_use_lock:
                self.server.in_use.discard((provider, key))
        if fault == "drop_after":
            return self.drop()
        try:
            self.send(status, body, **({"Idempotent_Replayed": "true"} if replayed else {}))
        except OSError:
            self.close_connection = True  # whoever asked has gone

    def once(
        self, provider: str, key: str, act: Callable[[], tuple[int, Thing]], fault: str
    ) -> tuple[int, bytes, bool]:
        """Status and body of the answer, and whether it is that of an earlier call with this key."""
        books = self.server.books
        fingerprint = hashlib.sha256(f"{self.command} {self.place} ".encode() + self.body).hexdigest()
        try:
            with books.unit():
                known = books.known_key(provider, key) if key else None
                if known is not None:
                    if known[0] != fingerprint:
                        raise Refused(400 if provider == "stripe" else 422, other_parameters(provider), kept=False)
                    return known[1], known[2].encode(), True
                status, answer = (500, broken(provider)) if fault == "500_before" else act()
                told = (500, broken(provider)) if fault == "500_after" else (status, answer)
                # Stripe repeats what it said, a 500 too. PayPal repeats what was done.
                kept = told if provider == "stripe" else (status, answer)
                if key and (provider == "stripe" or kept[0] < 300):
                    books.keep_key(provider, key, fingerprint, kept[0], json.dumps(kept[1]))
                return told[0], json.dumps(told[1]).encode(), False
        except Refused as refusal:
            body = json.dumps(refusal.body)
            if key and refusal.kept:
                with books.unit():
                    books.keep_key(provider, key, fingerprint, refusal.status, body)
            return refusal.status, body.encode(), False

    # Whoever plays the customer, and whoever tests

    def answer_customer(self, rest: list[str]) -> None:
        try:
            if self.command == "GET":
                return self.send(200, pages.page(self.server.books, rest, self.query), kind="text/html; charset=utf-8")
            from_page = "json" not in (self.headers.get("Content-Type") or "")
            sent = dict(parse_qsl(self.body.decode())) if from_page else json.loads(self.body or b"{}")
            with self.server.books.unit():
                answer = customer.act(self.server.books, rest[0], sent, f"{self.server.base}/paypal")
            if from_page:
                return self.send(303, b"", Location=pages.after(self.server.books, rest[0], sent))
            return self.send(200, answer)
        except Refused as refusal:
            return self.send(refusal.status, refusal.body)

    def answer_control(self, first: str, rest: list[str]) -> None:
        if first == "books":
            return self.send(200, control.all_books(self.server.books, float(self.query.get("since", 0))))
        if rest == ["settings"] and self.command == "GET":
            return self.send(200, self.server.settings())
        return self.send(200, control.act(self.server, rest[0], json.loads(self.body or b"{}")))


def in_use(provider: str) -> Thing:
    if provider == "stripe":
        return {"error": {"type": "idempotency_error", "code": "idempotency_key_in_use", "message": "In use."}}
    return {"name": "RESOURCE_CONFLICT", "details": [{"issue": "PREVIOUS_REQUEST_IN_PROGRESS", "description": "Wait."}]}


def other_parameters(provider: str) -> Thing:
    if provider == "stripe":
        return {"error": {"type": "idempotency_error", "message": "Keys can only be used with the same parameters."}}
    issue = {"issue": "DUPLICATE_REQUEST_ID", "description": "The id was used for another request."}
    return {"name": "UNPROCESSABLE_ENTITY", "details": [issue]}


def broken(provider: str) -> Thing:
    if provider == "stripe":
        return {"error": {"type": "api_error", "message": "Something went wrong at Stripe."}}
    return {"name": "INTERNAL_SERVER_ERROR", "message": "An internal server error has occurred."}
