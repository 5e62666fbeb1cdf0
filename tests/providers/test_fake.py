"""What the fake promises to those who prove the shop by it: books that last, and notifications that arrive badly."""

import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.providers.helper import FakeProviders, running_fake
from tests.providers.stripe_api import SECRET_KEY, VERSION


class Shop(ThreadingHTTPServer):
    """Takes notifications. `takes` says whether they are welcome."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Listener)
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.takes = True


class Listener(BaseHTTPRequestHandler):
    server: Shop

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, dict(self.headers), body))
        self.send_response(200 if self.server.takes else 503)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    shop = Shop()
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    yield shop
    shop.shutdown()


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Iterator[FakeProviders]:
    notify = f"http://127.0.0.1:{shop.server_address[1]}/payments"
    with running_fake(tmp_path_factory.mktemp("fake"), notify) as fake:
        yield fake


@pytest.fixture(autouse=True)
def in_order(fake: FakeProviders, shop: Shop) -> None:
    fake.tell("reset")
    shop.heard.clear()
    shop.takes = True


def begin(fake: FakeProviders, number: int, key: str = "") -> dict[str, Any]:
    """Begin a payment at Stripe, as its library would."""
    sent = {"amount": 1250, "currency": "usd", "metadata[payment_id]": number}
    headers = {
        "Authorization": f"Bearer {SECRET_KEY}",
        "Stripe-Version": VERSION,
        "Idempotency-Key": key or str(number),
    }
    request = urllib.request.Request(
        f"{fake.base}/stripe/v1/payment_intents", urllib.parse.urlencode(sent).encode(), headers
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kinds(shop: Shop) -> list[str]:
    return [json.loads(body)["type"] for _, _, body in shop.heard]


def test_the_books_and_the_keys_survive_a_kill(fake: FakeProviders) -> None:
    begun = begin(fake, 1)
    fake.customer("pay", begun["id"])
    fake.kill()
    address = fake.base
    fake.start()
    assert fake.base == address
    assert begin(fake, 1)["id"] == begun["id"]
    assert [(row["state"], row["charges"][0]["amount"]) for row in fake.books(1)] == [("succeeded", "12.50")]
    fake.tell("forget_keys")
    assert begin(fake, 1)["id"] != begun["id"]
    fake.set(stripe_key_hours=0)
    assert len({begin(fake, 1)["id"] for _ in range(2)}) == 2


def test_a_notification_that_is_not_taken_comes_again(fake: FakeProviders, shop: Shop) -> None:
    shop.takes = False
    begin(fake, 2)
    eventually(lambda: len(shop.heard) >= 2)
    shop.takes = True
    eventually(lambda: fake.notices()[-1]["state"] == "delivered")
    assert set(kinds(shop)) == {"payment_intent.created"}
    assert {path for path, _, _ in shop.heard} == {"/payments/stripe/notifications"}


def test_notifications_are_doubled_lost_late_and_forged_as_they_are_set(fake: FakeProviders, shop: Shop) -> None:
    fake.set(doubled=1.0)
    begin(fake, 3)
    eventually(lambda: kinds(shop) == ["payment_intent.created"] * 2)
    assert len({body for _, _, body in shop.heard}) == 1

    fake.set(doubled=0.0, lost=1.0)
    lost = begin(fake, 4)
    fake.set(lost=0.0, delay=[0.6, 0.6])
    late = begin(fake, 5)
    fake.set(delay=[0.0, 0.0], forged=1.0)
    forged = begin(fake, 6)
    eventually(lambda: len(shop.heard) == 5)
    named = [json.loads(body)["data"]["object"]["id"] for _, _, body in shop.heard[2:]]
    assert named == [forged["id"], forged["id"], late["id"]]
    assert "payment_intent.succeeded" in kinds(shop)
    assert fake.books(6)[0]["charges"] == []
    states = {one["event"]["data"]["object"]["id"]: one["state"] for one in fake.notices()}
    assert states[lost["id"]] == "lost"
    shop.heard.clear()
    fake.tell("deliver")
    eventually(lambda: any(lost["id"].encode() in body for _, _, body in shop.heard))


def read(url: str, **sent: str) -> tuple[str, str]:
    """A page of the fake, and where the browser has come to; a form is posted."""
    body = urllib.parse.urlencode(sent).encode() if sent else None
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=10) as answer:
        return answer.read().decode(), answer.url


def test_a_person_pays_on_the_page_and_comes_back_to_the_shop(fake: FakeProviders) -> None:
    begun, back = begin(fake, 7), f"{fake.base}/?shop=1"
    listed, _ = read(f"{fake.base}/")
    assert begun["id"] in listed
    page, _ = read(f"{fake.base}/customer/{begun['id']}?{urllib.parse.urlencode({'return_url': back})}")
    assert "Pay with 4242 4242 4242 4242" in page
    _, place = read(f"{fake.base}/customer/pay", ref=begun["id"], card="4000002500003155", return_url=back)
    assert place.startswith(f"{fake.base}/customer/{begun['id']}?return_url=")
    _, place = read(f"{fake.base}/customer/authenticate", ref=begun["id"], succeeds="yes", return_url=back)
    assert place.startswith(f"{back}&payment_intent={begun['id']}&")
    assert place.endswith("redirect_status=succeeded")
    page, _ = read(f"{fake.base}/customer/{begun['id']}")
    assert "Refund at the dashboard" in page
    assert fake.books(7)[0]["state"] == "succeeded"


def test_it_makes_and_answers_nothing_that_stripe_would_not(fake: FakeProviders) -> None:
    headers = {"Authorization": f"Bearer {SECRET_KEY}", "Stripe-Version": VERSION}
    for sent, status in (
        ({"amount": 1, "currency": "usd", "amuont": 2}, 400),
        ({"amount": "x", "currency": "usd"}, 400),
    ):
        request = urllib.request.Request(
            f"{fake.base}/stripe/v1/payment_intents", urllib.parse.urlencode(sent).encode(), headers
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        assert refused.value.code == status
        refused.value.close()
