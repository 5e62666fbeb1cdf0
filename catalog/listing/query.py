"""What a search means: its words, read as a query of PostgreSQL's full-text search.

All words must be found, in any sequence. The last one may still be half typed. A word is also found by its stem, and
by words that are one typing error away. A `wide` query, for where the first finds nothing, takes every word for a half
or misspelt one, or for a part of a longer word. As before, `or` stands between alternatives, quotes keep words
together, and `-` excludes a word.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple
from unicodedata import normalize

from catalog.listing.vocabulary import look_up
from catalog.stems import marked, stems
from catalog.words import MAX_LETTERS, readings

# The words that a search can have.
MAX_WORDS = 16
CHUNK = re.compile(r'(-?)(?:"([^"]*)"|(\S+))')
# The shortest word that a wide query takes for the beginning of another one.
SHORTEST_BEGINNING = 3
# Where a misspelt word is looked for: everywhere but in descriptions, whose many words would be mistaken for it.
LABELS = "ABC"


class Query(NamedTuple):
    """The texts of tsqueries: `match` says what is found; the others rank it, by how sure it is that it is meant."""

    match: str
    whole: str
    exact: str
    half: str
    near: str


class Term(NamedTuple):
    """What must be found, or with `negated` must not: all words of one of the readings. A `phrase` keeps its order.

    `typed` has the accents yet, without which a dictionary does not know a word like `für`.
    """

    readings: list[list[str]]
    typed: str
    negated: bool = False
    phrase: bool = False


def read_terms(search: str) -> list[list[Term]]:
    """The alternatives of a search, each with its terms."""
    alternatives: list[list[Term]] = [[]]
    chunks = CHUNK.findall(search)[:MAX_WORDS]
    for place, (minus, phrase, chunk) in enumerate(chunks):
        if chunk.lower() == "or" and not minus and alternatives[-1] and place + 1 < len(chunks):
            alternatives.append([])
        elif phrase:
            words = [word for part in phrase.split() for word in (readings(part) or [[]])[0]]
            if words:
                alternatives[-1].append(Term([words], phrase, bool(minus), phrase=True))
        elif found := readings(chunk.strip('"')):
            alternatives[-1].append(Term(found, normalize("NFC", chunk).casefold(), bool(minus)))
    return [terms for terms in alternatives if terms]


def read_query(search: str, *, wide: bool = False) -> Query:
    """The query that a search means."""
    alternatives = [side_by_side(terms) if wide else terms for terms in read_terms(search)]
    wanted = [term for terms in alternatives for term in terms if not term.negated]
    words = {word for terms in alternatives for term in terms for reading in term.readings for word in reading}
    stem = stems(words | {term.typed for term in wanted})
    last = wanted[-1] if wanted and not wanted[-1].phrase and wanted[-1] is alternatives[-1][-1] else None
    free = {word for term in wanted if not term.phrase for reading in term.readings for word in reading}
    halves = half_words(free, last, wide=wide)
    kin = look_up({word: {word, stem[word] or word} if wide else {word} for word in free}, halves, wide=wide)
    stem |= stems({other for its in kin.values() for other in (*its.longer, *its.near)})
    said = [
        [term for term in terms if len(terms) == 1 or (term is last and not wide) or says_something(term, stem)]
        for terms in alternatives
    ]

    def any_form(word: str, *, alone: bool) -> str:
        forms = forms_of([word], stem)
        if word in halves and not alone:
            # With the stems of what it may become, so that the next letter finds nothing that this one has not found.
            longer = {stem[other] for other in kin[word].longer} if word in kin else set()
            forms |= {f"{quoted(text)}:*" for text in (word, marked(word))}
            forms |= {
                quoted(text)
                for other in longer
                if other and not other.startswith(word)
                for text in (other, marked(other))
            }
        if word in kin and not alone:
            forms |= {f"{form}:{LABELS}" for form in forms_of(kin[word].near, stem)}
        return either(sorted(forms))

    def one(term: Term) -> str:
        if term.phrase:
            found = " <-> ".join(map(quoted, term.readings[0]))
        else:
            found = either(both(any_form(word, alone=term.negated) for word in reading) for reading in term.readings)
        return f"!({found})" if term.negated else f"({found})"

    typed = [word for term in wanted for words in term.readings for word in words]
    best = {other for its in kin.values() for other, errors in its.near.items() if errors == min(its.near.values())}
    return Query(
        match=either(both(map(one, terms)) for terms in said if terms),
        whole=either(sorted(set(map(quoted, typed)))),
        exact=either(sorted(stems_of(typed, stem))),
        half=either(sorted(f"{quoted(word)}:*" for word in halves)),
        near=either(sorted(forms_of(best, stem))),
    )


def forms_of(words: Iterable[str], stem: Mapping[str, str]) -> set[str]:
    """Words and their stems, as a tsquery has them."""
    words = list(words)
    return {*map(quoted, words), *stems_of(words, stem)}


def stems_of(words: Iterable[str], stem: Mapping[str, str]) -> set[str]:
    """What words have in common with their other forms: the stem, as a word of its own and as the stem of others."""
    return {quoted(text) for word in words if stem[word] for text in (stem[word], marked(stem[word]))}


def half_words(free: Collection[str], last: Term | None, *, wide: bool) -> set[str]:
    """The words that may be the beginning of a longer one: the last, and of a wide query all that have some letters."""
    halves = {reading[-1] for reading in last.readings} if last else set()
    return halves | {word for word in free if wide and len(word) >= SHORTEST_BEGINNING}


def side_by_side(terms: list[Term]) -> list[Term]:
    """The same terms, of which two neighbours may be one word too: `web cam` is also `webcam`."""
    found = list(terms)
    for place, (term, following) in enumerate(pairwise(terms)):
        if not (term.phrase or term.negated or following.phrase or following.negated):
            one_word = ["".join(term.readings[0] + following.readings[0])[:MAX_LETTERS]]
            for at in (place, place + 1):
                found[at] = found[at]._replace(readings=[*found[at].readings, one_word])
    return found


def says_something(term: Term, stem: dict[str, str]) -> bool:
    """Whether a term has a word beside those like `the`, which a search need not find."""
    readings = [*term.readings, [term.typed]]
    return term.negated or term.phrase or all(any(stem[word] for word in reading) for reading in readings)


def quoted(word: str) -> str:
    """A word as a tsquery has it: it is made of letters, digits and signs that mean nothing there."""
    return f"'{word}'"


def either(parts: Iterable[str]) -> str:
    """The parts as alternatives."""
    return " | ".join(parts)


def both(parts: Iterable[str]) -> str:
    """The parts, each of which must hold. Each is put into brackets."""
    several: Sequence[str] = [f"({part})" for part in parts]
    return " & ".join(several)
