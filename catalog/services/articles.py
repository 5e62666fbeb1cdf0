"""What inventory knows of a variant: its item with a SKU and a name, its stock, and whether it is for sale."""

import secrets
from collections.abc import Iterable

from catalog.models import MAX_VARIANTS, Product, Variant
from events.actors import Actor
from events.changes import Changes
from inventory import services as inventory
from inventory.models import StockItem
from inventory.skus import kept_sku


def tell_inventory(variants: Iterable[Variant], *, is_sold: bool, actor: Actor) -> None:
    """Tell inventory whether these variants are for sale, which opens or closes their alerts.

    Locks the levels of the items. `write_sku` and `label` lock the items alone, so they come later.
    """
    inventory.set_sold(item_ids=[variant.stock_item_id for variant in variants], is_sold=is_sold, actor=actor)


def write_stock(variant: Variant, quantity: int, actor: Actor) -> Changes:
    """Make the units of a variant that lie unsold this quantity; answers what they were and are, if they differed.

    Locks the levels of the item. `write_sku` and `label` lock the item, so they come later.
    """
    difference = inventory.set_stock(item_id=variant.stock_item_id, quantity=quantity, actor=actor, reason="set")
    return {"stock_quantity": [quantity - difference, quantity]} if difference else {}


def write_sku(variant: Variant, sku: str, actor: Actor) -> Changes:
    """Give a variant this SKU; answers the old and the new one, if they differed. Refuses SkuTaken. Locks the item."""
    old = variant.stock_item.sku
    if old == kept_sku(sku):
        return {}
    inventory.change_sku(item_id=variant.stock_item_id, sku=sku, actor=actor)
    return {"sku": [old, sku]}


def label_of(product: Product, variant: Variant) -> str:
    """The name of a variant for stock keepers."""
    return (f"{product.name} ({variant.name})" if variant.name else product.name)[:255]


def label(product: Product, variant: Variant, actor: Actor) -> None:
    """Tell inventory the name of a variant. Locks the item."""
    inventory.rename_item(item_id=variant.stock_item_id, name=label_of(product, variant), actor=actor)


def free_skus(product_id: int, count: int) -> list[str]:
    """SKUs that no item has: `P-17`, `P-17-2` and so on, and when these are taken `P-17-3f9a1c`."""
    candidates = [f"P-{product_id}", *(f"P-{product_id}-{number}" for number in range(2, 2 * MAX_VARIANTS))]
    taken = StockItem.objects.by_sku(candidates) if count else {}
    free = [sku for sku in candidates if sku not in taken][:count]
    return free + [f"P-{product_id}-{secrets.token_hex(3)}" for _ in range(count - len(free))]
