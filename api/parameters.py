"""The query string of a request as names and values."""

from urllib.parse import parse_qsl

from django.http import HttpRequest
from rest_framework.request import Request


def parameters_of(request: HttpRequest | Request) -> dict[str, str]:
    """The parameters of a query string. One that is given twice counts the last time.

    Django's QueryDict of the same is a list for each name, and costs as much as checking all of them. Worked out once
    for a request.
    """
    parameters: dict[str, str] | None = request.META.get("shop.parameters")
    if parameters is None:
        query = request.META.get("QUERY_STRING", "")
        if query.isascii():
            parameters = dict(parse_qsl(query, keep_blank_values=True))
        else:
            parameters = {name: str(value) for name, value in request.GET.items()}
        request.META["shop.parameters"] = parameters
    return parameters
