"""What the shop's own words say about a word that was typed: how it may go on, and what it may be misspelt for."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from catalog.words import can_be_misspelt, distance, near_keys
from database.rows import fetch_rows

# Beginnings and parts are looked up by the trigrams of the words.
NEAR = """
    select word from catalog_wordkey where key in (select unnest(%(keys)s::text[]))
    union select word from unnest(%(parts)s::text[]) as part cross join lateral (
        select word from catalog_word where word like part limit 1000
    ) longer
"""
# How many products have a word, as far as they are counted. A beginning is counted with all words that it begins.
COUNTS = """
    select word, (
        select count(*) from (
            select from catalog_product p where p.search_vector @@ (quote_literal(word) || suffix)::tsquery limit {most}
        ) counted
    )
    from unnest(%(words)s::text[], %(suffixes)s::text[]) as asked(word, suffix)
"""
MOST_COUNTED = 100
# The shortest word that one typing error is forgiven in at once, and the shortest that two are forgiven in; and the
# shortest beginning of a word that may be misspelt.
SURE_LETTERS, LONG_LETTERS, HALF_LETTERS = 5, 7, 6
MOST_ERRORS = 2
# The shortest beginning of a word that is looked up, which is the shortest part of a word that a wide query finds.
SHORTEST_PART = 4
# The shortest word that a wide query takes for misspelt, but only for one with a letter more, or with two swapped.
SHORTEST_MISSPELT = 3


class Kin(NamedTuple):
    """The words of the shop that begin with what was typed, and those it may be misspelt for, with the errors in it."""

    longer: list[str]
    near: dict[str, int]


def look_up(typed: Mapping[str, set[str]], halves: Collection[str], *, wide: bool) -> dict[str, Kin]:
    """The kin of each word, as far as there may be one; `typed` has the forms that are tried for a word.

    Of words that the shop knows, only those are taken for misspelt that have another word beside them that is as rare:
    who types the name of a maker does not mean another word. A `wide` search takes all of them for misspelt.
    """
    shortest = SHORTEST_MISSPELT if wide else SHORTEST_PART
    tried = {word: forms for word, forms in typed.items() if len(word) >= shortest and can_be_misspelt(word)}
    keys = {
        key
        for word, forms in tried.items()
        if wide or len(word) >= SURE_LETTERS
        for form in forms
        for key in near_keys(form, half=wide)
    }
    parts = [
        f"%{word}%" if wide else f"{word}%" for word in tried if len(word) >= SHORTEST_PART and (wide or word in halves)
    ]
    if not (keys or parts):
        return {}
    known = [word for (word,) in fetch_rows(NEAR, {"keys": sorted(keys), "parts": parts})]
    kin = {word: kin_of(word, forms, known, half=word in halves, wide=wide) for word, forms in tried.items()}
    return kin if wide else without_common_ones(kin, known, halves)


def kin_of(word: str, forms: Collection[str], known: Collection[str], *, half: bool, wide: bool) -> Kin:
    """The kin of one word among the known ones."""
    longer = [other for other in known if half and other.startswith(word)]
    near: dict[str, int] = {}
    if wide or len(word) >= SURE_LETTERS:
        for other in known:
            errors = min(errors_in(form, other, half=half and form == word, wide=wide) for form in forms)
            if wide and len(word) >= SHORTEST_PART and word in other:
                errors = 1
            if errors <= MOST_ERRORS and other != word and other not in longer:
                near[other] = errors
    return Kin(longer, near)


def errors_in(typed: str, word: str, *, half: bool, wide: bool) -> int:
    """How many typing errors lie between what was typed and a word; more than MOST_ERRORS where it is another word."""
    most = 2 if wide and len(typed) >= LONG_LETTERS else 1
    half = half and wide and len(typed) >= HALF_LETTERS
    if len(typed) - len(word) > most or (not half and len(word) - len(typed) > most):
        return MOST_ERRORS + 1
    if len(typed) < SHORTEST_PART and len(word) <= len(typed) and sorted(word) != sorted(typed):
        return MOST_ERRORS + 1
    errors = distance(typed, word, half=half)
    return errors if errors <= most else MOST_ERRORS + 1


def without_common_ones(kin: dict[str, Kin], known: Collection[str], halves: Collection[str]) -> dict[str, Kin]:
    """The kin of each word, but for words that more products have than the word itself, if any has that."""
    at_home = {word for word, its in kin.items() if its.near and (word in known or its.longer)}
    if not at_home:
        return kin
    suffixes = {other: "" for word in at_home for other in kin[word].near}
    suffixes |= {word: ":*" if word in halves else "" for word in at_home}
    params = {"words": list(suffixes), "suffixes": list(suffixes.values())}
    counts: dict[str, int] = dict(fetch_rows(COUNTS.format(most=MOST_COUNTED), params))
    return kin | {
        word: its._replace(near={
            other: errors for other, errors in its.near.items() if counts[other] <= min(counts[word], MOST_COUNTED - 1)
        })
        for word, its in kin.items() if word in at_home
    }  # fmt: skip
