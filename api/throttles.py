"""Rate limits: fixed windows, counted atomically before the work, all windows of a request in one round trip to Redis.

A window of "10/minute" begins with its first request and admits ten. A refused request counts in none of its windows.
Without Redis the general limits admit everything, since orders matter more. The strict limits (log-in, registration,
password reset) count in this process instead, so that guessing passwords never becomes unlimited.
A request that is answered 503 is no attempt: `give_back` takes it out of its windows. What expensive work was charged
beforehand stays there.
"""

import functools
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from api import cache
from api.addresses import BUYER, counted_address
from database.text import forms_of_email

# Counts in every window if none is full, and answers for how many milliseconds the slowest full one stays full. What
# is refused counts nowhere: one address that goes on would fill the window that an account has for all addresses.
COUNT = """
local cost, wait = tonumber(ARGV[1]), 0
for i, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or 0) + cost > tonumber(ARGV[2 * i]) then
        wait = math.max(wait, redis.call('PTTL', key), 1)
    end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
    if redis.call('INCRBY', key, cost) == cost then redis.call('PEXPIRE', key, ARGV[2 * i + 1]) end
end
return 0
"""
# A window that has ended in between stays as it is.
GIVE_BACK = """
for _, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or 0) > 0 then redis.call('DECR', key) end
end
"""
# How long a refusal is held back by the web worker.
REFUSAL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` requests with this key in `seconds`."""

    key: str
    limit: int
    seconds: int


def window(rate: tuple[int, int], name: str, *who: object) -> Window:
    """The window of one subject, for a rate of (requests, seconds).

    The subject is hashed, since keys of Redis show up in the tools of its operators.
    """
    limit, seconds = rate
    subject = hashlib.blake2b("\x00".join(map(str, who)).encode(), digest_size=12).hexdigest()
    return Window(f"shop:limit:{name}:{subject}", limit, seconds)


def count_in_redis(windows: list[Window], cost: int = 1) -> float:
    """Count a request in all windows, or in none; returns the seconds to wait, 0 to go ahead.

    Raises CacheUnavailable.
    """
    keys = [window.key for window in windows]
    arguments = [number for window in windows for number in (window.limit, window.seconds * 1000)]
    wait: int = cache.ask(lambda redis: redis.register_script(COUNT)(keys=keys, args=[cost, *arguments]))
    return wait / 1000


class LocalCounter:
    """The same count for one process, while there is no Redis."""

    def __init__(self, capacity: int = 10_000) -> None:
        self.capacity = capacity
        self.windows: dict[str, tuple[int, float]] = {}
        self.lock = threading.Lock()

    def count(self, windows: list[Window]) -> float:
        """Count one request in all windows, or in none; returns the seconds to wait, 0 to go ahead."""
        now = time.monotonic()
        wait = 0.0
        with self.lock:
            if len(self.windows) > self.capacity:
                self.windows = {key: value for key, value in self.windows.items() if value[1] > now}
            if len(self.windows) > self.capacity:
                self.windows.clear()
            counted = {}
            for window in windows:
                number, ends = self.windows.get(window.key, (0, 0.0))
                if ends <= now:
                    number, ends = 0, now + window.seconds
                if number >= window.limit:
                    wait = max(wait, ends - now)
                counted[window.key] = (number + 1, ends)
            if not wait:
                self.windows.update(counted)
        return wait

    def give_back(self, windows: list[Window]) -> None:
        """Take one request out of those windows that have not ended."""
        with self.lock:
            for window in windows:
                number, ends = self.windows.get(window.key, (0, 0.0))
                if number and ends > time.monotonic():
                    self.windows[window.key] = (number - 1, ends)


local_counter = LocalCounter()


def count(windows: list[Window], cost: int = 1, *, strict: bool = True) -> float:
    """Count a request in all windows or in none; returns the seconds to wait.

    Without Redis it counts once in this process if it is `strict`, and otherwise nothing is counted.
    """
    try:
        return count_in_redis(windows, cost)
    except cache.CacheUnavailable:
        return local_counter.count(windows) if strict else 0.0


def give_back(request: Any) -> None:
    """Take a request that could not be served out of the windows in which it was counted."""
    windows: list[Window] = getattr(request, "counted_in", [])
    if not windows:
        return
    request.counted_in = []
    keys = [window.key for window in windows]
    try:
        cache.ask(lambda redis: redis.register_script(GIVE_BACK)(keys=keys))
    except cache.CacheUnavailable:
        local_counter.give_back(windows)


@functools.cache
def before_counting() -> Callable[[Request], None]:
    """What looks at each request before it is counted: it may refuse it, or note whose it is (addresses.BUYER)."""
    look: Callable[[Request], None] = import_string(settings.BEFORE_COUNTING)
    return look


class Throttle(BaseThrottle):
    """The base: a subclass names the windows of a request."""

    strict = False
    cost = 1
    seconds_to_wait = 0.0

    def windows(self, request: Request) -> list[Window]:
        """The windows in which this request counts."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request. False means that one of its windows is full."""
        if not settings.RATE_LIMITS:
            return True
        windows = self.windows(request)
        self.seconds_to_wait = count(windows, self.cost, strict=self.strict)
        if self.seconds_to_wait:
            hold_answer(request)
            return False
        request.counted_in = windows  # type: ignore[attr-defined]  # give_back reads it
        return True

    def wait(self) -> float:
        """The seconds that `Retry-After` tells the client to wait."""
        return self.seconds_to_wait


def hold_answer(request: Request) -> None:
    """Let the web worker hold the answer for a moment, so that refusing whoever asks again at once costs little.

    Other web servers answer at once.
    """
    hold = getattr(request.META.get("gunicorn.socket"), "hold", None)
    if hold:
        hold(REFUSAL_SECONDS)


class DefaultThrottle(Throttle):
    """Every request: per buyer of a storefront, per user when signed in, and per client address otherwise."""

    def __init__(self, cost: int = 1) -> None:
        self.cost = cost

    def windows(self, request: Request) -> list[Window]:
        """The window of the buyer of a storefront, of the user, or of the address of whoever is not signed in."""
        if request.user and request.user.is_authenticated and BUYER not in request.META:
            return [window(settings.RATE_LIMIT_USER, "user", request.user.pk)]
        return [window(settings.RATE_LIMIT_ANONYMOUS, "address", counted_address(request))]


def charge_expensive_work(request: Request) -> None:
    """Count a request as often as expensive work costs, beside the one time at its beginning. Refuses Throttled."""
    throttle = DefaultThrottle(cost=settings.EXPENSIVE_REQUEST_COST - 1)
    if throttle.cost and not throttle.allow_request(request, None):
        raise Throttled(throttle.wait())


class RegistrationThrottle(Throttle):
    """New accounts, per address."""

    strict = True

    def windows(self, request: Request) -> list[Window]:
        """The window of new accounts."""
        return [window(settings.RATE_LIMIT_REGISTER, "register", counted_address(request))]


class PasswordResetThrottle(Throttle):
    """Password reset mails, per address and per account, so that nobody's mailbox is flooded."""

    strict = True

    def windows(self, request: Request) -> list[Window]:
        """The window of the address, and that of the account that the body names."""
        windows = [window(settings.RATE_LIMIT_PASSWORD_RESET, "reset-address", counted_address(request))]
        if account := named_in(request, "email"):
            windows.append(window(settings.RATE_LIMIT_PASSWORD_RESET, "reset-account", account))
        return windows


def account_key(email: str) -> str:
    """One text for all forms of an email, so that the attempts on one account are counted together."""
    return forms_of_email(email.strip())[0].casefold()


def named_in(request: Request, *fields: str) -> str:
    """The text of the first of these fields that the body has, without regard to case; empty if it has none."""
    data = request.data
    if isinstance(data, Mapping):
        for field in fields:
            value = data.get(field)
            if isinstance(value, str) and value:
                return account_key(value)
    return ""
