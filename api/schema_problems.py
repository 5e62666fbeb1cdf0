"""How the OpenAPI description says refusals: a schema for each code, and shared answers for what all operations say."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from drf_spectacular.plumbing import ResolvedComponent

from api.idempotency import InProgress, KeyReused, takes_key
from api.problems import TITLES
from api.schema_examples import example_of
from database.refusals import VersionMismatch

CONTENT_TYPE = "application/problem+json"
DESCRIPTIONS = {
    "304": "Not modified: the client's copy is current",
    "400": "The request is malformed or not valid",
    "401": "Not signed in, the session has ended, or the API key opens nothing",
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
# The name of the shared answer of a status, and the codes that any operation can answer with it.
SHARED = {
    "304": ("NotModified", ()),
    "400": ("BadRequest", ("invalid", "malformed", "too_many_parameters", "unknown_parameter")),
    "401": ("Unauthorized", ("invalid_api_key", "invalid_token", "not_authenticated")),
    "403": ("Forbidden", ("not_for_keys", "permission_denied", "scope_required")),
    "404": ("NotFound", ("not_found",)),
    "406": ("NotAcceptable", ("not_acceptable",)),
    "409": ("Conflict", ("conflict",)),
    "412": ("PreconditionFailed", ("version_mismatch",)),
    "413": ("ContentTooLarge", ("too_large",)),
    "414": ("UriTooLong", ("too_large",)),
    "415": ("UnsupportedMediaType", ("unsupported_media_type",)),
    "422": ("KeyReused", ("idempotency_key_reused",)),
    "429": ("TooManyRequests", ("throttled",)),
    "503": ("ServiceUnavailable", ("busy", "database_unavailable")),
}
# Further members of problems that any operation can answer.
MEMBERS: dict[str, Mapping[str, Any]] = {
    VersionMismatch.code: VersionMismatch.members,
    "scope_required": {"required_scope": {"type": "string"}},
}
TEXT: dict[str, Any] = {"type": "string"}
HEADERS: dict[str, Any] = {
    "X-Request-ID": {"description": "The id of the request, sent or new; the log has it too.", "schema": TEXT},
    "ETag": {"description": "What If-None-Match and If-Match take: a digest, after the version if there is one."},
    "Allow": {"description": "The methods that the address has."},
    "Retry-After": {"description": "The seconds to wait before the next attempt.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {
        "description": "With 401, and where a token that came along counted as none: what was wrong with it."
    },
    "Idempotent-Replayed": {
        "description": "`true` where the answer is that of an earlier request with the same key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
for described in HEADERS.values():
    described.setdefault("schema", TEXT)


def headers_of(status: str, method: str, *, keyed: bool = False) -> dict[str, Any]:
    """The headers of an answer, as references."""
    names = ["X-Request-ID", "WWW-Authenticate"]
    if status < "300":
        names += ["Allow"] + (["ETag"] if method == "get" else [])
        names += ["Idempotent-Replayed"] if keyed else []
    names += {"304": ["ETag"], "429": ["Retry-After"], "503": ["Retry-After"]}.get(status, [])
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


class Known(NamedTuple):
    """A refusal that an operation can answer. A member whose name ends in "?" is not always there."""

    status: str
    code: str
    name: str = ""
    members: Mapping[str, Any] = {}

    @property
    def component(self) -> str:
        """The name of its schema: "InsufficientStockProblem"."""
        return (self.name or "".join(word.title() for word in self.code.split("_"))) + "Problem"


def schema_of(known: Known) -> dict[str, Any]:
    """The schema of the problem documents of a refusal."""
    status = int(known.status)
    properties: dict[str, Any] = {
        "type": {"type": "string", "const": "about:blank"},
        "title": TEXT,
        "status": {"type": "integer", "const": status},
        "detail": TEXT,
        "code": {"type": "string", "const": known.code},
        "request_id": TEXT,
    }
    required = [*properties, *(name for name in known.members if not name.endswith("?"))]
    members = {name.removesuffix("?"): member for name, member in known.members.items()}
    title = title_of(known.code, status)
    example = {"type": "about:blank", "title": title, "status": status, "detail": title, "code": known.code}
    example |= {name: example_of(member, {}, name) for name, member in members.items()}
    errors = {"errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}}}
    return {
        "type": "object",
        "description": "An RFC 9457 problem document.",
        "required": required,
        "properties": properties | errors | members,
        "examples": [example | {"request_id": "5f0c7a3b9d1e2f48"}],
    }


def title_of(code: str, status: int) -> str:
    """Words for a code."""
    default, title = TITLES.get(status, ("", ""))
    return title if default == code else code.replace("_", " ").capitalize()


FIELD_ERROR = {
    "type": "object",
    "description": "One thing wrong with a request. `field` is a path into the body, or a parameter's name.",
    "required": ["field", "code", "message"],
    "properties": {"field": TEXT, "code": TEXT, "message": TEXT},
    "examples": [{"field": "order_items.0.quantity", "code": "min_value", "message": "Too small."}],
}


def content_of(kinds: Iterable[Known]) -> dict[str, Any]:
    """The content of an answer that is a problem document of one of these refusals."""
    references = [{"$ref": f"#/components/schemas/{kind.component}"} for kind in kinds]
    schema = {"oneOf": references} if references[1:] else references[0]
    return {CONTENT_TYPE: {"schema": schema}}


def common_of(status: str) -> list[Known]:
    """The refusals that any operation can answer with this status."""
    return [Known(status, code, members=MEMBERS.get(code, {})) for code in SHARED[status][1]]


def shared_response(status: str) -> dict[str, Any]:
    """The answer that operations share."""
    common = common_of(status)
    content = {"content": content_of(common)} if common else {}
    return {"description": DESCRIPTIONS[status], "headers": headers_of(status, "")} | content


RESPONSES = {name: shared_response(status) for status, (name, _) in SHARED.items()}


def refusals_of(view: Any, operation: dict[str, Any], method: str) -> list[Known]:
    """The refusals that an action of a view is marked with, and those of its kind of action."""
    action = getattr(view, view.action or "", None)
    kinds = [*getattr(action, "refuses", ()), *((InProgress, KeyReused) if takes_key(view) else ())]
    found = [
        Known("400", kind) if isinstance(kind, str) else Known(str(kind.status), kind.code, kind.problem, kind.members)
        for kind in kinds
    ]
    if takes_key(view):
        found.append(Known("400", "invalid_idempotency_key"))
    if any(parameter["name"] == "cursor" for parameter in operation["parameters"]):
        found.append(Known("400", "invalid_cursor"))
    if method == "delete" and "requestBody" not in operation:
        found.append(Known("400", "unexpected_body"))
    return found


def add_problems(registry: Any, view: Any, operation: dict[str, Any], method: str, statuses: set[str]) -> None:
    """Describe the refusals of an operation: those that all share, and those that its action is marked with."""
    register(registry, "FieldError", FIELD_ERROR)
    marked = refusals_of(view, operation, method)
    for status in sorted(statuses | {kind.status for kind in marked}):
        common = common_of(status)
        own = [kind for kind in marked if kind.status == status and kind.code not in SHARED[status][1]]
        for kind in (*common, *own):
            register(registry, kind.component, schema_of(kind))
        operation["responses"][status] = {"$ref": f"#/components/responses/{SHARED[status][0]}"}
        if own:
            waits = any(kind.code == "in_progress" for kind in own)
            operation["responses"][status] = {
                "description": DESCRIPTIONS[status],
                "headers": headers_of("429" if waits else status, ""),
                "content": content_of([*common, *own]),
            }


def register(registry: Any, name: str, schema: dict[str, Any]) -> None:
    """Give a schema its name. A code that comes with two statuses has no constant one."""
    component = ResolvedComponent(name, ResolvedComponent.SCHEMA, schema, name)
    if component not in registry:
        registry.register(component)
        return
    known = registry[component].schema["properties"]
    if known.get("status") != schema["properties"].get("status"):
        known["status"] = {"type": "integer"}
