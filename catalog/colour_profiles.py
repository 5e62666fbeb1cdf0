"""Profiles for pictures that say in another way which colours they have: with a gamma, or by a camera's mark.

An ICC profile is made of what the file says, so that all colours are converted in one way.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import ExifTags
from PIL import Image as Pillow

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

# x and y of white, red, green and blue.
SRGB_SPACE = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
ADOBE_SPACE = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
ADOBE_EXPONENT = 563 / 256
# Cameras write this beside Adobe RGB, and mostly no profile.
ADOBE_MARK = "R03"
# What files in sRGB have for a gamma, though the curve of sRGB is a little different.
SRGB_GAMMA = 0.45455
GAMMAS = (0.1, 10.0)
# The white of ICC profiles, and the matrix of Bradford, by which other whites are adapted to it.
D50: Vector = (0.9642, 1.0, 0.8249)
BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


def profile_of(picture: Pillow.Image) -> bytes | None:
    """The profile that a file brings, or one made of what it says about its colours. None means sRGB."""
    info = picture.info
    if info.get("icc_profile"):
        return bytes(info["icc_profile"])
    if picture.getexif().get_ifd(ExifTags.IFD.Interop).get(ExifTags.Interop.InteropIndex) == ADOBE_MARK:
        return made_of(ADOBE_SPACE, ADOBE_EXPONENT)
    return None if "srgb" in info else by_gamma(info)


def by_gamma(info: Mapping[Any, Any]) -> bytes | None:
    """The profile of a PNG with a gamma, and perhaps with its own red, green and blue (chunks gAMA and cHRM)."""
    gamma = info.get("gamma", SRGB_GAMMA)
    space = info.get("chromaticity", SRGB_SPACE)
    is_usual = abs(gamma - SRGB_GAMMA) < 0.001
    is_srgb = all(abs(a - b) < 0.001 for a, b in zip(space, SRGB_SPACE, strict=True))
    if (is_usual and is_srgb) or not GAMMAS[0] <= gamma <= GAMMAS[1]:
        return None
    return made_of(space, 1 / gamma)


def made_of(space: Sequence[float], exponent: float) -> bytes | None:
    """An ICC profile of RGB: `space` has x and y of white, red, green and blue, light is the level to the exponent.

    None where no light can have such colours.
    """
    try:
        white, *primaries = (light(x, y) for x, y in zip(space[::2], space[1::2], strict=True))
        columns = transposed(primaries)
        shares = times(inverse(columns), white)
        adapted = [times(adaptation(white), tuple(part * share for part in column)) for column, share in
                   zip(primaries, shares, strict=True)]  # fmt: skip
        curve = b"para\0\0\0\0\0\0\0\0" + fixed(exponent)
        tags = {b"wtpt": b"XYZ \0\0\0\0" + fixed(*D50)}
        for name, column in zip(b"rgb", adapted, strict=True):
            tags |= {b"%cXYZ" % name: b"XYZ \0\0\0\0" + fixed(*column), b"%cTRC" % name: curve}
        return icc(tags)
    except (ZeroDivisionError, ValueError, struct.error):
        return None


def light(x: float, y: float) -> Vector:
    """A colour by its x and y, of lightness 1."""
    return (x / y, 1.0, (1 - x - y) / y)


def adaptation(white: Vector) -> Matrix:
    """The matrix that turns colours under this white into those under D50."""
    cones, wanted = times(BRADFORD, white), times(BRADFORD, D50)
    scaled = [tuple(part * b / a for part in row) for row, a, b in zip(BRADFORD, cones, wanted, strict=True)]
    back = inverse(BRADFORD)
    return transposed([times(back, column) for column in transposed(scaled)])


def times(matrix: Sequence[Sequence[float]], vector: Sequence[float]) -> Vector:
    """The product of a matrix and a vector."""
    a, b, c = (sum(x * y for x, y in zip(row, vector, strict=True)) for row in matrix)
    return (a, b, c)


def transposed(rows: Sequence[Sequence[float]]) -> Matrix:
    """The matrix with rows for columns."""
    a, b, c = zip(*rows, strict=True)
    return (a, b, c)


def inverse(matrix: Matrix) -> Matrix:
    """The inverse of a matrix. Raises ZeroDivisionError when there is none."""
    a, b, c = matrix
    by_rows = [cross(b, c), cross(c, a), cross(a, b)]
    whole = sum(x * y for x, y in zip(a, by_rows[0], strict=True))
    return transposed([tuple(part / whole for part in row) for row in by_rows])


def cross(a: Vector, b: Vector) -> Vector:
    """The vector that stands upright on both."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def fixed(*numbers: float) -> bytes:
    """Numbers as ICC has them, with 16 bits behind the point."""
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def icc(tags: Mapping[bytes, bytes]) -> bytes:
    """A profile of a screen, of version 4, with these tags."""
    table, body, first = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += struct.pack(">4sII", name, first + len(body), len(content))
        body += content + b"\0" * (-len(content) % 4)
    head = struct.pack(">I4sI4s4s4s", first + len(body), b"lcms", 0x04200000, b"mntr", b"RGB ", b"XYZ ")
    head = (head + b"\0" * 12 + b"acsp").ljust(68, b"\0") + fixed(*D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
