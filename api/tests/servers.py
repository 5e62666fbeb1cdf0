"""A Redis as it can be: gone, or frozen (the kernel takes the connection, and nobody ever answers)."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test import override_settings

from api import cache


@contextmanager
def redis_at(url: str) -> Iterator[None]:
    """The settings of a shop whose Redis is at this address."""
    backend: dict[str, Any] = {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": url,
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.2, "SOCKET_TIMEOUT": 0.2},
    }
    cache.close_breaker()
    with override_settings(REDIS_URL=url, CACHES={"default": backend}):
        yield
    cache.close_breaker()


@contextmanager
def frozen_redis() -> Iterator[None]:
    with socket.create_server(("127.0.0.1", 0)) as server, redis_at(f"redis://127.0.0.1:{server.getsockname()[1]}/0"):
        yield


@contextmanager
def no_redis() -> Iterator[None]:
    """Configured, and nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with redis_at(f"redis://127.0.0.1:{port}/0"):
        yield


@contextmanager
def redis_not_configured() -> Iterator[None]:
    local = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    with override_settings(REDIS_URL="", CACHES={"default": local}):
        yield
