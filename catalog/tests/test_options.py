"""Options of variants: no two variants of a product have the same, and their axes keep their sequence."""

import importlib
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection
from rest_framework.test import APIClient

from catalog import services
from catalog.exceptions import OptionsTaken
from catalog.models import Product, Variant
from catalog.services import variants
from catalog.tests.factories import make_product
from catalog.tests.refusals import URL, fields_of, refused
from events.actors import COMMAND
from tests.threads import at_once

pytestmark = pytest.mark.django_db
SMALL = {"size": "S", "colour": "Caf\u00e9 noir"}
SAME: list[dict[str, str]] = [
    SMALL,
    {"colour": "Caf\u00e9 noir", "size": "S"},
    {"SIZE": "s", "Colour": "CAFE\u0301 NOIR"},
    {" size": "S ", "colour": "Caf\u00e9  noir"},
]
BODY = {"name": "Shirt", "price": "10.00"}


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Colour", "colour"),
        ("Colour", "COLOUR"),
        ("Colour", " Colour "),
        ("Colour", "\uff23olour"),
        ("shoe size", "Shoe-Size"),
        ("shoe/size", "shoe_size"),
    ],
)
def test_a_variant_names_each_option_once(as_admin: APIClient, name: str, other: str) -> None:
    product = make_product("Shirt")
    body = {"options": {name: "Sand", other: "Red"}}
    document = refused(as_admin, "post", f"/{product.pk}/variants", body, 400, "invalid")
    assert fields_of(document) == [("options", "repeated_option")]


@pytest.mark.parametrize("options", SAME)
def test_two_variants_never_have_the_same_options(as_admin: APIClient, options: dict[str, str]) -> None:
    product = make_product("Shirt", variants=[{"options": SMALL}, {"options": {"size": "M", "colour": "Sand"}}])
    second = product.variants.all()[1]
    path = f"/{product.pk}/variants"

    document = refused(as_admin, "post", path, {"options": options}, 409, "options_taken")
    assert fields_of(document) == [("options", "options_taken")]
    document = refused(as_admin, "patch", f"{path}/{second.pk}", {"options": options}, 409, "options_taken")
    assert fields_of(document) == [("options", "options_taken")]
    both = BODY | {"variants": [{"options": SMALL}, {"options": options}]}
    document = refused(as_admin, "post", "", both, 409, "options_taken")
    assert fields_of(document) == [("variants.1.options", "options_taken")]


def test_other_options_other_products_and_archived_variants_are_no_twins(as_admin: APIClient) -> None:
    product = make_product("Shirt", variants=[{"options": SMALL}, {"options": {"size": "S"}}, {}, {}])
    make_product("Coat", variants=[{"options": SMALL}])
    first = product.variants.all()[0]

    as_admin.delete(f"{URL}/{product.pk}/variants/{first.pk}")
    again = as_admin.post(f"{URL}/{product.pk}/variants", {"options": SMALL})
    assert again.status_code == 201
    same = as_admin.patch(f"{URL}/{product.pk}/variants/{again.json()['variant_id']}", {"options": SMALL})
    assert (same.status_code, same.json()["version"]) == (200, 1)
    with pytest.raises(IntegrityError, match="variant_options_unique"):  # whoever restores it
        Variant.objects.filter(pk=first.pk).update(archived_at=None)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_refused_even_without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    product = make_product("Shirt", variants=[{"options": {"size": "M"}}])
    add = partial(services.add_variant, product_id=product.pk, options=SMALL, actor=COMMAND)
    monkeypatch.setattr(variants, "locked_product", lambda product_id: Product.objects.get(pk=product_id))
    monkeypatch.setattr(variants, "free_skus", lambda *_: [f"S-{connection.connection.pgconn.backend_pid}"])

    outcomes = at_once([add, add])

    assert sum(isinstance(outcome, OptionsTaken) for outcome in outcomes) == 1
    assert product.variants.count() == 2


@pytest.mark.django_db(transaction=True)
def test_control_without_the_constraint_both_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    product = make_product("Shirt", variants=[{"options": {"size": "M"}}])
    add = partial(services.add_variant, product_id=product.pk, options=SMALL, actor=COMMAND)
    monkeypatch.setattr(variants, "OptionsKey", lambda _: None)

    outcomes = at_once([add, add])

    assert all(isinstance(outcome, Variant) for outcome in outcomes)
    assert product.variants.count() == 3


def test_variants_that_were_twins_before_stay_as_they_are(as_admin: APIClient) -> None:
    product = make_product("Shirt", variants=[{"options": SMALL}, {"options": {"size": "M"}}, {}])
    migration = importlib.import_module("catalog.migrations.0005_variants_and_pictures")
    with connection.cursor() as cursor:
        cursor.execute("drop index variant_options_unique")
        Variant.objects.filter(options={"size": "M"}).update(options=SAME[2])
        Variant.objects.update(position=7)
        for statement in (migration.KEYS, migration.TWINS, migration.AXES):
            cursor.execute(statement)
        keys = list(product.variants.values_list("options_key", flat=True))

    assert [key is None for key in keys] == [False, True, True]
    twin = product.variants.all()[1]
    answer = as_admin.patch(f"{URL}/{product.pk}/variants/{twin.pk}", {"price": "12.00"})
    assert (answer.status_code, answer.json()["position"]) == (200, 8)
    assert {axis["name"] for axis in as_admin.get(f"{URL}/{product.pk}").json()["option_axes"]} == {
        "size",
        "colour",
        "SIZE",
        "Colour",
    }


def test_options_that_are_refused_today_do_not_keep_a_variant_from_being_edited(as_admin: APIClient) -> None:
    product = make_product("Shirt")
    variant = product.variants.get()
    Variant.objects.update(options={"size": " ", "SIZE": "M"})
    path = f"/{product.pk}/variants/{variant.pk}"

    assert as_admin.patch(URL + path, {"price": "12.00"}).status_code == 200
    refused(as_admin, "patch", path, {"options": {"size": "L", "SIZE": "M"}}, 400, "invalid")


def variant_of(colour: str, fit: str, length: str) -> dict[str, Any]:
    return {"options": {"colour": colour, "fit": fit, "length": length}}


def test_axes_and_values_keep_the_sequence_in_which_they_were_posted(as_admin: APIClient) -> None:
    rows = [variant_of("Sand", "slim", "34"), variant_of("Black", "regular", "32"), variant_of("Sand", "regular", "30")]
    created = as_admin.post(URL, BODY | {"variants": rows}).json()
    axes = [
        {"name": "colour", "values": ["Sand", "Black"]},
        {"name": "fit", "values": ["slim", "regular"]},
        {"name": "length", "values": ["34", "32", "30"]},
    ]
    shown = [
        created,
        as_admin.get(f"{URL}/{created['product_id']}").json(),
        as_admin.get(URL).json()["results"][0],
        as_admin.get(f"{URL}?expand=none").json()["results"][0],
    ]
    assert [document["option_axes"] for document in shown] == [axes] * 4
    assert [list(variant["options"]) for document in shown[:3] for variant in document["variants"]] == [
        ["colour", "fit", "length"]
    ] * 9
    listed = as_admin.get(f"{URL}/{created['product_id']}/variants").json()["results"]
    assert [list(variant["options"]) for variant in listed] == [["colour", "fit", "length"]] * 3


def test_axes_follow_the_variants(as_admin: APIClient) -> None:
    rows = [variant_of("Sand", "slim", "34"), variant_of("Black", "slim", "34")]
    product = as_admin.post(URL, BODY | {"variants": rows}).json()
    path = f"{URL}/{product['product_id']}"
    first, second = (f"{path}/variants/{variant['variant_id']}" for variant in product["variants"])

    def axes() -> dict[str, list[str]]:
        return {axis["name"]: axis["values"] for axis in as_admin.get(path).json()["option_axes"]}

    as_admin.post(f"{path}/variants", {"options": {"length": "30", "cuff": "wide", "colour": "Red"}})
    assert list(axes().items()) == [
        ("colour", ["Sand", "Black", "Red"]),
        ("fit", ["slim"]),
        ("length", ["34", "30"]),
        ("cuff", ["wide"]),
    ]
    as_admin.patch(second, {"position": 1})
    assert axes()["colour"] == ["Black", "Sand", "Red"]
    again = {"length": "34", "fit": "slim", "colour": "Black"}  # the first variant names them anew
    as_admin.patch(second, {"options": again})
    assert list(axes()) == ["length", "fit", "colour", "cuff"]
    as_admin.patch(first, {"position": 1})
    as_admin.patch(second, {"position": 1})
    assert list(axes()) == ["length", "fit", "colour", "cuff"]
    as_admin.delete(first)
    assert axes()["colour"] == ["Black", "Red"]
