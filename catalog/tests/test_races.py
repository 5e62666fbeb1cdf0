"""Staff at the same moment: on real connections, with real commits. Each race has a control without the protection."""

from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db.models.functions import Now

from catalog import services
from catalog.exceptions import CategoryCycle, CategoryInUse, LastVariant, UnknownCategory
from catalog.models import Category, Product, Variant
from catalog.services import categories, variants
from catalog.tests.factories import make_category, make_product
from events.actors import COMMAND
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def move_below_each_other(a: Category, b: Category) -> list[Any]:
    return at_once(
        [
            partial(services.update_category, category_id=a.pk, parent=b.slug, actor=COMMAND),
            partial(services.update_category, category_id=b.pk, parent=a.slug, actor=COMMAND),
        ]
    )


def test_two_moves_never_close_a_circle() -> None:
    for _ in range(5):
        a, b = make_category(), make_category()
        outcomes = move_below_each_other(a, b)
        assert sum(isinstance(outcome, CategoryCycle) for outcome in outcomes) == 1
        assert Category.objects.filter(pk__in=[a.pk, b.pk], parent=None).count() == 1


def test_control_without_the_lock_two_moves_close_a_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = make_category(), make_category()
    both_have_read = Barrier(2, timeout=30)

    def read_tree() -> dict[int, int | None]:
        tree: dict[int, int | None] = dict(Category.objects.values_list("pk", "parent_id"))
        both_have_read.wait()
        return tree

    monkeypatch.setattr(categories, "lock_tree", read_tree)
    move_below_each_other(a, b)
    assert Category.objects.filter(parent=None).count() == 0


def remove_each_other() -> tuple[Product, list[Any]]:
    product = make_product("Mug", variants=[{"name": "S"}, {"name": "M"}])
    works = [
        partial(services.archive_variant, product_id=product.pk, variant_id=variant.pk, actor=COMMAND)
        for variant in product.variants.all()
    ]
    return product, at_once(works)


def test_two_removals_never_take_the_last_variant() -> None:
    for _ in range(5):
        product, outcomes = remove_each_other()
        assert sum(isinstance(outcome, LastVariant) for outcome in outcomes) == 1
        assert product.variants.live().count() == 1


def test_control_without_the_lock_two_removals_take_the_last_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    both_have_counted = Barrier(2, timeout=30)

    def now_that_both_have_counted() -> Now:
        both_have_counted.wait()
        return Now()

    monkeypatch.setattr(variants, "locked_product", lambda product_id: Product.objects.get(pk=product_id))
    monkeypatch.setattr(variants, "Now", now_that_both_have_counted)
    remove_each_other()
    assert Variant.objects.live().count() == 0


def test_products_of_one_name_get_slugs_of_their_own() -> None:
    outcomes = at_once([partial(make_product, "Mug")] * 6)
    assert [outcome for outcome in outcomes if not isinstance(outcome, Product)] == []
    assert Product.objects.values("slug").distinct().count() == 6


def test_a_category_is_not_deleted_under_a_product_that_is_put_into_it() -> None:
    for number in range(5):
        category = make_category("Kitchen")
        works: list[Any] = [
            partial(make_product, f"Mug {number}", category="kitchen"),
            partial(services.delete_category, category_id=category.pk, actor=COMMAND),
        ]
        made, deleted = at_once(works)
        if isinstance(made, Product):
            assert isinstance(deleted, CategoryInUse)
            Product.objects.update(category=None)
            category.delete()
        else:
            assert isinstance(made, UnknownCategory)
            assert deleted is None
