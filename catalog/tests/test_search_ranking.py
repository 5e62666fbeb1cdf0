"""One list: exact hits, then words that begin like that, then misspelt ones; and what happens while somebody types."""

import pytest
from rest_framework.test import APIClient

from catalog.tests.asking import names
from catalog.tests.factories import make_category, make_product

pytestmark = pytest.mark.django_db


def test_exact_hits_come_before_longer_words_and_those_before_misspelt_ones(api: APIClient) -> None:
    for name in ("Ketle Stand", "Kettlebell Stand", "Kettle Stand", "Steel Pan"):
        make_product(name)
    assert names(api, search="kettle") == ["Kettle Stand", "Kettlebell Stand", "Ketle Stand"]


@pytest.mark.parametrize("language", ["english", "german", "italian", "spanish"])
def test_the_word_that_was_typed_comes_before_those_that_have_it_for_a_stem(
    api: APIClient, settings: object, language: str
) -> None:
    """`mond` is what Italian and Spanish leave of `mondo`, and German of `Monde` and `Monden`."""
    settings.SEARCH_LANGUAGE = language  # type: ignore[attr-defined]  # pytest-django's wrapper of the settings
    for name in ("Kissen mit großem Mond", "Mondo Cam", "Monde", "Monden", "Mondlampe"):
        make_product(name)
    assert names(api, search="mond")[0] == "Kissen mit großem Mond"
    assert set(names(api, search="mond")) == {"Kissen mit großem Mond", "Mondo Cam", "Monde", "Monden", "Mondlampe"}
    assert names(api, search="mondo")[0] == "Mondo Cam"
    assert names(api, search="mondlampe") == ["Mondlampe"]


def test_the_name_counts_for_more_than_the_article_the_heading_and_the_description(api: APIClient) -> None:
    make_product("Bowl", description="Like an oak tree.")
    make_product("Plate", attributes={"material": "oak"})
    make_product("Cup", variants=[{"sku": "CUP-1", "options": {"finish": "Oak"}}])
    make_product("Oak Board")
    assert names(api, search="oak") == ["Oak Board", "Cup", "Plate", "Bowl"]


def test_of_two_names_with_the_word_the_shorter_one_comes_first(api: APIClient) -> None:
    make_product("Lamp")
    make_product("Cover for the Lamp of a Desk")
    assert names(api, search="lamp")[0] == "Lamp"


@pytest.mark.parametrize("text", ["wireless headphones", "Aurio Kids' Headphones", "running shoes", "VER-1022-SAND"])
def test_the_result_shrinks_as_one_types_and_is_never_empty(api: APIClient, text: str) -> None:
    make_category("Audio")
    for maker in ("Aurio", "Verano", "Klar"):
        for kind in ("Wireless Headphones", "Wired Earphones", "Kids' Headphones"):
            make_product(f"{maker} {kind}", category="audio", description="For those who run, and for running dogs.")
    make_product("Verano Running Shoes", variants=[{"sku": "VER-1022-SAND"}, {"sku": "VER-1023-SAND"}])
    make_product("Heavy Run Shorts", description="Wire free. She runs.")
    whole, before = names(api, search=text), None
    assert whole
    for length in range(1, len(text) + 1):
        found = set(names(api, search=text[:length]))
        assert found >= set(whole), text[:length]
        assert before is None or found <= before, text[:length]
        before = found


def test_who_types_a_word_of_the_shop_does_not_mean_a_commoner_one(api: APIClient) -> None:
    make_product("Aurio Lamp")
    for number in range(3):
        make_product(f"Audio {number}")
    assert names(api, search="aurio") == ["Aurio Lamp"]
    assert names(api, search="audio") == ["Audio 2", "Audio 1", "Audio 0", "Aurio Lamp"]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("lmap", "Desk Lamp"),
        ("lampp", "Desk Lamp"),
        ("dsek lapm", "Desk Lamp"),
        ("phones", "Headphones"),
        ("headph desk", ""),
        ("haedph", "Headphones"),
        ("head phones", "Headphones"),
        ("tischlmape", "Tischlampe"),
        ("eichen tisch", "Tischlampe Eichenholz"),
        ("лмапа", "Лампа"),
        ("knives", "Bread Knife"),
    ],
)
def test_misspelt_half_and_split_words_are_found(api: APIClient, search: str, expected: str) -> None:
    for name in ("Desk Lamp", "Headphones", "Tischlampe", "Tischlampe Eichenholz", "Лампа", "Bread Knife"):
        make_product(name)
    assert (names(api, search=search) or [""])[0] == expected


def test_a_sku_is_never_taken_for_a_misspelt_one(api: APIClient) -> None:
    make_product("Mug", sku="VER-1022")
    assert names(api, search="ver-1023") == []


def test_a_misspelt_word_is_not_looked_for_in_descriptions(api: APIClient) -> None:
    make_product("Desk", description="With room for a lantern.")
    assert names(api, search="latern") == []
    assert names(api, search="lantern") == ["Desk"]
