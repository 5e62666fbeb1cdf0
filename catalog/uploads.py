"""The parser of an uploaded picture: multipart, with nothing in it but `file` and `alt`."""

from collections import Counter
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import MemoryFileUploadHandler, TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import BaseParser

from catalog.exceptions import ImageTooLarge

# The bytes that boundaries and headers of a multipart body may have beside the file.
OVERHEAD = 64 * 1024


class PictureParser(BaseParser):
    """Reads a multipart body as a plain dict, like a JSON body. Nothing of a body that is too large is read."""

    media_type = "multipart/form-data"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        """The parts by name. Refuses ImageTooLarge, parts that are repeated, and what is no multipart."""
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
