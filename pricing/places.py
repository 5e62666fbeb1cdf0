"""Which countries and regions there are. What is refused here would match no address, so nobody would notice it."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError

from accounts.countries import code_of
from accounts.country_names import NAMES


def validate_known_country(code: str) -> None:
    """Refuse (ValidationError) what is no code of a country, with the code of a name that is known."""
    if code in NAMES:
        return
    meant = code_of(code)
    said = f"{code[:60]} is no country code."
    raise ValidationError(f"{said} Write {meant}." if meant else said, "unknown_country")


def validate_countries(codes: Sequence[str]) -> None:
    """Refuse (ValidationError) the first that is no code of a country."""
    for code in codes:
        validate_known_country(code)


def validate_regions(regions: Sequence[str]) -> None:
    """Refuse (ValidationError) the first that is not written as US-CA, or lies in no country."""
    for region in regions:
        country, dash, rest = region.partition("-")
        if not dash or not rest.strip() or len(country) != 2:
            said = f"{region[:60]} is no region. Write its country and its code, such as US-CA."
            raise ValidationError(said, "unknown_region")
        validate_known_country(country)
