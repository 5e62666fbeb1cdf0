"""Stems: what the forms of a word have in common (`boot` and `boots`), by a dictionary of PostgreSQL.

The language is SEARCH_LANGUAGE. A stem never changes, so each process remembers those that it has asked for.
"""

from collections.abc import Collection

from django.conf import settings

from database.rows import fetch_rows

STEMS = """
    select word, coalesce(array_to_string(ts_lexize(%(dictionary)s::text::regdictionary, word), ' '), word)
    from unnest(%(words)s::text[]) as word
"""
MOST_KEPT = 50_000
# Plurals that the rules of the dictionaries do not know, beside their singulars.
IRREGULAR = {
    "english": {
        "calves": "calf", "children": "child", "elves": "elf", "feet": "foot", "geese": "goose", "halves": "half",
        "hooves": "hoof", "knives": "knife", "leaves": "leaf", "lives": "life", "loaves": "loaf", "men": "man",
        "mice": "mouse", "oxen": "ox", "scarves": "scarf", "shelves": "shelf", "teeth": "tooth", "thieves": "thief",
        "wives": "wife", "wolves": "wolf", "women": "woman",
    }
}  # fmt: skip

_kept: dict[tuple[str, str], str] = {}


def marked(stem: str) -> str:
    """A stem as it stands among the words of a product, so that it is never taken for a word that is written like it.

    `mond` is what Italian leaves of `mondo`. Who types it means the word first.
    """
    return f"={stem}"


def stems(words: Collection[str]) -> dict[str, str]:
    """The stem of each word; an empty one for words like `the`, which say nothing. What has digits is its own stem."""
    language = settings.SEARCH_LANGUAGE
    found = {word: word if any(map(str.isdigit, word)) else _kept.get((language, word)) for word in words}
    unknown = [word for word, stem in found.items() if stem is None]
    if unknown:
        dictionary = "simple" if language == "simple" else f"{language}_stem"
        irregular = IRREGULAR.get(language, {})
        asked = {word: irregular.get(word, word) for word in unknown}
        params = {"dictionary": dictionary, "words": sorted(set(asked.values()))}
        regular: dict[str, str] = dict(fetch_rows(STEMS, params))
        # The stem of `womens` is one that the rules do not know either.
        fetched = {word: irregular.get(regular[singular], regular[singular]) for word, singular in asked.items()}
        found |= fetched
        if len(_kept) > MOST_KEPT:
            _kept.clear()
        _kept.update({(language, word): stem for word, stem in fetched.items()})
    return {word: stem or "" for word, stem in found.items()}
