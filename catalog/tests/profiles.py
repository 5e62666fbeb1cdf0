"""Profiles of colours for tests, built on the spot."""

import struct


def fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def profile_of(kind: bytes, space: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A profile of ICC version 4 with these tags."""
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += struct.pack(">4sII", name, offset + len(body), len(content))
        body += content
    size = offset + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x04200000, kind, space, pcs) + b"\0" * 12 + b"acsp"
    header = header.ljust(68, b"\0") + fixed(0.9642, 1.0, 0.8249)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def xyz(*numbers: float) -> bytes:
    return b"XYZ \0\0\0\0" + fixed(*numbers)


# The curve of sRGB, which Display P3 shares.
CURVE = b"para\0\0\0\0\0\3\0\0" + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
DISPLAY_P3 = profile_of(
    b"mntr",
    b"RGB ",
    b"XYZ ",
    {
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.51512, 0.24120, -0.00105),
        b"gXYZ": xyz(0.29198, 0.69225, 0.04189),
        b"bXYZ": xyz(0.15710, 0.06657, 0.78407),
        b"rTRC": CURVE,
        b"gTRC": CURVE,
        b"bTRC": CURVE,
    },
)
# Grey whose levels are light itself: half the light is far brighter than half the level of sRGB.
LINEAR_GREY = profile_of(
    b"mntr", b"GRAY", b"XYZ ", {b"wtpt": xyz(0.9642, 1.0, 0.8249), b"kTRC": b"curv\0\0\0\0\0\0\0\0"}
)
# A press that prints every ink as the same grey.
STRAIGHT = bytes(range(256))
GREY_PRESS = profile_of(
    b"prtr",
    b"CMYK",
    b"Lab ",
    {
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"A2B0": b"mft1\0\0\0\0\4\3\2\0"
        + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
        + STRAIGHT * 4
        + bytes((255, 128, 128))
        + bytes((128, 128, 128)) * 15
        + STRAIGHT * 3,
    },
)
