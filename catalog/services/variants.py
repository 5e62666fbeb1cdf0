"""Variants: what can be ordered of a product. Each is one stock item, which inventory counts.

Every verb locks the product, so that no other verb changes its variants meanwhile.
"""

import secrets
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db import models
from django.db.models.functions import Now

from catalog.exceptions import LastVariant, TooManyVariants, found
from catalog.models import MAX_VARIANTS, Product, Variant
from database.refusals import FieldError, check_version
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import Changes, apply_changes
from events.services import publish
from inventory import services as inventory
from inventory.exceptions import SkuTaken
from inventory.models import StockItem


class VariantInput(TypedDict, total=False):
    """What may be said about a variant. Without a price it has the product's. A missing SKU or name is made."""

    sku: str
    name: str
    options: dict[str, str]
    price: Decimal | None
    stock_quantity: int
    max_per_customer: int | None


@unit_of_work
def add_variant(*, product_id: int, actor: Actor, **details: Unpack[VariantInput]) -> Variant:
    """Add a variant to a product, after the others. Its stock begins with a receipt.

    Refuses NotFound, SkuTaken, TooManyVariants. Locks the product, then the stock that is received.
    """
    product = locked_product(product_id)
    if product.variants.live().count() >= MAX_VARIANTS:
        raise TooManyVariants(f"A product has at most {MAX_VARIANTS} variants.")
    position = (product.variants.aggregate(last=models.Max("position"))["last"] or 0) + 1
    [variant] = create_variants(product, [details], actor=actor, first_position=position)
    tell("variant_added", variant, actor)
    return variant


@unit_of_work
def update_variant(
    *,
    product_id: int,
    variant_id: int,
    actor: Actor,
    expected_version: int | None = None,
    **changes: Unpack[VariantInput],
) -> None:
    """Change a variant. The values that it has already change nothing. `stock_quantity: n` makes the shown value n.

    Refuses NotFound, VersionMismatch, SkuTaken. Locks the product and the variant, then the stock of its item.
    """
    product = locked_product(product_id)
    variants = Variant.objects.live().select_for_update(of=("self",), no_key=True).select_related("stock_item")
    variant = found(variants.filter(pk=variant_id, product_id=product_id).first(), "variant")
    check_version(variant.version, expected_version)
    edited: Changes = {}
    if "stock_quantity" in changes:
        edited |= write_stock(variant, changes["stock_quantity"], actor)
    if "sku" in changes:
        edited |= write_sku(variant, changes["sku"], actor)
    columns = apply_changes(
        variant,
        {field: changes[field] for field in ("name", "options", "price", "max_per_customer") if field in changes},
    )
    edited |= columns
    if not edited:
        return
    variant.version += 1
    variant.full_clean(validate_unique=False, validate_constraints=False, exclude=["product", "stock_item"])
    variant.save(update_fields=[*columns, "version"])
    if "name" in columns:
        label(product, variant, actor)
    tell("variant_updated", variant, actor, changes=edited)


@unit_of_work
def archive_variant(*, product_id: int, variant_id: int, actor: Actor) -> None:
    """Take a variant off the shelf; orders keep their lines. A second time changes nothing.

    Refuses NotFound, LastVariant. Locks the product.
    """
    product = locked_product(product_id)
    variant = found(product.variants.filter(pk=variant_id).first(), "variant")
    if variant.archived_at is not None:
        return
    if product.variants.live().count() == 1:
        raise LastVariant("The last variant cannot be removed; archive the product instead.")
    product.variants.filter(pk=variant_id).update(archived_at=Now(), version=variant.version + 1)
    tell("variant_archived", variant, actor)


def create_variants(
    product: Product, variants: Sequence[VariantInput], *, actor: Actor, first_position: int = 0
) -> list[Variant]:
    """Insert variants with their stock items, and receive the stock that they begin with in one posting.

    The caller has inserted or locked the product. Refuses SkuTaken, and names the line when there are several.
    """
    created, receipts = [], []
    generated = iter(free_skus(product.pk, sum(1 for details in variants if not details.get("sku"))))
    for place, details in enumerate(variants):
        options = details.get("options", {})
        variant = Variant(
            product=product,
            name=details.get("name") or " / ".join(options.values())[:255],
            options=options,
            price=details.get("price"),
            max_per_customer=details.get("max_per_customer"),
            position=first_position + place,
        )
        variant.clean_fields(exclude=["product", "stock_item"])
        sku = details.get("sku") or next(generated)
        try:
            item = inventory.create_item(sku=sku, name=label_of(product, variant), actor=actor)
        except SkuTaken as refusal:
            if len(variants) > 1:
                refusal.errors = [FieldError(f"variants.{place}.sku", refusal.code, refusal.detail)]
            raise
        variant.stock_item = item
        variant.save(force_insert=True)
        created.append(variant)
        if details.get("stock_quantity"):
            receipts.append(inventory.ReceiptLine(item.sku, details["stock_quantity"]))
    if receipts:
        reference = f"opening:{product.pk}"
        inventory.receive_stock(reference=reference, lines=receipts, reason="opening stock", actor=actor)
    return created


def free_skus(product_id: int, count: int) -> list[str]:
    """SKUs that no item has: `P-17`, `P-17-2` and so on, and when these are taken `P-17-3f9a1c`."""
    candidates = [f"P-{product_id}", *(f"P-{product_id}-{number}" for number in range(2, 2 * MAX_VARIANTS))]
    taken = set(StockItem.objects.filter(sku__in=candidates).values_list("sku", flat=True)) if count else set()
    free = [sku for sku in candidates if sku not in taken][:count]
    return free + [f"P-{product_id}-{secrets.token_hex(3)}" for _ in range(count - len(free))]


def locked_product(product_id: int) -> Product:
    """The product, locked against other edits. Orders that name the product do not wait. Refuses NotFound."""
    return found(Product.objects.select_for_update(no_key=True).filter(pk=product_id).first(), "product")


def write_stock(variant: Variant, quantity: int, actor: Actor) -> Changes:
    """Make the units of a variant that lie unsold this quantity; answers what they were and are, if they differed.

    Locks the levels of the item. `write_sku` and `label` lock the item, so they come later.
    """
    difference = inventory.set_stock(item_id=variant.stock_item_id, quantity=quantity, actor=actor, reason="set")
    return {"stock_quantity": [quantity - difference, quantity]} if difference else {}


def write_sku(variant: Variant, sku: str, actor: Actor) -> Changes:
    """Give a variant this SKU; answers the old and the new one, if they differed. Refuses SkuTaken. Locks the item."""
    old = variant.stock_item.sku
    if old == sku:
        return {}
    inventory.change_sku(item_id=variant.stock_item_id, sku=sku, actor=actor)
    return {"sku": [old, sku]}


def label_of(product: Product, variant: Variant) -> str:
    """The name of a variant for stock keepers."""
    return (f"{product.name} ({variant.name})" if variant.name else product.name)[:255]


def label(product: Product, variant: Variant, actor: Actor) -> None:
    """Tell inventory the name of a variant. Locks the item."""
    inventory.rename_item(item_id=variant.stock_item_id, name=label_of(product, variant), actor=actor)


def tell(what: str, variant: Variant, actor: Actor, **extra: Any) -> None:
    """Publish what happened to a variant of a product."""
    payload = {"product_id": variant.product_id, "variant_id": variant.pk, **extra}
    publish(f"product.{what}", payload, subject=f"product:{variant.product_id}", actor=actor)
