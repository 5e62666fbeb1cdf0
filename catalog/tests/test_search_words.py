"""What a product is found by: every word of it, in every script, however it is written."""

import pytest
from rest_framework.test import APIClient

from catalog import services
from catalog.tests.asking import names
from catalog.tests.factories import make_category, make_product, variant_of
from events.actors import COMMAND
from inventory import services as inventory

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> None:
    make_category("Electronics")
    make_category("Audio", parent="electronics")
    headphones = make_product(
        "Verano Wireless Headphones",
        category="audio",
        brand="Verano",
        attributes={"type": "over-ear", "folding": True, "wired": False, "battery_hours": 30},
        variants=[
            {"sku": "VER-1022-SAND", "options": {"colour": "Sand"}},
            {"sku": "VER-1022-NAVY", "options": {"colour": "Navy"}},
            {"sku": "VER-1022-RUBY", "options": {"colour": "Ruby"}},
        ],
    )
    ruby = headphones.variants.get(stock_item__sku="VER-1022-RUBY")
    services.archive_variant(product_id=headphones.pk, variant_id=ruby.pk, actor=COMMAND)
    inventory.update_item(sku="VER-1022-SAND", barcode="4012345678901", actor=COMMAND)
    for name in (
        "Crème Brûlée Torch", "Zürich Müsli Bowl", "Drewniane łóżko", "Größe M Helm", "Black/White Runner",
        "White Lamp", "USB-C Dock", "Portable SSD 2 TB", "Chef's Knife", "Одежда зимняя", "日本語キーボード",
        "무선 헤드폰", "هاتف ذكي", "Day Pack", "No.5 Candle", "\uff37\uff29\uff24\uff25 Pen", "Acme™ Glue",
    ):  # fmt: skip
        make_product(name)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "search",
    [
        "Verano Wireless Headphones (Sand)",
        "verano headphones sand",
        "sand HEADPHONES verano",
        "headphones electronics",
        "audio",
        "over-ear",
        "folding",
        "headphones 30",
        "VER-1022-SAND",
        "ver-1022",
        "ver 1022",
        "ver1022",
        "1022-sa",
        "4012345678901",
        "40123456",
        "wirel",
        "headphone",
    ],
)
def test_a_product_is_found_by_all_that_it_is_called(api: APIClient, search: str) -> None:
    assert names(api, search=search) == ["Verano Wireless Headphones"]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("search", ["VER-1022-RUBY", "ruby headphones", "wired", "headphones battery"])
def test_what_is_not_so_finds_nothing(api: APIClient, search: str) -> None:
    """An archived variant, an attribute that is false, and the name of one that has a value."""
    assert "Verano Wireless Headphones" not in names(api, search=search)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("creme brulee", ["Crème Brûlée Torch"]),
        ("CRÈME BRÛLÉE", ["Crème Brûlée Torch"]),
        ("cre\u0300me", ["Crème Brûlée Torch"]),
        ("zurich", ["Zürich Müsli Bowl"]),
        ("zuerich", ["Zürich Müsli Bowl"]),
        ("musli", ["Zürich Müsli Bowl"]),
        ("muesli", ["Zürich Müsli Bowl"]),
        ("lozko", ["Drewniane łóżko"]),
        ("ŁÓŻKO", ["Drewniane łóżko"]),
        ("grosse", ["Größe M Helm"]),
        ("groesse", ["Größe M Helm"]),
        ("GRÖSSE", ["Größe M Helm"]),
        ("white", ["White Lamp", "Black/White Runner"]),
        ("blackwhite", ["Black/White Runner"]),
        ("usbc", ["USB-C Dock"]),
        ("usb c", ["USB-C Dock"]),
        ("2tb", ["Portable SSD 2 TB"]),
        ("ssd 2 tb", ["Portable SSD 2 TB"]),
        ("chefs knife", ["Chef's Knife"]),
        ("chef knife", ["Chef's Knife"]),
        ("chef\u2019s", ["Chef's Knife"]),
        ("одежда", ["Одежда зимняя"]),
        ("ОДЕЖ", ["Одежда зимняя"]),
        ("日本", ["日本語キーボード"]),
        ("本語", ["日本語キーボード"]),
        ("語", ["日本語キーボード"]),
        ("キーボード", ["日本語キーボード"]),
        ("日語", []),
        ("헤드폰", ["무선 헤드폰"]),
        ("هاتف", ["هاتف ذكي"]),
        ("daypack", ["Day Pack"]),
        ("no.5", ["No.5 Candle"]),
        ("candle 5", ["No.5 Candle"]),
        ("wide", ["\uff37\uff29\uff24\uff25 Pen"]),
        ("acme", ["Acme™ Glue"]),
    ],
)
def test_script_accents_case_and_signs_do_not_matter(api: APIClient, search: str, expected: list[str]) -> None:
    assert names(api, search=search) == expected


@pytest.mark.parametrize(
    ("language", "text", "search"),
    [
        ("english", "Chopping boards", "chop board"),
        ("german", "Zwei Häuser", "haus"),
        ("german", "Holzlampe", "holzlampen"),
        ("german", "Schöne Bücher", "schönes buch"),
        ("french", "Lumières nationales", "lumière national"),
        ("russian", "Зимние куртки", "зимняя куртка"),
        ("simple", "Running shoes", "running shoes"),
    ],
)
def test_the_language_of_the_shop_knows_the_forms_of_words(
    api: APIClient, settings: object, language: str, text: str, search: str
) -> None:
    settings.SEARCH_LANGUAGE = language  # type: ignore[attr-defined]  # pytest-django's wrapper of the settings
    make_product(text)
    assert names(api, search=search) == [text]


@pytest.mark.parametrize(
    ("text", "search"),
    [("Shelf with a Leaf", "leaves shelves"), ("Women's Knives", "woman knife"), ("Woman's Mouse", "womens mice")],
)
def test_plurals_that_no_rule_makes_are_known(api: APIClient, text: str, search: str) -> None:
    make_product(text)
    make_product(search)  # so that the words are not taken for misspelt ones
    assert set(names(api, search=search)) == {text, search}


def test_words_that_say_nothing_need_not_be_there(api: APIClient, settings: object) -> None:
    make_product("Desk Lamp")
    assert names(api, search="the lamp for a desk") == ["Desk Lamp"]
    settings.SEARCH_LANGUAGE = "german"  # type: ignore[attr-defined]  # pytest-django's wrapper of the settings
    make_product("Lampe Schreibtisch")
    assert names(api, search="lampe für den schreibtisch") == ["Lampe Schreibtisch"]


def test_names_are_sorted_without_case_and_accents(api: APIClient) -> None:
    for name in ("Zoom", "half", "Äpfel", "apple", "éclair", "Zebra", "łóżko", "mug", "Lamp"):
        make_product(name)
    expected = ["apple", "Äpfel", "éclair", "half", "Lamp", "łóżko", "mug", "Zebra", "Zoom"]
    assert names(api, ordering="name") == expected
    assert names(api, ordering="-name") == expected[::-1]
    found, address = [], "/api/v1/products?ordering=name&page_size=2"
    while address:
        page = api.get(address).json()
        found += [row["name"] for row in page["results"]]
        address = page["next"]
    assert found == expected


def test_a_variant_without_options_is_found_by_its_name(api: APIClient) -> None:
    product = make_product("Mug", variants=[{"name": "Winter edition"}])
    assert names(api, search="winter") == ["Mug"]
    services.update_variant(product_id=product.pk, variant_id=variant_of(product).pk, name="Spring", actor=COMMAND)
    assert names(api, search="winter") == []
    assert names(api, search="spring mug") == ["Mug"]
