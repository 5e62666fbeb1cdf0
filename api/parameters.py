"""The query string of a request as names and values."""

from urllib.parse import parse_qsl

from django.http import HttpRequest
from rest_framework.request import Request

from database.refusals import Invalid


def parameters_of(request: HttpRequest | Request) -> dict[str, list[str]]:
    """The parameters of a query string, each with its values in sequence.

    Refuses Invalid what is no UTF-8, which Django's own QueryDict would read as something else.
    """
    query = request.META.get("QUERY_STRING", "")
    parameters: dict[str, list[str]] = {}
    if query:
        try:
            text = query if query.isascii() else query.encode("latin-1").decode()
            for name, value in parse_qsl(text, keep_blank_values=True, errors="strict"):
                parameters.setdefault(name, []).append(value)
        except UnicodeDecodeError:
            raise Invalid("The query string is not UTF-8.", code="malformed") from None
    return parameters
