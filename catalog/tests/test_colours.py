"""Colours: every profile and every mode that a file can bring is converted, and none is dropped."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import ExifTags
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
    return shown_file(file)


def shown_file(file: Any) -> Colour:
    """The same of a file."""
    file.seek(0)
    made = Pillow.open(BytesIO(read_picture(file).renditions["large"]))
    colour = made.convert("RGBA").getpixel((made.width // 2, made.height // 2))
    assert isinstance(colour, tuple)
    return colour


def near(colour: Colour, wanted: Colour, by: int = 4) -> bool:
    return all(abs(a - b) <= by for a, b in zip(colour, wanted, strict=False))


def chunk(name: bytes, content: bytes) -> bytes:
    """A part of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


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


def with_chunks(picture: Pillow.Image, **chunks: bytes) -> Pillow.Image:
    """The picture as a PNG with further chunks behind its head."""
    file = BytesIO()
    picture.save(file, "PNG")
    head, rest = file.getvalue()[:33], file.getvalue()[33:]
    return Pillow.open(
        BytesIO(head + b"".join(chunk(name.encode(), content) for name, content in chunks.items()) + rest)
    )


def shown_from(picture: Pillow.Image) -> Colour:
    """The colour that a picture, which is a file, is shown in."""
    return shown_file(picture.fp)  # type: ignore[attr-defined]  # of a picture that is a file


def gama(number: int) -> bytes:
    return struct.pack(">I", number)


def chrm(*numbers: float) -> bytes:
    return struct.pack(">8I", *(round(100_000 * number) for number in numbers))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "I;16"])
def test_a_gamma_without_a_profile_is_converted(mode: str) -> None:
    """Half of the light, kept as it is (gamma 1), is far brighter than half the level of sRGB."""
    colour: Any = {"RGB": (128,) * 3, "RGBA": (128,) * 4, "L": 128, "LA": (128, 128), "P": 1, "I;16": 32_896}[mode]
    picture = plain(mode, colour)
    if mode == "P":
        picture.putpalette([0, 0, 0, 128, 128, 128])
    light = linear(128)
    assert near(shown_from(with_chunks(picture, gAMA=gama(100_000)))[:3], (light, light, light))
    assert near(shown_from(with_chunks(picture, gAMA=gama(100_000), sRGB=b"\0"))[:3], (128, 128, 128)), "says sRGB"
    for usual_or_absurd in (45_455, 0, 1, 2**31 - 1):
        assert near(shown_from(with_chunks(picture, gAMA=gama(usual_or_absurd)))[:3], (128, 128, 128))


def test_red_green_and_blue_of_its_own_are_converted() -> None:
    p3 = chrm(0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
    assert near(shown_from(with_chunks(plain("RGB", P3), gAMA=gama(45_455), cHRM=p3)), AS_SRGB, by=6)
    srgb = chrm(0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
    assert shown_from(with_chunks(plain("RGB", P3), gAMA=gama(45_455), cHRM=srgb)) == shown(plain("RGB", P3), "PNG")
    for impossible in (chrm(*[0.0] * 8), chrm(*[0.3] * 8)):
        assert near(shown_from(with_chunks(plain("RGB", P3), gAMA=gama(45_455), cHRM=impossible)), P3)


def test_a_profile_counts_before_a_gamma() -> None:
    assert near(shown(plain("L", 128), "PNG", icc_profile=LINEAR_GREY, gamma=0.2), (188, 188, 188))


def test_adobe_rgb_of_a_camera_is_converted_without_a_profile() -> None:
    """A camera says in the name of the rule that its file follows: R03 is Adobe RGB, R98 is sRGB."""
    for rule, wanted in (("R03", (0, 201, 67)), ("R98", P3)):
        exif = Pillow.Exif()
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.IFD.Interop] = {1: rule}
        found = shown(plain("RGB", P3), "JPEG", quality=100, exif=exif)
        assert near(found, wanted, by=6), (rule, found)


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
