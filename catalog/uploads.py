"""A picture on its way in: multipart, with nothing in it but `file` and `alt`."""

from collections import Counter
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import MemoryFileUploadHandler, TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import BaseParser

from catalog.exceptions import ImageTooLarge

# What the boundaries and headers of a multipart body may add to its file.
OVERHEAD = 64 * 1024


class PictureParser(BaseParser):
    """Refuses more than a picture may have before reading it. The answer is a plain dict, like that of a JSON body."""

    media_type = "multipart/form-data"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        request = parser_context["request"]
        limit = settings.MAX_IMAGE_BYTES
        if int(request.META.get("CONTENT_LENGTH") or 0) > limit + OVERHEAD:
            raise ImageTooLarge(f"A picture has at most {limit} bytes.")
        handlers = [MemoryFileUploadHandler(), TemporaryFileUploadHandler()]
        try:
            fields, files = MultiPartParser(request.META, stream, handlers, "utf-8").parse()
        except MultiPartParserError as error:
            raise ParseError(f"The body is not valid multipart: {error}") from None
        counts: Counter[str] = Counter()
        for name, values in [*fields.lists(), *files.lists()]:
            counts[name] += len(values)
        if repeated := [name for name, count in counts.items() if count > 1]:
            raise ValidationError({name: ["Only one is taken."] for name in repeated}, code="repeated_field")
        if any(file.size > limit for _, values in files.lists() for file in values):
            raise ImageTooLarge(f"A picture has at most {limit} bytes.")
        return {**fields.dict(), **files.dict()}
