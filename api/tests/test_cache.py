import os
import time

import pytest

from api import cache
from api.tests.servers import frozen_redis, no_redis, redis_not_configured


def test_what_is_written_can_be_read_until_it_expires() -> None:
    cache.write("greeting", b"hello", 10)
    assert cache.read("greeting") == b"hello"

    cache.write("greeting", b"hello", 0.05)
    time.sleep(0.06)

    assert cache.read("greeting") is None


def test_without_redis_this_process_remembers() -> None:
    with redis_not_configured():
        cache.write("greeting", b"hello", 10)

        assert cache.read("greeting") == b"hello"
        with pytest.raises(cache.CacheUnavailable):
            cache.ask(lambda redis: redis.ping())


def test_with_redis_gone_nothing_is_remembered_and_nothing_fails() -> None:
    with no_redis():
        cache.write("greeting", b"hello", 10)

        assert cache.read("greeting") is None


def test_a_frozen_redis_delays_one_question_a_little_and_the_following_not_at_all() -> None:
    with frozen_redis():
        began = time.monotonic()
        assert cache.read("greeting") is None
        first = time.monotonic()
        for _ in range(100):
            assert cache.read("greeting") is None
        rest = time.monotonic()

    assert first - began < 0.5
    assert rest - first < 0.1


def test_redis_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "BREAK_SECONDS", 0.05)
    with no_redis(), pytest.raises(cache.CacheUnavailable):
        cache.ask(lambda redis: redis.ping())

    time.sleep(0.06)

    assert cache.ask(lambda redis: redis.ping())


def test_tests_that_run_side_by_side_do_not_share_a_cache() -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw-1")

    number = cache.ask(lambda redis: redis.connection_pool.connection_kwargs["db"])

    assert number == int(worker.removeprefix("gw")) + 1
