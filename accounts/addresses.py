"""Verbs about the address book of a person. Each locks the person's row, so that bound and defaults hold.

The journal has the names of fields and never an address.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from accounts.countries import normalised_postal_code, normalised_region, validate_address
from accounts.exceptions import TooManyAddresses
from accounts.models import Address
from accounts.services import locked_user
from accounts.trail import note
from database.refusals import Expected, Invalid, NotFound, check_version
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import apply_changes

MAX_ADDRESSES = 50
DEFAULTS = ("is_default_shipping", "is_default_billing")


@unit_of_work
def add_address(*, user_id: int, actor: Actor, **fields: Any) -> Address:
    """Put an address into a person's book. The first one is the default for parcels and bills.

    Refuses an address that its country would not understand (Invalid), TooManyAddresses and NotFound. Locks the
    person's row.
    """
    locked_user(user_id)
    others = Address.objects.filter(user_id=user_id).count()
    if others >= MAX_ADDRESSES:
        raise TooManyAddresses(MAX_ADDRESSES)
    address = Address(user_id=user_id, **fields)
    if not others:
        address.is_default_shipping = address.is_default_billing = True
    write_as_its_country_does(address)
    take_defaults(address)
    address.save()
    note("user.address_added", user_id=user_id, actor=actor, address_id=address.pk)
    address.refresh_from_db(fields=["created_at", "updated_at"])
    return address


@unit_of_work
def update_address(
    *, user_id: int, address_id: int, changes: Mapping[str, Any], actor: Actor, expected_version: Expected = None
) -> Address:
    """Change an address of a person's book. What it has already changes nothing.

    Refuses NotFound, VersionMismatch, and an address that its country would not understand (Invalid). Locks the
    person's row, and the version of an address that is no default any more rises too.
    """
    locked_user(user_id)
    address = find_address(user_id, address_id)
    check_version(address.version, expected_version)
    before = {name: getattr(address, name) for name in changes}
    apply_changes(address, changes)
    write_as_its_country_does(address)
    fields = sorted({name for name, value in before.items() if getattr(address, name) != value})
    if not fields:
        return address
    take_defaults(address)
    address.version += 1
    address.updated_at = Now()
    address.save()
    note("user.address_changed", user_id=user_id, actor=actor, address_id=address_id, fields=fields)
    address.refresh_from_db(fields=["updated_at"])
    return address


@unit_of_work
def remove_address(*, user_id: int, address_id: int, actor: Actor, expected_version: Expected = None) -> None:
    """Take an address out of a person's book. If it was a default, there is none until the person chooses one.

    Refuses NotFound and VersionMismatch. Locks the person's row.
    """
    locked_user(user_id)
    address = find_address(user_id, address_id)
    check_version(address.version, expected_version)
    address.delete()
    note("user.address_removed", user_id=user_id, actor=actor, address_id=address_id)


def find_address(user_id: int, address_id: int) -> Address:
    """An address of a person's book. Refuses NotFound, also for one of somebody else's."""
    address = Address.objects.filter(user_id=user_id, pk=address_id).first()
    if address is None:
        raise NotFound
    return address


def write_as_its_country_does(address: Address) -> None:
    """Bring region and postal code into the form of the country. Refuses what is wrong with the address (Invalid)."""
    address.country_code = address.country_code.upper()
    errors = validate_address(
        address.country_code,
        address_line1=address.address_line1,
        city=address.city,
        state=address.state,
        postal_code=address.postal_code,
    )
    if errors:
        raise Invalid("The address is not complete.", errors=errors)
    address.state = normalised_region(address.country_code, address.state)
    address.postal_code = normalised_postal_code(address.country_code, address.postal_code)


def take_defaults(address: Address) -> None:
    """Let the person's other addresses be no defaults where this one is. The person's row is locked."""
    for default in DEFAULTS:
        if getattr(address, default):
            others = Address.objects.filter(user_id=address.user_id, **{default: True}).exclude(pk=address.pk)
            others.update(**{default: False}, version=F("version") + 1, updated_at=Now())
