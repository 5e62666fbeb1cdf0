"""Errors as RFC 9457 problem documents: one place turns every exception and every stray Django answer into one."""

import logging
from io import BytesIO
from typing import Any

import orjson
from django.apps import apps
from django.conf import settings
from django.core.exceptions import DisallowedHost, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.defaults import bad_request
from gunicorn.http.errors import ParseException
from psycopg import errors
from rest_framework import exceptions as drf
from rest_framework.response import Response

from api.addresses import origin_of
from api.availability import unavailable
from api.request_ids import current_request_id
from api.throttles import give_back
from database.refusals import FieldError, Refusal, refused_write

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"

# How often an exception came up to here that code further down should have refused, by kind. The target is 0.
safety_net: dict[str, int] = {}

TITLES = {
    400: ("invalid", "The request is not valid"),
    401: ("not_authenticated", "Sign in first"),
    403: ("permission_denied", "Not allowed"),
    404: ("not_found", "Not found"),
    405: ("method_not_allowed", "Method not allowed"),
    406: ("not_acceptable", "Not acceptable"),
    413: ("too_large", "The request is too large"),
    414: ("too_large", "The address is too long"),
    415: ("unsupported_media_type", "Unsupported media type"),
    429: ("throttled", "Too many requests"),
    500: ("internal_error", "Internal error"),
    503: ("busy", "Temporarily unavailable"),
}
# What a value can do that came through all fields. Any other error of data is about the statement:
# it is a bug, or the server has carried out another statement than was meant.
OF_VALUES = (
    errors.CharacterNotInRepertoire,
    errors.DatetimeFieldOverflow,
    errors.InvalidDatetimeFormat,
    errors.NumericValueOutOfRange,
    errors.StringDataRightTruncation,
    errors.UntranslatableCharacter,
)


class Problem(Refusal):
    """A refusal whose status is known only when it is made."""

    def __init__(self, status: int, detail: str = "", **kwargs: Any) -> None:
        default_code, self.title = TITLES.get(status, ("error", "Error"))
        kwargs["code"] = kwargs.get("code") or default_code
        super().__init__(detail, **kwargs)
        self.status = status  # type: ignore[misc]  # the class variable is the default of subclasses


def respond(refusal: Refusal) -> HttpResponse:
    """A refusal as an answer, for code that DRF does not call."""
    body = orjson.dumps(refusal.document() | {"request_id": current_request_id.get()})
    return HttpResponse(body, status=refusal.status, content_type=CONTENT_TYPE, headers=refusal.headers)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook. Returning None lets an unknown exception through to Django, which logs it and answers 500.

    A request that cannot be served now is no attempt: it is taken out of the windows of rate limits.
    """
    if isinstance(exc, drf.NotAuthenticated):
        exc = refused_token_of(context["request"]) or exc
    headers = getattr(exc, "headers", None) or {}
    if isinstance(exc, drf.APIException):
        headers = drf_headers(exc)
    refusal = translate(exc)
    if refusal is None:
        return None
    if refusal.status == 503:
        give_back(context["request"])
    document = refusal.document() | {"request_id": current_request_id.get()}
    response = Response(document, status=refusal.status, headers={**headers, **refusal.headers})
    response.content_type = CONTENT_TYPE
    return response


def refused_token_of(request: Any) -> Refusal | None:
    """The refusal of a token that came with the request and counts as none, as the authentication noted it."""
    return getattr(getattr(request, "_request", request), "refused_token", None)


def challenge(request: HttpRequest, response: HttpResponseBase) -> None:
    """Tell a client whose token counted as none of it, in `WWW-Authenticate`, whatever the answer is."""
    if refusal := refused_token_of(request):
        for name, value in refusal.headers.items():
            response.headers.setdefault(name, value)


def drf_headers(exc: drf.APIException) -> dict[str, str]:
    """The headers that DRF's exceptions ask for."""
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, int(wait + 0.999)))
    return headers


def translate(exc: Exception) -> Refusal | None:
    """The refusal that an exception means, or None when it is a bug of ours."""
    if isinstance(exc, Refusal):
        return exc
    if isinstance(exc, drf.ValidationError):
        return Problem(400, "Some fields are not valid.", errors=flatten(exc.get_full_details()))
    if isinstance(exc, DjangoValidationError):
        return Problem(400, "Some fields are not valid.", errors=django_errors(exc))
    if isinstance(exc, drf.APIException):
        codes = exc.get_codes()
        code = codes if isinstance(codes, str) and codes != "error" else ""
        code = "malformed" if isinstance(exc, drf.ParseError) and code == "parse_error" else code
        return Problem(exc.status_code, str(exc.detail), code=code)
    if isinstance(exc, Http404):
        return Problem(404)
    if isinstance(exc, PermissionDenied):
        return Problem(403)
    if isinstance(exc, RequestDataTooBig):
        return Problem(413)
    if isinstance(exc, SuspiciousOperation):
        return Problem(400, code="malformed")
    if isinstance(exc, DatabaseError | InterfaceError):
        return translate_database_error(exc)
    if refusal := refused_write(exc):
        return refusal
    if isinstance(exc, OverflowError | RecursionError | UnicodeError):
        return caught(exc, Problem(400, "A value is out of range."))
    return None


def translate_database_error(exc: Exception) -> Refusal | None:
    """The refusal that an error of the database means, or None when it is a bug of ours."""
    if isinstance(exc, IntegrityError):
        return translate_violation(exc)
    if isinstance(exc, DataError):
        cause = exc.__cause__
        # Without SQLSTATE it is psycopg that refuses a value, before the server sees it.
        if getattr(cause, "sqlstate", None) and not isinstance(cause, OF_VALUES):
            return None
        return caught(exc, Problem(400, "A value is out of range."))
    return unavailable(exc)


def translate_violation(exc: IntegrityError) -> Refusal:
    """The refusal that a violated constraint means, by the `violation_error_code` that its model declares.

    A field that is declared `unique` has the code `<field>_taken`. Two requests can take one value at the same moment,
    and nothing could refuse that earlier. Every other violation counts as caught.
    """
    diagnostics = getattr(exc.__cause__, "diag", None)
    table, name = (diagnostics.table_name, diagnostics.constraint_name or "") if diagnostics else (None, "")
    code = message = ""
    for model in apps.get_models() if table else ():
        if model._meta.db_table == table:
            for constraint in model._meta.constraints:
                if constraint.name == name and constraint.violation_error_code:
                    code, message = constraint.violation_error_code, str(constraint.violation_error_message)
            for field in model._meta.concrete_fields:
                if field.unique and not field.primary_key and name.startswith(f"{table}_{field.column}_"):
                    code = f"{field.name}_taken"
    if code.endswith("_taken"):
        error = FieldError(code.removesuffix("_taken"), code, "This value is taken.")
        return Problem(409, "This value is taken.", code=code, errors=[error])
    if code:
        return caught(exc, Problem(409, message, code=code))
    return caught(exc, Problem(409, "The change conflicts with other records.", code="conflict"))


def caught(exc: Exception, refusal: Refusal) -> Refusal:
    """Count an exception that code further down should have refused, and log its traceback."""
    kind = type(exc).__name__
    safety_net[kind] = safety_net.get(kind, 0) + 1
    logger.error("safety net caught %s", kind, exc_info=exc)
    return refusal


def flatten(details: Any, path: str = "") -> list[FieldError]:
    """DRF's nested error details as a flat list with paths."""
    if isinstance(details, list):
        if all(isinstance(item, dict) and {"message", "code"} == set(item) for item in details):
            return [FieldError(path or "body", item["code"], str(item["message"])) for item in details]
        nested = [flatten(item, f"{path}.{place}".strip(".")) for place, item in enumerate(details) if item]
        return [error for errors in nested for error in errors]
    if isinstance(details, dict):
        if {"message", "code"} == set(details) and not isinstance(details["message"], list | dict):
            return [FieldError(path or "body", details["code"], str(details["message"]))]
        found = []
        for key, value in details.items():
            step = "" if key == "non_field_errors" else str(key)
            found += flatten(value, f"{path}.{step}".strip("."))
        return found
    return [FieldError(path or "body", "invalid", str(details))]


def django_errors(exc: DjangoValidationError) -> list[FieldError]:
    """Django's validation errors as a flat list with paths."""
    by_field = exc.error_dict if hasattr(exc, "error_dict") else {"body": exc.error_list}
    return [
        FieldError(
            "body" if field == "__all__" else field,
            error.code or "invalid",
            " ".join(DjangoValidationError(error).messages),
        )
        for field, errors in by_field.items()
        for error in errors
    ]


def check_host(request: HttpRequest) -> HttpResponse | None:
    """Refuse a host that is not ours. Health checks may use the bare address, so their paths take any host."""
    try:
        if not request.path_info.startswith("/health"):
            origin_of(request)
    except DisallowedHost:
        return respond(Problem(400, "This shop has another name.", code="malformed"))
    return None


def check_target(request: HttpRequest) -> HttpResponse | None:
    """Refuse addresses that no endpoint should see: with NUL bytes, broken text or an endless query string."""
    query = request.META.get("QUERY_STRING", "")
    if "\x00" in request.path_info or "\ufffd" in request.path_info or "%00" in query:
        return respond(Problem(400, "The address holds a character that is not allowed.", code="malformed"))
    if len(query) > settings.MAX_QUERY_BYTES or query.count("&") >= settings.MAX_QUERY_PARAMETERS:
        return respond(Problem(400, "The query string is too long.", code="too_many_parameters"))
    return None


def check_page(request: HttpRequest) -> HttpResponse | None:
    """Refuse a host that is not ours, and NUL in the address of a page, whose filters take any text to the database."""
    try:
        origin_of(request)
    except DisallowedHost as error:
        return bad_request(request, error)
    if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        return bad_request(request, SuspiciousOperation())
    return None


def check_body(request: HttpRequest) -> HttpResponse | None:
    """Read a body that comes in chunks, since Django takes a request without a length for one without a body.

    Afterwards the request has a length, by which its parser refuses a body that is too long.
    """
    if "HTTP_TRANSFER_ENCODING" not in request.META:
        return None
    longest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    try:
        body = request.META["wsgi.input"].read(longest + 1)
    except (OSError, ParseException):  # gunicorn's, of a chunk that is cut off or none
        return respond(Problem(400, "The chunks of the body cannot be read.", code="malformed"))
    if len(body) > longest:
        return respond(Problem(413, f"A body ends at {longest} bytes."))
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._stream = BytesIO(body)  # where WSGIRequest keeps it
    return None


def problem_from_django(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Django's own HTML or empty error pages (no such path, a bad host, a crash) as a problem document."""
    problem = respond(Problem(response.status_code))
    # By Django, which would write the line once more.
    problem._has_been_logged = getattr(response, "_has_been_logged", False)  # type: ignore[attr-defined]
    for header, value in response.headers.items():  # those of other middleware too
        if header != "Content-Length":
            problem.headers.setdefault(header, value)
    return problem
