"""Pictures from strangers: decoded with suspicion, and encoded anew in our own sizes.

Nothing of the file itself is kept, and no metadata.
"""

import threading
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from django.conf import settings
from PIL import Image as Pillow
from PIL import ImageOps

from catalog.exceptions import InvalidImage
from catalog.models import RENDITIONS
from database.refusals import Busy

FORMATS = ("JPEG", "PNG", "WEBP")
QUALITY = 82
# A decoded picture takes four bytes per pixel, so each process works on one at a time.
_one_at_a_time = threading.Lock()
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Picture:
    """The encoded renditions by size, and the pixels of the largest."""

    renditions: dict[str, bytes]
    width: int
    height: int


def read_picture(file: IO[bytes]) -> Picture:
    """Make all renditions of a JPEG, PNG or WebP file, told apart by content. Refuses InvalidImage, Busy."""
    if not _one_at_a_time.acquire(timeout=PATIENCE_SECONDS):
        raise Busy("Too many pictures at once; try again.")
    try:
        return _render(_decode(file))
    finally:
        _one_at_a_time.release()


def _decode(file: IO[bytes]) -> Pillow.Image:
    """The picture, upright. Refuses InvalidImage, whatever way a decoder fails with a broken file."""
    try:
        with Pillow.open(file, formats=FORMATS) as source:
            too_many = source.width * source.height > settings.MAX_IMAGE_PIXELS
            if not too_many:
                largest = max(RENDITIONS.values())
                source.draft("RGB", (largest, largest))
                source.load()
                upright = ImageOps.exif_transpose(source)
                return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except Exception as error:
        raise InvalidImage("The file is not a whole JPEG, PNG or WebP picture.") from error
    raise InvalidImage(f"A picture has at most {settings.MAX_IMAGE_PIXELS} pixels.")


def _render(picture: Pillow.Image) -> Picture:
    """Scale down from size to size, never up."""
    renditions: dict[str, bytes] = {}
    width = height = 0
    for size, side in sorted(RENDITIONS.items(), key=lambda item: -item[1]):
        picture.thumbnail((side, side))
        width, height = (width, height) if renditions else picture.size
        encoded = BytesIO()
        picture.save(encoded, "WEBP", quality=QUALITY)
        renditions[size] = encoded.getvalue()
    return Picture(renditions, width, height)
