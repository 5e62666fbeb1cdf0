"""The one place from which HTTP to providers leaves: how long a call may take, and what its end means.

A provider that does not answer must never be waited for while rows are locked. So every call, those of Stripe's library
too, goes through `Session`, which refuses to run within a transaction.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from django.db import connections

from payments.providers.snapshot import ProviderRefused, ProviderUnknown

# In seconds: for the connection, and for each answer while a person waits for it, or a job of the worker does.
CONNECT = 3.0
READ = 10.0
PATIENT_READ = 20.0
_read: ContextVar[float] = ContextVar("read", default=READ)
# These answers say nothing about what was asked. Whoever is not let in (401, 403) may have been let in at an earlier
# try with the same key. A key in use (409) is that of a try that still runs. The rest is trouble of the provider.
SAYS_NOTHING = frozenset({401, 403, 408, 409, 425, 429})


class CalledInTransaction(RuntimeError):
    """A mistake of ours: a provider was called within a transaction, whose locks would be held while it answers."""

    def __init__(self) -> None:
        super().__init__(
            "No provider is called within a transaction: commit what is intended, call, and write the answer."
        )


@contextmanager
def patient() -> Iterator[None]:
    """Let the calls of this block take as long as a job of the worker may wait."""
    token = _read.set(PATIENT_READ)
    try:
        yield
    finally:
        _read.reset(token)


def refuse_within_transaction() -> None:
    """Raise CalledInTransaction within a transaction of any database. The one around a test is none of ours."""
    for connection in connections.all(initialized_only=True):
        blocks = connection.atomic_blocks
        if blocks and not getattr(blocks[-1], "_from_testcase", False):
            raise CalledInTransaction


class Session(requests.Session):
    """Connections to providers, kept open between calls and shared by threads."""

    def __init__(self) -> None:
        super().__init__()
        # With a function here, no password for the host is taken from ~/.netrc in place of the header that is sent.
        self.auth = unchanged
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one request within the budget, and follow no redirection. Raises CalledInTransaction."""
        refuse_within_transaction()
        return super().request(*args, **kwargs | {"timeout": (CONNECT, _read.get()), "allow_redirects": False})


def unchanged(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    """The request as it is."""
    return prepared


@cache
def session() -> Session:
    """The session of this process."""
    return Session()


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    json: Mapping[str, Any] | None = None,
    form: Mapping[str, str] | None = None,
    login: tuple[str, str] | None = None,
) -> tuple[int, bytes]:
    """Send a request; the status and the body of its answer. Raises ProviderUnknown when none has come."""
    try:
        answer = session().request(method, url, headers=headers, params=query, json=json, data=form, auth=login)
    except requests.RequestException as error:
        raise ProviderUnknown(f"{method} {url.partition('?')[0]}: {type(error).__name__}") from error
    return answer.status_code, answer.content


def judged(status: int, code: str, message: str = "") -> ProviderRefused | ProviderUnknown:
    """What to raise for an answer that is no success: whether the provider said no, or nobody knows."""
    if not 400 <= status < 500 or status in SAYS_NOTHING:
        return ProviderUnknown(f"{status} {code} {message}".strip())
    return ProviderRefused(code or str(status), message)
