"""Logs: one JSON object a line, with the id of its request, and nothing that people typed or that names them."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import psycopg
from django.db import Error

from api.request_ids import current_request_id

# Keys of programs, ours and those of providers, wherever one got into a line. What identifies ours stays.
KEY = re.compile(r"\b([sp]k_[A-Za-z0-9_]{4,12})[A-Za-z0-9_]{8,}")


class JSONFormatter(logging.Formatter):
    """Turns a log record into one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line: time, level, logger, message, and where there are such, event, request id and traceback."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if event := getattr(record, "event", None):
            line["event"] = event
        if request_id := request_id_of(record):
            line["request_id"] = request_id
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return KEY.sub(r"\1…", json.dumps(line))

    def formatException(
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """The traceback. Messages of the database may quote emails, so their SQLSTATE stands in their place."""
        text = super().formatException(ei)
        for error in chain(ei[1]):
            if isinstance(error, Error | psycopg.Error) and str(error):
                text = text.replace(str(error), code_of(error))
        return text


def request_id_of(record: logging.LogRecord) -> str:
    """The id of the request that a record belongs to; empty outside of requests."""
    if request_id := current_request_id.get():
        return request_id
    # The access log of gunicorn and Django's log of errors are written after the middleware has ended.
    atoms: Any = record.args
    if isinstance(atoms, Mapping):
        return str(atoms.get("{x-request-id}o", ""))
    return getattr(getattr(record, "request", None), "id", "")


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and all that it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def code_of(error: BaseException) -> str:
    """The SQLSTATE and the constraint of a database error: "23505 user_email_unique"."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(cause, psycopg.Error):
        return "(database error)"
    return " ".join(filter(None, (cause.sqlstate, cause.diag.constraint_name))) or "(database error)"
