"""Products: created, changed, archived. What of them can be ordered are their variants."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from catalog.exceptions import AmbiguousSku, AmbiguousStock, SlugTaken, UnknownCategory
from catalog.models import Product
from catalog.services.slugs import insert_with_slug
from catalog.services.variants import (
    VariantInput,
    apply,
    create_variants,
    label,
    locked_product,
    write_sku,
    write_stock,
)
from database.refusals import check_version
from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish

Attributes = dict[str, str | int | float | bool]


class ProductDetails(TypedDict, total=False):
    """What may be said about a product besides its name and price. `category` is a slug."""

    description: str
    category: str | None
    slug: str
    status: str
    attributes: Attributes


class ProductChanges(ProductDetails, total=False):
    name: str
    price: Decimal
    sku: str
    stock_quantity: int


@unit_of_work
def create_product(
    *,
    name: str,
    price: Decimal,
    actor: Actor,
    sku: str = "",
    stock_quantity: int = 0,
    variants: Sequence[VariantInput] = (),
    **details: Unpack[ProductDetails],
) -> Product:
    """A product with its variants, or with the one that `sku` and `stock_quantity` speak of.

    Slug and SKUs that are not given are made. Stock begins with one receipt. Refuses SlugTaken, SkuTaken,
    UnknownCategory; AmbiguousSku and AmbiguousStock when there are variants to say these things of.
    """
    if variants and sku:
        raise AmbiguousSku
    if variants and stock_quantity:
        raise AmbiguousStock
    category = details.pop("category", None)
    product = Product(name=name, price=price, **details)
    if category is not None:
        product.category_id = share_category(category)
    insert_with_slug(product, fallback="product")
    create_variants(product, variants or [{"sku": sku, "stock_quantity": stock_quantity}], actor=actor)
    tell("product.created", product, actor)
    return product


@unit_of_work
def update_product(
    *, product_id: int, actor: Actor, expected_version: int | None = None, **changes: Unpack[ProductChanges]
) -> None:
    """Change a product; the same values change nothing. `stock_quantity: n` makes the readable value n.

    Refuses NotFound, VersionMismatch, SlugTaken, SkuTaken, UnknownCategory; AmbiguousSku and AmbiguousStock with
    several variants. Locks the product, then the stock of its only variant if that is written.
    """
    product = locked_product(product_id)
    check_version(product.version, expected_version)
    before: dict[str, Any] = {}
    if "sku" in changes or "stock_quantity" in changes:
        before |= write_only_variant(product, changes, actor)
    plain = ("name", "slug", "description", "price", "status", "attributes")
    columns = apply(product, {field: value for field, value in changes.items() if field in plain})
    if "category" in changes:
        slug = changes["category"]
        columns |= apply(product, {"category_id": None if slug is None else share_category(slug)})
    before |= columns
    if not before:
        return
    product.version += 1
    product.updated_at = Now()
    product.full_clean(validate_unique=False, validate_constraints=False, exclude=["category", "updated_at"])
    try:
        with transaction.atomic():
            product.save(update_fields=[*columns, "version", "updated_at"])
    except IntegrityError as error:
        raise SlugTaken from error
    if "name" in columns:
        for variant in product.variants.all():
            label(product, variant, actor)
    archived = "status" in columns and product.status == Product.Status.ARCHIVED
    tell("product.archived" if archived else "product.updated", product, actor, changed=before)


@unit_of_work
def archive_product(*, product_id: int, actor: Actor, expected_version: int | None = None) -> None:
    """Take a product out of the storefront; orders keep what they have. Repeating it changes nothing.

    Refuses NotFound, VersionMismatch. Locks the product.
    """
    update_product(
        product_id=product_id, actor=actor, expected_version=expected_version, status=Product.Status.ARCHIVED
    )


def write_only_variant(product: Product, changes: ProductChanges, actor: Actor) -> dict[str, Any]:
    """Write what a product without further variants says of its one article."""
    variants = list(product.variants.live().select_related("stock_item")[:2])
    if len(variants) > 1:
        raise AmbiguousStock if "stock_quantity" in changes else AmbiguousSku
    [variant] = variants
    before: dict[str, Any] = {}
    if "stock_quantity" in changes:
        before |= write_stock(variant, changes["stock_quantity"], actor)
    if "sku" in changes:
        before |= write_sku(variant, changes["sku"], actor)
    return before


def share_category(slug: str, *, field: str = "category") -> int:
    """The id of a category that cannot be deleted before this unit ends. Refuses UnknownCategory."""
    with connection.cursor() as cursor:
        cursor.execute("select id from catalog_category where slug = %s::text for key share", [slug])
        row = cursor.fetchone()
    if row is None:
        raise UnknownCategory(field)
    id: int = row[0]
    return id


def tell(kind: str, product: Product, actor: Actor, **extra: Any) -> None:
    publish(kind, {"product_id": product.pk, **extra}, subject=f"product:{product.pk}", actor=actor)
