"""Which taxes a place has: rates that add up, that stand in for others, that are valid for a time."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pricing.rules import Rules, TaxRate
from pricing.totals import Destination, PricedLine, totals
from pricing.vat import compact_vat_id

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
CALIFORNIA = TaxRate("State", Decimal("7.25"), "US", "CA")
COUNTY = TaxRate("County", Decimal("0.25"), "US", "CA", "90001", "91899")
DISTRICT = TaxRate("District", Decimal("2.0625"), "US", "CA", "90210")
CITY = TaxRate("City", Decimal("0.75"), "US", "CA", city="Santa Monica")
SPAIN = TaxRate("IVA", Decimal(21), "ES")
CANARIES = TaxRate("IGIC", Decimal(7), "ES", "GC", replaces=True)
BOOKS = TaxRate("IVA", Decimal(4), "ES", tax_class="books")
AMERICA = (CALIFORNIA, COUNTY, DISTRICT, CITY)


def tax_in(
    to: Destination, *rates: TaxRate, tax_class: str = "", at: datetime = NOON, time_zone: str = "UTC"
) -> tuple[str, str]:
    """Rate and name of the tax on one thing that goes there."""
    rules = Rules(revision=1, currency="USD", tax_rates=rates, time_zone=time_zone)
    thing = PricedLine(1, 1, frozenset(), tax_class, Decimal(100), 1, 0)
    [line] = totals(lines=[thing], destination=to, method="", coupons=[], rules=rules, at=at).lines
    assert line.tax == line.tax_rate.quantize(Decimal("0.01"), "ROUND_HALF_UP")
    return f"{line.tax_rate.normalize():f}", line.tax_name


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        (Destination("US", "CA", "94105", "San Francisco"), ("7.25", "State")),
        (Destination("US", "ca", "94105"), ("7.25", "State")),
        (Destination("US", "CA", "90001"), ("7.5", "State + County")),
        (Destination("US", "CA", "91899-0001"), ("7.5", "State + County")),
        (Destination("US", "CA", "91900"), ("7.25", "State")),
        (Destination("US", "CA", "90000"), ("7.25", "State")),
        (Destination("US", "CA", "90210"), ("9.5625", "State + County + District")),
        (Destination("US", "CA", "90210-1234"), ("9.5625", "State + County + District")),
        (Destination("US", "CA", "90401", "SANTA monica "), ("8.25", "State + City + County")),
        (Destination("US", "CA"), ("7.25", "State")),
        (Destination("US", "CA", "902"), ("7.25", "State")),
        (Destination("US", "NY", "10001"), ("0", "")),
        (Destination("DE", "CA", "90210"), ("0", "")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value.postal_code),
)
def test_rates_of_a_place_add_up(to: Destination, expected: tuple[str, str]) -> None:
    assert tax_in(to, *AMERICA) == expected


def test_a_rate_may_stand_in_for_the_broader_ones() -> None:
    assert tax_in(Destination("ES"), SPAIN, CANARIES) == ("21", "IVA")
    assert tax_in(Destination("ES", "M"), SPAIN, CANARIES) == ("21", "IVA")
    assert tax_in(Destination("ES", "GC"), SPAIN, CANARIES) == ("7", "IGIC")
    city = TaxRate("City", Decimal(1), "ES", "GC", city="Telde")
    assert tax_in(Destination("ES", "GC", city="Telde"), SPAIN, CANARIES, city) == ("8", "IGIC + City")


def test_a_class_without_a_rate_in_a_place_is_taxed_like_the_standard_one() -> None:
    assert tax_in(Destination("ES"), SPAIN, BOOKS, tax_class="books") == ("4", "IVA")
    assert tax_in(Destination("ES"), SPAIN, BOOKS, tax_class="wine") == ("21", "IVA")
    assert tax_in(Destination("DE"), SPAIN, BOOKS, tax_class="books") == ("0", "")


@pytest.mark.parametrize(
    ("at", "time_zone", "expected"),
    [
        (datetime(2020, 6, 30, 21, 59, tzinfo=UTC), "Europe/Berlin", "19"),
        (datetime(2020, 6, 30, 22, 0, tzinfo=UTC), "Europe/Berlin", "16"),
        (datetime(2020, 6, 30, 22, 0, tzinfo=UTC), "UTC", "19"),
        (datetime(2020, 12, 31, 22, 59, tzinfo=UTC), "Europe/Berlin", "16"),
        (datetime(2020, 12, 31, 23, 0, tzinfo=UTC), "Europe/Berlin", "19"),
    ],
)
def test_the_day_of_the_shop_decides_which_rate_is_valid(at: datetime, time_zone: str, expected: str) -> None:
    half_a_year = TaxRate("VAT", Decimal(16), "DE", valid_from=date(2020, 7, 1), valid_until=date(2021, 1, 1))
    before = TaxRate("VAT", Decimal(19), "DE", valid_until=date(2020, 7, 1))
    after = TaxRate("VAT", Decimal(19), "DE", valid_from=date(2021, 1, 1))
    assert tax_in(Destination("DE"), half_a_year, before, after, at=at, time_zone=time_zone) == (expected, "VAT")


def test_many_names_are_cut_to_the_line_that_documents_have() -> None:
    rates = [TaxRate(f"{letter} {'x' * 50}", Decimal(1), "DE") for letter in "AB"]
    assert tax_in(Destination("DE"), *rates) == ("2", f"A {'x' * 50} + B {'x' * 42}…")


def test_postal_codes_are_compared_without_blanks_and_case() -> None:
    london = TaxRate("London", Decimal(1), "GB", postal_from="SW1A 1AA")
    assert tax_in(Destination("GB", postal_code="sw1a1aa"), london) == ("1", "London")
    assert tax_in(Destination("GB", postal_code="SW1A 1AB"), london) == ("0", "")


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("DE136695976", "DE", "DE136695976"),
        (" de 136 695 976 ", "DE", "DE136695976"),
        ("136695976", "DE", "DE136695976"),
        ("DE136695977", "DE", ""),
        ("DE136695976", "AT", ""),
        ("ATU13585627", "AT", "ATU13585627"),
        ("U13585627", "AT", "ATU13585627"),
        ("EL094259216", "GR", "EL094259216"),
        ("GR094259216", "GR", "EL094259216"),
        ("FR 40 303 265 045", "FR", "FR40303265045"),
        ("", "DE", ""),
        ("-", "DE", ""),
        ("DE136695976", "US", ""),
        ("9" * 500, "FR", ""),
    ],
)
def test_a_vat_id_is_judged_by_its_check_digits_and_its_country(text: str, country: str, expected: str) -> None:
    assert compact_vat_id(text, country) == expected
