"""Colours: every profile and every mode that a file can bring is converted, and none is dropped."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image as Pillow

from catalog.colours import eight_bits, to_srgb
from catalog.pictures import read_picture
from catalog.tests.profiles import DISPLAY_P3, GREY_PRESS, LINEAR_GREY

Colour = tuple[int, ...]
P3 = (40, 200, 80)
AS_SRGB = (0, 204, 58)


def shown(picture: Pillow.Image, format: str, **options: Any) -> Colour:
    """The colour in the middle of the largest rendition of a file."""
    file = BytesIO()
    picture.save(file, format, **options)
    file.seek(0)
    made = Pillow.open(BytesIO(read_picture(file).renditions["large"]))
    colour = made.convert("RGBA").getpixel((made.width // 2, made.height // 2))
    assert isinstance(colour, tuple)
    return colour


def near(colour: Colour, wanted: Colour, by: int = 4) -> bool:
    return all(abs(a - b) <= by for a, b in zip(colour, wanted, strict=False))


def plain(mode: str, colour: Any) -> Pillow.Image:
    return Pillow.new(mode, (32, 32), colour)


@pytest.mark.parametrize(("format", "quality"), [("JPEG", 100), ("PNG", None), ("WEBP", 100)])
def test_display_p3_is_converted(format: str, quality: int | None) -> None:
    options = {"quality": quality} if quality else {}
    assert near(shown(plain("RGB", P3), format, icc_profile=DISPLAY_P3, **options), AS_SRGB)
    assert near(shown(plain("RGB", P3), format, **options), P3)


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_what_is_transparent_stays_so_beside_a_profile(format: str) -> None:
    colour = shown(
        plain("RGBA", (*P3, 128)), format, icc_profile=DISPLAY_P3, **({"quality": 100} if format == "WEBP" else {})
    )
    assert near(colour, (*AS_SRGB, 128))


def test_a_palette_is_converted_with_its_profile_and_its_transparent_colour() -> None:
    picture = plain("P", 1)
    picture.putpalette([*P3, *P3])
    assert near(shown(picture, "PNG", icc_profile=DISPLAY_P3), (*AS_SRGB, 255))
    assert shown(picture, "PNG", icc_profile=DISPLAY_P3, transparency=1)[3] == 0


def test_grey_is_converted_by_a_profile_of_grey_and_of_rgb() -> None:
    assert near(shown(plain("L", 128), "PNG", icc_profile=LINEAR_GREY), (188, 188, 188))
    assert near(shown(plain("LA", (128, 128)), "PNG", icc_profile=LINEAR_GREY), (188, 188, 188, 128))
    assert near(shown(plain("L", 128), "PNG", icc_profile=DISPLAY_P3), (128, 128, 128))


def test_inks_are_converted_by_their_profile() -> None:
    cyan = plain("CMYK", (255, 0, 0, 0))
    assert near(shown(cyan, "JPEG", quality=100, icc_profile=GREY_PRESS), (120, 120, 120))
    assert near(shown(cyan, "JPEG", quality=100), (0, 255, 255))


@pytest.mark.parametrize(
    "profile", [b"", b"x", b"\0" * 200, DISPLAY_P3[:150], GREY_PRESS, DISPLAY_P3[:128] + b"\xff" * 400]
)
def test_a_profile_that_does_not_fit_counts_as_none(profile: bytes) -> None:
    assert near(shown(plain("RGB", P3), "PNG", icc_profile=profile), P3)


@pytest.mark.parametrize(("level", "grey"), [(0, 0), (32_896, 128), (20_000, 78), (65_535, 255)])
def test_grey_of_sixteen_bits_is_scaled(level: int, grey: int) -> None:
    assert near(shown(plain("I;16", level), "PNG"), (grey, grey, grey), by=2)
    assert near(shown(plain("I;16", level), "PNG", icc_profile=LINEAR_GREY), (shade := linear(grey), shade, shade))


def linear(level: int) -> int:
    """A level of light as sRGB writes it."""
    light = level / 255
    return round(255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055))


def test_the_transparent_level_of_sixteen_bits_is_that_level_alone() -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = b"".join(b"\0" + struct.pack(">2H", 1000, 1001) for _ in range(2))
    head = struct.pack(">IIBBBBB", 2, 2, 16, 0, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tRNS", struct.pack(">H", 1000))
    picture = Pillow.open(BytesIO(file + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")))
    flat = to_srgb(eight_bits(picture), None)
    assert [flat.getpixel((x, 0)) for x in (0, 1)] == [(4, 4, 4, 0), (4, 4, 4, 255)]


@pytest.mark.parametrize(
    ("mode", "value", "colour"),
    [
        ("I;16B", 32_896, (128, 128, 128)),
        ("I", 32_896, (128, 128, 128)),
        ("F", 0.5, (128, 128, 128)),
        ("F", 128.0, (128, 128, 128)),
        ("LAB", (255, 128, 128), (255, 255, 255)),
        ("1", 1, (255, 255, 255)),
        ("HSV", (85, 255, 255), (0, 255, 0)),
    ],
)
def test_other_ways_of_keeping_colours_are_converted_too(mode: str, value: Any, colour: Colour) -> None:
    flat = to_srgb(eight_bits(Pillow.new(mode, (1, 1), value)), None).getpixel((0, 0))
    assert isinstance(flat, tuple)
    assert near(flat, colour)
