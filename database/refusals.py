"""Refusals as plain exceptions. Services raise them; api.problems turns them into problem documents."""

import errno
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with a request. `field` is a path: "order_items.2.quantity"."""

    field: str
    code: str
    message: str


class Refusal(Exception):
    """A request that is understood and not carried out. Nothing was changed.

    `status` is the HTTP status, `code` the stable name that clients branch on, `extra` further members of the problem
    document, `headers` what goes beside it. `members` describes `extra` for clients, as JSON Schema by name; a name
    that ends in "?" is not always there. `problem` names their schema where two refusals share a code.
    """

    status: ClassVar[int] = 409
    code: str = "conflict"
    title: str = "Conflict with the current state"
    members: ClassVar[Mapping[str, Any]] = {}
    problem: ClassVar[str] = ""

    def __init__(self, detail: str = "", *, code: str = "", errors: Iterable[FieldError] = (), **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.code = code or self.code
        self.errors = list(errors)
        self.extra = extra

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer."""
        return {}

    def document(self) -> dict[str, Any]:
        """The problem document, without the request's id."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors:
            document["errors"] = [asdict(error) for error in self.errors]
        return document | self.extra


class Conflict(Refusal):
    """The state of the records does not allow what was asked. HTTP 409."""


class Invalid(Refusal):
    """The request is malformed or against a rule. HTTP 400."""

    status = 400
    code = "invalid"
    title = "The request is not valid"


class NotFound(Refusal):
    """There is no such thing, or it is not the caller's. HTTP 404."""

    status = 404
    code = "not_found"
    title = "Not found"


class VersionMismatch(Refusal):
    """The edit was made against an older version of the row. HTTP 412."""

    status = 412
    code = "version_mismatch"
    title = "Somebody else has edited it since"
    members = {"version?": {"type": "integer"}}


class Busy(Refusal):
    """Not now: try again in `retry_after` seconds."""

    status = 503
    code = "busy"
    title = "Temporarily unavailable"
    retry_after: ClassVar[int] = 1

    @property
    def headers(self) -> dict[str, str]:
        """The seconds after which to try again."""
        return {"Retry-After": str(self.retry_after)}


class StorageFull(Busy):
    """There is no room for a file. Nothing of it is kept."""

    code = "storage_full"
    title = "There is no room for the file"
    retry_after = 60


# No space, no quota left, and a file that may not become so large.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def refused_write(error: BaseException | None) -> StorageFull | None:
    """The refusal that an error of a write means when there was no room, with a line in the log for the operator."""
    if not isinstance(error, OSError) or error.errno not in FULL:
        return None
    logger.error("storage full: %s", error.strerror)
    return StorageFull("The shop has no room for the file at the moment.")


# The version that an edit was made against, or several of which any will do; None when the client did not say.
Expected = int | frozenset[int] | None


def check_version(current: int, expected: Expected) -> None:
    """Refuse an edit that was made against an older version."""
    if expected is not None and current not in (expected if isinstance(expected, frozenset) else (expected,)):
        raise VersionMismatch(version=current)
