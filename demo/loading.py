"""The whole demo shop as one unit of work, so that a power failure leaves all of the demo or nothing."""

import random
from collections.abc import Callable
from datetime import timedelta

from django.apps import apps
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from analytics.replay import tell_baseline
from catalog.models import Category, Product, Variant
from catalog.pictures import Picture
from database.statistics import analyze
from database.transactions import run_unit
from demo.catalog import create_categories, create_one, date_products, describe_items, draw_pictures, publish_all
from demo.history import past_orders, past_receipts
from demo.people import create_people
from demo.products import DemoProduct, products
from demo.selling import create_selling
from events.actors import BACKFILL
from inventory.backfill import backfill, receive
from inventory.models import Warehouse
from inventory.services import create_warehouse
from orders import backfill as orders_backfill
from orders.models import Order

# The number of the advisory lock of a load. Without the lock two loads at once would each find the shop empty.
LOCK = 7_205_759_403_792_794
Progress = Callable[[str], None]


class NotEmpty(Exception):
    """There are categories, products or orders already."""


def is_empty() -> bool:
    """Whether the shop has neither categories nor products nor orders."""
    return not any(model.objects.exists() for model in (Category, Product, Order))


def load_demo(progress: Progress) -> None:
    """Fill an empty shop. Refuses NotEmpty.

    The pictures are drawn before the transaction, which is long enough without them.
    """
    if not is_empty():
        raise NotEmpty
    plans = list(products())
    pictures = []
    for number, drawn in enumerate(draw_pictures(plans), start=1):
        pictures.append(drawn)
        if number % 60 == 0:
            progress(f"{number} of {len(plans)} pictures drawn")
    run_unit(lambda: fill(plans, pictures, progress))


def fill(plans: list[DemoProduct], pictures: list[tuple[str, Picture]], progress: Progress) -> None:
    """Fill the shop within the caller's transaction. Refuses NotEmpty, also when another load has come first."""
    dice = random.Random(2_026)  # noqa: S311  # a seed that makes every demo shop the same, no secret
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s::bigint)", [LOCK])
    if not is_empty():
        raise NotEmpty
    create_categories()
    created = []
    for number, (plan, (stem, picture)) in enumerate(zip(plans, pictures, strict=True), start=1):
        created.append(create_one(plan, stem, picture))
        if number % 60 == 0:
            progress(f"{number} of {len(plans)} products created")
    date_products(created, dice, now)
    describe_items(dice)
    analyze(*every_table())
    if not Warehouse.objects.filter(code="north").exists():
        create_warehouse(code="north", name="North warehouse", priority=20, actor=BACKFILL)
    people = create_people(dice, now - timedelta(minutes=5))
    with backfill(durable=False):
        warehouses = list(Warehouse.objects.filter(code__in=("main", "north")).order_by("priority"))
        variants = list(Variant.objects.select_related("stock_item", "product").order_by("pk"))
        orders = past_orders(dice, now, people, variants, warehouses)
        receive(past_receipts(dice, now, variants, warehouses, orders))
        orders_backfill.load_orders(orders)
    create_selling(dice)
    publish_all()
    tell_baseline(of_all=True)  # dates, figures of purchasing and what is for sale were written beside the services
    analyze(*every_table())
    progress(f"{len(people.customers)} customers and {len(orders)} orders of the last twelve months added")


def every_table() -> list[type[Model]]:
    """The models of all tables that the shop itself keeps."""
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
