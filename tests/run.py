"""`make test`: each part in turn, what it took, and a failure when any part fails.

The parts before the tests are `make check`. A part that fails does not hide the next one's result.
"""

import os
import secrets
import subprocess
import sys
import time
import tomllib
from pathlib import Path

BIN = Path(sys.executable).parent
PYTHON = sys.executable
# What a deployment would set; `check --deploy` and the refusal of unsafe settings are tested against it.
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "ALLOWED_HOSTS": "shop.example.com",
    "DATABASE_URL": "postgres://shop@127.0.0.1:1/shop",
    "EMAIL_URL": "smtp://localhost:25",
    "EMAIL_CONFIRM_URL": "https://shop.example.com/confirm?uid={uid}&token={token}",
    "PASSWORD_RESET_URL": "https://shop.example.com/reset?uid={uid}&token={token}",
    "ORDER_URL": "https://shop.example.com/orders/{order_id}?token={token}",
}
# Part: (seconds it may take on two cores before we look into it, command, environment)
CHECKS: dict[str, tuple[int, list[str], dict[str, str]]] = {
    "style": (10, [str(BIN / "ruff"), "check", "."], {}),
    "format": (5, [str(BIN / "ruff"), "format", "--check", "."], {}),
    "imports": (15, [str(BIN / "lint-imports"), "--no-cache"], {}),
    "migrations": (15, [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"], {}),
    "deployment": (15, [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
    "types": (120, [PYTHON, "-m", "mypy", "."], {}),
}
# Three processes on two cores: many tests wait for servers, browsers and clocks, which takes no processor.
PYTEST = [PYTHON, "-m", "pytest", "-q", "-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
COVERAGE = ["--cov", "--cov-report=term:skip-covered", "--cov-fail-under=95"]
PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
APPS = PROJECT["tool"]["coverage"]["run"]["source"]
# Of what runs as a process of its own. All other tests of the whole shop run without the tracer, which would double
# their time: the apps' own tests run through what the apps do.
OF_PROCESSES = [f"tests/test_{name}.py" for name in ("accepting", "commands", "run", "web_server")]
TESTS: dict[str, tuple[int, list[str], dict[str, str]]] = {
    "tests": (480, [*PYTEST, *COVERAGE, *APPS, *OF_PROCESSES], {}),
    "whole shop": (720, [*PYTEST, "tests", *(f"--ignore={file}" for file in OF_PROCESSES)], {}),
}


def main() -> int:
    parts = CHECKS if "check" in sys.argv else CHECKS | TESTS
    rows, failed = [], []
    for name, (budget, command, environment) in parts.items():
        print(f"==> {name}", flush=True)
        started = time.monotonic()
        status = subprocess.run(command, env=os.environ | environment, check=False).returncode
        seconds = time.monotonic() - started
        if status:
            failed.append(name)
        rows.append(f"{name:12} {'failed' if status else 'ok':8} {seconds:7.1f} s of {budget} s")
    print("\n" + "\n".join(rows))
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
