"""The verbs of the catalog, a module for each kind of thing. Import this package, not its modules.

Each verb is a unit of work. It locks in this sequence: the tree of categories, the product, then what inventory locks.
"""

from catalog.services.categories import create_category, delete_category, update_category
from catalog.services.images import add_image, delete_image, update_image
from catalog.services.planned import (
    due_products,
    plan_price,
    prices_at,
    remove_planned_price,
    settle_planned_prices,
    update_planned_price,
)
from catalog.services.products import archive_product, create_product, update_product
from catalog.services.slugs import renamed
from catalog.services.variants import VariantInput, add_variant, archive_variant, restore_variant, update_variant
from catalog.services.words_anew import find_words_anew

__all__ = [
    "VariantInput",
    "add_image",
    "add_variant",
    "archive_product",
    "archive_variant",
    "create_category",
    "create_product",
    "delete_category",
    "delete_image",
    "due_products",
    "find_words_anew",
    "plan_price",
    "prices_at",
    "remove_planned_price",
    "renamed",
    "restore_variant",
    "settle_planned_prices",
    "update_category",
    "update_image",
    "update_planned_price",
    "update_product",
    "update_variant",
]
