"""Variants: what of a product can be ordered. Each is one stock item, which inventory counts.

Every verb locks the product, so that its variants do not change under whoever decides about them.
"""

import secrets
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db import models
from django.db.models.functions import Now

from catalog.exceptions import LastVariant, TooManyVariants
from catalog.models import MAX_VARIANTS, Product, Variant
from database.refusals import FieldError, NotFound, check_version
from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish
from inventory import services as inventory
from inventory.exceptions import SkuTaken
from inventory.models import StockItem


class VariantInput(TypedDict, total=False):
    """What may be said about a variant. No price means the product's; no SKU or name means that one is made."""

    sku: str
    name: str
    options: dict[str, str]
    price: Decimal | None
    stock_quantity: int


@unit_of_work
def add_variant(*, product_id: int, actor: Actor, **details: Unpack[VariantInput]) -> Variant:
    """A further variant, after the others. Its stock begins with a receipt.

    Refuses NotFound, SkuTaken, TooManyVariants. Locks the product.
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
    """Change a variant; the same values change nothing. `stock_quantity: n` makes the readable value n.

    Refuses NotFound, VersionMismatch, SkuTaken. Locks the product and the variant, then the stock of its item.
    """
    product = locked_product(product_id)
    variant = (
        Variant.objects.live()
        .select_for_update(of=("self",), no_key=True)
        .select_related("stock_item")
        .filter(pk=variant_id, product_id=product_id)
        .first()
    )
    if variant is None:
        raise NotFound("There is no such variant.")
    check_version(variant.version, expected_version)
    before: dict[str, Any] = {}
    if "stock_quantity" in changes:
        before |= write_stock(variant, changes["stock_quantity"], actor)
    if "sku" in changes:
        before |= write_sku(variant, changes["sku"], actor)
    columns = apply(variant, {field: changes[field] for field in ("name", "options", "price") if field in changes})
    before |= columns
    if not before:
        return
    variant.version += 1
    variant.full_clean(validate_unique=False, validate_constraints=False, exclude=["product", "stock_item"])
    variant.save(update_fields=[*columns, "version"])
    if "name" in columns:
        label(product, variant, actor)
    tell("variant_updated", variant, actor, changed=before)


@unit_of_work
def archive_variant(*, product_id: int, variant_id: int, actor: Actor) -> None:
    """Take a variant off the shelf; orders keep theirs. Repeating it changes nothing.

    Refuses NotFound, LastVariant. Locks the product.
    """
    product = locked_product(product_id)
    variant = product.variants.filter(pk=variant_id).first()
    if variant is None:
        raise NotFound("There is no such variant.")
    if variant.archived_at is not None:
        return
    if product.variants.live().count() == 1:
        raise LastVariant("The last variant cannot be removed; archive the product instead.")
    product.variants.filter(pk=variant_id).update(archived_at=Now(), version=variant.version + 1)
    tell("variant_archived", variant, actor)


def create_variants(
    product: Product, variants: Sequence[VariantInput], *, actor: Actor, first_position: int = 0
) -> list[Variant]:
    """Insert variants with their stock items and receive what they begin with, all in one posting.

    The caller has inserted or locked the product. Refuses SkuTaken, naming the line.
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
    """SKUs that no item has: `P-17`, then `P-17-2` and so on, and when those run out `P-17-3f9a1c`."""
    candidates = [f"P-{product_id}", *(f"P-{product_id}-{number}" for number in range(2, 2 * MAX_VARIANTS))]
    taken = set(StockItem.objects.filter(sku__in=candidates).values_list("sku", flat=True)) if count else set()
    free = [sku for sku in candidates if sku not in taken][:count]
    return free + [f"P-{product_id}-{secrets.token_hex(3)}" for _ in range(count - len(free))]


def locked_product(product_id: int) -> Product:
    """The product, locked against other edits of it; orders that name it go on. Refuses NotFound."""
    product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
    if product is None:
        raise NotFound("There is no such product.")
    return product


def apply(row: models.Model, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Set fields of a row; answers those that really differed, with the old values as the journal keeps them."""
    before = {}
    for field, value in changes.items():
        old = getattr(row, field)
        if old != value:
            setattr(row, field, value)
            before[field] = str(old) if isinstance(old, Decimal) else old
    return before


def write_stock(variant: Variant, quantity: int, actor: Actor) -> dict[str, Any]:
    """Make what lies unsold of a variant this quantity. Comes before `write_sku` and `label`: levels before items."""
    difference = inventory.set_stock(item_id=variant.stock_item_id, quantity=quantity, actor=actor, reason="set")
    return {"stock_quantity": quantity - difference} if difference else {}


def write_sku(variant: Variant, sku: str, actor: Actor) -> dict[str, Any]:
    old = variant.stock_item.sku
    if old == sku:
        return {}
    inventory.change_sku(item_id=variant.stock_item_id, sku=sku, actor=actor)
    return {"sku": old}


def label_of(product: Product, variant: Variant) -> str:
    """What stock keepers read on the shelf."""
    return (f"{product.name} ({variant.name})" if variant.name else product.name)[:255]


def label(product: Product, variant: Variant, actor: Actor) -> None:
    inventory.rename_item(item_id=variant.stock_item_id, name=label_of(product, variant), actor=actor)


def tell(what: str, variant: Variant, actor: Actor, **extra: Any) -> None:
    payload = {"product_id": variant.product_id, "variant_id": variant.pk, **extra}
    publish(f"product.{what}", payload, subject=f"product:{variant.product_id}", actor=actor)
