"""Words: how the texts of products and of searches become the same words, in every script, on every server.

Case, accents and other marks are folded away here and not by PostgreSQL, whose rules depend on the locale of the
server. Stems are another matter (catalog/stems.py). Whoever changes the rules counts RULES up, and the words of all
products are found anew by themselves (catalog/services/words_anew.py).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

RULES = 2
MAX_LETTERS = 64
# Letters that are no letter with a mark in Unicode, but are typed as if they were. `casefold` has made ß two letters.
LETTERS = str.maketrans({"ł": "l", "đ": "d", "ð": "d", "ø": "o", "ħ": "h", "ŧ": "t", "\u0131": "i", "ŋ": "n"} | {
    "æ": "ae", "œ": "oe", "þ": "th"
})  # fmt: skip
# How these letters are spelt on a keyboard that lacks them.
SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
# Signs that NFKD would make letters of the word before them; and a sharp that has a key on every keyboard.
SIGNS = str.maketrans("™℠♯", "  #")
# The marks of Latin, Greek, Cyrillic, Hebrew and Arabic, which people leave out; and what cannot be seen.
MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\xad\u200b-\u200f\u2060\ufeff]"
)
# Scripts that are written without spaces: Thai to Khmer, kana and Han.
UNSPACED = (
    "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# Signs of vowels in the scripts of India and around, which Python does not take for letters.
VOWEL_SIGNS = "\u0900-\u0903\u093a-\u094f\u0951-\u0963\u0980-\u0983\u09bc-\u0dff\u0f18-\u0fbc"
LETTER = f"(?![{UNSPACED}])(?:[^\\W_]|[{VOWEL_SIGNS}])"
# A single letter is another word with its signs: C++ and C# are no C.
RUN = re.compile(f"[{UNSPACED}]+|(?<![^\\W_])(?![\\d_])(?:{LETTER})(?:\\+\\++|#+)|(?:{LETTER})+")
# What else may belong to the word before it (S23+, Disney+), and to the one after it (.NET).
SIGN_AFTER = re.compile(r"[+#]+(?![^\W_])")
SIGN_BEFORE = re.compile(r"(?<!\.)\.\Z")
IS_UNSPACED = re.compile(f"[{UNSPACED}]")
LETTERS_OR_DIGITS = re.compile(r"\d+|\D+")


def fold(text: str) -> str:
    """The text without case, accents and other marks, in one form for each character."""
    plain = MARKS.sub("", unicodedata.normalize("NFKD", text.translate(SIGNS))).casefold().translate(LETTERS)
    return unicodedata.normalize("NFKC", plain)


def spelt(text: str) -> str:
    """The folded text with `ae` for `ä` and the like, as it is typed where the keyboard has no such letters."""
    return fold(unicodedata.normalize("NFC", text).casefold().translate(SPELT))


def sort_key(name: str) -> str:
    """What names are sorted by, byte by byte: without case and accents, on every server alike.

    A name that begins with a marked letter comes after those that begin with the plain one: apple, Äpfel, half.
    """
    folded = " ".join(runs(fold(name))) or fold(name)
    first = unicodedata.normalize("NFC", name.strip()[:2])[:1]
    marked = folded[:1].isascii() and not first.isascii()
    return (f"{folded[:1]}~{folded[1:]}" if marked else folded)[:255]


def words_of(text: str) -> Iterator[frozenset[str]]:
    """The words of a text in their sequence, each in all forms that it is found by.

    What stands between letters and digits separates words; such a chain (`USB-C`, a SKU) is found as one word too. Of
    scripts without spaces each character is a word, and each pair.
    """
    for chunk in text.split():
        yield from forms_of(chunk)


@lru_cache(10_000)
def forms_of(chunk: str) -> list[frozenset[str]]:
    """The words of a chunk without spaces, each in all forms that it is found by."""
    folded, typed = signed_runs(fold(chunk)), signed_runs(spelt(chunk))
    if len(typed) != len(folded):
        typed = folded
    found: list[frozenset[str]] = []
    for place, (word, other) in enumerate(zip(folded, typed, strict=True)):
        if IS_UNSPACED.match(word.plain):
            found += [frozenset({character, word.plain[at : at + 2]}) for at, character in enumerate(word.plain)]
            continue
        forms = {*word, *other, *pieces(word.plain)}
        if place == 0 and len(folded) > 1:
            forms |= {joined([run.plain for run in folded]), joined([run.plain for run in typed])}
        found.append(frozenset(form[:MAX_LETTERS] for form in forms if form))
    return found


def readings(chunk: str) -> list[list[str]]:
    """What a chunk of a search without spaces can mean: each reading is a list of words that must all be found.

    With its signs it comes first. Without them it means the same too, unless they make another word of it.
    """
    found = []
    for written in (fold(chunk), spelt(chunk)):
        signed = signed_runs(written)
        meant = [
            run.signed if run.needs_its_sign or (place == 0 and run.signed.startswith(".")) else run.plain
            for place, run in enumerate(signed)
        ]
        words = in_pairs(meant)
        found += [in_pairs(run.signed for run in signed), words, [joined(meant)]]
        found.append([piece for word in words for piece in pieces(word) or [word]])
    return [
        [word[:MAX_LETTERS] for word in reading]
        for place, reading in enumerate(found)
        if any(reading) and reading not in found[:place]
    ]


def runs(folded: str) -> list[str]:
    """The runs of letters and digits; those of scripts without spaces stand for themselves."""
    return RUN.findall(folded)


class SignedRun(NamedTuple):
    """A run of letters and digits, and the same with the signs beside it that may belong to it."""

    plain: str
    signed: str

    @property
    def needs_its_sign(self) -> bool:
        """Whether it is another word without the sign: a single letter as that of A+."""
        return len(self.plain) == 1 and self.plain.isalpha()


def signed_runs(folded: str) -> list[SignedRun]:
    """The runs, each with its signs."""
    found = []
    for run in RUN.finditer(folded):
        plain, before, after = run[0], "", SIGN_AFTER.match(folded, run.end())
        if len(plain) > 1 and plain.isalpha() and SIGN_BEFORE.search(folded[: run.start()]):
            before = "."
        signed = plain if IS_UNSPACED.match(plain) else f"{before}{plain}{after[0] if after else ''}"
        found.append(SignedRun(plain, signed))
    return found


def in_pairs(words: Iterable[str]) -> list[str]:
    """The words; of scripts without spaces the pairs of each."""
    return [part for word in words for part in (pairs(word) if IS_UNSPACED.match(word) else [word])]


def joined(words: list[str]) -> str:
    """The words of a chain as one word; nothing where a script without spaces is among them."""
    return "" if any(map(IS_UNSPACED.match, words)) else "".join(words)


def pieces(word: str) -> list[str]:
    """The letters and the digits of a word that has both: 2 and tb of 2tb."""
    found = LETTERS_OR_DIGITS.findall(word)
    return found if len(found) > 1 else []


def pairs(run: str) -> list[str]:
    """The pairs of neighbours in a run of a script without spaces; a single character stands for itself."""
    return ["".join(pair) for pair in pairwise(run)] or [run]


def can_be_misspelt(word: str) -> bool:
    """Whether a word is one that people misspell: letters alone, enough of them to know it by the others."""
    return 3 <= len(word) <= 30 and word.isalpha() and not IS_UNSPACED.match(word)


def near_keys(word: str, *, half: bool = True) -> list[str]:
    """What two words have in common when one is the other with a typing error, or with `half` begins like that.

    These are the word, and with `half` its first four to seven letters, whole and with each letter left out.
    """
    starts = {word, *(word[:length] for length in range(4, min(8, len(word))) if half)}
    return sorted({form for start in starts for form in (start, *without_a_letter(start))})


def without_a_letter(word: str) -> list[str]:
    """The word with each of its letters left out."""
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


def distance(typed: str, word: str, *, half: bool = False) -> int:
    """How many typing errors lie between two words: a letter more, less, wrong, or two neighbours swapped.

    With `half`, `typed` may be the beginning of the word.
    """
    before: list[int] = []
    row = list(range(len(word) + 1))
    for i, letter in enumerate(typed, start=1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(word, start=1):
            errors = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == word[j - 2] and typed[i - 2] == other:
                errors = min(errors, earlier[j - 2] + 1)
            row.append(errors)
    return min(row) if half else row[-1]
