"""Products and categories for tests, made the way staff make them: through the services."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from typing import Any

from catalog import services
from catalog.models import Category, Image, Product, Variant
from events.actors import COMMAND
from inventory.tests.factories import snapshot as stock_snapshot

numbers = count(1)


def make_category(name: str = "", **fields: Any) -> Category:
    """A category; `parent` is a slug."""
    return services.create_category(name=name or f"Category {next(numbers)}", actor=COMMAND, **fields)


def make_product(
    name: str = "",
    *,
    price: str = "10.00",
    stock: int = 0,
    variants: Sequence[services.VariantInput] = (),
    category: Category | str | None = None,
    **fields: Any,
) -> Product:
    """A product for sale with `stock` units of its only article, or with these variants."""
    return services.create_product(
        name=name or f"Mug {next(numbers)}",
        price=Decimal(price),
        stock_quantity=stock,
        variants=variants,
        category=category.slug if isinstance(category, Category) else category,
        actor=COMMAND,
        **fields,
    )


def variant_of(product: Product) -> Variant:
    """The only variant of a product, or its first."""
    return product.variants.live().select_related("stock_item")[0]


def snapshot() -> dict[str, Any]:
    """Every row that catalog, inventory and the journal keep: a refusal leaves all of them as they were."""
    models: list[Any] = [Category, Product, Variant, Image]
    rows = {model.__name__: sorted(map(str, model.objects.values_list())) for model in models}
    return rows | stock_snapshot()
