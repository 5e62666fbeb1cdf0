"""Settings: every variable is documented, and production refuses to start with anything unsafe."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from config.settings import database
from tests.run import PRODUCTION

ROOT = Path(__file__).resolve().parent.parent


def test_every_variable_stands_in_the_example() -> None:
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "config" / "settings.py").read_text()))
    read |= set(re.findall(r"environ\.get\(['\"]([A-Z_]+)['\"]", (ROOT / "config" / "gunicorn.py").read_text()))
    documented = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert documented == read


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    unset = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "DATA_DIR")}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=unset | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"DEBUG": "on"}, "DEBUG"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"EMAIL_URL": ""}, "EMAIL_URL"),
        ({"ENVIRONMENT": "development"}, "ENVIRONMENT"),
        ({"ENVIRONMENT": "Production"}, "ENVIRONMENT"),
    ],
)
def test_an_unsafe_production_does_not_start(change: dict[str, str], reason: str) -> None:
    refused = start(**PRODUCTION | change)
    assert refused.returncode != 0
    assert reason in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_safe_production_starts() -> None:
    assert start(**PRODUCTION).returncode == 0


def test_a_database_url_says_how_the_connection_is_made() -> None:
    """Whoever asks for verified TLS must not be given less."""
    options = database("postgres://shop:secret@db/shop?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=2")[
        "OPTIONS"
    ]
    assert options == database("postgres://db/shop")["OPTIONS"] | {
        "sslmode": "verify-full",
        "sslrootcert": "/ca.pem",
        "connect_timeout": 2,
    }


def cores_of_workers(master: int) -> dict[int, set[int]]:
    """On which cores each process of gunicorn may run, by its number."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return {int(child): os.sched_getaffinity(int(child)) for child in children}


def eventually(master: int, holds: Callable[[dict[int, set[int]]], bool]) -> dict[int, set[int]]:
    """What `cores_of_workers` says as soon as it is as expected; what it said last when that is not within 30 s."""
    deadline = time.monotonic() + 30
    while not holds(cores := cores_of_workers(master)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return cores


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not bind processes to cores")
@pytest.mark.parametrize(("workers_for_a_core", "switch"), [(1, "on"), (2, "on"), (1, "off")])
def test_web_processes_share_the_cores_evenly(workers_for_a_core: int, switch: str) -> None:
    cores = sorted(os.sched_getaffinity(0))
    count = len(cores) * workers_for_a_core
    each = [{core} for core in cores] if switch == "on" else [set(cores)] * len(cores)

    def shared(found: dict[int, set[int]]) -> bool:
        return sorted(map(sorted, found.values())) == sorted(map(sorted, each * workers_for_a_core))

    environment = PRODUCTION | {"WEB_CONCURRENCY": str(count), "WEB_PIN_TO_CORES": switch, "PORT": "0"}
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stderr=subprocess.DEVNULL) as master:
        try:
            before = eventually(master.pid, shared)
            assert shared(before), before
            lost = next(iter(before))
            os.kill(lost, signal.SIGKILL)
            after = eventually(master.pid, lambda found: lost not in found and shared(found))
            assert lost not in after
            assert shared(after), after
        finally:
            master.terminate()


def test_web_processes_that_cannot_share_the_cores_evenly_run_anywhere() -> None:
    check = "import os; os.sched_getaffinity = lambda process: {0, 1, 2}; from config import gunicorn; "
    shown = subprocess.run(
        [sys.executable, "-c", check + "print(gunicorn.pin_to_cores)"],
        cwd=ROOT,
        env=os.environ | {"WEB_CONCURRENCY": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "False\n"
