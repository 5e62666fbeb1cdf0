"""A pooler in transaction mode is found out at the start. The control: pgbouncer in session mode, and none."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as current
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

from config.embedded.postgres import NAMESPACE
from database.checks import check_at_start
from database.pooling import keeps_prepared_statements
from tests.shop import free_port

pytestmark = pytest.mark.django_db(transaction=True)
needs_pgbouncer = pytest.mark.skipif(
    not shutil.which("pgbouncer"), reason="needs pgbouncer: apt install --no-install-recommends pgbouncer"
)


@contextmanager
def pgbouncer(folder: Path, mode: str, size: int) -> Iterator[int]:
    """pgbouncer before the database of the tests; its port."""
    port, address = free_port(), connection.settings_dict
    (folder / "pgbouncer.ini").write_text(f"""
[databases]
* = host={address["HOST"]} port={address["PORT"] or 5432} user={address["USER"]} password={address["PASSWORD"]}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
""")
    # It refuses to run as root, and reaches the socket of the server of root's only as root.
    command = [*(NAMESPACE if os.getuid() == 0 else ()), "pgbouncer", "-q", str(folder / "pgbouncer.ini")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:  # noqa: S603  # ourselves
        try:
            yield port
        finally:
            process.terminate()


@contextmanager
def through(port: int) -> Iterator[None]:
    """The database of the tests is reached through this port."""
    connection.close()
    address = {name: connection.settings_dict[name] for name in ("HOST", "PORT", "PASSWORD")}
    connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": str(port), "PASSWORD": ""}
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                connection.ensure_connection()
                break
            except OperationalError:
                assert time.monotonic() < deadline, "pgbouncer does not answer"
                time.sleep(0.05)
        yield
    finally:
        connection.close()
        connection.settings_dict |= address


def test_without_a_pooler_statements_are_kept() -> None:
    assert keeps_prepared_statements("default")
    check_at_start()


@needs_pgbouncer
@pytest.mark.parametrize("size", [1, 2, 20])
def test_a_pooler_in_transaction_mode_is_refused_by_the_name_of_the_setting(size: int, tmp_path: Path) -> None:
    with pgbouncer(tmp_path, "transaction", size) as port, through(port):
        for _ in range(5):  # also when another start has left something behind
            with pytest.raises(ImproperlyConfigured, match="DATABASE_PREPARE_THRESHOLD must be 0: database"):
                check_at_start()


@needs_pgbouncer
def test_a_pooler_in_session_mode_is_not_refused(tmp_path: Path) -> None:
    with pgbouncer(tmp_path, "session", 20) as port, through(port):
        for _ in range(3):
            check_at_start()


@needs_pgbouncer
def test_behind_a_pooler_without_prepared_statements_the_shop_starts(tmp_path: Path) -> None:
    options: dict[str, Any] = connection.settings_dict["OPTIONS"]
    threshold = options["prepare_threshold"]
    with pgbouncer(tmp_path, "transaction", 1) as port, through(port):
        options["prepare_threshold"] = None
        try:
            check_at_start()
        finally:
            options["prepare_threshold"] = threshold


WEB = ["-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]


@needs_pgbouncer
@pytest.mark.parametrize("command", [WEB, ["manage.py", "worker"], ["manage.py", "migrate"]])
def test_neither_web_nor_worker_starts(command: list[str], tmp_path: Path) -> None:
    with pgbouncer(tmp_path, "transaction", 20) as port, through(port):
        name, user = (quote(str(connection.settings_dict[part]), safe="") for part in ("NAME", "USER"))
        refused = subprocess.run(  # noqa: S603  # ourselves
            [sys.executable, *command],
            cwd=current.BASE_DIR,
            env=os.environ | {"DATABASE_URL": f"postgres://{user}@127.0.0.1:{port}/{name}", "PORT": "0"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert refused.returncode == 1
    assert "DATABASE_PREPARE_THRESHOLD must be 0" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_database_that_does_not_answer_is_no_reason_not_to_start(caplog: pytest.LogCaptureFixture) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    connection.close()
    port = connection.settings_dict["PORT"], connection.settings_dict["HOST"]
    connection.settings_dict |= {"PORT": "1", "HOST": "127.0.0.1"}
    try:
        check_at_start()
    finally:
        connection.settings_dict |= {"PORT": port[0], "HOST": port[1]}
    assert "database default not tried at the start: OperationalError" in caplog.text
