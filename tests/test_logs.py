"""What the shop writes to its log: lines of JSON, and nothing of what people type, own or are."""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from typing import Any

import httpx
import pytest

from tests.shop import Shop, running_shop

# Each is found again wherever it were written, in whatever form.
MARK = "zq7canary"
EMAIL = f"{MARK}.person@example.com"
PASSWORD = f"{MARK} password of a person"
PERSON = {
    "first_name": f"{MARK}first",
    "last_name": f"{MARK}last",
    "email": EMAIL,
    "phone": "+1 555 0187 634",
    "address_line1": f"1 {MARK} Street",
    "city": f"{MARK}ville",
    "password": PASSWORD,
}
ADDRESS = {
    "recipient_name": f"Ann {MARK}",
    "phone": f"+1 {MARK}",
    "shipping_address_line1": f"2 {MARK} Road",
    "shipping_city": f"{MARK}burg",
    "shipping_state": "IL",
    "shipping_postal_code": f"{MARK}-1",
    "shipping_country": "USA",
}
JSON = {"Content-Type": "application/json"}
LIFE = "the-life-of-a-person"
# Who was refused, and where, is what the whole test stands on.
EXPECTED = {
    "register": 201,
    "register again": 409,
    "wrong login": 401,
    "form": 200,
    "login": 200,
    "broken token": 401,
    "broken JSON": 400,
    "unknown field": 400,
    "me": 200,
    "not allowed": 403,
    "order": 201,
    "unknown article": 400,
    "reset": 202,
    "wrong reset": 400,
    "crash": 500,
    "crash with a token": 500,
    "refresh": 200,
    "reused": 200,
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with running_shop(folder, BCRYPT_ROUNDS="4", RATE_LIMITS="off", ACCESS_LOG="on") as running:
        yield running


@contextmanager
def without_users(shop: Shop) -> Iterator[None]:
    """The table of users is elsewhere for a while, so that the shop meets an error that it does not foresee."""
    with shop.connect("owner") as connection:
        connection.execute("alter table accounts_user rename to elsewhere")
        try:
            yield
        finally:
            connection.execute("alter table elsewhere rename to accounts_user")


def reset_token(shop: Shop) -> str:
    """The token in the mail for a new password, once that has come."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for file in (shop.data_dir / "mail").glob("*.eml"):
            body = message_from_bytes(file.read_bytes(), policy=default).get_body()
            if body and (found := re.search(r"token=([\w-]+)", body.get_content())):
                return found[1]
        time.sleep(0.05)
    raise AssertionError(shop.log("worker"))


def sent_raw(shop: Shop, text: str) -> None:
    """Bytes that are no HTTP request, until the shop has answered."""
    with socket.create_connection(("127.0.0.1", int(shop.environment["PORT"])), timeout=10) as connection:
        connection.sendall(text.encode())
        assert connection.recv(4096)


def live(shop: Shop, request_id: str) -> set[str]:
    """Somebody's whole life with the shop, mistakes included; the secrets that the shop has told them."""
    nobody = shop.client()
    nobody.headers["X-Request-ID"] = request_id
    statuses: dict[str, int] = {}

    def send(what: str, method: str, path: str, **kwargs: Any) -> httpx.Response:
        answer = nobody.request(method, path, **kwargs)
        statuses[what] = answer.status_code
        return answer

    send("register", "POST", "/users/", json=PERSON)
    send("register again", "POST", "/users/", json=PERSON)
    send("wrong login", "POST", "/users/login", json={"email": EMAIL, "password": PASSWORD + "x"})
    send("form", "POST", "/users/login", data={"username": EMAIL, "password": PASSWORD})
    tokens = send("login", "POST", "/users/login", json={"email": EMAIL, "password": PASSWORD}).json()
    mine = {"Authorization": f"Bearer {tokens['access_token']}"}
    send("broken token", "GET", "/users/me", headers={"Authorization": mine["Authorization"] + MARK})
    send("broken JSON", "POST", "/users/login", content=f'{{"password": "{PASSWORD}', headers=mine | JSON)
    send("unknown field", "PATCH", "/users/me", json={MARK: MARK}, headers=mine)
    send("me", "PATCH", "/users/me", json={"address_line2": f"{MARK} back yard"}, headers=mine)
    send("not allowed", "GET", "/users/", params={"search": EMAIL}, headers=mine)
    order = ADDRESS | {"order_items": [{"sku": "MUG", "quantity": 1}]}
    send("order", "POST", "/orders/", json=order, headers=mine | {"Idempotency-Key": f"{MARK}-key"})
    send(
        "unknown article",
        "POST",
        "/orders/",
        json=ADDRESS | {"order_items": [{"sku": MARK, "quantity": 1}]},
        headers=mine,
    )
    send("reset", "POST", "/users/password-reset", json={"email": EMAIL})
    token = reset_token(shop)
    wrong = {"uid": "MQ", "token": token + "x", "new_password": PASSWORD}
    send("wrong reset", "POST", "/users/password-reset/confirm", json=wrong)
    with without_users(shop):
        send("crash", "POST", "/users/login", json={"email": EMAIL, "password": PASSWORD})
        send("crash with a token", "GET", "/users/me", headers=mine)
    send("refresh", "POST", "/users/token/refresh", json={"refresh_token": tokens["refresh_token"]})
    send("reused", "POST", "/users/token/refresh", json={"refresh_token": tokens["refresh_token"]})
    sent_raw(shop, f"GET /{MARK} {EMAIL}\r\n\r\n")
    sent_raw(shop, f"GET / HTTP/1.1\r\n{MARK} {EMAIL}: {PASSWORD}\r\n\r\n")
    assert statuses == EXPECTED
    return {tokens["access_token"], tokens["refresh_token"], token}


@pytest.fixture(scope="module")
def secrets(shop: Shop) -> set[str]:
    shop.manage("create_admin", "--email", f"{MARK}.clerk@example.com", ADMIN_PASSWORD=PASSWORD)
    login = {"email": f"{MARK}.clerk@example.com", "password": PASSWORD}
    clerk = shop.client(shop.client().post("/users/login", json=login).json()["access_token"])
    mug = {"name": "Mug", "sku": "MUG", "price": "9.90", "stock_quantity": 5}
    assert clerk.post("/products/", json=mug).status_code == 201
    return live(shop, LIFE)


def lines(shop: Shop) -> list[dict[str, Any]]:
    """All lines of the web process; one that is not JSON fails."""
    return [json.loads(line) for line in shop.log("web").splitlines()]


def test_no_secret_and_nothing_of_a_person_is_in_any_log(shop: Shop, secrets: set[str]) -> None:
    for name in ("web", "worker", "postgres", "valkey"):
        log = shop.log(name)
        parts = {part for secret in secrets for part in secret.split(".")} | {MARK, PERSON["phone"], "127.0.0.1:"}
        assert [part for part in parts if part in log.replace(shop.url, "")] == [], name


def test_the_canary_would_be_seen(shop: Shop, secrets: set[str]) -> None:
    mails = "".join(file.read_text() for file in (shop.data_dir / "mail").glob("*.eml"))

    assert EMAIL in mails
    assert len(secrets) == 3


def test_every_line_is_json_and_says_when_and_how_grave(shop: Shop, secrets: set[str]) -> None:
    for line in lines(shop):
        assert {"at", "level", "logger", "message"} <= set(line)


def test_every_line_that_a_request_caused_has_its_id(shop: Shop, secrets: set[str]) -> None:
    caused = [line for line in lines(shop) if line["logger"] in ("django.request", "gunicorn.access")]
    requests = [line for line in caused if line["logger"] == "gunicorn.access" and line["request_id"] == LIFE]

    assert all(line.get("request_id") for line in caused)
    assert len(requests) == len(EXPECTED)


def test_a_crash_is_told_once_with_its_traceback(shop: Shop, secrets: set[str]) -> None:
    crashes = [line for line in lines(shop) if line["message"].startswith("Internal Server Error")]

    assert [line["request_id"] for line in crashes] == [LIFE, LIFE]
    assert all("UndefinedTable: 42P01" in line["exception"] for line in crashes)


def test_what_is_no_http_is_told_without_what_was_sent(shop: Shop, secrets: set[str]) -> None:
    told = [
        line["message"] for line in lines(shop) if line["logger"] == "gunicorn.error" and line["level"] == "warning"
    ]

    assert told == ["What was sent is no HTTP request."] * 2
