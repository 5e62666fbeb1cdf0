"""Settings: every variable is documented, and production refuses to start with anything unsafe."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
    ],
)
def test_an_unsafe_production_does_not_start(change: dict[str, str], reason: str) -> None:
    refused = start(**PRODUCTION | change)
    assert refused.returncode != 0
    assert reason in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_safe_production_starts() -> None:
    assert start(**PRODUCTION).returncode == 0
