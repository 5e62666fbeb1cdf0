"""The engine agrees with the plain way: random warehouses, stocks and baskets; same rows, same refusals."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import event, given, settings
from hypothesis import strategies as st

from database.refusals import Refusal
from events.actors import COMMAND
from events.models import Event
from inventory import services
from inventory.models import Reservation, StockAlert, StockItem, StockLevel, StockMovement, Warehouse
from inventory.services import allocation
from inventory.tests import plain

FAR = timezone.now() + timedelta(days=1)
PAST = timezone.now() - timedelta(minutes=1)


@dataclass(frozen=True)
class LevelSpec:
    """What lies in a warehouse, and what of it is promised: firmly, and by a hold that is overdue."""

    on_hand: int
    backorder_limit: int
    promised: int
    overdue: int

    @property
    def possible(self) -> bool:
        return self.promised + self.overdue <= self.on_hand + self.backorder_limit


@dataclass(frozen=True)
class ItemSpec:
    levels: tuple[LevelSpec | None, ...]
    reorder_point: int | None
    alert: str | None
    is_sold: bool


level_specs = st.builds(
    LevelSpec,
    on_hand=st.integers(0, 20),
    backorder_limit=st.sampled_from([0, 0, 0, 3]),
    promised=st.integers(0, 6),
    overdue=st.sampled_from([0, 0, 2, 5]),
).filter(lambda spec: spec.possible)
item_specs = st.builds(
    ItemSpec,
    levels=st.tuples(*[st.none() | level_specs] * 3),
    reorder_point=st.none() | st.integers(0, 15),
    alert=st.sampled_from([None, None, "low", "critical"]),
    is_sold=st.sampled_from([True, True, True, False]),
)
warehouse_specs = st.tuples(*[st.tuples(st.integers(0, 2), st.sampled_from([True, True, False]))] * 3)


def build(items: list[ItemSpec], warehouses: tuple[tuple[int, bool], ...]) -> list[int]:
    Warehouse.objects.update(is_active=False)
    places = [
        Warehouse.objects.create(code=f"w{number}", name="W", priority=priority, is_active=is_active)
        for number, (priority, is_active) in enumerate(warehouses)
    ]
    ids = []
    for number, spec in enumerate(items):
        item = StockItem.objects.create(
            sku=f"S{number}", name="S", reorder_point=spec.reorder_point, is_sold=spec.is_sold
        )
        ids.append(item.pk)
        for place, level_spec in zip(places, spec.levels, strict=True):
            if level_spec is None:
                continue
            level = StockLevel.objects.create(
                item=item,
                warehouse=place,
                on_hand=level_spec.on_hand,
                backorder_limit=level_spec.backorder_limit,
                reserved=level_spec.promised + level_spec.overdue,
            )
            if level_spec.promised:
                Reservation.objects.create(level=level, quantity=level_spec.promised, reference="firm")
            if level_spec.overdue:
                Reservation.objects.create(
                    level=level, quantity=level_spec.overdue, reference="overdue", expires_at=PAST
                )
        item.in_stock = plain.totals_of([item.pk])[item.pk][1] > 0
        item.save()
        if spec.alert:
            StockAlert.objects.create(item=item, band=spec.alert, available=1)
    return ids


def rows() -> dict[str, Any]:
    """All that may have changed, without what differs by nature: ids of new rows and moments."""
    reservations = Reservation.objects.order_by("id").values_list(
        "level_id", "quantity", "reference", "state", "expires_at", "resolved_at"
    )
    events = Event.objects.order_by("kind", "subject").values_list("kind", "subject", "payload", "actor")
    return {
        "items": list(StockItem.objects.order_by("id").values_list("sku", "in_stock")),
        "levels": list(StockLevel.objects.order_by("id").values_list("id", "on_hand", "reserved")),
        "reservations": [(*row[:-1], row[-1] is None) for row in reservations],
        "movements": list(
            StockMovement.objects.order_by("id").values_list(
                "level_id",
                "kind",
                "on_hand_delta",
                "reserved_delta",
                "on_hand_after",
                "reserved_after",
                "reference",
                "reason",
                "actor",
            )
        ),
        "alerts": [
            (item, band, available, closed is None, out is None)
            for item, band, available, closed, out in StockAlert.objects.order_by("item_id", "opened_at").values_list(
                "item_id", "band", "available", "closed_at", "out_since"
            )
        ],
        "events": [(kind, subject, payload | {"alert_id": 0}, actor) for kind, subject, payload, actor in events],
    }


def outcome(reserve: Callable[..., object], **kwargs: Any) -> tuple[Any, Any]:
    """What a way of reserving refuses and leaves behind; its rows are undone."""
    refusal: Any = None
    sid = transaction.savepoint()
    try:
        reserve(**kwargs)
    except Refusal as error:
        refusal = (type(error), getattr(error, "shortages", None))
        transaction.savepoint_rollback(sid)
        return refusal, None
    left = rows()
    transaction.savepoint_rollback(sid)
    return None, left


@pytest.mark.django_db
@settings(max_examples=120)
@given(
    items=st.lists(item_specs, min_size=1, max_size=3),
    warehouses=warehouse_specs,
    basket=st.lists(st.integers(0, 12), min_size=3, max_size=3),
    hold=st.booleans(),
    repeated=st.sampled_from([False] * 5 + [True]),
)
def test_the_engine_reserves_as_the_plain_way_does(
    items: list[ItemSpec],
    warehouses: tuple[tuple[int, bool], ...],
    basket: list[int],
    hold: bool,
    repeated: bool,
    db: None,
) -> None:
    sid = transaction.savepoint()
    try:
        ids = build(items, warehouses)
        quantities = {id: quantity for id, quantity in zip(ids, basket, strict=False) if quantity}
        kwargs = {
            "reference": "firm" if repeated else "new",
            "quantities": quantities,
            "actor": COMMAND,
            "expires_at": FAR if hold else None,
        }
        expected = outcome(plain.reserve, **kwargs)
        event(expected[0][0].__name__ if expected[0] else "reserved")
        assert outcome(services.reserve, **kwargs) == expected
    finally:
        transaction.savepoint_rollback(sid)


levels = st.builds(
    StockLevel,
    item_id=st.just(1),
    warehouse=st.builds(
        Warehouse,
        id=st.integers(1, 1000),
        priority=st.integers(0, 3),
        is_active=st.sampled_from([True, True, True, False]),
    ),
    on_hand=st.integers(0, 9),
    reserved=st.integers(0, 5),
    backorder_limit=st.sampled_from([0, 0, 5]),
).filter(lambda level: level.available >= 0)


@given(st.lists(levels, max_size=6, unique_by=lambda level: level.warehouse_id), st.integers(1, 40))
def test_an_allocation_takes_what_is_asked_from_what_is_free(several: list[StockLevel], quantity: int) -> None:
    shares = allocation.allocate(several, quantity)

    active = [level for level in several if level.warehouse.is_active]
    if shares is None:
        assert sum(level.available for level in active) < quantity
        return
    assert sum(part for _, part in shares) == quantity
    assert all(level.warehouse.is_active and 0 < part <= level.available for level, part in shares)
    assert len({level.warehouse_id for level, _ in shares}) == len(shares)
    # Only what is there is promised if it is enough.
    if sum(max(level.unsold, 0) for level in active) >= quantity:
        assert all(part <= level.unsold for level, part in shares)


@given(st.data(), st.lists(levels, max_size=5, unique_by=lambda level: level.warehouse_id), st.integers(1, 40))
def test_what_is_held_is_allocated_again_before_anything_else(
    data: st.DataObject, several: list[StockLevel], quantity: int
) -> None:
    for number, level in enumerate(several):
        level.id = number
    amounts = {level.id: data.draw(st.integers(0, level.reserved)) for level in several}
    held = {id: units for id, units in amounts.items() if units}

    shares = allocation.allocate(several, quantity, held)

    free = {level.id: (level.available if level.warehouse.is_active else 0) + amounts[level.id] for level in several}
    if shares is None:
        assert sum(free.values()) < quantity
        return
    parts = {level.id: units for level, units in shares}
    assert sum(parts.values()) == quantity
    assert len(parts) == len(shares)
    assert all(0 < units <= free[id] for id, units in parts.items())
    if sum(held.values()) >= quantity:
        assert all(units <= amounts[id] for id, units in parts.items())
    if sum(held.values()) == quantity:
        assert parts == held
    # It is no dearer to have held something: never more warehouses than whoever begins would need, unless it is kept.
    if sum(held.values()) < quantity:
        there = {
            level.id: amounts[level.id] + (level.unsold if level.warehouse.is_active else min(level.unsold, 0))
            for level in several
        }
        most = there if sum(max(units, 0) for units in there.values()) >= quantity else free
        assert all(units <= most[id] for id, units in parts.items())
        assert len(parts) == fewest(most.values(), quantity)


def fewest(amounts: Iterable[int], quantity: int) -> int:
    """How few of these amounts bring the quantity, found by trying all of them."""
    some = list(amounts)
    return next(n for n in range(len(some) + 1) if any(sum(few) >= quantity for few in combinations(some, n)))
