"""Settings: every variable is documented, and production refuses to start with anything unsafe."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment
from config.databases import database
from config.environment import SECRETS
from tests.run import PRODUCTION

ROOT = Path(__file__).resolve().parent.parent


def test_every_variable_stands_in_the_example() -> None:
    reader = r'\b(?:text|choice|switch|number|seconds|words|hosts|secret|rate|networks|cron|zone|url)\(\s*"([A-Z_]+)"'
    read = {
        name
        for file in (
            *("settings.py", "selling.py", "paying.py", "passwords.py", "search.py", "logs.py", "webhooks.py"),
            *("gunicorn.py", "gunicorn_worker.py", "run.py"),
        )
        for name in re.findall(reader, (ROOT / "config" / file).read_text())
    }
    documented = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert documented == read


def test_the_example_names_all_secrets_that_can_stand_in_files() -> None:
    text = (ROOT / ".env.example").read_text().partition("can also stand in a file each")[0]
    assert set(re.findall(r"[A-Z]+_[A-Z_]+", text)) == SECRETS


def shown(expression: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a setting, of `settings` or of the web server's `gunicorn`, is in a process with this environment."""
    module = expression.partition(".")[0]
    return subprocess.run(
        [sys.executable, "-c", f"from config import {module}; print({expression})"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


SECRET = "0123456789abcdefghijklmnopqrstuvwxyz:/@'\" 0123456789"  # of these tests
IN_SETTINGS = {
    "SECRET_KEY": (SECRET, "settings.SECRET_KEY"),
    "TOKEN_SIGNING_KEY": (SECRET, "settings.SIMPLE_JWT['SIGNING_KEY']"),
    "STATUS_TOKEN": (SECRET, "settings.STATUS_TOKEN"),
    "DATABASE_URL": ("postgres://shop:said@db.example.com/shop", "settings.DATABASES['default']['PASSWORD']"),
    "DATABASE_REPLICA_URL": ("postgres://shop:said@db.example.com/shop", "settings.DATABASES['replica']['PASSWORD']"),
    "DATABASE_PASSWORD": (SECRET, "settings.DATABASES['default']['PASSWORD']"),
    "REDIS_URL": ("redis://:said@cache.example.com", "settings.CACHES['default']['LOCATION']"),
    "REDIS_PASSWORD": (SECRET, "settings.CACHES['default']['OPTIONS']['PASSWORD']"),
    "EMAIL_URL": ("smtp://shop:said@mail.example.com", "settings.EMAIL_HOST_PASSWORD"),
    "STRIPE_SECRET_KEY": ("sk_live_of_these_tests", "settings.STRIPE_SECRET_KEY"),
    "STRIPE_WEBHOOK_SECRETS": ("whsec_of_these_tests", "settings.STRIPE_WEBHOOK_SECRETS[0]"),
    "PAYPAL_CLIENT_SECRET": (SECRET, "settings.PAYPAL_CLIENT_SECRET"),
}


def test_each_secret_is_tried() -> None:
    assert set(IN_SETTINGS) == SECRETS


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_secret_can_stand_in_a_file(name: str, tmp_path: Path) -> None:
    value, setting = IN_SETTINGS[name]
    file = tmp_path / "secret"
    file.write_text(f"{value}\n")
    environment = PRODUCTION | {"REDIS_URL": "redis://cache.example.com", name: "", f"{name}_FILE": str(file)}
    done = shown(setting, **environment)
    assert done.stdout.removesuffix("\n") in (value, "said"), done.stderr


@pytest.mark.parametrize("name", sorted(SECRETS))
@pytest.mark.parametrize("content", [None, "", "\n", b"\xff\xfe"])
def test_a_file_that_holds_no_secret_is_refused_by_name(
    name: str, content: str | bytes | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(f"{name}_FILE", str(file))
    with pytest.raises(ImproperlyConfigured, match=f"^{name}_FILE must be a file "):
        environment.text(name)


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_secret_that_is_given_twice_is_refused_by_name(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(IN_SETTINGS[name][0])
    monkeypatch.setenv(name, IN_SETTINGS[name][0])
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "secret"))
    with pytest.raises(ImproperlyConfigured, match=f"^{name} and {name}_FILE must not both be set"):
        environment.text(name)


def test_what_is_wrong_with_the_file_of_a_secret_is_said_in_one_line() -> None:
    refused = start(**PRODUCTION | {"SECRET_KEY": "", "SECRET_KEY_FILE": "/nowhere"})
    assert refused.returncode == 1
    assert refused.stderr == (
        "SECRET_KEY_FILE must be a file of text that can be read (FileNotFoundError), not '/nowhere'.\n"
    )


def start(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    unset = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "DATA_DIR")}
    return subprocess.run(
        [sys.executable, "manage.py", *(command or ["check"])],
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
        ({"SECRET_KEY": "x" * 64}, "SECRET_KEY"),
        ({"TOKEN_SIGNING_KEY": "a"}, "TOKEN_SIGNING_KEY"),
        ({"TOKEN_SIGNING_KEY": "ab" * 40}, "TOKEN_SIGNING_KEY"),
        ({"ALLOWED_HOSTS": "https://shop.example.com"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "shop.example.com:443"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "shop.example.com shop.example.org"}, "ALLOWED_HOSTS"),
        ({"DEBUG": "on"}, "DEBUG"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"EMAIL_URL": ""}, "EMAIL_URL"),
        ({"EMAIL_URL": "dummymail://"}, "EMAIL_URL"),
        ({"EMAIL_URL": "consolemail://"}, "EMAIL_URL"),
        ({"STRIPE_API_BASE": "http://127.0.0.1:8090/stripe"}, "STRIPE_API_BASE"),
        ({"PAYPAL_API_BASE": "http://localhost:8090/paypal"}, "PAYPAL_API_BASE"),
        ({"PAYPAL_CLIENT_ID": "shop"}, "PAYPAL_CLIENT_SECRET"),
        ({"ENVIRONMENT": "development"}, "ENVIRONMENT"),
        ({"ENVIRONMENT": "Production"}, "ENVIRONMENT"),
    ],
)
def test_an_unsafe_production_does_not_start(change: dict[str, str], reason: str) -> None:
    refused = start(**PRODUCTION | change)
    assert refused.returncode != 0
    assert reason in refused.stderr
    assert "Traceback" not in refused.stderr


URL, RATE = "a URL as ", "written as 10/minute, with second, minute, hour or day"


@pytest.mark.parametrize(
    ("name", "value", "must_be"),
    [
        ("RATE_LIMITS", "enabled", "on or off, not 'enabled'."),
        ("ADMIN_REQUIRE_OTP", "required", "on or off, not 'required'."),
        ("RATE_LIMIT_ANONYMOUS", "fast", RATE),
        ("RATE_LIMIT_USER", "10/fortnight", RATE),
        ("RATE_LIMIT_REGISTER", "0/minute", RATE),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy", "addresses or networks"),
        ("BCRYPT_ROUNDS", "99", "a whole number from 4 to 20, not '99'."),
        ("PASSWORD_HASHER", "md5", "bcrypt or argon2id, not 'md5'."),
        ("CURRENCY", "Dollars", "three capital letters"),
        ("PAGE_SIZE", "0", "a whole number from 1 to 100"),
        ("PAGE_SIZE", "-5", "a whole number from 1 to 100"),
        ("PAGE_SIZE", "500", "a whole number from 1 to 100"),
        ("MAX_BODY_BYTES", "1M", "a whole number from 1"),
        ("STOCK_LOW_MAX", "4", "a whole number from 5"),
        ("HOLD_MAX_HOURS", "9999999", "a whole number from 1 to 87600"),
        ("WORKER_CONCURRENCY", "0", "a whole number from 1"),
        ("LIST_CACHE_SECONDS", "5", "a number of seconds from 0 to 1, not '5'."),
        ("REDIS_TIMEOUT_SECONDS", "fast", "a number of seconds"),
        ("STOCK_DIGEST_CRON", "hello", "a cron expression"),
        ("LOG_LEVEL", "info", "INFO, DEBUG, WARNING, ERROR or CRITICAL, not 'info'."),
        ("DATABASE_URL", "nonsense", URL),
        ("DATABASE_URL", "mysql://user:secret@db/shop", URL),
        ("DATABASE_URL", "postgres://user:secret@db:port/shop", URL),
        ("DATABASE_REPLICA_URL", "postgres://user:secret@db", URL),
        ("REDIS_URL", "foo://secret@cache", URL),
        ("EMAIL_URL", "http://user:secret@mail", URL),
        ("PASSWORD_RESET_URL", "https://shop.example.com/reset", "a URL with {uid} and {token}"),
        ("EMAIL_CONFIRM_URL", "https://shop.example.com/confirm", "a URL with {uid} and {token}"),
        ("ORDER_URL", "https://shop.example.com/orders", "a URL with {order_id} and {token}"),
        ("TERMS_URL", "our terms", "a URL, as"),
        ("STRIPE_SECRET_KEY", "pk_live_secret", "a key of Stripe for servers"),
        ("STRIPE_WEBHOOK_SECRETS", "whsec_1, whsec_2, whsec_secret", "what signs notifications of Stripe"),
        ("PASSWORD_RESET_URL", "https://shop.example.com/{uid}/{token}/{0}", "a URL with {uid} and {token}"),
    ],
)
def test_a_value_that_means_nothing_is_refused_in_one_line_that_names_it(name: str, value: str, must_be: str) -> None:
    refused = start(**PRODUCTION | {name: value})
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"{name} must be {must_be}")
    assert refused.stderr.count("\n") == 1
    assert "secret" not in refused.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEB_CONCURRENCY", "two"),
        ("WEB_PIN_TO_CORES", "perhaps"),
        ("ACCESS_LOG", "yes please"),
        ("WEB_CONNECTIONS", "99"),
    ],
)
def test_so_does_the_web_server(name: str, value: str) -> None:
    refused = shown("gunicorn.bind", **{name: value})
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith(f"django.core.exceptions.ImproperlyConfigured: {name} must be ")


@pytest.mark.parametrize(
    ("name", "value", "setting", "understood"),
    [
        ("WEB_PIN_TO_CORES", "false", "pin_to_cores", "False"),
        ("ACCESS_LOG", "true", "accesslog", "-"),
        ("ACCESS_LOG", "OFF", "accesslog", "None"),
        ("HOST", "::1", "bind", "[::1]:8000"),
        ("HOST", "", "bind", "127.0.0.1:8000"),
    ],
)
def test_the_web_server_understands_what_the_settings_do(name: str, value: str, setting: str, understood: str) -> None:
    assert shown(f"gunicorn.{setting}", **{name: value}).stdout.strip() == understood


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (os.environ["DATABASE_URL"].rpartition("/")[0] + "/postgres", "run manage.py prepare_database, then manage.py"),
        ("postgres://shop@127.0.0.1:1/shop", "The database cannot be reached: "),
    ],
)
def test_a_command_without_its_tables_says_in_one_line_what_to_do(address: str, reason: str) -> None:
    refused = start("verify_stock", DATABASE_URL=address)
    assert refused.returncode == 1
    assert reason in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["Mars", "Berlin", "UTC+2", "../etc", ""])
def test_the_time_zone_of_the_shop_is_one_that_there_is(name: str) -> None:
    done = shown("settings.SHOP_TIME_ZONE", SHOP_TIME_ZONE=name)
    if name:
        assert "SHOP_TIME_ZONE must be a time zone as Europe/Berlin" in done.stderr
    else:
        assert done.stdout.strip() == "UTC"


def test_a_secret_is_what_was_said() -> None:
    """A dollar sign names no other variable."""
    secret = f"$PATH{PRODUCTION['SECRET_KEY']}"
    shown = subprocess.run(
        [sys.executable, "-c", "from config import settings; print(settings.SECRET_KEY)"],
        cwd=ROOT,
        env=os.environ | PRODUCTION | {"SECRET_KEY": secret},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == secret


def test_a_safe_production_starts() -> None:
    assert start(**PRODUCTION).returncode == 0


def test_a_database_url_says_how_the_connection_is_made() -> None:
    """Whoever asks for verified TLS must not be given less."""
    options = database("postgres://shop:secret@db/shop?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=2", 2)[
        "OPTIONS"
    ]
    assert options == database("postgres://db/shop", 2)["OPTIONS"] | {
        "sslmode": "verify-full",
        "sslrootcert": "/ca.pem",
        "connect_timeout": 2,
    }


def cores_of_workers(master: int) -> dict[int, set[int]]:
    """On which cores each process of gunicorn may run, by its number. While it loads the shop it has other children."""
    cores = {}
    for child in map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split()):
        with suppress(ProcessLookupError):
            cores[child] = os.sched_getaffinity(child)
    return cores


def eventually(master: int, holds: Callable[[dict[int, set[int]]], bool]) -> dict[int, set[int]]:
    """What `cores_of_workers` says as soon as it is as expected; what it said last when that is not within 30 s."""
    deadline = time.monotonic() + 60
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
