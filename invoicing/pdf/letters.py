"""Text as the font of our PDFs can show it."""

import unicodedata
from collections.abc import Container

from anyascii import anyascii


def readable(text: str, known: Container[int]) -> str:
    """The text in letters that a font knows, by their code points.

    The font has Latin, Greek and Cyrillic letters, and no Hebrew, Arabic, Chinese or Japanese ones. An empty box tells
    a customer nothing, so such a letter is written as it is spoken: "王小明" becomes "WangXiaoMing". What is written so
    runs from left to right, so a name from right to left needs no shaping. A text of which nothing is left is "?".
    """
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    written = "".join(letter if ord(letter) in known else spelled(letter, known) for letter in composed)
    return written if written.strip() or not composed else "?"


def spelled(letter: str, known: Container[int]) -> str:
    """A letter that the font does not have, as it is spoken: nothing for a mark, and for what has no sound."""
    if unicodedata.category(letter).startswith(("M", "C")):
        return ""
    return "".join(sign for sign in anyascii(letter) if ord(sign) in known)
