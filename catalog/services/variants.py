"""Variants: what can be ordered of a product. Each is one stock item, which inventory counts.

Every verb locks the product, so that no other verb changes its variants meanwhile.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, connection, models
from django.db.models import JSONField, Value
from django.db.models.functions import Now

from catalog.exceptions import LastVariant, OptionsTaken, TooManyVariants, found
from catalog.models import MAX_VARIANTS, Product, Variant
from catalog.options import OptionsKey, axes_of
from catalog.services.articles import free_skus, label, label_of, tell_inventory, write_sku, write_stock
from catalog.services.derived import UNRELATED, refresh
from catalog.services.positions import move_to
from catalog.services.prices import prices_kept, refuse_no_reduction
from database.refusals import Expected, FieldError, check_version
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import Changes, apply_changes, values_of
from events.services import publish
from inventory import services as inventory
from inventory.exceptions import SkuTaken

# What may be changed of the row itself, and which of it is about its price.
NULLABLE = ("price", "max_per_customer", "weight_g", "compare_at_price", "unit_measure")
COLUMNS = ("name", "options", *NULLABLE)
TOLD = ("product_id", "stock_item_id", *COLUMNS)
PRICES = frozenset({"price", "compare_at_price"})
# Verbs of categories take it alone (catalog/services/categories.py).
TREE_LOCK = "hashtextextended('catalog: tree of categories', 0)"


class VariantInput(TypedDict, total=False):
    """What may be said about a variant. Without a price it has the product's. A missing SKU or name is made."""

    sku: str
    name: str
    options: dict[str, str]
    price: Decimal | None
    stock_quantity: int
    max_per_customer: int | None
    weight_g: int | None
    compare_at_price: Decimal | None
    unit_measure: dict[str, str] | None


class VariantChanges(VariantInput, total=False):
    """What may be changed of a variant. `position` is its place among the variants, from 1."""

    position: int


@unit_of_work
def add_variant(*, product_id: int, actor: Actor, **details: Unpack[VariantInput]) -> Variant:
    """Add a variant to a product, after the others. Its stock begins with a receipt.

    Refuses NotFound, SkuTaken, OptionsTaken, TooManyVariants, NoReduction. Locks the product, then the stock that is
    received.
    """
    product = locked_product(product_id)
    refuse_too_many(product)
    position = (product.variants.aggregate(last=models.Max("position"))["last"] or 0) + 1
    with prices_kept(product_id, actor):
        [variant] = create_variants(product, [details], actor=actor, first_position=position)
    refresh([product_id])
    tell("variant_added", variant, actor, values=first_words(variant))
    return variant


@unit_of_work
def update_variant(
    *,
    product_id: int,
    variant_id: int,
    actor: Actor,
    expected_version: Expected = None,
    **changes: Unpack[VariantChanges],
) -> None:
    """Change a variant. The values that it has already change nothing. `stock_quantity: n` makes the shown value n.

    An archived variant can be changed too: its SKU becomes free for another one. Refuses NotFound, VersionMismatch,
    SkuTaken, OptionsTaken, NoReduction. Locks the product and the variant, then the stock of its item.
    """
    product = locked_product(product_id)
    variants = Variant.objects.select_for_update(of=("self",), no_key=True).select_related("stock_item")
    variant = found(variants.filter(pk=variant_id, product_id=product_id).first(), "variant")
    check_version(variant.version, expected_version)
    edited: Changes = {}
    if "stock_quantity" in changes:
        edited |= write_stock(variant, changes["stock_quantity"], actor)
    if "sku" in changes:
        edited |= write_sku(variant, changes["sku"], actor)
    columns = apply_changes(variant, {field: value for field, value in changes.items() if field in COLUMNS})
    edited |= columns
    variant.options = changes.get("options", variant.options)  # the same, in the sequence in which they were posted
    if "position" in changes:
        edited |= move_to(variant, changes["position"], product.variants.live())
    if not edited:
        if "options" in changes:
            keep_axes(product, [variant])
        return
    variant.version += 1
    kept = {"product", "stock_item", "options"} - columns.keys()  # options of before may be ones refused today
    variant.full_clean(validate_unique=False, validate_constraints=False, exclude=kept)
    if "compare_at_price" in columns:
        refuse_no_reduction(variant.compare_at_price, product.price if variant.price is None else variant.price)
    with prices_kept(product_id, actor, written=bool(columns.keys() & PRICES)):
        save(variant, update_fields=[*columns, "version"])
    if "options" in changes or "position" in edited:
        keep_axes(product, [variant] if "options" in changes else [])
    if "name" in columns:
        label(product, variant, actor)
    if edited.keys() - UNRELATED:
        refresh([product_id])
    tell("variant_updated", variant, actor, changes=edited)


@unit_of_work
def archive_variant(*, product_id: int, variant_id: int, actor: Actor) -> None:
    """Take a variant off the shelf; orders keep their lines. A second time changes nothing.

    Its stock stays where it lies, and can be moved as before. Refuses NotFound, LastVariant. Locks the product, then
    the stock of the variant.
    """
    product = locked_product(product_id)
    variant = found(product.variants.filter(pk=variant_id).first(), "variant")
    if variant.archived_at is not None:
        return
    if product.variants.live().count() == 1:
        raise LastVariant("The last variant cannot be removed; archive the product instead.")
    product.variants.filter(pk=variant_id).update(archived_at=Now(), version=variant.version + 1)
    tell_inventory([variant], is_sold=False, actor=actor)
    keep_axes(product)
    refresh([product_id])
    tell("variant_archived", variant, actor)


@unit_of_work
def restore_variant(*, product_id: int, variant_id: int, actor: Actor) -> None:
    """Put an archived variant back on the shelf, with the stock that it has. A second time changes nothing.

    Refuses NotFound, TooManyVariants, OptionsTaken. Locks the product, then the stock of the variant.
    """
    product = locked_product(product_id)
    variant = found(product.variants.filter(pk=variant_id).first(), "variant")
    if variant.archived_at is None:
        return
    refuse_too_many(product)
    variant.archived_at = None
    variant.version += 1
    save(variant, update_fields=["archived_at", "version"])
    tell_inventory([variant], is_sold=product.status == Product.Status.ACTIVE, actor=actor)
    keep_axes(product)
    refresh([product_id])
    tell("variant_restored", variant, actor)


def refuse_too_many(product: Product) -> None:
    """Refuse a further variant of a product that has as many as it may have. The product is locked."""
    if product.variants.live().count() >= MAX_VARIANTS:
        raise TooManyVariants(f"A product has at most {MAX_VARIANTS} variants.")


def create_variants(
    product: Product, variants: Sequence[VariantInput], *, actor: Actor, first_position: int = 1
) -> list[Variant]:
    """Insert variants with their stock items, and receive the stock that they begin with in one posting.

    Alerts are decided at the end, by that stock.

    The caller has inserted or locked the product. Refuses SkuTaken, OptionsTaken and NoReduction, and names the line
    when there are several.
    """
    created, receipts = [], []
    generated = iter(free_skus(product.pk, sum(1 for details in variants if not details.get("sku"))))
    for place, details in enumerate(variants):
        options = details.get("options", {})
        variant = Variant(
            product=product,
            name=details.get("name") or " / ".join(options.values())[:255],
            options=options,
            position=first_position + place,
            **{field: value for field, value in details.items() if field in NULLABLE},
        )
        variant.clean_fields(exclude=["product", "stock_item"])
        path = f"variants.{place}." if len(variants) > 1 else ""
        refuse_no_reduction(variant.compare_at_price, variant.effective_price, path)
        sku = details.get("sku") or next(generated)
        try:
            item = inventory.create_item(sku=sku, name=label_of(product, variant), actor=actor)
        except SkuTaken as refusal:
            if len(variants) > 1:
                refusal.errors = [FieldError(f"variants.{place}.sku", refusal.code, refusal.detail)]
            raise
        variant.stock_item = item
        save(variant, path=f"{path}options", force_insert=True)
        created.append(variant)
        if details.get("stock_quantity"):
            receipts.append(inventory.ReceiptLine(item.sku, details["stock_quantity"]))
    if receipts:
        reference = f"opening:{product.pk}"
        inventory.receive_stock(reference=reference, lines=receipts, reason="opening stock", actor=actor)
    if product.status == Product.Status.ACTIVE:
        tell_inventory(created, is_sold=True, actor=actor)
    if any(variant.options for variant in created):
        keep_axes(product, created)
    return created


def save(variant: Variant, *, path: str = "options", **how: Any) -> None:
    """Write a variant. Refuses OptionsTaken, of which PostgreSQL is the judge; the unit of work is over then."""
    if how.get("force_insert") or "options" in how["update_fields"]:
        variant.options_key = OptionsKey(Value(variant.options, JSONField()))
        how["update_fields"] = [*how["update_fields"], "options_key"] if "update_fields" in how else None
    try:
        variant.save(**how)
    except IntegrityError as error:
        if "variant_options_unique" in str(error):
            raise OptionsTaken(path) from error
        raise


def keep_axes(product: Product, posted: Sequence[Variant] = ()) -> None:
    """Keep the axes of a locked product up to date, of whose variants these have just been written."""
    axes = axes_of(product.option_axes, list(product.variants.live()), posted)
    if axes != product.option_axes:
        product.option_axes = axes
        Product.objects.filter(pk=product.pk).update(option_axes=axes)


def locked_product(product_id: int) -> Product:
    """The product, locked against other edits. Orders that name the product do not wait. Refuses NotFound.

    Shares the tree first, since the words of a product are those of its categories too.
    """
    share_tree()
    return found(Product.objects.select_for_update(no_key=True).filter(pk=product_id).first(), "product")


def share_tree() -> None:
    """Share the lock on the tree of categories: none of them is renamed or moved before this unit of work ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"select pg_advisory_xact_lock_shared({TREE_LOCK})")


@contextmanager
def refresh_product_of(item_id: int) -> Iterator[None]:
    """Lock the product that an item is an article of, if there is one, and bring it in line after the block."""
    product_id = Variant.objects.filter(stock_item=item_id).values_list("product", flat=True).first()
    if product_id is not None:
        locked_product(product_id)
    yield
    if product_id is not None:
        refresh([product_id])


def first_words(variant: Variant) -> dict[str, Any]:
    """What the journal is told of a new variant."""
    return values_of(variant, TOLD)


def tell(what: str, variant: Variant, actor: Actor, **extra: Any) -> None:
    """Publish what happened to a variant of a product."""
    payload = {"product_id": variant.product_id, "variant_id": variant.pk, **extra}
    publish(f"product.{what}", payload, subject=f"product:{variant.product_id}", actor=actor)
