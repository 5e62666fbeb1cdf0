"""How well the search finds what people mean: queries with the hit that they want, asked of the demo shop."""

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from catalog.listing.conditions import Selection
from catalog.listing.pages import find_page
from catalog.services import create_product
from database.transactions import run_unit
from events.actors import BACKFILL

RELEVANCE = Path(__file__).parent / "relevance.toml"
SHOWN = 5


class Answer(NamedTuple):
    """What a query of a kind found first, beside the name that was wanted."""

    kind: str
    query: str
    wanted: str
    found: list[str]

    @property
    def place(self) -> int:
        """The place of the wanted hit, from 1; 0 when it is not among the first SHOWN."""
        return next((place for place, name in enumerate(self.found, 1) if fnmatchcase(name, self.wanted)), 0)


class Finished(Exception):
    """All has been asked. Undoes the unit of work in which it is raised."""


def ask_all() -> list[Answer]:
    """The answers to all queries. The further products that are asked for are gone again afterwards."""
    answers: list[Answer] = []

    def ask() -> None:
        answers.clear()
        kinds = tomllib.loads(RELEVANCE.read_text(encoding="utf-8"))
        for name, brand in kinds.pop("further").items():
            create_product(name=name, brand=brand, price=Decimal("20.00"), actor=BACKFILL)
        answers.extend(
            Answer(kind, query, wanted, list(find(query)))
            for kind, queries in kinds.items()
            for query, wanted in queries.items()
        )
        raise Finished

    try:
        run_unit(ask)
    except Finished:
        return answers
    raise AssertionError("unreachable: the unit always ends with Finished")


def find(query: str) -> Iterator[str]:
    """The names of the first hits."""
    for row in find_page(Selection(search=query), ordering=None, size=SHOWN, columns=["name"]).page.rows:
        yield row.name


def share(answers: list[Answer], places: int) -> float:
    """How many in a hundred of the wanted hits are among the first `places`."""
    return 100 * sum(1 <= answer.place <= places for answer in answers) / len(answers)
