"""Search: words, typing errors, and what is bounded."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.listing import search as searching
from catalog.tests.factories import make_category, make_product

pytestmark = pytest.mark.django_db

ODD_TEXTS = ["!!!", "the", '"', "' or 1=1 --", "%", "a & | ! ( )", "\\", "* :*", "🎧", "x" * 200, "a " * 100]


def found(client: APIClient, search: str, **params: str) -> list[str]:
    response = client.get("/api/v1/products", {"search": search, **params})
    assert response.status_code == 200, response.content
    return [row["name"] for row in response.json()["results"]]


@pytest.fixture
def shop() -> None:
    make_product("Wireless Headphones", description="Noise cancelling, for long flights.", price="99.00", stock=1)
    make_product("Wired Headphones", description="No battery needed.", price="19.00")
    make_product("Headphone Stand", description="For wireless headphones.", price="9.00", stock=3)
    make_product("Steel Kettle", description="Boils water.", price="39.00", category=make_category("Kitchen"))
    make_product("Café Mug 330", description="Ceramic.", price="7.00", category="kitchen")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("headphones", {"Wireless Headphones", "Wired Headphones", "Headphone Stand"}),
        ("HEADPHONE", {"Wireless Headphones", "Wired Headphones", "Headphone Stand"}),
        ("wireless headphones", {"Wireless Headphones", "Headphone Stand"}),
        ('"wireless headphones" -stand', {"Wireless Headphones"}),
        ("kettle or mug", {"Steel Kettle", "Café Mug 330"}),
        ("boiling", {"Steel Kettle"}),
        ("mug 330", {"Café Mug 330"}),
        ("toaster", set()),
    ],
)
def test_words_are_found_in_names_and_descriptions(api: APIClient, search: str, expected: set[str]) -> None:
    assert set(found(api, search)) == expected


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("wirless headphnes", ["Wireless Headphones"]),
        ("headphnes wirless", ["Wireless Headphones"]),
        ("jeadphones", ["Headphone Stand", "Wired Headphones", "Wireless Headphones"]),
        ("kettel", ["Steel Kettle"]),
        ("steel ketle", ["Steel Kettle"]),
        ("cafe mug", ["Café Mug 330"]),
        ("xylophne", []),
        ("mud", []),
    ],
)
def test_typing_errors_are_forgiven(api: APIClient, search: str, expected: list[str]) -> None:
    assert sorted(found(api, search)) == expected


@pytest.mark.usefixtures("shop")
def test_the_name_counts_for_more_than_the_description(api: APIClient) -> None:
    assert found(api, "wireless headphones") == ["Wireless Headphones", "Headphone Stand"]
    assert found(api, "wireless headphones", ordering="price") == ["Headphone Stand", "Wireless Headphones"]


@pytest.mark.usefixtures("shop")
def test_search_goes_with_every_filter(api: APIClient) -> None:
    assert found(api, "headphones", in_stock="true", price_min="50") == ["Wireless Headphones"]
    assert found(api, "mug", category="kitchen") == ["Café Mug 330"]
    assert found(api, "headphones", category="kitchen") == []
    assert found(api, "wirless headphnes", price_max="50") == []


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("search", "frequent"), [("headphones", 20), ("headphones", 1), ("jeadphones", 20)])
@pytest.mark.parametrize("ordering", ["relevance", "newest", "price", "-price", "name", "-name"])
def test_results_page_in_every_ordering(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, search: str, frequent: int, ordering: str
) -> None:
    whole = found(api, search, ordering=ordering)
    monkeypatch.setattr(searching, "FREQUENT", frequent)
    names, address = [], f"/api/v1/products?search={search}&ordering={ordering}&page_size=1&count=exact"
    while address:
        page = api.get(address).json()
        assert page["count"] == len(whole)
        names += [row["name"] for row in page["results"]]
        address = page["next"]
    assert names == whole


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("search", ODD_TEXTS, ids=lambda text: text[:9])
def test_no_text_breaks_the_search(api: APIClient, search: str) -> None:
    assert isinstance(found(api, search), list)
    assert api.get("/api/v1/products/facets", {"search": search}).status_code == 200


def test_a_search_has_a_length(api: APIClient) -> None:
    response = api.get("/api/v1/products", {"search": "x" * 201})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "search"


@pytest.mark.usefixtures("shop")
def test_only_the_first_sixteen_words_count(api: APIClient) -> None:
    assert found(api, "kettle " * 16 + "toaster") == ["Steel Kettle"]
    assert found(api, "kettle " * 15 + "toaster") == []


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("ordering", ["newest", "price", "-name"])
@pytest.mark.parametrize("filters", [{}, {"category": "kitchen"}, {"in_stock": "false"}, {"price_max": "20"}])
def test_frequent_and_rare_words_are_answered_alike(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, ordering: str, filters: dict[str, str]
) -> None:
    answers = []
    for frequent in (1, 20):
        monkeypatch.setattr(searching, "FREQUENT", frequent)
        answers.append([found(api, search, ordering=ordering, **filters) for search in ("headphones", "mug", "-mug")])
    assert answers[0] == answers[1]


def test_ranking_looks_at_the_newest_matches(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to the candidates give the same: from the newest products, and from the index."""
    for number in range(12):
        make_product(f"Mug {number}" if number % 2 else f"Mug of mugs {number}")
    monkeypatch.setattr(searching, "CANDIDATES", 4)
    answers: list[Any] = []
    for recent in (12, 2):
        monkeypatch.setattr(searching, "RECENT", recent)
        answers.append(found(api, "mug"))
    assert answers[0] == answers[1] == ["Mug of mugs 10", "Mug of mugs 8", "Mug 11", "Mug 9"]


def test_relevance_without_a_search_is_newest(api: APIClient) -> None:
    make_product("A")
    make_product("B")
    assert found(api, "", ordering="relevance") == ["B", "A"]
