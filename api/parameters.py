"""The query string of a request as names and values."""

from urllib.parse import parse_qsl

from django.http import HttpRequest
from rest_framework.request import Request

from database.refusals import Invalid


def parameters_of(request: HttpRequest | Request) -> dict[str, str]:
    """The parameters of a query string. One that is given twice counts the last time. Refuses Invalid what is no UTF-8.

    Django's QueryDict of the same is a list for each name, and costs as much as checking all of them. Worked out once
    for a request.
    """
    parameters: dict[str, str] | None = request.META.get("shop.parameters")
    if parameters is None:
        query = request.META.get("QUERY_STRING", "")
        try:
            text = query if query.isascii() else query.encode("latin-1").decode()
            parameters = dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
        except UnicodeDecodeError:
            raise Invalid("The query string is not UTF-8.", code="malformed") from None
        request.META["shop.parameters"] = parameters
    return parameters
