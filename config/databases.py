"""An entry of DATABASES, as the settings make it of a URL."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ

from config import embedded


def database(address: str, prepare_threshold: int) -> dict[str, Any]:
    """One entry of DATABASES: persistent connections and prepared statements, as measured (docs/operations.md)."""
    config: dict[str, Any] = environ.Env.db_url_config(address)
    return config | {
        "HOST": unquote(str(config["HOST"])),  # a socket folder is written percent-encoded
        "ENGINE": "database.backend",
        "CONN_MAX_AGE": None,
        "DISABLE_SERVER_SIDE_CURSORS": not prepare_threshold,
        "OPTIONS": {
            "connect_timeout": 5,
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
