"""The OpenAPI description: what drf-spectacular cannot know by itself.

Every answer of every operation is described: the conventions that all share (errors, conditional requests, keys) are
added here once and not at each view.
"""

import re
from decimal import Decimal
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema

from api.fields import MAX_ID, in_query
from api.filters import MAX_SEPARATED, FilterSet, NoFilters, reader_of
from api.idempotency import takes_key
from api.views import ViewSet
from database.money import in_places, places_of
from database.text import HIDDEN, HIDDEN_IN_LINES

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "An RFC 9457 problem document. `code` is stable; docs/api.md lists all codes.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {name: {"type": "string"} for name in ("field", "code", "message")},
            },
        },
    },
}
STATUSES = {
    "304": "Not modified: the client's copy is current",
    "400": "The request is malformed or not valid",
    "401": "Not signed in, or the session has ended",
    "403": "Known, but not allowed",
    "404": "Missing, or somebody else's",
    "406": "No other representation than JSON",
    "409": "A conflict with the current state",
    "412": "Somebody else has edited it since (If-Match)",
    "413": "The body is too large",
    "414": "The address is too long",
    "415": "The body's media type is not supported",
    "422": "The idempotency key was used for another request",
    "429": "Too many requests; see Retry-After",
    "503": "Not now; see Retry-After",
}


def header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    """A header as the description's parameter."""
    return {"in": "header", "name": name, "description": description, "schema": {"type": "string"} | schema}


IF_NONE_MATCH = header("If-None-Match", "ETags that the client has; a match is answered with 304.")
IF_MATCH = header(
    "If-Match",
    "The ETag that the edit was made against; 412 when somebody else has edited since.",
    pattern=r'^(\*|"[0-9]{1,10}(\.[0-9a-f]+)?")$',
)
KEY = header(
    "Idempotency-Key",
    "The same key and body again give the first answer again, and nothing happens twice.",
    minLength=1,
    maxLength=255,
    pattern="^[ -~]+$",
)


def filterset_of(view: Any) -> type[FilterSet]:
    """The parameters of the action that a view is described for."""
    return view.filterset_of_action() if isinstance(view, ViewSet) else NoFilters


class Schema(AutoSchema):
    """Describes one operation."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """drf-spectacular's, with what every operation of its kind answers and takes."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation:
            describe(self, operation)
        return operation

    def get_override_parameters(self) -> list[Any]:
        """The query string that the action takes, by the serializer that reads it."""
        filterset = filterset_of(self.view)
        parameters: list[Any] = super().get_override_parameters()
        return [*parameters, reader_of(filterset)] if filterset.base_filters else parameters

    def get_paginated_name(self, serializer_name: str) -> str:
        """A page of users is "UserPage"."""
        return f"{serializer_name}Page"

    def get_tags(self) -> list[str]:
        """The app that answers: accounts, catalog, orders, inventory."""
        return [self.view.__module__.split(".")[0]]

    def _get_request_body(self, direction: Any = "request") -> Any:
        """drf-spectacular's. A DELETE has a body only where `extend_schema` names the media type."""
        bodies = self.get_request_serializer() if self.method == "DELETE" else None
        if not isinstance(bodies, dict):
            return super()._get_request_body(direction)
        resolved = {kind: self.resolve_serializer(body, direction).ref for kind, body in bodies.items()}
        return {"content": {kind: {"schema": schema} for kind, schema in resolved.items()}}

    def get_description(self) -> str:
        """Only what `extend_schema` says; the docstrings of views are for those who read the code."""
        return ""

    def get_auth(self) -> list[dict[str, Any]]:
        """The ways to sign in. A GET with `public_read` needs none; staff who sign in may see more."""
        public = any(getattr(permission, "public_read", False) for permission in self.view.get_permissions())
        return [{}, *super().get_auth()] if public and self.method == "GET" else super().get_auth()

    def get_operation_id(self) -> str:
        """The method and the whole path: "get_users_by_user_id"."""
        steps = self.path.removeprefix("/api/v1/").replace("{", "by_").replace("}", "").replace("-", "_").split("/")
        return "_".join([self.method.lower(), *steps])


class MoneyField(OpenApiSerializerFieldExtension):
    """How the description says prices and amounts: text with a pattern."""

    target_class = "api.fields.Money"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The schema of the field. Answers have exactly the decimals of the currency."""
        places = places_of()
        shown = r"[0-9]{1,14}" + (rf"\.[0-9]{{{places}}}" if places else "")
        pattern = self.target.pattern.pattern if direction == "request" else shown
        return {
            "type": "string",
            "pattern": f"^{pattern.removesuffix(chr(92) + 'Z')}$",
            "examples": [str(in_places(Decimal("29.99")))],
        }


class IntegerField(OpenApiSerializerFieldExtension):
    """How the description says integers: with their bounds."""

    target_class = "api.fields.Integer"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The schema of the field."""
        bounds = {"minimum": self.target.min_value, "maximum": self.target.max_value}
        return {"type": "integer"} | bounds | ({"format": "int64"} if self.target.max_value == MAX_ID else {})


class TextField(OpenApiSerializerFieldExtension):
    """How the description says text: with its length and the characters that it cannot hold."""

    target_class = "api.fields.Text"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The schema of the field. PostgreSQL cannot store NUL, and a body holds no hidden characters."""
        is_free = self.target.any_character or in_query(self.target)
        hidden = HIDDEN_IN_LINES if self.target.multiline else HIDDEN
        rest = rf"[^{hidden}]*\s*$"  # the white space at both ends is cut off
        schema: dict[str, Any] = {"type": "string", "pattern": r"^[^\x00]*$" if is_free else rf"^\s*{rest}"}
        if self.target.max_length:
            schema["maxLength"] = self.target.max_length
        if not self.target.allow_blank:
            schema["minLength"] = max(1, self.target.min_length or 1)
            if self.target.trim_whitespace:
                # White space alone is as empty as nothing.
                schema["pattern"] = r"^[^\x00]*[^\s\x00][^\x00]*$" if is_free else rf"^\s*[^\s{hidden}]{rest}"
        for validator in self.target.validators:
            if isinstance(validator, RegexValidator):
                if not is_free:
                    schema["allOf"] = [{"pattern": schema["pattern"]}]
                schema["pattern"] = re.compile(validator.regex).pattern.replace(r"\A", "^").replace(r"\Z", "$")
        return schema


class DayField(OpenApiSerializerFieldExtension):
    """How the description says a day or a moment."""

    target_class = "api.fields.DayOrTimestamp"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        # RFC 3339 would allow offsets that no place on Earth has.
        """The schema of the field."""
        moment = {"format": "date-time", "pattern": r"([Zz]|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"}
        return {"type": "string", "anyOf": [moment, {"format": "date"}]}


def describe_whole(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular's hook: what concerns the description as a whole."""
    components = result.setdefault("components", {}).setdefault("schemas", {})
    components["Problem"] = PROBLEM
    for name, component in components.items():
        if name.endswith("Request") and component.get("type") == "object":
            component["additionalProperties"] = False
    for path, operations in result["paths"].items():
        made = operations.get("post", {}).get("responses", {}).get("201")
        if made and (links := links_from(path, result["paths"])):
            made["links"] = links
    return result


def links_from(collection: str, paths: dict[str, Any]) -> dict[str, Any]:
    """The operations on the member that a POST has made: those below `collection/{its name}`."""
    member = re.compile(re.escape(collection) + r"/\{(\w+)\}(/[^{}]*)?\Z")
    above = {name: f"$request.path.{name}" for name in re.findall(r"\{(\w+)\}", collection)}
    links = {}
    for path, operations in paths.items():
        if match := member.match(path):
            parameters = above | {match[1]: f"$response.body#/{match[1]}"}
            for operation in operations.values():
                links[operation["operationId"]] = {"operationId": operation["operationId"], "parameters": parameters}
    return links


def describe(schema: Schema, operation: dict[str, Any]) -> None:
    """Add to an operation what follows from its method, its path and its action."""
    path, method = schema.path, schema.method.lower()
    statuses = {"400", "401", "406", "429", "503"}
    headers = []
    if method == "get":
        statuses |= {"304", "414"}
        headers.append(IF_NONE_MATCH)
    else:
        statuses |= {"403", "409"}
    if {"bearer": []} in operation.get("security", []):
        statuses.add("403")
    if "{" in path:
        statuses.add("404")
    if method in ("put", "patch"):
        statuses.add("412")
        headers.append(IF_MATCH)
    if "requestBody" in operation:
        statuses |= {"413", "415"}
        operation["requestBody"]["required"] = method != "post" or has_required_members(schema.get_request_serializer())
    if takes_key(schema.view):
        statuses.add("422")
        headers.append(KEY)
    filters = filterset_of(schema.view).base_filters
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query" and not parameter.get("required"):
            parameter["allowEmptyValue"] = True  # it means absent
        if parameter["in"] == "query" and (filter_ := filters[parameter["name"]]).several:
            parameter["schema"] = {"type": "array", "items": parameter["schema"]}
            if filter_.separated:
                parameter["schema"]["maxItems"] = MAX_SEPARATED
                parameter["explode"] = False
    operation["parameters"] = operation.get("parameters", []) + headers
    for status in sorted(statuses - set(operation["responses"])):
        answer: dict[str, Any] = {"description": STATUSES[status]}
        if status != "304":
            answer["content"] = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        operation["responses"][status] = answer


def has_required_members(body: Any) -> bool:
    """Whether a request must have this body: one without required members may be left out."""
    return not isinstance(body, type) or any(field.required for field in body().fields.values())
