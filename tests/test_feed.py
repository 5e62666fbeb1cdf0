"""Readers of the feed that wait for news, beside a shop that goes on selling."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.shop import Shop

PASSWORD = "a password of the feed"
READERS = 30


@pytest.fixture(scope="module")
def staff(shop: Shop) -> httpx.Client:
    """Staff who may read the feed."""
    shop.manage("create_admin", "--email", "reader@example.com", ADMIN_PASSWORD=PASSWORD)
    with shop.client() as nobody:
        answer = nobody.post("/users/login", json={"email": "reader@example.com", "password": PASSWORD})
    return shop.client(answer.json()["access_token"])


def read(staff: httpx.Client, **query: Any) -> tuple[dict[str, Any], float]:
    """A page of the feed, and the seconds that it took."""
    began = time.monotonic()
    answer = staff.get("/events", params=query, timeout=60)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document, time.monotonic() - began


def newest(staff: httpx.Client) -> int:
    """The newest position, once nothing happens any more."""
    page, _ = read(staff, wait=1)
    while page["next_after"] < page["newest"] or page["results"]:
        page, _ = read(staff, after=page["next_after"], wait=1)
    return int(page["newest"])


def test_readers_that_wait_hold_no_thread_and_are_told_at_once(shop: Shop, staff: httpx.Client) -> None:
    after = newest(staff)
    with ThreadPoolExecutor(READERS) as pool:
        waiting = [pool.submit(read, staff, after=after, wait=30, types="product.created") for _ in range(READERS)]
        slowest = 0.0
        for _ in range(40):  # more than enough for all readers to have been parked
            began = time.monotonic()
            assert staff.get("/products/").status_code == 200
            slowest = max(slowest, time.monotonic() - began)
        assert not any(reader.done() for reader in waiting)
        answer = staff.post("/products/", json={"name": "Kettle", "price": "5.00", "stock_quantity": 1})
        assert answer.status_code == 201, answer.text
        told = [reader.result() for reader in waiting]
    assert slowest < 5, "somebody who does not wait for news has waited"
    for page, seconds in told:
        assert [row["kind"] for row in page["results"]] == ["product.created"]
        assert seconds < 25


def test_who_waits_in_vain_is_answered_in_time(staff: httpx.Client) -> None:
    after = newest(staff)
    page, seconds = read(staff, after=after, wait=2)
    assert page == {"results": [], "next_after": after, "newest": after}
    assert seconds >= 2


def test_whoever_waits_is_answered_when_the_shop_stops(shop: Shop, staff: httpx.Client) -> None:
    after = newest(staff)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(read, staff, after=after, wait=30)
        for _ in range(20):  # it is parked by then
            assert staff.get("/products/").status_code == 200
        shop.processes["web"].send_signal(signal.SIGTERM)
        page, seconds = waiting.result()
    assert page["results"] == []
    assert seconds < 20
