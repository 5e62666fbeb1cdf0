"""How PayPal's endpoints are called: the token, the headers, and what an answer that is no success means."""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from payments.providers import calls
from payments.providers.notices import member, word
from payments.providers.snapshot import ProviderUnknown

LIVE = "https://api-m.paypal.com"
Json = dict[str, Any]
# By API and account: the token, and until when it is used, by the clock of this process.
_tokens: dict[tuple[str, str], tuple[str, float]] = {}
_tokens_lock = threading.Lock()


def ask(
    method: str, path: str, *, key: str = "", body: Json | None = None, query: Mapping[str, str] | None = None
) -> Json:
    """Call an endpoint; its answer. Raises ProviderRefused and ProviderUnknown."""
    headers = {"Authorization": f"Bearer {token()}", "Prefer": "return=representation"}
    if key:
        headers["PayPal-Request-Id"] = key
    status, content = calls.send(method, base() + path, headers=headers, query=query, json=body)
    if status == 401:  # it was taken back before its time: the next call asks for another one
        forget_token()
    document = parsed(content)
    if not 200 <= status < 300:
        issue = word(document, "details", 0, "issue") or word(document, "name")
        message = member(document, "details", 0, "description") or member(document, "message")
        raise calls.judged(status, issue, str(message or ""))
    if document is None and status != 204:
        raise ProviderUnknown(f"PayPal answered {status} without JSON.")
    return document or {}


def parsed(content: bytes) -> Json | None:
    """The object of a body in JSON, if it is one."""
    try:
        document = json.loads(content)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def base() -> str:
    """Where PayPal's API is."""
    return settings.PAYPAL_API_BASE or LIVE


def token() -> str:
    """The token of this process, which is kept until a minute before its end."""
    account = (base(), settings.PAYPAL_CLIENT_ID)
    with _tokens_lock:
        known, until = _tokens.get(account, ("", 0.0))
    if known and time.monotonic() < until:
        return known
    login = (settings.PAYPAL_CLIENT_ID, settings.PAYPAL_CLIENT_SECRET)
    status, content = calls.send(
        "POST", f"{base()}/v1/oauth2/token", form={"grant_type": "client_credentials"}, login=login
    )
    document = parsed(content)
    fresh = member(document, "access_token")
    if status != 200 or not isinstance(fresh, str):
        raise ProviderUnknown(f"PayPal gives no token: {status} {word(document, 'error')}")
    seconds = member(document, "expires_in")
    with _tokens_lock:
        _tokens[account] = (fresh, time.monotonic() + (seconds if isinstance(seconds, int) else 0) - 60)
    return fresh


def forget_token() -> None:
    """Let the next call ask for a token."""
    with _tokens_lock:
        _tokens.pop((base(), settings.PAYPAL_CLIENT_ID), None)
