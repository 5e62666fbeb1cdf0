"""Zones and methods of shipping: the verbs that edit them. Each takes the turn of `edits`."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.core.exceptions import ValidationError

from database.refusals import Expected
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import Changes
from pricing.exceptions import CodeTaken, NameTaken, StillUsed
from pricing.models import ShippingMethod, ShippingRate, Zone
from pricing.places import validate_countries, validate_regions
from pricing.services.edits import begin_edit, change, find, insert, of_gone, tell
from pricing.services.taxes import tax_class_of

Steps = Sequence[tuple[Decimal, Decimal | None]]
"""The rates of a method: from which value on (grams or an amount), and the price, None for not offered from there."""


class ZoneChanges(TypedDict, total=False):
    """What may be changed of a zone. Regions are written as US-CA."""

    name: str
    countries: Sequence[str]
    regions: Sequence[str]


class MethodColumns(TypedDict, total=False):
    """The columns of a method beside its code and name. `tax_class` is a code, "" for that of the goods."""

    zone_id: int | None
    basis: str
    days_from: int | None
    days_to: int | None
    tax_class: str
    free_above: Decimal | None
    pickup_warehouse_id: int | None
    position: int
    is_active: bool


class MethodChanges(MethodColumns, total=False):
    """What may be changed of a method; `steps` are all of its rates."""

    name: str
    steps: Steps


@unit_of_work
def create_zone(*, name: str, countries: Sequence[str] = (), regions: Sequence[str] = (), actor: Actor) -> Zone:
    """Make a zone. Refuses NameTaken; a place that does not exist and no place at all are not valid."""
    begin_edit()
    _check_places(countries, regions)
    row = Zone(name=name, countries=sorted(set(countries)), regions=sorted(set(regions)))
    insert(row, NameTaken())
    tell("created", row, row.name, actor, countries=row.countries, regions=row.regions)
    return row


@unit_of_work
def update_zone(
    *, zone_id: int, actor: Actor, expected_version: Expected = None, **changes: Unpack[ZoneChanges]
) -> Zone:
    """Change a zone. Refuses NotFound, VersionMismatch, NameTaken, and places as create_zone."""
    begin_edit()
    row = find(Zone, zone_id, expected_version=expected_version)
    values: dict[str, Any] = {**changes}
    for places in values.keys() & {"countries", "regions"}:
        values[places] = sorted(set(values[places]))
    _check_places(values.get("countries", row.countries), values.get("regions", row.regions))
    if edited := change(row, values, NameTaken()):
        tell("updated", row, row.name, actor, changes=edited)
    return row


@unit_of_work
def delete_zone(*, zone_id: int, actor: Actor, expected_version: Expected = None) -> None:
    """Remove a zone. Refuses NotFound, VersionMismatch, and StillUsed while methods lead there."""
    begin_edit()
    row = find(Zone, zone_id, expected_version=expected_version)
    if row.methods.exists():
        raise StillUsed("methods of shipping")
    tell("deleted", row, row.name, actor, changes=of_gone(row))
    row.delete()


@unit_of_work
def create_shipping_method(
    *, code: str, name: str, steps: Steps, actor: Actor, **columns: Unpack[MethodColumns]
) -> ShippingMethod:
    """Make a method with its rates. Refuses CodeTaken, UnknownTaxClass. A value that comes twice is not valid."""
    begin_edit()
    row = ShippingMethod(code=code, name=name, **_columns({**columns}))
    insert(row, CodeTaken())
    _write_steps(row, steps)
    tell("created", row, row.name, actor, code=code)
    return row


@unit_of_work
def update_shipping_method(
    *, method_id: int, actor: Actor, expected_version: Expected = None, **changes: Unpack[MethodChanges]
) -> ShippingMethod:
    """Change a method, and all of its rates where `steps` are given. Its code stays, since carts name it.

    Refuses NotFound, VersionMismatch, UnknownTaxClass.
    """
    begin_edit()
    row = find(ShippingMethod, method_id, expected_version=expected_version)
    values = _columns({**changes})
    steps = values.pop("steps", None)
    edited = change(row, values, CodeTaken())
    if steps is not None and (moved := _write_steps(row, steps)):
        if not edited:
            row.version += 1
            row.save(update_fields=["version"])
        edited |= moved
    if edited:
        tell("updated", row, row.name, actor, changes=edited)
    return row


@unit_of_work
def delete_shipping_method(*, method_id: int, actor: Actor, expected_version: Expected = None) -> None:
    """Remove a method with its rates. Refuses NotFound, VersionMismatch. Orders keep its code and name."""
    begin_edit()
    row = find(ShippingMethod, method_id, expected_version=expected_version)
    tell("deleted", row, row.name, actor, code=row.code, changes=of_gone(row) | _write_steps(row, ()))
    row.delete()


def _check_places(countries: Sequence[str], regions: Sequence[str]) -> None:
    """Refuse (ValidationError) places that do not exist, and a zone of none, which no address would lie in."""
    for field, places, check in (("countries", countries, validate_countries), ("regions", regions, validate_regions)):
        try:
            check(places)
        except ValidationError as error:
            raise ValidationError({field: error}) from error
    if not countries and not regions:
        raise ValidationError({"countries": ValidationError("Name a country or a region.", "required")})


def _columns(columns: dict[str, Any]) -> dict[str, Any]:
    """The columns of the table for what was given."""
    if "tax_class" in columns:
        columns["tax_class_id"] = tax_class_of(columns.pop("tax_class"))
    return columns


def _write_steps(method: ShippingMethod, steps: Steps) -> Changes:
    """Replace the rates of a method. Answers both tables in words where they differ."""
    rows = [ShippingRate(method=method, from_value=from_value, price=price) for from_value, price in steps]
    for row in rows:
        row.full_clean(validate_unique=False, validate_constraints=False)
    if len({row.from_value for row in rows}) < len(rows):
        raise ValidationError({"steps": ValidationError("Each value may come once.", "unique")})
    rows.sort(key=lambda row: row.from_value)
    before, after = list(map(str, method.rates.all())), list(map(str, rows))
    if before == after:
        return {}
    method.rates.all().delete()
    ShippingRate.objects.bulk_create(rows)
    return {"steps": [before, after]}
