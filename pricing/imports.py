"""Many tax rates at once, from a table: checked line by line, and written all or none by few statements."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange

from database.rows import fetch_rows
from database.text import refuse_hidden
from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish
from pricing.models import TaxClass, TaxRate
from pricing.places import validate_known_country
from pricing.services.edits import begin_edit, state_of

Told = dict[str, Any]
COLUMNS = (
    *("country", "region", "postal_from", "postal_to", "city", "name", "rate", "tax_class", "valid_from"),
    *("valid_until", "replaces"),
)
NEEDED = frozenset({"country", "name", "rate"})
RATE = re.compile(r"[0-9]{1,2}(\.[0-9]{1,4})?\Z")
FLAGS = {"": False, "no": False, "false": False, "0": False, "yes": True, "true": True, "1": True}
MAX_ROWS = 100_000
MOST_ERRORS = 100
AT_ONCE = 2_000
LONGEST = {"region": 20, "postal_from": 12, "postal_to": 12, "city": 100, "name": 60}
# Rates of the table that are valid there already, by their line. Compared as the table's own constraint does.
STANDING = """
select line from unnest(
    %(lines)s::int[], %(names)s::text[], %(countries)s::text[], %(regions)s::text[], %(froms)s::text[],
    %(tos)s::text[], %(cities)s::text[], %(classes)s::bigint[], %(starts)s::date[], %(ends)s::date[]
) as given(line, name, country, region, postal_from, postal_to, city, tax_class_id, valid_from, valid_until)
where exists (
    select from pricing_taxrate r
    where r.country = given.country and upper(r.name) = upper(given.name) and upper(r.region) = upper(given.region)
        and upper(r.postal_from) = upper(given.postal_from) and upper(r.postal_to) = upper(given.postal_to)
        and upper(r.city) = upper(given.city) and coalesce(r.tax_class_id, 0) = coalesce(given.tax_class_id, 0)
        and r.valid && daterange(given.valid_from, given.valid_until)
) order by line
"""


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong with a line of the table. The line of the headings is 1."""

    line: int
    message: str


class Wrong(Exception):
    """A table that is not imported. Nothing was written. `errors` names the first MOST_ERRORS lines."""

    def __init__(self, errors: Sequence[LineError]) -> None:
        super().__init__(f"{len(errors)} lines are wrong.")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Given:
    """A rate of a table, checked, with its line."""

    line: int
    row: TaxRate

    @property
    def place(self) -> tuple[Any, ...]:
        """What may have the rate once at a time, compared as the table's own constraint does."""
        row = self.row
        texts = (row.name, row.region, row.postal_from, row.postal_to, row.city)
        return (row.country, row.tax_class_id, *(text.upper() for text in texts))


def check_tax_rates(*, table: str, replace: bool = False) -> int:
    """How many rates `import_tax_rates` would make of a table now. Raises Wrong where it would, and writes nothing."""
    return len(checked(table, replace=replace))


@unit_of_work
def import_tax_rates(*, table: str, actor: Actor, replace: bool = False) -> int:
    """Make the tax rates of a table in CSV, all or none; answers how many.

    With `replace` the rates that the countries of the table have go first. Raises Wrong with the errors by line: where
    a line is not valid, and where its tax is valid there already on some of its days.
    """
    begin_edit()
    given = checked(table, replace=replace)
    countries = sorted({each.row.country for each in given})
    gone = list(TaxRate.objects.filter(country__in=countries)) if replace else []
    before = [told_of(row) for row in gone]
    TaxRate.objects.filter(pk__in=[row.pk for row in gone]).delete()
    made = TaxRate.objects.bulk_create([each.row for each in given], batch_size=AT_ONCE)
    tell_of_import(countries, before, [told_of(row) for row in made], actor)
    return len(given)


def told_of(row: TaxRate) -> dict[str, Any]:
    """A rate as the journal tells of it."""
    return {"tax_rate_id": row.pk, **state_of(row)}


def tell_of_import(countries: list[str], before: list[Told], after: list[Told], actor: Actor) -> None:
    """Publish what an import has removed and made, in parts of AT_ONCE rates, so that no event is too large to read."""
    rates = [("before", rate) for rate in before] + [("after", rate) for rate in after]
    parts = [rates[start : start + AT_ONCE] for start in range(0, len(rates), AT_ONCE)]
    for number, part in enumerate(parts, start=1):
        payload = {"countries": countries, "made": len(after), "removed": len(before), "part": number}
        lists = {name: [rate for when, rate in part if when == name] for name in ("before", "after")}
        publish(
            "pricing.tax_rates_imported",
            payload | {"parts": len(parts)} | lists,
            subject="tax_rates",
            actor=actor,
        )


def checked(table: str, *, replace: bool) -> list[Given]:
    """The rates of a table. Raises Wrong where a line is not valid, or does not go with another rate."""
    given, errors = read(table)
    errors += doubled(given)
    if not replace:
        errors += standing(given)
    if errors:
        raise Wrong(sorted(errors, key=lambda error: error.line)[:MOST_ERRORS])
    return given


def read(table: str) -> tuple[list[Given], list[LineError]]:
    """The rates of a table, and what is wrong with its lines. Raises Wrong where its headings are not ours."""
    reader = csv.reader(io.StringIO(table.removeprefix("\ufeff")), delimiter=delimiter_of(table))
    headings = [heading.strip().lower() for heading in next(reader, [])]
    unknown = [heading for heading in headings if heading not in COLUMNS]
    if unknown or not set(headings) >= NEEDED or len(set(headings)) < len(headings):
        known = ", ".join(COLUMNS)
        said = f"The first line names the columns. There are {known}; country, name and rate are needed."
        raise Wrong([LineError(1, said)])
    classes = {"": None, **dict(TaxClass.objects.values_list("code", "pk"))}
    given: list[Given] = []
    errors: list[LineError] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(given) + len(errors) >= MAX_ROWS:
            raise Wrong([LineError(reader.line_num, f"A table has at most {MAX_ROWS:,} rates.")])
        try:
            if len(cells) > len(headings):
                raise ValueError("It has more cells than there are headings.")
            texts = dict.fromkeys(COLUMNS, "") | dict(zip(headings, map(str.strip, cells), strict=False))
            given.append(Given(reader.line_num, rate_of(texts, classes)))
        except ValueError as error:
            errors.append(LineError(reader.line_num, str(error)))
        except ValidationError as error:
            errors.append(LineError(reader.line_num, " ".join(error.messages)))
    if not given and not errors:
        raise Wrong([LineError(1, "The table has no rates.")])
    return given, errors


def delimiter_of(table: str) -> str:
    """The sign between the cells: some spreadsheets write semicolons."""
    headings = table.partition("\n")[0]
    return max(",;\t", key=headings.count)


def rate_of(texts: Mapping[str, str], classes: Mapping[str, int | None]) -> TaxRate:
    """The rate that a line says. Refuses (ValueError, ValidationError) what is not valid.

    By hand: the checks of the model take 0.3 ms for each row, which is 15 s for a table of 50,000.
    """
    for name, longest in LONGEST.items():
        if len(texts[name]) > longest:
            raise ValueError(f"{name} has at most {longest} characters.")
        refuse_hidden(texts[name])
    if not texts["name"]:
        raise ValueError("name is missing.")
    validate_known_country(texts["country"].upper())
    if texts["tax_class"] not in classes:
        raise ValueError(f"There is no tax class with the code {texts['tax_class'][:40]!r}.")
    if texts["postal_to"] and not texts["postal_from"] <= texts["postal_to"]:
        raise ValueError("postal_to comes before postal_from.")
    if texts["postal_to"] and not texts["postal_from"]:
        raise ValueError("postal_to needs a postal_from.")
    first, end = day_of(texts, "valid_from"), day_of(texts, "valid_until")
    if first and end and end <= first:
        raise ValueError("valid_until does not come after valid_from.")
    if texts["replaces"].lower() not in FLAGS:
        raise ValueError("replaces is yes or no.")
    return TaxRate(
        name=texts["name"],
        rate=percent_of(texts["rate"]),
        country=texts["country"].upper(),
        region=texts["region"],
        postal_from=texts["postal_from"],
        postal_to=texts["postal_to"],
        city=texts["city"],
        tax_class_id=classes[texts["tax_class"]],
        valid=DateRange(first, end),
        replaces=FLAGS[texts["replaces"].lower()],
    )


def percent_of(text: str) -> Decimal:
    """A percentage of at most four decimals. Refuses (ValueError) whatever else is written."""
    if not RATE.match(text):
        raise ValueError("rate is a percentage from 0 to 99.9999 with a point, such as 8.25.")
    return Decimal(text)


def day_of(texts: Mapping[str, str], name: str) -> date | None:
    """A day, None for an empty cell. Refuses (ValueError) what is none."""
    if not texts[name]:
        return None
    try:
        return date.fromisoformat(texts[name])
    except ValueError as error:
        raise ValueError(f"{name} is a day such as 2027-01-31.") from error


def doubled(given: Iterable[Given]) -> Iterator[LineError]:
    """The lines whose tax another line of the table has there too, on some of its days."""
    by_place: dict[tuple[Any, ...], list[Given]] = defaultdict(list)
    for each in given:
        by_place[each.place].append(each)
    for several in by_place.values():
        several.sort(key=lambda each: each.row.valid.lower or date.min)
        for before, after in pairwise(several):
            if (before.row.valid.upper or date.max) > (after.row.valid.lower or date.min):
                yield LineError(after.line, f"Line {before.line} has this tax there on some of these days.")


def standing(given: Sequence[Given]) -> Iterator[LineError]:
    """The lines whose tax is valid there already, on some of its days."""
    for start in range(0, len(given), AT_ONCE):
        batch = given[start : start + AT_ONCE]
        rows = [each.row for each in batch]
        params = {
            "lines": [each.line for each in batch],
            "names": [row.name for row in rows],
            "countries": [row.country for row in rows],
            "regions": [row.region for row in rows],
            "froms": [row.postal_from for row in rows],
            "tos": [row.postal_to for row in rows],
            "cities": [row.city for row in rows],
            "classes": [row.tax_class_id for row in rows],
            "starts": [row.valid.lower for row in rows],
            "ends": [row.valid.upper for row in rows],
        }
        for (line,) in fetch_rows(STANDING, params):
            yield LineError(line, "This tax is valid there already on some of these days.")
