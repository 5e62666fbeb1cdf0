"""Environment variables, read strictly: a value that means nothing stops the program with ImproperlyConfigured.

An empty variable counts as not set. `.env` fills in the variables that the environment does not set. Each
of SECRETS can also stand in a file, which NAME_FILE names.
"""

import os
import re
import secrets
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import environ
from croniter import croniter
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(BASE_DIR / ".env")

# What nobody else should read: passwords, and URLs that hold one.
SECRETS = {
    "SECRET_KEY",
    "TOKEN_SIGNING_KEY",
    "STATUS_TOKEN",
    "DATABASE_URL",
    "DATABASE_REPLICA_URL",
    "DATABASE_PASSWORD",
    "REDIS_URL",
    "REDIS_PASSWORD",
    "EMAIL_URL",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRETS",
    "PAYPAL_CLIENT_SECRET",
}
SWITCH = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
RATE = re.compile(r"([1-9]\d{0,8})/(second|minute|hour|day)")
HOST = re.compile(r"\*|\.?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


def refuse(name: str, must_be: str, value: str = "") -> NoReturn:
    """Stop with a sentence that names the variable and repeats `value`. Callers leave out what may hold a password."""
    raise ImproperlyConfigured(f"{name} must be {must_be}{f', not {value!r}' if value else ''}.")


def value_of(name: str) -> str:
    """What a variable says, or for a secret the file that NAME_FILE names, without the end of its line.

    Refuses both at once, and a file that cannot be read or is empty.
    """
    value = os.environ.get(name, "").strip()
    file = os.environ.get(f"{name}_FILE", "").strip() if name in SECRETS else ""
    if not file:
        return value
    if value:
        raise ImproperlyConfigured(f"{name} and {name}_FILE must not both be set.")
    try:
        value = Path(file).read_text("utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"{name}_FILE", f"a file of text that can be read ({type(error).__name__})", file)
    if not value.strip():
        refuse(f"{name}_FILE", "a file with something in it", file)
    return value


def text(name: str, default: str = "", *, pattern: str = ".*", must_be: str = "") -> str:
    """A text of this pattern. `must_be` describes the pattern in the refusal."""
    value = value_of(name) or default
    if not re.fullmatch(pattern, value, re.DOTALL):
        refuse(name, must_be)
    return value


def choice(name: str, *choices: str) -> str:
    """One of these texts; the first one when the variable is not set."""
    value = text(name, choices[0])
    if value not in choices:
        refuse(name, f"{', '.join(choices[:-1])} or {choices[-1]}", value)
    return value


def switch(name: str, *, default: bool) -> bool:
    """A switch: on, true, yes or 1, and off, false, no or 0."""
    value = text(name, "on" if default else "off")
    if value.lower() not in SWITCH:
        refuse(name, "on or off", value)
    return SWITCH[value.lower()]


def number(name: str, default: int, least: int = 0, most: int = 2**31 - 1) -> int:
    """A whole number within bounds."""
    value = text(name, str(default))
    if not re.fullmatch(r"\d{1,10}", value, re.ASCII) or not least <= int(value) <= most:
        refuse(name, f"a whole number from {least} to {most}", value)
    return int(value)


def seconds(name: str, default: float, most: float) -> float:
    """A number of seconds from 0 to `most`, with or without a fraction."""
    value = text(name, str(default))
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII) or float(value) > most:
        refuse(name, f"a number of seconds from 0 to {most:g}", value)
    return float(value)


def words(name: str, default: Sequence[str] = ()) -> list[str]:
    """The words between commas. Here a variable that is set and empty means no words, and not the default."""
    value = os.environ.get(name)
    return list(default) if value is None else [word.strip() for word in value.split(",") if word.strip()]


def hosts(name: str, default: Sequence[str]) -> list[str]:
    """Host names between commas, without scheme or port. ".example.com" is a domain with all of its subdomains."""
    found = words(name, default)
    for host in found:
        if not HOST.fullmatch(host):
            refuse(name, "host names as shop.example.com, separated by commas", host)
    return found


def secret(name: str) -> str:
    """A random text of at least 50 characters, or an empty one when the variable is not set."""
    value = text(name)
    if value and (len(value) < 50 or len(set(value)) < 16 or "change-me" in value):
        refuse(name, "a random text of at least 50 characters in production")
    return value


def rate(name: str, default: str) -> tuple[int, int]:
    """A rate such as "10/minute" as a number and a period in seconds: (10, 60)."""
    value = text(name, default)
    match = RATE.fullmatch(value)
    if match is None:
        refuse(name, "written as 10/minute, with second, minute, hour or day", value)
    return int(match[1]), PERIODS[match[2]]


def networks(name: str, default: Sequence[str] = ()) -> list[IPv4Network | IPv6Network]:
    """Addresses and networks, separated by commas."""
    try:
        return [ip_network(word, strict=False) for word in words(name, default)]
    except ValueError:
        refuse(name, "addresses or networks as 10.0.0.0/8, separated by commas")


def cron(name: str, default: str) -> str:
    """A cron expression such as 0 6 * * *."""
    value = text(name, default)
    if not croniter.is_valid(value):
        refuse(name, "a cron expression as 0 6 * * *", value)
    return value


def zone(name: str, default: str) -> str:
    """The name of a time zone of the IANA, such as Europe/Berlin."""
    value = text(name, default)
    if value not in available_timezones():
        refuse(name, "a time zone as Europe/Berlin", value)
    return value


def url(name: str, example: str, *schemes: str) -> str:
    """A URL with one of these schemes, and with a path if the example has one. Empty when the variable is not set."""
    value = text(name)
    try:
        parts = urlsplit(value)
        well_formed = parts.scheme in schemes and parts.port != 0 and (parts.path[1:] or not urlsplit(example).path)
    except ValueError:  # brackets that do not close, a port that is no number
        well_formed = False
    if value and not well_formed:
        refuse(name, f"a URL as {example}")
    return value


def development_secret(data_dir: Path) -> str:
    """The secret that this machine generated for itself; it survives restarts, so sessions do too."""
    file = data_dir / "secret_key"
    if not file.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(64))
    return file.read_text()
