"""Slugs: made from names of every script, and followed when they are changed."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.models import Category, OldSlug, Product
from catalog.services.slugs import spelt
from catalog.tests.asking import get, names
from catalog.tests.factories import make_category, make_product
from catalog.tests.refusals import URL

pytestmark = pytest.mark.django_db
CATEGORIES = "/api/v1/categories"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Größe", "groesse"),
        ("Gro\u0308ße", "groesse"),
        ("ÄRMEL ÖL ÜBER", "aermel-oel-ueber"),
        ("Одежда", "odezhda"),
        ("日本語", "ribenyu"),
        ("한국어", "hangugeo"),
        ("Łóżko", "lozko"),
        ("Ελληνικά", "ellinika"),
        ("Crème Brûlée Torch", "creme-brulee-torch"),
        ("Black/White Runner 1.5", "black-white-runner-1-5"),
        ("Men\u2019s Shirt", "mens-shirt"),
    ],
)
def test_names_of_every_script_make_slugs(as_admin: APIClient, name: str, slug: str) -> None:
    assert spelt(name) == slug
    assert as_admin.post(URL, {"name": name, "price": "1.00"}).json()["slug"] == slug
    assert as_admin.post(CATEGORIES, {"name": name}).json()["slug"] == slug


@pytest.mark.parametrize("name", ["123", "!!!", "½"])
def test_a_name_without_a_letter_makes_a_slug_all_the_same(as_admin: APIClient, name: str) -> None:
    assert as_admin.post(URL, {"name": name, "price": "1.00"}).json()["slug"].startswith("product")
    assert as_admin.post(CATEGORIES, {"name": name}).json()["slug"].startswith("category")


def test_a_renamed_slug_leads_to_the_product(api: APIClient, as_admin: APIClient) -> None:
    product = make_product("Mug")
    for slug in ("cup", "beaker"):
        assert as_admin.patch(f"{URL}/{product.pk}", {"slug": slug}).status_code == 200

    for old in ("mug", "cup"):
        answer = api.get(f"{URL}/{old}")
        assert (answer.status_code, answer.headers["Location"]) == (301, f"{URL}/beaker")
        assert answer.headers["Content-Type"] == "application/json"
        assert api.get(answer.headers["Location"]).json()["product_id"] == product.pk
        assert api.get(f"{URL}/{old}/").headers["Location"] == f"{URL}/beaker"
    assert as_admin.patch(f"{URL}/mug", {"price": "2.00"}).json()["slug"] == "beaker"
    assert api.get(f"{URL}/jug").status_code == 404

    as_admin.patch(f"{URL}/{product.pk}", {"slug": "mug"})  # back again
    assert get(api, "/products/mug")["product_id"] == product.pk
    assert api.get(f"{URL}/beaker").headers["Location"] == f"{URL}/mug"
    as_admin.delete(f"{URL}/{product.pk}")
    assert api.get(f"{URL}/beaker").status_code == 404  # as its new address
    assert as_admin.get(f"{URL}/beaker").status_code == 301


def test_a_renamed_slug_leads_to_the_category_and_its_products(api: APIClient, as_admin: APIClient) -> None:
    make_category("Kitchen")
    make_category("Pans", parent="kitchen")
    make_product("Wok", category="pans")
    assert as_admin.patch(f"{CATEGORIES}/kitchen", {"slug": "cooking"}).status_code == 200

    answer = api.get(f"{CATEGORIES}/kitchen")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"{CATEGORIES}/cooking")
    assert names(api, category="kitchen") == names(api, category="cooking") == ["Wok"]
    assert as_admin.patch(f"{CATEGORIES}/kitchen", {"name": "Cooking"}).json()["slug"] == "cooking"
    pot = as_admin.post(URL, {"name": "Pot", "price": "1.00", "category": "kitchen"}).json()
    assert pot["category"]["slug"] == "cooking"
    moved = as_admin.patch(f"{URL}/{pot['product_id']}", {"category": "pans"}).json()["category"]["slug"]
    again = as_admin.patch(f"{URL}/{pot['product_id']}", {"category": "kitchen"}).json()["category"]["slug"]
    assert (moved, again) == ("pans", "cooking")
    lids = as_admin.post(f"{CATEGORIES}/", {"name": "Lids", "parent": "kitchen"}).json()
    assert lids["parent"]["slug"] == "cooking"
    assert as_admin.patch(f"{CATEGORIES}/lids", {"parent": "pans"}).status_code == 200
    assert as_admin.patch(f"{CATEGORIES}/lids", {"parent": "kitchen"}).json()["parent"]["slug"] == "cooking"
    assert api.get(f"{CATEGORIES}/pots").status_code == 404


def test_an_old_slug_is_not_made_again_but_may_be_chosen(api: APIClient, as_admin: APIClient) -> None:
    product, category = make_product("Mug"), make_category("Kitchen")
    as_admin.patch(f"{URL}/{product.pk}", {"slug": "cup"})
    as_admin.patch(f"{CATEGORIES}/kitchen", {"slug": "cooking"})

    assert make_product("Mug").slug == "mug-2"
    assert make_category("Kitchen").slug == "kitchen-2"
    chosen = as_admin.post(URL, {"name": "Mug", "price": "1.00", "slug": "mug"}).json()
    assert get(api, "/products/mug")["product_id"] == chosen["product_id"]
    assert as_admin.patch(f"{CATEGORIES}/kitchen-2", {"slug": "kitchen"}).status_code == 200
    assert get(api, "/categories/kitchen")["category_id"] != category.pk
    assert sorted(OldSlug.objects.values_list("slug", flat=True)) == ["kitchen-2"]
    as_admin.delete(f"{CATEGORIES}/cooking")
    assert (Category.objects.count(), Product.objects.count()) == (1, 3)


def test_a_slug_that_somebody_has_is_refused_as_before(as_admin: APIClient) -> None:
    product: Any = make_product("Mug")
    make_product("Cup")
    assert as_admin.patch(f"{URL}/{product.pk}", {"slug": "cup"}).json()["code"] == "slug_taken"
    assert not OldSlug.objects.exists()
