"""Items and warehouses: what they are called and how they are used. Other files of this package write quantities."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import nullcontext
from decimal import Decimal
from typing import TypedDict, Unpack

from django.db import IntegrityError, transaction

from database.refusals import Expected, NotFound, check_version
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import apply_changes, values_of
from events.services import publish
from inventory.bands import standings
from inventory.exceptions import CodeTaken, LastWarehouse, NoWarehouse, SkuTaken
from inventory.former_names import keep_former_name
from inventory.labels import watched
from inventory.models import StockItem, StockLevel, Warehouse
from inventory.services.alerts import Standing, settle_alerts, unsettled_items
from inventory.services.engine import fetch, lock_items, refusal_of
from inventory.services.lines import share_warehouses
from inventory.skus import kept_sku

# Items whose alerts are settled in one unit of work.
BATCH = 500
# What the journal is told of a new item, and of a new warehouse.
TOLD = ("sku", "barcode", "reorder_point", "reorder_quantity", "lead_time_days", "unit_cost")
TOLD_OF_WAREHOUSE = ("code", "name", "priority", "is_active")


class ItemDetails(TypedDict, total=False):
    """The details of an item besides its SKU and name."""

    barcode: str
    reorder_point: int | None
    reorder_quantity: int | None
    lead_time_days: int | None
    unit_cost: Decimal | None


class ItemChanges(ItemDetails, total=False):
    """What may be changed of an item."""

    name: str


class WarehouseChanges(TypedDict, total=False):
    """What may be changed of a warehouse."""

    name: str
    priority: int
    is_active: bool


@unit_of_work
def create_item(*, sku: str, name: str, actor: Actor, **details: Unpack[ItemDetails]) -> StockItem:
    """Make a thing to count, with nothing of it anywhere yet, and not yet for sale. Refuses SkuTaken, NoWarehouse.

    The item gets a level in one warehouse at once, since all writers of an item meet at the locks on its levels.
    Shares a lock on the warehouses.
    """
    share_warehouses()
    item = StockItem(sku=kept_sku(sku), name=name, **details)
    item.full_clean(validate_unique=False, validate_constraints=False)
    try:
        with transaction.atomic():
            item.save(force_insert=True)
    except IntegrityError as error:
        raise SkuTaken from error
    warehouse = Warehouse.objects.order_by("-is_active", "priority", "id").first()
    if warehouse is None:
        raise NoWarehouse
    StockLevel.objects.create(item=item, warehouse=warehouse)
    payload = {"sku": item.sku, "item_id": item.pk, "values": values_of(item, TOLD)}
    publish("stock.item_created", payload, subject=f"sku:{item.sku}", actor=actor)
    return item


@unit_of_work
def rename_item(*, item_id: int, name: str, actor: Actor) -> None:
    """Keep the label of an item up to date. Refuses NotFound. Locks the item.

    The item gets no new version, and nothing is published: the catalog edits the name, and publishes that. A unit of
    work that also moves stock of the item does that first, since levels are locked before items.
    """
    item = StockItem.objects.select_for_update(no_key=True).filter(pk=item_id).first()
    if item is None:
        raise NotFound
    if item.name != name:
        keep_former_name(item_id=item_id, name=item.name)
        StockItem.objects.filter(pk=item_id).update(name=name)


@unit_of_work
def change_sku(*, item_id: int, sku: str, actor: Actor) -> None:
    """Give an item another SKU. Documents that name the old SKU stay as they are.

    Refuses NotFound, SkuTaken. Locks the item. A unit of work that also moves stock of the item does that first.
    """
    item = StockItem.objects.select_for_update(no_key=True).filter(pk=item_id).first()
    if item is None:
        raise NotFound
    sku = kept_sku(sku)
    if item.sku == sku:
        return
    before, item.sku = item.sku, sku
    item.version += 1
    item.full_clean(validate_unique=False, validate_constraints=False)
    try:
        with transaction.atomic():
            item.save(update_fields=["sku", "version"])
    except IntegrityError as error:
        raise SkuTaken from error
    keep_former_name(item_id=item_id, name=before)
    payload = {"item_id": item_id, "sku": sku, "changes": {"sku": [before, sku]}}
    publish("stock.sku_changed", payload, subject=f"sku:{sku}", actor=actor)


@unit_of_work
def update_item(
    *, sku: str, actor: Actor, expected_version: Expected = None, **changes: Unpack[ItemChanges]
) -> StockItem:
    """Change the name or the details of an item. Refuses NotFound, VersionMismatch. The same values change nothing.

    Locks what other apps derive from the item, all levels of the item, then the item, since a new reorder point opens
    or closes its alert.
    """
    item_id = StockItem.objects.with_skus(sku).values_list("pk", flat=True).first()
    if item_id is None:
        raise NotFound
    with watched(item_id) if "barcode" in changes else nullcontext():
        lock_items([item_id])
        item: StockItem = StockItem.objects.select_for_update(no_key=True).get(pk=item_id)
        check_version(item.version, expected_version)
        edited = apply_changes(item, changes)
        if not edited:
            return item
        item.version += 1
        item.full_clean(validate_unique=False, validate_constraints=False)
        item.save(update_fields=[*edited, "version"])
    if "name" in edited:
        keep_former_name(item_id=item_id, name=edited["name"][0])
    if "reorder_point" in edited:
        settle_items([item_id], actor=actor)
    payload = {"item_id": item_id, "sku": item.sku, "changes": edited}
    publish("stock.item_updated", payload, subject=f"sku:{item.sku}", actor=actor)
    return item


@unit_of_work
def create_warehouse(*, code: str, name: str, actor: Actor, priority: int = 100, is_active: bool = True) -> Warehouse:
    """Open a place where stock may lie. Refuses CodeTaken, also for a code that differs in case alone."""
    warehouse = Warehouse(code=code, name=name, priority=priority, is_active=is_active)
    warehouse.full_clean(validate_unique=False, validate_constraints=False)
    try:
        with transaction.atomic():
            warehouse.save(force_insert=True)
    except IntegrityError as error:
        raise CodeTaken from error
    payload = {"warehouse_id": warehouse.pk, "code": code, "values": values_of(warehouse, TOLD_OF_WAREHOUSE)}
    publish("stock.warehouse_created", payload, subject=f"warehouse:{code}", actor=actor)
    return warehouse


@unit_of_work
def update_warehouse(
    *, code: str, actor: Actor, expected_version: Expected = None, **changes: Unpack[WarehouseChanges]
) -> Warehouse:
    """Rename a warehouse, change its priority, or take it in or out of sale.

    Refuses NotFound, VersionMismatch, and LastWarehouse when no other one is active. A warehouse that goes in or out of
    sale changes the available units of all its items; what is promised from it stays promised, and is shipped from it.
    Locks the warehouse, and all others when it goes out of sale; then all levels of these items too, and brings
    `in_stock` and alerts in line.
    """
    if changes.get("is_active") is False:
        lock_warehouses()
    # A transaction that makes a level shares this lock, so none appears while we look at what lies in the warehouse.
    warehouse = Warehouse.objects.select_for_update(no_key=True).with_codes(code).first()
    if warehouse is None:
        raise NotFound
    check_version(warehouse.version, expected_version)
    edited = apply_changes(warehouse, changes)
    if not edited:
        return warehouse
    if "is_active" in edited and not warehouse.is_active and not others_active(warehouse):
        raise LastWarehouse(
            f"Without {warehouse.name} the shop would have nothing for sale: activate another one first."
        )
    item_ids: list[int] = []
    if "is_active" in edited:
        item_ids = list(StockLevel.objects.filter(warehouse=warehouse).values_list("item_id", flat=True))
        lock_items(item_ids)
    warehouse.version += 1
    warehouse.full_clean(validate_unique=False, validate_constraints=False)
    warehouse.save(update_fields=[*edited, "version"])
    settle_items(item_ids, actor=actor)
    payload = {"warehouse_id": warehouse.pk, "code": warehouse.code, "changes": edited}
    publish("stock.warehouse_updated", payload, subject=f"warehouse:{warehouse.code}", actor=actor)
    return warehouse


def lock_warehouses() -> None:
    """Lock all warehouses, so that no two of them go out of sale at the same moment."""
    fetch("select id from inventory_warehouse order by id for no key update", {})


def others_active(warehouse: Warehouse) -> bool:
    """Whether another warehouse is active. The caller has locked all of them."""
    return Warehouse.objects.filter(is_active=True).exclude(pk=warehouse.pk).exists()


@unit_of_work
def set_backorder_limit(*, item_id: int, warehouse_id: int, limit: int, actor: Actor) -> None:
    """Set how many units of an item may be promised before they are there. Refuses NotFound, InsufficientStock.

    The same limit changes nothing. Locks all levels of the item.
    """
    lock_items([item_id])
    level = StockLevel.objects.filter(item_id=item_id, warehouse_id=warehouse_id).first()
    if level is None:
        raise NotFound
    edited = apply_changes(level, {"backorder_limit": limit})
    if not edited:
        return
    try:
        with transaction.atomic():
            StockLevel.objects.filter(pk=level.pk).update(backorder_limit=limit)
    except IntegrityError as error:
        raise refusal_of(error) from error
    settle_items([item_id], actor=actor)
    payload = {"item_id": item_id, "warehouse_id": warehouse_id, "changes": edited}
    publish("stock.backorder_limit_set", payload, subject=f"item:{item_id}", actor=actor)


@unit_of_work
def set_sold(*, item_ids: Collection[int], is_sold: bool, actor: Actor) -> None:
    """Say whether these items are for sale, which opens or closes their alerts. The same value changes nothing.

    Nothing is published but what happens to alerts: the catalog decides what is for sale, and publishes that. Locks all
    levels of the items, then the items.
    """
    lock_items(item_ids)
    StockItem.objects.filter(pk__in=item_ids).exclude(is_sold=is_sold).update(is_sold=is_sold)
    settle_items(item_ids, actor=actor)


def settle_alerts_of_all(*, actor: Actor) -> int:
    """Open and close the alerts that do not fit how their items stand; answers how many items were looked at.

    Every verb settles the items that it touches. This is for what no verb knows of, as a setting that was changed.
    Each batch is a unit of work of its own, and locks all levels of its items.
    """
    item_ids = unsettled_items()
    for first in range(0, len(item_ids), BATCH):
        _settle_batch(item_ids[first : first + BATCH], actor)
    return len(item_ids)


@unit_of_work
def _settle_batch(item_ids: Sequence[int], actor: Actor) -> None:
    lock_items(item_ids)
    settle_items(item_ids, actor=actor)


def settle_items(item_ids: Iterable[int], *, actor: Actor) -> None:
    """Bring `in_stock` and alerts in line with the levels of these items, all of which the caller has locked."""
    rows = fetch(
        f"""
        with standing as materialized (
            {standings(few=True)} where item.id in (select unnest(%(items)s::bigint[]))
        ),
        flipped as (
            update inventory_stockitem as item set in_stock = standing.available > 0
            from standing where item.id = standing.item_id and item.in_stock <> (standing.available > 0)
        )
        select item.id, item.sku, item.reorder_point, item.is_sold, standing.quantity, standing.available
        from standing join inventory_stockitem as item on item.id = standing.item_id
        order by item.id
        """,  # noqa: S608  # no value goes in but as a parameter
        {"items": list(item_ids)},
    )
    settle_alerts([Standing(*row) for row in rows], actor=actor)
