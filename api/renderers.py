"""JSON out, by orjson."""

from decimal import Decimal
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList


def plain(value: Any) -> Any:
    """A value that orjson cannot write, in terms that it can. Money becomes text, never a float."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, ReturnDict | dict):
        return dict(value)
    if isinstance(value, ReturnList | list):
        return list(value)
    return str(value)


def dumps(value: Any) -> bytes:
    """A document as JSON. Times are in UTC and end in Z."""
    return orjson.dumps(value, default=plain, option=orjson.OPT_UTC_Z)


class JSONRenderer(BaseRenderer):
    """DRF's slot for the format of answers: JSON by orjson."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The body of an answer; empty where there is nothing to say."""
        return b"" if data is None else dumps(data)
