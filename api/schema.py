"""The OpenAPI description: what drf-spectacular cannot know by itself.

Every answer of every operation is described: the conventions that all share (errors, headers, conditional requests,
keys) are added here once and not at each view. What fields take is in `api.schema_fields`, which refusals an operation
knows in `api.schema_problems`, and examples come from `api.schema_examples`.
"""

import re
from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.permissions import AllowAny

from api.fields import MAX_ID
from api.filters import MAX_SEPARATED, FilterSet, NoFilters, reader_of
from api.idempotency import takes_key
from api.schema_examples import add_examples
from api.schema_fields import with_nulls, without_double_blanks
from api.schema_problems import HEADERS, RESPONSES, add_problems, headers_of
from api.views import ViewSet
from database.refusals import VersionMismatch

# Without `format`, for which Swagger UI has no field in a parameter; the bounds say the same.
ID = {"type": "integer", "minimum": 1, "maximum": MAX_ID}


def header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    """A header as the description's parameter."""
    return {"in": "header", "name": name, "description": description, "schema": {"type": "string"} | schema}


IF_NONE_MATCH = header("If-None-Match", "ETags that the client has; a match is answered with 304.")
IF_MATCH = header(
    "If-Match",
    "The ETag that the edit was made against, or several, weak or not; 412 when somebody else has edited since.",
    pattern=r'^(\*|(W/)?"[0-9]{1,10}(\.[!#-~]*)?"( *, *(W/)?"[0-9]{1,10}(\.[!#-~]*)?")*)$',
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

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """The body of an order to be placed is "PlaceOrderRequest"."""
        name: str = super().get_serializer_name(serializer, direction)
        return name.removesuffix("Body")

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

    def get_auth(self) -> list[dict[str, Any]]:
        """The ways to sign in. Staff who do may see more where nobody has to.

        Nobody has to for a GET with `public_read`, where everybody is allowed, and for what a view says is opened by a
        token of its own (`by_token`).
        """
        ways = super().get_auth()
        permissions = self.view.get_permissions()
        public = self.method == "GET" and any(getattr(each, "public_read", False) for each in permissions)
        anybody = all(isinstance(each, AllowAny) for each in permissions)
        by_token = self.view.action in getattr(self.view, "by_token", ())
        return [{}, *ways] if ways and {} not in ways and (public or anybody or by_token) else ways


def describe_whole(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular's hook: what concerns the description as a whole."""
    components = result.setdefault("components", {})
    without_double_blanks(result)
    for name, component in components["schemas"].items():
        if name.endswith("Request"):
            with_nulls(component)
    components["headers"], components["responses"] = HEADERS, RESPONSES
    for path, operations in result["paths"].items():
        made = operations.get("post", {}).get("responses", {}).get("201")
        if made and (links := links_from(path, result["paths"], is_list=answers_list(made))):
            made["links"] = links
    add_examples(result)
    return result


def answers_list(answer: dict[str, Any]) -> bool:
    """Whether an answer is a list of what was made."""
    return any(content["schema"].get("type") == "array" for content in answer.get("content", {}).values())


def links_from(collection: str, paths: dict[str, Any], *, is_list: bool) -> dict[str, Any]:
    """The operations on the member that a POST has made: those below `collection/{its name}`. Of several, the first."""
    member = re.compile(re.escape(collection) + r"/\{(\w+)\}(/[^{}]*)?\Z")
    above = {name: f"$request.path.{name}" for name in re.findall(r"\{(\w+)\}", collection)}
    links = {}
    for path, operations in paths.items():
        if match := member.match(path):
            parameters = above | {match[1]: f"$response.body#/{'0/' if is_list else ''}{match[1]}"}
            for operation in operations.values():
                links[operation["operationId"]] = {"operationId": operation["operationId"], "parameters": parameters}
    return links


def describe(schema: Schema, operation: dict[str, Any]) -> None:
    """Add to an operation what follows from its method, its path and its action."""
    path, method = schema.path, schema.method.lower()
    statuses = {"400", "406", "429", "503"}
    headers = []
    # Without this, a reader of the description may take it for an operation that nobody has thought of.
    ways = operation.get("security", [])
    operation["security"] = [] if ways == [{}] else ways
    if operation["security"] or path.endswith(("/login", "/refresh")):
        statuses.add("401")
    if method == "get":
        statuses |= {"304", "414"}
        headers.append(IF_NONE_MATCH)
    else:
        statuses.add("409")
    if operation["security"] or path.endswith("/login"):
        statuses.add("403")
    if "{" in path:
        statuses.add("404")
    if method in ("put", "patch") or compares_version(schema.view):
        statuses.add("412")
        headers.append(IF_MATCH)
        if method == "put" and "patch" in schema.view.action_map:
            operation["operationId"] += "ByPut"
    if method == "post" or "requestBody" in operation:
        statuses |= {"413", "415"}
    if "requestBody" in operation:
        operation["requestBody"]["required"] = method != "post" or has_required_members(schema.get_request_serializer())
    if takes_key(schema.view):
        statuses.add("422")
        headers.append(KEY)
    filters = filterset_of(schema.view).base_filters
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query" and not parameter.get("required"):
            parameter["allowEmptyValue"] = True  # it means absent
        if parameter["in"] == "query" and parameter["schema"].get("maximum") == MAX_ID:
            parameter["schema"] = ID
        if parameter["in"] == "query" and (filter_ := filters[parameter["name"]]).several:
            parameter["schema"] = {"type": "array", "items": parameter["schema"]}
            if filter_.separated:
                parameter["schema"]["maxItems"] = MAX_SEPARATED
                parameter["explode"] = False
        if parameter["in"] == "path" and parameter["schema"].get("pattern") == "^[0-9]{1,19}$":
            parameter["schema"] = ID
    operation["parameters"] = operation.get("parameters", []) + headers
    for status, answer in operation["responses"].items():
        answer["description"] = answer["description"] or operation["summary"]
        answer["headers"] = headers_of(status, method, keyed=takes_key(schema.view))
    add_problems(schema.registry, schema.view, operation, method, statuses - set(operation["responses"]))


def compares_version(view: Any) -> bool:
    """Whether an action is marked as one that compares the version, which every PUT and PATCH does."""
    return VersionMismatch in getattr(getattr(view, view.action or "", None), "refuses", ())


def has_required_members(body: Any) -> bool:
    """Whether a request must have this body: one without required members may be left out."""
    return not isinstance(body, type) or any(field.required for field in body().fields.values())
