"""Pictures from strangers: decoded with suspicion, and encoded anew in our own sizes.

Nothing of the file itself is kept, and no metadata: colours are converted from the profile that the file brings, or by
what else it says about them.
"""

import threading
from dataclasses import dataclass
from io import BytesIO
from time import thread_time
from typing import IO, cast

from django.conf import settings
from PIL import Image as Pillow
from PIL import ImageOps

from catalog.colour_profiles import profile_of
from catalog.colours import eight_bits, to_srgb
from catalog.exceptions import InvalidImage
from catalog.models import RENDITIONS
from database.refusals import Busy

FORMATS = ("JPEG", "PNG", "WEBP")
QUALITY = 82
# A decoded picture takes four bytes per pixel, so each process works on one at a time. Others wait so long for it.
_one_at_a_time = threading.Lock()
PATIENCE_SECONDS = 3.0
# What a file may cost of the processor. An honest one of the most pixels takes two; a JPEG can ask in 60 bytes for one
# more pass over all of its pixels, and in 10 MB for 100,000 passes.
DECODE_SECONDS = 5.0
# How much a decoder gets at once: the clock is looked at in between.
DECODE_BYTES = 8 * 1024


@dataclass(frozen=True, slots=True)
class Picture:
    """The encoded renditions by size, and the pixels of the largest."""

    renditions: dict[str, bytes]
    width: int
    height: int


class TakesTooLong(Exception):
    """A file has cost more of the processor than it may."""


class TimedFile:
    """A file that can be read for DECODE_SECONDS of this thread's time."""

    def __init__(self, file: IO[bytes]) -> None:
        self.seek, self.tell = file.seek, file.tell
        self.file = file
        self.ends = thread_time() + DECODE_SECONDS

    def read(self, size: int = -1) -> bytes:
        """What the file holds. Raises TakesTooLong."""
        if thread_time() > self.ends:
            raise TakesTooLong
        return self.file.read(size)


def read_picture(file: IO[bytes]) -> Picture:
    """Make all renditions of a JPEG, PNG or WebP file, told apart by content. Refuses InvalidImage, Busy."""
    if not _one_at_a_time.acquire(timeout=PATIENCE_SECONDS):
        raise Busy("Too many pictures at once; try again.")
    try:
        return _render(_decode(file))
    finally:
        _one_at_a_time.release()


def _decode(file: IO[bytes]) -> Pillow.Image:
    """The picture, upright, in sRGB, and no larger than the largest rendition.

    Refuses InvalidImage, whatever way a decoder fails with a broken file.
    """
    most, longest = settings.MAX_IMAGE_PIXELS, settings.MAX_IMAGE_SIDE
    try:
        with Pillow.open(cast(IO[bytes], TimedFile(file)), formats=FORMATS) as source:
            too_many = source.width * source.height > most
            too_long = max(source.size) > longest
            if not (too_many or too_long):
                largest = max(RENDITIONS.values())
                source.draft("RGB", (largest, largest))
                source.decodermaxblock = DECODE_BYTES
                source.load()
                upright = eight_bits(ImageOps.exif_transpose(source))
                # Colours are converted when the picture is small.
                upright.thumbnail((largest, largest))
                return to_srgb(upright, profile_of(source))
    except TakesTooLong as error:
        raise InvalidImage("The picture takes too long to read.") from error
    except Exception as error:
        raise InvalidImage("The file is not a whole JPEG, PNG or WebP picture.") from error
    side = f"A picture is at most {longest} pixels wide and high."
    raise InvalidImage(side if too_long else f"A picture has at most {most} pixels.")


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
