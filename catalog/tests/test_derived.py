"""The words of a product are in line with the rows that they are made of, whatever was edited, by whom and when."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from rest_framework.test import APIClient

from catalog import services
from catalog.exceptions import LastVariant
from catalog.models import Category, Product, Variant, WordRules
from catalog.services import derived
from catalog.tasks import find_words_anew
from catalog.tests.asking import names
from catalog.tests.factories import make_category, make_product, variant_of
from database.refusals import Refusal
from database.transactions import run_unit
from events.actors import COMMAND
from inventory import services as inventory
from tests.threads import apart, overtaken

WORDS = ["Amber", "Müsli", "łóżko", "日本語", "Größe", "Black/White", "2 TB", "Chef's", "Одежда", "Sand"]


def stored() -> dict[int, tuple[str, str]]:
    return {id: (vector, key) for id, vector, key in Product.objects.values_list("pk", "search_vector", "sort_name")}


def assert_in_line() -> None:
    """What is stored is what is found anew from nothing."""
    before = stored()
    Product.objects.update(search_vector="", sort_name="")
    call_command("refresh_search", stdout=StringIO())
    assert stored() == before


def edits(dice: random.Random) -> list[Callable[[], object]]:
    """One edit of each kind, of rows and with values that the dice choose."""
    product_id = dice.choice(list(Product.objects.values_list("pk", flat=True)))
    variant = dice.choice(list(Variant.objects.select_related("stock_item").order_by("pk")))
    category = dice.choice(list(Category.objects.order_by("pk")))
    word, other, number = dice.choice(WORDS), dice.choice(WORDS), dice.randrange(10**6)
    of_product = partial(services.update_product, product_id=product_id, actor=COMMAND)
    of_variant = partial(services.update_variant, product_id=variant.product_id, variant_id=variant.pk, actor=COMMAND)
    return [
        lambda: make_product(f"{word} {other}", category=category, brand=word, attributes={"a": other, "is_new": True}),
        lambda: of_product(name=f"{word} {number}"),
        lambda: of_product(description=f"{word}, {other}"),
        lambda: of_product(brand=word),
        lambda: of_product(attributes={"material": word, "folding": bool(number % 2)}),
        lambda: of_product(category=dice.choice([None, category.slug])),
        lambda: of_product(sku=f"S-{number}"),
        lambda: of_product(status=dice.choice(Product.Status.values)),
        lambda: services.add_variant(product_id=product_id, options={"colour": word, "n": str(number)}, actor=COMMAND),
        lambda: of_variant(name=word),
        lambda: of_variant(options={"colour": other, "n": str(number)}),
        lambda: of_variant(sku=f"V/{number}".replace("/", "-")),
        lambda: services.archive_variant(product_id=variant.product_id, variant_id=variant.pk, actor=COMMAND),
        lambda: inventory.update_item(sku=variant.stock_item.sku, barcode=f"40{number}", actor=COMMAND),
        lambda: services.update_category(category_id=category.pk, name=f"{word} {number}", actor=COMMAND),
        lambda: services.update_category(
            category_id=category.pk, parent=dice.choice([None, *Category.objects.values_list("slug")[0]]), actor=COMMAND
        ),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_no_edit_leaves_old_words(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  # no secret
    top = make_category("Top")
    make_category("Middle", parent=top.slug)
    make_category("Low", parent="middle")
    for number in range(4):
        make_product(f"Product {number}", category=dice.choice(["top", "middle", "low"]))
    done = 0
    for _ in range(6):
        for kind in range(len(edits(dice))):
            try:
                edits(dice)[kind]()
                done += 1
            except Refusal:  # a circle of categories, the last variant, one that is archived
                continue
    assert done > 50
    assert_in_line()


@pytest.mark.django_db
def test_each_kind_of_edit_is_found_at_once(api: APIClient) -> None:
    category = make_category("Kitchen")
    make_category("Cups", parent="kitchen")
    product = make_product("Mug", category="cups", sku="MUG-1")
    variant = variant_of(product)
    steps: list[tuple[Callable[[], object], str]] = [
        (partial(services.update_product, product_id=product.pk, name="Beaker", actor=COMMAND), "beaker"),
        (partial(services.update_product, product_id=product.pk, brand="Morso", actor=COMMAND), "morso"),
        (partial(services.update_product, product_id=product.pk, sku="BKR-2", actor=COMMAND), "bkr-2"),
        (partial(services.update_category, category_id=category.pk, name="Küche", actor=COMMAND), "kuche"),
        (partial(inventory.update_item, sku="BKR-2", barcode="4099887766", actor=COMMAND), "4099887766"),
        (
            partial(
                services.update_variant,
                product_id=product.pk,
                variant_id=variant.pk,
                options={"colour": "Teal"},
                actor=COMMAND,
            ),
            "teal",
        ),
    ]
    for edit, search in steps:
        assert names(api, search=search) == []
        edit()
        assert names(api, search=search) == ["Beaker"]
    for gone in ("mug-1", "kitchen"):
        assert names(api, search=gone) == []


@pytest.mark.django_db
def test_a_refresh_that_changes_nothing_writes_nothing() -> None:
    product = make_product("Mug")
    with connection.cursor() as cursor:
        cursor.execute("select xmin from catalog_product")
        before = cursor.fetchone()
        derived.refresh([product.pk])
        cursor.execute("select xmin from catalog_product")
        assert cursor.fetchone() == before


@pytest.mark.django_db
def test_the_last_variant_keeps_its_words(api: APIClient) -> None:
    product = make_product("Mug", sku="MUG-1")
    with pytest.raises(LastVariant):
        services.archive_variant(product_id=product.pk, variant_id=variant_of(product).pk, actor=COMMAND)
    assert names(api, search="mug-1") == ["Mug"]


def rename(category: Category) -> object:
    return services.update_category(category_id=category.pk, name="After", actor=COMMAND)


@pytest.mark.django_db(transaction=True)
def test_a_product_that_is_made_meanwhile_gets_the_new_name_of_its_category(api: APIClient) -> None:
    category = make_category("Before")
    overtaken(partial(make_product, "Mug", category="before"), partial(rename, category))
    assert names(api, search="after") == ["Mug"]


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_the_product_keeps_the_old_name(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    category = make_category("Before")
    monkeypatch.setattr("catalog.services.products.share_tree", lambda: None)

    def make_and_let_rename() -> None:
        make_product("Mug", category="before")
        with ThreadPoolExecutor(1) as pool:
            assert not isinstance(pool.submit(apart, partial(rename, category)).result(20), Exception)

    run_unit(make_and_let_rename)
    assert names(api, search="before") == ["Mug"]


@pytest.mark.django_db
def test_after_an_upgrade_the_worker_finds_all_words_anew(
    api: APIClient, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few products in each job, and none of them again until the rules or the language change."""
    for name in ("Häuser", "Lampen", "Kissen"):
        make_product(name)
    find_words_anew(timestamp=0)
    right = stored()
    monkeypatch.setattr(derived, "AT_ONCE", 2)

    def by_other_rules() -> None:
        Product.objects.update(search_vector="'other':1A")

    by_other_rules()
    find_words_anew(timestamp=0)
    assert stored() != right, "nothing has changed"

    settings.SEARCH_LANGUAGE = "german"  # type: ignore[attr-defined]  # pytest-django's wrapper of the settings
    assert not services.find_words_anew(seconds=0.0), "the time was over at once"
    find_words_anew(timestamp=0)
    assert names(api, search="haus") == ["Häuser"]
    assert WordRules.objects.get().done_to is None

    by_other_rules()
    settings.SEARCH_LANGUAGE = "english"  # type: ignore[attr-defined]  # pytest-django's wrapper of the settings
    monkeypatch.setattr("catalog.services.words_anew.RULES", 1_000)
    WordRules.objects.update(rules="1000 english", done_to=Product.objects.order_by("pk")[1].pk)
    find_words_anew(timestamp=0)
    assert [vector == right[id][0] for id, (vector, _) in sorted(stored().items())] == [False, False, True], "goes on"
