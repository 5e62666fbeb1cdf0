"""Items, warehouses and stock for tests. Whatever has a quantity got it through the services."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import factory
from django.db import connection
from django.utils import timezone

from events.actors import COMMAND
from inventory import services
from inventory.models import Reservation, StockItem, StockLevel, StockMovement, Warehouse


class WarehouseFactory(factory.django.DjangoModelFactory[Warehouse]):
    class Meta:
        model = Warehouse

    code = factory.Sequence(lambda n: f"wh-{n}")
    name = factory.Sequence(lambda n: f"Warehouse {n}")
    priority = factory.Sequence(lambda n: 100 + n)


class StockItemFactory(factory.django.DjangoModelFactory[StockItem]):
    """An item for sale; `stock=5` puts units into the main warehouse, `stock={"main": 5, "north": 2}` into several."""

    class Meta:
        model = StockItem

    sku = factory.Sequence(lambda n: f"SKU-{n}")
    name = factory.Sequence(lambda n: f"Item {n}")

    @classmethod
    def _create(
        cls,
        model_class: type[StockItem],
        *args: object,
        stock: int | Mapping[str, int] = 0,
        is_sold: bool = True,
        **kwargs: Any,
    ) -> StockItem:
        item = services.create_item(actor=COMMAND, **kwargs)
        quantities = stock if isinstance(stock, Mapping) else {"main": stock}
        lines = [services.ReceiptLine(item.sku, units, warehouse) for warehouse, units in quantities.items() if units]
        if lines:
            services.receive_stock(reference="opening", lines=lines, actor=COMMAND)
        if is_sold:
            services.set_sold(item_ids=[item.pk], is_sold=True, actor=COMMAND)
        item.refresh_from_db()
        return item


def reserve(reference: str, quantities: Mapping[StockItem, int], **kwargs: Any) -> list[services.Allocation]:
    """Promise units of these items, by the service."""
    basket = {item.pk: quantity for item, quantity in quantities.items()}
    return services.reserve(reference=reference, quantities=basket, actor=COMMAND, **kwargs)


def replace(
    reference: str, quantities: Mapping[StockItem, int], *, minutes: float | None = 5, **kwargs: Any
) -> list[services.Allocation]:
    """Let a reference hold exactly this, by the service; without `minutes` it is a firm promise."""
    basket = {item.pk: quantity for item, quantity in quantities.items()}
    end = None if minutes is None else soon(minutes)
    return services.replace_hold(reference=reference, quantities=basket, actor=COMMAND, expires_at=end, **kwargs)


def promise(reference: str, new_reference: str, quantities: Mapping[StockItem, int]) -> int:
    """Turn a hold of exactly this into a firm promise, by the service."""
    basket = {item.pk: quantity for item, quantity in quantities.items()}
    return services.promise(reference=reference, new_reference=new_reference, quantities=basket)


def move(
    reference: str, quantities: Mapping[StockItem, int], source: str = "main", target: str = "north"
) -> list[services.Moved]:
    """Let units that a reference holds come from another warehouse (both by code), by the service."""
    ids = dict(Warehouse.objects.values_list("code", "pk"))
    return services.move_promise(
        reference=reference,
        quantities={item.pk: quantity for item, quantity in quantities.items()},
        from_warehouse_id=ids[source],
        to_warehouse_id=ids[target],
        actor=COMMAND,
        reason="closer",
    )


def soon(minutes: float = 5) -> datetime:
    """A moment in so many minutes, or that long ago."""
    return timezone.now() + timedelta(minutes=minutes)


def hold(reference: str, item: StockItem, quantity: int, *, overdue: bool = False) -> None:
    """Hold units of an item. An overdue hold has been made in time, and its end is put back then."""
    reserve(reference, {item: quantity}, expires_at=soon())
    if overdue:
        Reservation.objects.filter(reference=reference).update(expires_at=soon(-1))


def state_of(reference: str) -> set[str]:
    """The states of all reservations that a reference has ever had."""
    return set(Reservation.objects.filter(reference=reference).values_list("state", flat=True))


def held_by(reference: str = "cart-1") -> dict[tuple[str, str], int]:
    """What a reference holds, by SKU and the code of the warehouse."""
    parts = Reservation.objects.filter(reference=reference, state="open")
    return {
        (sku, code): units
        for sku, code, units in parts.values_list("level__item__sku", "level__warehouse__code", "quantity")
    }


def level_of(item: StockItem, warehouse: str = "main") -> StockLevel:
    return StockLevel.objects.get(item=item, warehouse__code=warehouse)


def snapshot() -> dict[str, list[tuple[object, ...]]]:
    """Every row that inventory and the journal keep: a refusal leaves all of them as they were.

    What the journal tells of people, such as that they were refused, is left out.
    """
    from events.models import Event
    from inventory.models import StockAlert

    models = (StockItem, StockLevel, Reservation, StockMovement, StockAlert)
    found: dict[str, list[tuple[object, ...]]] = {
        model.__name__: sorted(model.objects.values_list()) for model in models
    }
    return found | {"Event": sorted(Event.objects.exclude(kind__startswith="user.").values_list())}


def backdate(movement: StockMovement, at: datetime) -> None:
    """Let a movement be of another time, against the trigger that keeps the ledger as it was written."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table inventory_stockmovement disable trigger user")
        StockMovement.objects.filter(pk=movement.pk).update(at=at)
        cursor.execute("alter table inventory_stockmovement enable trigger user")


def units_of(parts: Iterable[services.Allocation]) -> int:
    """How many units have left."""
    return sum(part.quantity for part in parts)
