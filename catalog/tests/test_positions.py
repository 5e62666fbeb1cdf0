"""The sequence of variants and pictures, and what is said about a picture after it was added."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.models import Image
from catalog.tests.factories import make_product
from catalog.tests.pictures import add_picture, picture, upload
from catalog.tests.refusals import URL, fields_of, refused
from events.models import Event
from staff.tests.pages import form_on, messages_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("move", "place", "sequence"),
    [("A", 3, "BCA"), ("C", 1, "CAB"), ("B", 2, "ABC"), ("A", 20, "BCA"), ("B", 1, "BAC")],
)
def test_pictures_and_variants_are_put_in_sequence(as_admin: APIClient, move: str, place: int, sequence: str) -> None:
    product = make_product("Mug", variants=[{"name": name} for name in "ABC"])
    pictures = {name: add_picture(product, alt=name).pk for name in "ABC"}
    variants = {variant.name: variant.pk for variant in product.variants.all()}

    shown = as_admin.patch(f"{URL}/{product.pk}/images/{pictures[move]}", {"position": place})
    assert (shown.status_code, shown.json()["position"]) == (200, sequence.index(move) + 1)
    shown = as_admin.patch(f"{URL}/{product.pk}/variants/{variants[move]}", {"position": place})
    assert (shown.status_code, shown.json()["position"]) == (200, sequence.index(move) + 1)

    document = as_admin.get(f"{URL}/{product.pk}").json()
    assert "".join(image["alt"] for image in document["images"]) == sequence
    assert "".join(variant["name"] for variant in document["variants"]) == sequence
    for rows in (document["images"], document["variants"]):
        assert [row["position"] for row in rows] == [1, 2, 3]


def test_a_picture_belongs_to_a_variant_and_its_text_is_edited(as_admin: APIClient) -> None:
    product = make_product("Shirt", variants=[{"options": {"size": "S"}}, {"options": {"size": "M"}}])
    small, medium = (variant.pk for variant in product.variants.all())
    image = upload(as_admin, product.pk, picture(), alt="Front", variant_id=str(small)).json()
    assert (image["variant_id"], image["version"]) == (small, 1)
    path = f"{URL}/{product.pk}/images/{image['image_id']}"

    changed = as_admin.patch(path, {"alt": "Back", "variant_id": medium}, headers={"If-Match": '"1"'}).json()
    assert changed == image | {"alt": "Back", "variant_id": medium, "version": 2}
    assert as_admin.patch(path, {"alt": "Back"}).json() == changed  # nothing is new
    stale = as_admin.patch(path, {"alt": "Side"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert as_admin.get(f"{URL}/{product.pk}").json()["images"] == [changed]
    assert as_admin.patch(path, {"variant_id": None, "alt": ""}).json()["variant_id"] is None
    assert [
        event.payload["changes"] for event in Event.objects.filter(kind="product.image_updated").order_by("pk")
    ] == [
        {"alt": ["Front", "Back"], "variant_id": [small, medium]},
        {"alt": ["Back", ""], "variant_id": [medium, None]},
    ]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"position": 0}, "position", "min_value"),
        ({"position": "1"}, "position", "invalid"),
        ({"variant_id": "1"}, "variant_id", "invalid"),
        ({"alt": "a\u202eb"}, "alt", "hidden_character"),
        ({"url": "x"}, "url", "unknown_field"),
    ],
)
def test_what_cannot_be_said_of_a_picture(as_admin: APIClient, body: Any, field: str, code: str) -> None:
    product = make_product("Mug")
    image = add_picture(product)
    document = refused(as_admin, "patch", f"/{product.pk}/images/{image.pk}", body, 400, "invalid")
    assert fields_of(document) == [(field, code)]


def test_a_picture_shows_no_variant_of_another_product(as_admin: APIClient, as_customer: APIClient) -> None:
    product, other = make_product("Mug"), make_product("Cup")
    image, strange = add_picture(product), other.variants.get().pk
    path = f"/{product.pk}/images/{image.pk}"
    document = refused(as_admin, "patch", path, {"variant_id": strange}, 400, "unknown_variant")
    assert fields_of(document) == [("variant_id", "unknown_variant")]
    assert upload(as_admin, product.pk, picture(), variant_id=str(strange)).json()["code"] == "unknown_variant"
    assert upload(as_admin, product.pk, picture(), variant_id="x").json()["code"] == "invalid"
    refused(as_admin, "patch", f"/{other.pk}/images/{image.pk}", {"alt": "X"}, 404, "not_found")
    refused(as_customer, "patch", path, {"alt": "X"}, 403, "permission_denied")
    assert Image.objects.count() == 1


def test_staff_put_pictures_and_variants_in_sequence(staff_pages: Callable[..., Any]) -> None:
    editor = staff_pages("catalog editor")
    product = make_product("Mug", variants=[{"name": name} for name in "ABC"])
    first, second = (add_picture(product, alt=name) for name in "XY")
    page, a = f"/admin/catalog/product/{product.pk}/change/", product.variants.all()[0]

    form: dict[str, Any] = form_on(editor, page, f"image-{second.pk}-alt")
    assert (form[f"image-{second.pk}-position"], form[f"image-{second.pk}-alt"]) == (["2"], ["Y"])
    path = f"/admin/catalog/product/{product.pk}/images/{second.pk}/change/"
    change = {"position": "1", "variant": str(a.pk), "alt": "Handle"}
    form |= {f"image-{second.pk}-{name}": value for name, value in change.items()}
    assert messages_of(editor.post(path, form, follow=True)) == ["The picture is changed."]
    second.refresh_from_db()
    assert (second.alt, second.position, second.variant_id) == ("Handle", 1, a.pk)
    assert messages_of(editor.post(path, form, follow=True))[0].startswith("Somebody else")
    assert editor.post(path.replace(str(second.pk), "999999"), form).status_code == 404

    form = form_on(editor, page, "price") | {"variants-0-position": "3", "variants-2-position": "1"}
    assert editor.post(page, form).status_code == 302
    assert [variant.name for variant in product.variants.all()] == ["C", "B", "A"]
    assert first.product_id == product.pk
