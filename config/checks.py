"""System checks of a deployment: settings that suit a trial of the shop, and not production."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def check_links(**kwargs: Any) -> list[CheckMessage]:
    """Warn when the password reset link leads to `localhost`, which is no storefront for the reader of the mail."""
    if "//localhost" not in settings.PASSWORD_RESET_URL:
        return []
    return [Warning("PASSWORD_RESET_URL leads to a storefront on the reader's own machine.", id="config.W001")]


@register(Tags.security, deploy=True)
def check_protections(**kwargs: Any) -> list[CheckMessage]:
    """Warn when guesses of passwords are not limited, or quick to check against a stolen hash."""
    messages: list[CheckMessage] = []
    if not settings.RATE_LIMITS:
        messages.append(Warning("RATE_LIMITS is off: anybody may guess passwords without end.", id="config.W002"))
    if settings.BCRYPT_ROUNDS < 10:
        messages.append(Warning("BCRYPT_ROUNDS is below 10: stolen hashes are quick to guess.", id="config.W003"))
    return messages


@register(Tags.security, deploy=True)
def check_deadline(**kwargs: Any) -> list[CheckMessage]:
    """Warn when a slow statement is left to the server, which goes on with it after its request was given up."""
    statement = settings.DATABASE_STATEMENT_TIMEOUT_MS / 1000
    if 0 < statement < settings.REQUEST_DEADLINE_SECONDS:
        return []
    return [
        Warning(
            "REQUEST_DEADLINE_SECONDS is not above DATABASE_STATEMENT_TIMEOUT_MS: the server goes on with statements "
            "whose requests were given up.",
            id="config.W004",
        )
    ]
