"""Where providers tell the shop that something happened. A notification is a trigger: what is true is fetched."""

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from api.problems import respond
from database.refusals import Invalid, NotFound
from payments import providers, services
from payments.exceptions import ProviderSilent
from payments.providers.snapshot import BadSignature, ProviderUnknown

logger = logging.getLogger(__name__)
MAX_BYTES = 1_000_000


class NotSigned(Invalid):
    """The provider did not sign this."""

    code = "bad_signature"
    title = "The signature is not the provider's"


@csrf_exempt
@require_POST
def notified(request: HttpRequest, provider: str) -> HttpResponse:
    """Put a notification that the provider has signed into the inbox, and answer at once.

    The signature is over the bytes as they came. Refuses what is not signed: nothing of it is kept.
    """
    module = providers.configured().get(provider)
    if module is None or module.BY_HAND:
        return respond(NotFound("The shop takes no money in this way."))
    body = request.body
    try:
        notice = module.parse_notification(request.headers, body)
    except BadSignature as error:
        logger.warning("A notification of %s is not signed: %s", provider, error)
        return respond(NotSigned("Nothing of it was kept."))
    except ProviderUnknown as error:  # the certificate of a signature cannot be had now: the provider comes again
        logger.warning("A notification of %s cannot be checked: %s", provider, error)
        return respond(ProviderSilent())
    services.take_notice(provider, notice)
    return JsonResponse({"received": True})
