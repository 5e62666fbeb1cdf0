"""What stands in a PDF of ours, read from its own bytes: each page as the list of its texts."""

import re
import zlib

STREAM = re.compile(rb"<<((?:(?!endobj).)*?)>>\s*stream\n(.*?)\nendstream", re.DOTALL)
LETTER = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]{4})>")
FONT = re.compile(rb"/(F\d+) (\d+) 0 R")
SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|\(((?:\\.|[^\\()])*)\) Tj", re.DOTALL)
TO_UNICODE = re.compile(rb"/ToUnicode (\d+) 0 R")


def pages_of(pdf: bytes) -> list[list[str]]:
    """The texts of each page, in the sequence in which they were written."""
    objects = {int(number): body for number, body in re.findall(rb"\n(\d+) 0 obj\n(.*?)\nendobj", pdf, re.DOTALL)}
    fonts = {
        name: letters_of(objects[int(found[1])])
        for body in objects.values()
        for name, number in FONT.findall(body)
        if (found := TO_UNICODE.search(objects[int(number)]))
    }
    contents = [re.search(rb"/Contents (\d+) 0 R", body) for body in objects.values() if b"/Type /Page\n" in body]
    return [list(texts_of(objects[int(found[1])], fonts)) for found in contents if found]


def content_of(body: bytes) -> bytes:
    """What a stream holds."""
    found = STREAM.search(body)
    assert found, body[:100]
    return zlib.decompress(found[2]) if b"/FlateDecode" in found[1] else found[2]


def letters_of(body: bytes) -> dict[int, str]:
    """The letters of a font, by their numbers there."""
    return {int(code, 16): chr(int(letter, 16)) for code, letter in LETTER.findall(content_of(body))}


def texts_of(body: bytes, fonts: dict[bytes, dict[int, str]]) -> list[str]:
    """The texts that a page shows, each in the font that was chosen before it."""
    texts, font = [], {}
    for name, shown in SHOWN.findall(content_of(body)):
        if name:
            font = fonts[name]
            continue
        codes = re.sub(
            rb"\\(.)", lambda found: {b"n": b"\n", b"r": b"\r"}.get(found[1], found[1]), shown, flags=re.DOTALL
        )
        numbers = [int.from_bytes(codes[place : place + 2]) for place in range(0, len(codes), 2)]
        texts.append("".join(font[number] for number in numbers))
    return texts
