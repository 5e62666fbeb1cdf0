"""Tax classes and tax rates: the verbs that edit them. Each takes the turn of `edits`."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateRange

from database.refusals import Expected
from database.transactions import unit_of_work
from events.actors import Actor
from pricing.exceptions import CodeTaken, StillUsed, TaxRateOverlaps, UnknownTaxClass
from pricing.models import TaxClass, TaxRate
from pricing.places import validate_known_country
from pricing.services.edits import begin_edit, change, find, insert, of_gone, state_of, tell


class TaxClassChanges(TypedDict, total=False):
    """What may be changed of a tax class. Products name it by its code, which stays."""

    name: str


class RateColumns(TypedDict, total=False):
    """The columns of a rate beside its name, rate and country.

    `tax_class` is a code, "" for standard. `valid_until` is the first day without it.
    """

    region: str
    postal_from: str
    postal_to: str
    city: str
    tax_class: str
    valid_from: date | None
    valid_until: date | None
    replaces: bool


class RateChanges(RateColumns, total=False):
    """What may be changed of a rate."""

    name: str
    rate: Decimal
    country: str


class RateInput(RateColumns):
    """A new rate."""

    name: str
    rate: Decimal
    country: str


@unit_of_work
def create_tax_class(*, code: str, name: str, actor: Actor) -> TaxClass:
    """Make a class of goods. Refuses CodeTaken."""
    begin_edit()
    row = TaxClass(code=code, name=name)
    insert(row, CodeTaken())
    tell("created", row, row.name, actor, code=code)
    return row


@unit_of_work
def update_tax_class(
    *, tax_class_id: int, actor: Actor, expected_version: Expected = None, **changes: Unpack[TaxClassChanges]
) -> TaxClass:
    """Rename a class. Refuses NotFound, VersionMismatch."""
    begin_edit()
    row = find(TaxClass, tax_class_id, expected_version=expected_version)
    if edited := change(row, changes, CodeTaken()):
        tell("updated", row, row.name, actor, changes=edited)
    return row


@unit_of_work
def delete_tax_class(*, tax_class_id: int, actor: Actor, expected_version: Expected = None) -> None:
    """Remove a class. Refuses NotFound, VersionMismatch, and StillUsed while rates or methods of shipping name it.

    Products that name it are taxed by the standard rates from then on.
    """
    begin_edit()
    row = find(TaxClass, tax_class_id, expected_version=expected_version)
    for rows, by in ((row.rates, "tax rates"), (row.methods, "methods of shipping")):
        if rows.exists():
            raise StillUsed(by)
    tell("deleted", row, row.name, actor, code=row.code, changes=of_gone(row))
    row.delete()


@unit_of_work
def create_tax_rate(*, name: str, rate: Decimal, country: str, actor: Actor, **columns: Unpack[RateColumns]) -> TaxRate:
    """Make a rate. Refuses UnknownTaxClass, and TaxRateOverlaps where the tax is valid there on one of the days."""
    begin_edit()
    return _create({"name": name, "rate": rate, "country": country, **columns}, actor)


@unit_of_work
def create_tax_rates(*, rates: Iterable[RateInput], actor: Actor) -> list[TaxRate]:
    """Make many rates, all or none: what a table of rates is imported by. Refuses what `create_tax_rate` refuses.

    A refusal (Refusal or ValidationError) has the number of the rate among them, from 1, as `row`.
    """
    begin_edit()
    made = []
    for number, columns in enumerate(rates, start=1):
        try:
            made.append(_create(columns, actor))
        except Exception as error:
            error.row = number  # type: ignore[attr-defined]
            raise
    return made


@unit_of_work
def update_tax_rate(
    *, tax_rate_id: int, actor: Actor, expected_version: Expected = None, **changes: Unpack[RateChanges]
) -> TaxRate:
    """Change a rate. Refuses NotFound, VersionMismatch, UnknownTaxClass, TaxRateOverlaps.

    Orders keep the rates that they were made with.
    """
    begin_edit()
    row = find(TaxRate, tax_rate_id, expected_version=expected_version)
    if edited := change(row, _columns(changes, row.valid), TaxRateOverlaps()):
        tell("updated", row, str(row), actor, changes=edited)
    return row


@unit_of_work
def delete_tax_rate(*, tax_rate_id: int, actor: Actor, expected_version: Expected = None) -> None:
    """Remove a rate. Refuses NotFound, VersionMismatch. A rate that ends is given an end instead, so it stays known."""
    begin_edit()
    row = find(TaxRate, tax_rate_id, expected_version=expected_version)
    tell("deleted", row, str(row), actor, country=row.country, region=row.region, changes=of_gone(row))
    row.delete()


def class_names() -> dict[str, str]:
    """The names of all tax classes by their codes, for those who choose one."""
    return dict(TaxClass.objects.order_by("name").values_list("code", "name"))


def tax_class_of(code: str, field: str = "tax_class") -> int | None:
    """The id of a tax class by its code, None for standard. Refuses UnknownTaxClass."""
    if not code:
        return None
    found: int | None = TaxClass.objects.filter(code=code).values_list("pk", flat=True).first()
    if found is None:
        raise UnknownTaxClass(field)
    return found


def _create(columns: Mapping[str, Any], actor: Actor) -> TaxRate:
    row = TaxRate(**_columns(columns, DateRange()))
    insert(row, TaxRateOverlaps())
    tell("created", row, str(row), actor, country=row.country, region=row.region, values=state_of(row))
    return row


def _columns(given: Mapping[str, Any], valid: Any) -> dict[str, Any]:
    """The columns of the table for what was given. `valid` is the range that the row has."""
    columns = dict(given)
    if "country" in columns:
        try:
            validate_known_country(columns["country"])
        except ValidationError as error:
            raise ValidationError({"country": error}) from error
    if "tax_class" in columns:
        columns["tax_class_id"] = tax_class_of(columns.pop("tax_class"))
    if columns.keys() & {"valid_from", "valid_until"}:
        first, end = columns.pop("valid_from", valid.lower), columns.pop("valid_until", valid.upper)
        if first is not None and end is not None and end <= first:
            raise ValidationError({"valid_until": ValidationError("This lies before the first day.", "invalid")})
        columns["valid"] = DateRange(first, end)
    for text in ("region", "postal_from", "postal_to", "city", "name"):
        if text in columns:
            columns[text] = columns[text].strip()
    return columns
