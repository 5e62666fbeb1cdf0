"""Categories, products and their pictures, written through the services of the catalog."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.utils.text import slugify

from catalog.models import Product, Variant, file_of
from catalog.pictures import Picture
from catalog.services import VariantInput, create_category, create_product
from catalog.services.derived import all_products, refresh
from catalog.services.images import record_image
from database.money import in_places
from demo.pictures import draw_picture
from demo.products import DemoProduct, categories
from events.actors import BACKFILL
from inventory.models import StockItem
from inventory.services import set_sold


def draw_pictures(plans: Sequence[DemoProduct]) -> Iterator[tuple[str, Picture]]:
    """Draw each product's picture and save the picture's files. Yields the stem of the names and the picture, in turn.

    The names of a product's files never change. So the next load writes over the files of one that was interrupted.
    """

    def draw(number: int) -> tuple[str, Picture]:
        plan = plans[number]
        stem = f"demo-{slugify(plan.name)}"
        picture = draw_picture(plan.shape, plan.colour, number)
        for size, content in picture.renditions.items():
            name = file_of(stem, size)
            default_storage.delete(name)
            default_storage.save(name, ContentFile(content))
        return stem, picture

    with ThreadPoolExecutor(2) as pool:  # Pillow draws and encodes without holding the interpreter's lock
        yield from pool.map(draw, range(len(plans)))


def create_categories() -> None:
    """Create all categories of the demo."""
    for name, slug, parent in categories():
        create_category(name=name, slug=slug, parent=parent, actor=BACKFILL)


def create_one(plan: DemoProduct, stem: str, picture: Picture) -> Product:
    """Create a product with its variants, and record the picture whose files are in the storage.

    It is a draft until it has its stock: an article that is for sale without stock opens an alert.
    """
    variants: list[VariantInput] = [
        {"sku": variant.sku, "options": variant.options, "price": variant.price and in_places(variant.price)}
        for variant in plan.variants
    ]
    product = create_product(
        name=plan.name,
        price=in_places(plan.price),
        description=plan.description,
        category=plan.category,
        brand=plan.attributes["brand"],
        attributes=plan.attributes,
        variants=variants,
        status=Product.Status.DRAFT,
        actor=BACKFILL,
    )
    record_image(product_id=product.pk, stem=stem, picture=picture, alt=plan.name, actor=BACKFILL)
    return product


# Alerts are as old as the movement that brought the article where it is.
DATE_ALERTS = """
update inventory_stockalert alert
set opened_at = last.at, out_since = case when alert.band = 'out_of_stock' then last.at end
from (
    select level.item_id, max(movement.at) as at
    from inventory_stocklevel level join inventory_stockmovement movement on movement.level_id = level.id
    where movement.on_hand_delta <> movement.reserved_delta group by level.item_id
) last
where last.item_id = alert.item_id
"""


def publish_all() -> None:
    """Put everything up for sale, with the stock that it has."""
    Product.objects.update(status=Product.Status.ACTIVE)
    set_sold(item_ids=list(StockItem.objects.values_list("pk", flat=True)), is_sold=True, actor=BACKFILL)
    with connection.cursor() as cursor:
        cursor.execute(DATE_ALERTS)


def date_products(created: Sequence[Product], dice: random.Random, now: datetime) -> None:
    """Spread the arrival of the products over fourteen months, in random order, so that sorting by "newest" matters."""
    for product in created:
        product.created_at = product.updated_at = now - timedelta(
            days=dice.randint(3, 420), minutes=dice.randint(0, 1440)
        )
    Product.objects.bulk_update(created, ["created_at", "updated_at"])


def describe_items(dice: random.Random) -> None:
    """Give each item the figures of purchasing: a cost, a lead time, and for every sixth a reorder point."""
    items = []
    for variant in Variant.objects.select_related("product", "stock_item").order_by("pk"):
        item = variant.stock_item
        item.unit_cost = in_places(variant.effective_price * dice.randint(42, 62) / 100)
        item.lead_time_days = dice.choice((5, 7, 14, 21))
        item.reorder_quantity = dice.choice((20, 40, 60))
        item.reorder_point = dice.choice((8, 12, 15, 20)) if dice.random() < 1 / 6 else None
        item.barcode = f"40{dice.randrange(10**10):010d}"
        items.append(item)
    StockItem.objects.bulk_update(
        items, ["unit_cost", "lead_time_days", "reorder_quantity", "reorder_point", "barcode"]
    )
    for batch in all_products():  # the barcodes are words of them
        refresh(batch)
