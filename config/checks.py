"""System checks of a deployment: what a shop may do without for a trial, and not in production."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def check_links(**kwargs: Any) -> list[CheckMessage]:
    """The links of mails must lead somewhere for whoever reads them."""
    if "//localhost" not in settings.PASSWORD_RESET_URL:
        return []
    return [Warning("PASSWORD_RESET_URL leads to a storefront on the reader's own machine.", id="config.W001")]


@register(Tags.security, deploy=True)
def check_protections(**kwargs: Any) -> list[CheckMessage]:
    """Guessing passwords must be slow and limited."""
    messages: list[CheckMessage] = []
    if not settings.RATE_LIMITS:
        messages.append(Warning("RATE_LIMITS is off: anybody may guess passwords without end.", id="config.W002"))
    if settings.BCRYPT_ROUNDS < 10:
        messages.append(Warning("BCRYPT_ROUNDS is below 10: stolen hashes are quick to guess.", id="config.W003"))
    return messages
