"""System checks of a deployment: do the links of its mails lead anywhere?"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def check_links(**kwargs: Any) -> list[CheckMessage]:
    """The links of mails must lead somewhere for whoever reads them."""
    if "//localhost" not in settings.PASSWORD_RESET_URL:
        return []
    return [Warning("PASSWORD_RESET_URL leads to a storefront on the reader's own machine.", id="config.W001")]
