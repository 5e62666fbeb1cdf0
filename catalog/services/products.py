"""Products: created, changed, archived. What can be ordered of a product is one of its variants."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Unpack

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from catalog.exceptions import AmbiguousSku, AmbiguousStock, SlugTaken, UnknownCategory, UnknownTaxClass
from catalog.models import Product, ProductColumns
from catalog.services.articles import label, tell_inventory, write_sku, write_stock
from catalog.services.derived import UNRELATED, refresh
from catalog.services.prices import prices_kept
from catalog.services.slugs import insert_with_slug, remember_slug
from catalog.services.variants import VariantInput, create_variants, first_words, locked_product, share_tree
from catalog.tax_classes import tax_classes
from database.refusals import Expected, check_version
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import Changes, apply_changes, values_of
from events.services import publish

# What a change names beside columns of the product.
NO_COLUMNS = frozenset({"category", "sku", "stock_quantity"})
# What the journal is told of a new product. A description may be long, and is told when it is edited.
TOLD = ("name", "slug", "brand", "price", "tax_class", "status", "category_id", "attributes")
# A category by its slug, or by one that it had before.
CATEGORY = """
    select id from catalog_category
    where slug = %(slug)s::text or id in (
        select category_id from catalog_oldslug where slug = %(slug)s::text and category_id is not null)
    order by slug = %(slug)s::text desc limit 1 for key share
"""


class ProductDetails(ProductColumns, total=False):
    """What may be said about a product beside its name and price. `category` is a slug."""

    category: str | None


class ProductChanges(ProductDetails, total=False):
    """What may be changed. `sku` and `stock_quantity` are those of the only variant."""

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
    """Create a product with its variants, or with one variant that has `sku` and `stock_quantity`.

    Slug and SKUs that are not given are made. Stock begins with one receipt. Refuses SlugTaken, SkuTaken, OptionsTaken,
    UnknownCategory, UnknownTaxClass, NoReduction; AmbiguousSku and AmbiguousStock when `variants` are given too. Locks
    the category against being deleted, and the stock that is received.
    """
    if variants and sku:
        raise AmbiguousSku
    if variants and stock_quantity:
        raise AmbiguousStock
    share_tree()
    refuse_unknown_tax_class(details.get("tax_class", ""))
    category = details.pop("category", None)
    product = Product(name=name, price=price, price_from=price, price_to=price, **details)
    if category is not None:
        product.category_id = share_category(category)
    insert_with_slug(product, fallback="product")
    with prices_kept(product.pk, actor):
        made = create_variants(product, variants or [{"sku": sku, "stock_quantity": stock_quantity}], actor=actor)
    refresh([product.pk])
    said = [{"variant_id": variant.pk, "values": first_words(variant)} for variant in made]
    tell("product.created", product, actor, values=values_of(product, TOLD), variants=said)
    return product


@unit_of_work
def update_product(
    *, product_id: int, actor: Actor, expected_version: Expected = None, **changes: Unpack[ProductChanges]
) -> bool:
    """Change a product, and tell whether that changed anything. `stock_quantity: n` makes the shown value n.

    Refuses NotFound, VersionMismatch, SlugTaken, SkuTaken, UnknownCategory, UnknownTaxClass; AmbiguousSku and
    AmbiguousStock with several variants. Locks the product, then the stock of its variants if the status is changed,
    and that of its only variant if the quantity is written.
    """
    product = locked_product(product_id)
    check_version(product.version, expected_version)
    edited: Changes = {}
    if changes.get("status", product.status) != product.status:
        tell_inventory(product.variants.live(), is_sold=changes["status"] == Product.Status.ACTIVE, actor=actor)
    if "sku" in changes or "stock_quantity" in changes:
        edited |= write_only_variant(product, changes, actor)
    columns = apply_changes(product, {field: value for field, value in changes.items() if field not in NO_COLUMNS})
    if "category" in changes:
        slug = changes["category"]
        columns |= apply_changes(product, {"category_id": None if slug is None else share_category(slug)})
    if "tax_class" in columns:
        refuse_unknown_tax_class(product.tax_class)
    edited |= columns
    if not edited:
        return False
    product.version += 1
    product.updated_at = Now()
    product.full_clean(validate_unique=False, validate_constraints=False, exclude=["category", "updated_at"])
    try:
        with prices_kept(product_id, actor, written="price" in columns), transaction.atomic():
            product.save(update_fields=[*columns, "version", "updated_at"])
    except IntegrityError as error:
        raise SlugTaken from error
    if "slug" in columns:
        remember_slug(product, columns["slug"][0])
    if "name" in columns:
        for variant in product.variants.all():
            label(product, variant, actor)
    if edited.keys() - UNRELATED:
        refresh([product_id])
    archived = "status" in columns and product.status == Product.Status.ARCHIVED
    tell("product.archived" if archived else "product.updated", product, actor, changes=edited)
    return True


@unit_of_work
def archive_product(*, product_id: int, actor: Actor, expected_version: Expected = None) -> None:
    """Take a product out of the storefront; orders keep their lines. A second time changes nothing.

    Refuses NotFound, VersionMismatch. Locks as `update_product` does.
    """
    update_product(
        product_id=product_id, actor=actor, expected_version=expected_version, status=Product.Status.ARCHIVED
    )


def write_only_variant(product: Product, changes: ProductChanges, actor: Actor) -> Changes:
    """Write the stock and the SKU of a product's only variant; answers what they were and are.

    Refuses SkuTaken; AmbiguousStock and AmbiguousSku with several variants. The product is locked.
    """
    variants = list(product.variants.live().select_related("stock_item")[:2])
    if len(variants) > 1:
        raise AmbiguousStock if "stock_quantity" in changes else AmbiguousSku
    [variant] = variants
    edited: Changes = {}
    if "stock_quantity" in changes:
        edited |= write_stock(variant, changes["stock_quantity"], actor)
    if "sku" in changes:
        edited |= write_sku(variant, changes["sku"], actor)
    return edited


def share_category(slug: str, *, field: str = "category") -> int:
    """The id of a category, which cannot be deleted before this unit of work ends. Refuses UnknownCategory.

    A slug that the category had before means it too.
    """
    with connection.cursor() as cursor:
        cursor.execute(CATEGORY, {"slug": slug})
        row = cursor.fetchone()
    if row is None:
        raise UnknownCategory(field)
    id: int = row[0]
    return id


def refuse_unknown_tax_class(code: str) -> None:
    """Refuse (UnknownTaxClass) a code that no tax class has."""
    if code and code not in tax_classes():
        raise UnknownTaxClass


def tell(kind: str, product: Product, actor: Actor, **extra: Any) -> None:
    """Publish what happened to a product."""
    publish(kind, {"product_id": product.pk, **extra}, subject=f"product:{product.pk}", actor=actor)
