"""The entries of DATABASES and CACHES, as the settings make them of URLs."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ

from config import embedded


def database(address: str, prepare_threshold: int, password: str = "", wait: int = 5) -> dict[str, Any]:
    """One entry of DATABASES: persistent connections and prepared statements, as measured (docs/operations.md).

    `password` is for an address without one; `wait` is how many seconds it may take to connect, if it does not say.
    """
    config: dict[str, Any] = environ.Env.db_url_config(address)
    return config | {
        "HOST": unquote(str(config["HOST"])),  # a socket folder is written percent-encoded
        "PASSWORD": config["PASSWORD"] or password,
        "ENGINE": "database.backend",
        "CONN_MAX_AGE": None,
        "DISABLE_SERVER_SIDE_CURSORS": not prepare_threshold,
        "OPTIONS": {
            "connect_timeout": wait,
            # A server whose machine is gone does not say so: after 25 s the connection is taken for dead.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 25_000,
            **config.get("OPTIONS", {}),  # sslmode and the like
            "server_side_binding": True,
            "prepare_threshold": prepare_threshold or None,
        },
    }


def embedded_database_url(data_dir: Path) -> str:
    """The embedded server's URL, or one that refuses connections while it does not run."""
    try:
        return embedded.database_url(data_dir)
    except embedded.NotRunning:
        return "postgres://shop@127.0.0.1:1/shop"


def cache(address: str, password: str, seconds: float) -> dict[str, Any]:
    """The entry of CACHES: Redis, which may keep us waiting for so many seconds, or this process's own memory."""
    if not address:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    options: dict[str, Any] = {"SOCKET_CONNECT_TIMEOUT": seconds, "SOCKET_TIMEOUT": seconds}
    if password:
        options["PASSWORD"] = password
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": address,
        "KEY_PREFIX": "shop",
        "OPTIONS": options,
    }
