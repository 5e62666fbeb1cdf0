"""What inventory is told about what is for sale, and what the migration tells it about a shop that is there already."""

from importlib import import_module

import pytest
from django.db import connection

from catalog.services import archive_variant
from catalog.tests.factories import make_product, variant_of
from events.actors import COMMAND
from inventory.models import StockItem

pytestmark = pytest.mark.django_db


def test_live_variants_of_active_products_are_for_sale_and_the_migration_says_so_too() -> None:
    for status in ("active", "draft", "archived"):
        make_product(sku=status, status=status)
    both = make_product(variants=[{"sku": "gone"}, {"sku": "kept"}])
    archive_variant(product_id=both.pk, variant_id=variant_of(both).pk, actor=COMMAND)
    StockItem.objects.create(sku="of nothing", name="Of nothing")
    sold = dict(StockItem.objects.values_list("sku", "is_sold"))

    StockItem.objects.update(is_sold=False)
    with connection.cursor() as cursor:
        cursor.execute(import_module("catalog.migrations.0010_what_is_for_sale").SOLD)

    assert dict(StockItem.objects.values_list("sku", "is_sold")) == sold
    assert {sku for sku, is_sold in sold.items() if is_sold} == {"active", "kept"}
