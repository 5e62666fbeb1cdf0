"""The id of the request that this thread is answering: it stands in answers, problem documents and log lines."""

import re
from contextvars import ContextVar

current_request_id: ContextVar[str] = ContextVar("request_id", default="")
VALID_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
