"""Redis behind a breaker. Callers must be able to do without Redis, and a Redis that hangs costs next to nothing.

Commands have short time-outs. After a failure this process does not ask again for BREAK_SECONDS. So a frozen server
delays one request every two seconds by the time-out, and no other request at all.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import caches
from django_redis import get_redis_connection
from redis.exceptions import RedisError

T = TypeVar("T")
logger = logging.getLogger(__name__)

BREAK_SECONDS = 2.0
# This process does not ask Redis before this moment (monotonic clock). All threads share the number; a race between
# two of them costs one more attempt.
_broken_until = 0.0


class CacheUnavailable(Exception):
    """Redis is not configured, or did not answer in time."""


def ask(command: Callable[[Any], T]) -> T:
    """Run `command` with a Redis client. Raises CacheUnavailable; while the breaker is open it does so at once."""
    global _broken_until
    if not settings.REDIS_URL or time.monotonic() < _broken_until:
        raise CacheUnavailable
    try:
        return command(get_redis_connection("default"))
    except (RedisError, OSError) as error:
        _broken_until = time.monotonic() + BREAK_SECONDS
        logger.warning("Redis is not asked for %s s: %s", BREAK_SECONDS, repr(error))
        raise CacheUnavailable from error


def close_breaker() -> None:
    """Let the next call ask Redis again. Tests need this, and a health check that must not answer from memory."""
    global _broken_until
    _broken_until = 0.0


def read(key: str) -> bytes | None:
    """The bytes that were written under this key, or None. Without a Redis they are kept in this process."""
    try:
        value: bytes | None = ask(lambda redis: redis.get(f"shop:{key}"))
    except CacheUnavailable:
        return None if settings.REDIS_URL else caches["default"].get(key)
    return value


def write(key: str, value: bytes, seconds: float) -> None:
    """Keep bytes for so many seconds. Losing them must cost speed only."""
    try:
        ask(lambda redis: redis.set(f"shop:{key}", value, px=max(1, int(seconds * 1000))))
    except CacheUnavailable:
        if not settings.REDIS_URL:
            caches["default"].set(key, value, seconds)
