"""Requests that are refused for want of rights (403), or for being too many (429), leave a trace.

Refusing costs little, and must not cost more for it: what one user or address is refused on one path is noted once a
minute.
"""

import logging
from typing import Any

from rest_framework.response import Response

from accounts.api_keys import KeyHolder
from accounts.clients import pseudonym
from accounts.models import User
from accounts.trail import note
from api import problems
from api.addresses import client_address
from api.throttles import count, window
from events.actors import Actor, Channel

logger = logging.getLogger(__name__)
ONCE_A_MINUTE = (1, 60)
KINDS = {403: "user.refused", 429: "user.throttled"}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: api.problems makes the answer."""
    response = problems.exception_handler(exc, context)
    if response is not None and response.status_code in KINDS:
        note_refusal(context["request"], response.status_code)
    return response


def note_refusal(request: Any, status: int) -> None:
    """Record that a request of the API or of the admin was refused with this status. Fails silently but for the log.

    A visitor is refused with 403 by the log-in alone, which tells of it itself. What a log-in is refused is noted with
    the account that it named.
    """
    user = request.user if request.user and request.user.is_authenticated else None
    if status == 403 and user is None:
        return
    source = pseudonym(client_address(request))
    # The pattern of the path and not the path, in which something may have been typed.
    route = request.resolver_match.route if request.resolver_match else ""
    if count([window(ONCE_A_MINUTE, "noted", status, user.pk if user else source, request.method, route)]):
        return
    channel: Channel = "api" if route.startswith("api/") else "admin"
    if isinstance(user, KeyHolder):
        actor, user = user.actor, None
    else:
        actor = Actor(user.pk, channel, user.is_staff) if user else Actor(None, channel, is_visitor=True)
    try:
        if account := getattr(request, "named_account", ""):
            user = User.objects.with_email(account).first()
        note(
            KINDS[status],
            user_id=user.pk if user else None,
            actor=actor,
            method=request.method,
            route=route,
            source=source,
        )
    except Exception:  # whatever it is, the refusal stands
        logger.exception("a refusal with %s could not be noted", status)
