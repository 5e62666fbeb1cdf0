"""Tables of tax rates: all lines are checked, and all rates are written or none."""

from decimal import Decimal
from typing import Any

import pytest

from events.actors import COMMAND
from events.models import Event
from pricing import services
from pricing.imports import Wrong, check_tax_rates, import_tax_rates
from pricing.models import TaxRate
from pricing.rulebook import current_rules

pytestmark = pytest.mark.django_db
HEAD = "country,region,postal_from,postal_to,city,name,rate,tax_class,valid_from,valid_until,replaces\n"


def rates() -> list[tuple[Any, ...]]:
    return list(TaxRate.objects.order_by("pk").values_list("country", "region", "postal_from", "name", "rate"))


def errors_of(table: str, **how: bool) -> list[tuple[int, str]]:
    with pytest.raises(Wrong) as raised:
        import_tax_rates(table=table, actor=COMMAND, **how)
    with pytest.raises(Wrong):
        check_tax_rates(table=table, **how)
    return [(error.line, error.message) for error in raised.value.errors]


def test_a_table_becomes_rates_with_one_word_in_the_journal() -> None:
    services.create_tax_class(code="books", name="Books", actor=COMMAND)
    before = current_rules().revision
    table = (
        f"{HEAD}us,CA,,,,State,7.25,,,,\nUS,CA,90210,90213,Beverly Hills,Local,0.9999,,2027-01-01,2028-01-01,yes\n"
        "DE,,,,,VAT,7,books,,,no\n"
    )
    assert check_tax_rates(table=table) == 3
    assert TaxRate.objects.count() == 0
    assert import_tax_rates(table=table, actor=COMMAND) == 3
    assert rates() == [
        ("US", "CA", "", "State", Decimal("7.25")),
        ("US", "CA", "90210", "Local", Decimal("0.9999")),
        ("DE", "", "", "VAT", Decimal("7")),
    ]
    assert TaxRate.objects.get(country="DE", tax_class__code="books").rate == Decimal(7)
    local = TaxRate.objects.get(name="Local")
    assert (str(local.valid.lower), str(local.valid.upper), local.replaces) == ("2027-01-01", "2028-01-01", True)
    told = Event.objects.get(kind="pricing.tax_rates_imported").payload
    state, books = TaxRate.objects.get(name="State"), TaxRate.objects.get(country="DE")
    assert (told["countries"], told["made"], told["removed"]) == (["DE", "US"], 3, 0)
    assert (told["part"], told["parts"], told["before"]) == (1, 1, [])
    assert told["after"][0] == {
        "tax_rate_id": state.pk,
        "name": "State",
        "rate": "7.25",
        "country": "US",
        "region": "CA",
        "replaces": False,
        "valid": "(None, None)",
    }
    assert told["after"][1]["valid"] == "[2027-01-01, 2028-01-01)"
    assert told["after"][2]["tax_class_id"] == books.tax_class_id
    assert current_rules().revision != before
    assert len(current_rules().tax_rates) == 3


def test_semicolons_a_mark_of_order_and_other_sequences_of_columns_are_taken() -> None:
    assert import_tax_rates(table="\ufeffrate;name;country\n19;VAT;DE\n\n20;VAT;AT\n", actor=COMMAND) == 2
    assert [row[:1] + row[4:] for row in rates()] == [("DE", Decimal(19)), ("AT", Decimal(20))]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("DE,,,,,,19,,,,", "name is missing."),
        ("DE,,,,,VAT,nineteen,,,,", "rate is a percentage from 0 to 99.9999 with a point, such as 8.25."),
        ('DE,,,,,VAT,"19,0",,,,', "rate is a percentage from 0 to 99.9999 with a point, such as 8.25."),
        ("DE,,,,,VAT,100,,,,", "rate is a percentage from 0 to 99.9999 with a point, such as 8.25."),
        ("DE,,,,,VAT,19,none,,,", "There is no tax class with the code 'none'."),
        ("US,CA,9,8,,Local,1,,,,", "postal_to comes before postal_from."),
        ("US,CA,,8,,Local,1,,,,", "postal_to needs a postal_from."),
        ("DE,,,,,VAT,19,,1 May,,", "valid_from is a day such as 2027-01-31."),
        ("DE,,,,,VAT,19,,2027-01-02,2027-01-02,", "valid_until does not come after valid_from."),
        ("DE,,,,,VAT,19,,,,perhaps", "replaces is yes or no."),
        (f"DE,,,,{'x' * 101},VAT,19,,,,", "city has at most 100 characters."),
        ("DE,,,,,VAT,19,,,,,more", "It has more cells than there are headings."),
    ],
)
def test_a_line_that_is_wrong_is_named_and_nothing_is_written(line: str, message: str) -> None:
    assert errors_of(f"{HEAD}AT,,,,,VAT,20,,,,\n{line}\n") == [(3, message)]
    assert not TaxRate.objects.exists()
    assert not Event.objects.filter(kind="pricing.tax_rates_imported").exists()


@pytest.mark.parametrize(
    ("country", "message"),
    [("Germany", "GERMANY is no country code. Write DE."), ("XX", "XX is no country code.")],
)
def test_a_country_is_one_that_exists(country: str, message: str) -> None:
    assert errors_of(f"{HEAD}{country},,,,,VAT,19,,,,\n") == [(2, message)]


@pytest.mark.parametrize("head", ["country,name\n", "country,name,rate,colour\n", "country,name,rate,rate\n", ""])
def test_the_first_line_names_the_columns(head: str) -> None:
    [(line, message)] = errors_of(f"{head}DE,VAT,19,red\n")
    assert (line, message.split(".")[0]) == (1, "The first line names the columns")


def test_a_tax_that_is_there_already_is_named_by_its_line() -> None:
    import_tax_rates(table=f"{HEAD}DE,,,,,VAT,19,,,2027-01-01,\n", actor=COMMAND)
    later, same = "DE,,,,,VAT,20,,2027-01-01,2028-01-01,", "DE,,,,,vat,21,,2027-06-01,,"
    assert errors_of(f"{HEAD}AT,,,,,VAT,20,,,,\n{later}\n{same}\nDE,,,,,VAT,19,,2026-01-01,2026-02-01,\n") == [
        (4, "Line 3 has this tax there on some of these days."),
        (5, "This tax is valid there already on some of these days."),
    ]
    assert len(rates()) == 1
    assert import_tax_rates(table=f"{HEAD}{later}\n", actor=COMMAND) == 1


def test_a_table_may_stand_in_for_all_rates_of_its_countries() -> None:
    import_tax_rates(table=f"{HEAD}DE,,,,,VAT,19,,,,\nAT,,,,,VAT,20,,,,\n", actor=COMMAND)
    assert import_tax_rates(table=f"{HEAD}DE,,,,,VAT,16,,,,\n", actor=COMMAND, replace=True) == 1
    assert sorted((row[0], row[4]) for row in rates()) == [("AT", Decimal(20)), ("DE", Decimal(16))]
    told = Event.objects.filter(kind="pricing.tax_rates_imported").latest("pk").payload
    assert (told["countries"], told["made"], told["removed"]) == (["DE"], 1, 1)
    assert [[rate["rate"] for rate in told[when]] for when in ("before", "after")] == [["19.0000"], ["16"]]


def test_a_table_of_fifty_thousand_rates_takes_few_statements(django_assert_max_num_queries: Any) -> None:
    lines = (f"US,CA,{number:05d},,,Local,{number % 10}.25,,,," for number in range(50_000))
    with django_assert_max_num_queries(80):
        assert import_tax_rates(table=HEAD + "\n".join(lines), actor=COMMAND) == 50_000
    assert TaxRate.objects.count() == 50_000
    told = [event.payload for event in Event.objects.filter(kind="pricing.tax_rates_imported").order_by("pk")]
    assert [(part["part"], part["parts"], part["made"]) for part in told] == [(n, 25, 50_000) for n in range(1, 26)]
    ids = [rate["tax_rate_id"] for part in told for rate in part["after"]]
    assert len(set(ids)) == len(ids) == 50_000
