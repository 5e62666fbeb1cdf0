"""Signs that make another word of a letter, and those that may belong to a word."""

import pytest
from rest_framework.test import APIClient

from catalog.tests.asking import names
from catalog.tests.factories import make_product

pytestmark = pytest.mark.django_db

SHELF = [
    "C++ Primer", "C Primer", "C# in Depth", "F# Recipes", "F Clef Poster", "Vitamin C Tablets", "Modern C++17",
    "ASP.NET Core Handbook", ".NET Handbook", "Tennis Net", "Node.js Mug", "Phone S23+", "Phone S23", "Fridge A++",
    "Fridge A+", "Fridge A", "C\u266f Tuning Fork", "Black+White Rug",
]  # fmt: skip


def fill_shelf(products: list[str]) -> None:
    """These products, with SKUs of letters alone: one that is made (`P-17`) is found by digits of a name."""
    for place, name in enumerate(products):
        make_product(name, variants=[{"sku": "shelf" + "x" * place}])


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("c++", {"C++ Primer", "Modern C++17"}),
        ("C++ primer", {"C++ Primer"}),
        ("primer c++", {"C++ Primer"}),
        ("c++17", {"Modern C++17"}),
        ("c#", {"C# in Depth", "C\u266f Tuning Fork"}),
        ("c\u266f", {"C# in Depth", "C\u266f Tuning Fork"}),
        ("f#", {"F# Recipes"}),
        ("c primer", {"C Primer"}),
        ("f clef", {"F Clef Poster"}),
        ("vitamin c++", set()),
        (".net", {".NET Handbook", "ASP.NET Core Handbook"}),
        (".NET handbook", {".NET Handbook", "ASP.NET Core Handbook"}),
        ("asp.net", {"ASP.NET Core Handbook"}),
        ("tennis net", {"Tennis Net"}),
        (".js", {"Node.js Mug"}),
        ("js mug", {"Node.js Mug"}),
        ("fridge a++", {"Fridge A++"}),
        ("primer -c++", {"C Primer"}),
        ('"c++ primer"', {"C++ Primer"}),
        ("black+white", {"Black+White Rug"}),
        ("white", {"Black+White Rug"}),
    ],
)
def test_a_letter_with_signs_is_another_word(api: APIClient, search: str, expected: set[str]) -> None:
    fill_shelf(SHELF)
    assert set(names(api, search=search)) == expected


def test_a_sign_after_a_longer_word_says_which_is_meant_first(api: APIClient) -> None:
    fill_shelf(SHELF)
    assert names(api, search="s23+") == ["Phone S23+", "Phone S23"]
    assert set(names(api, search="s23")) == {"Phone S23+", "Phone S23"}


def test_the_letter_alone_comes_before_the_letter_with_signs(api: APIClient) -> None:
    fill_shelf(["C Primer", "C++ Primer", "C# Primer"])
    assert names(api, search="c")[0] == "C Primer"
    assert set(names(api, search="c")) == {"C Primer", "C++ Primer", "C# Primer"}, "as one types"
    assert names(api, search="c+") == ["C++ Primer"]
    assert names(api, ordering="name") == ["C Primer", "C# Primer", "C++ Primer"]
