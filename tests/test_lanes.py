"""Requests that wait without a thread: for the lane of expensive work, and for the end of a pause after a refusal."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.wire import Answer, Web, web_server

# Fewer threads than there are requests that wait.
ONE = {"WEB_CONCURRENCY": "1", "WEB_THREADS": "2", "EXPENSIVE_REQUESTS_AT_ONCE": "1"}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with web_server(tmp_path_factory.mktemp("lanes"), application="tests.wire_application", **ONE) as web:
        yield web


def get(web: Web, path: str) -> tuple[Answer, float]:
    """The answer to a request on a connection of its own, and the seconds it took."""
    began = time.monotonic()
    answer = web.ask(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    return answer, time.monotonic() - began


def test_who_waits_for_the_lane_holds_no_thread(web: Web) -> None:
    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(get, web, "/lane?200") for _ in range(6)]
        others = 0
        while not all(one.done() for one in waiting):
            answer, _ = get(web, "/pid")
            assert answer.status == 200
            others += not all(one.done() for one in waiting)
        answers = [one.result()[0] for one in waiting]
    assert [answer.status for answer in answers] == [200] * 6
    assert {answer.body for answer in answers} == {b"lane_0"}
    assert others > 6  # each of them while somebody waited


def test_who_waits_too_long_is_told_to_come_again(web: Web) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: get(web, "/lane?2000"), range(4)))
    served = [answer for answer, _ in answers if answer.status == 200]
    refused = [(answer, seconds) for answer, seconds in answers if answer.status == 503]
    assert served
    assert refused
    for answer, seconds in refused:
        assert json.loads(answer.body)["code"] == "busy"
        assert "Retry-After: 1\r\n" in answer.head
        assert seconds < 8  # the lane would have needed 14
    assert get(web, "/lane?0")[0].status == 200


def test_an_answer_that_is_held_holds_no_thread(web: Web) -> None:
    with ThreadPoolExecutor(8) as pool:
        began = time.monotonic()
        answers = list(pool.map(lambda _: get(web, "/held"), range(8)))
    assert time.monotonic() - began < 8 * 0.5 / 2  # what two threads would need
    assert {answer.body for answer, _ in answers} == {b"held"}
    assert all(seconds >= 0.5 for _, seconds in answers)
