"""A small model of the verbs of stock, and rules that run each verb beside the model."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from database.refusals import Refusal
from events.actors import COMMAND
from inventory import services
from inventory.exceptions import (
    HoldExpired,
    InsufficientStock,
    NothingReserved,
    NotOnHand,
    StaleCount,
)
from inventory.invariants import violations
from inventory.models import Reservation, StockItem, StockLevel, Warehouse
from inventory.tests.factories import StockItemFactory, WarehouseFactory

ITEMS, WAREHOUSES = 2, 2
# The others are units of work and open their own transaction.
PARTS_OF_A_UNIT = (services.reserve, services.release, services.fulfil, services.promise, services.extend_hold)
items = st.integers(0, ITEMS - 1)
warehouses = st.integers(0, WAREHOUSES - 1)
few = st.integers(1, 6)


@dataclass
class Shelf:
    """An item in a warehouse."""

    on_hand: int = 0
    backorder_limit: int = 0
    reserved: int = 0

    @property
    def available(self) -> int:
        return self.on_hand + self.backorder_limit - self.reserved

    @property
    def removable(self) -> int:
        return min(self.on_hand, self.available)


@dataclass
class Promise:
    """What a reference holds: units by (item, warehouse). Parts of a hold may expire before the rest."""

    parts: dict[tuple[int, int], int]
    is_hold: bool
    overdue: bool = False
    lost: bool = False


class Stock(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.sid = transaction.savepoint()
        self.items: list[StockItem] = [StockItemFactory() for _ in range(ITEMS)]
        self.places: list[Warehouse] = [Warehouse.objects.get(code="main"), WarehouseFactory()]
        self.shelves = {(i, w): Shelf() for i in range(ITEMS) for w in range(WAREHOUSES)}
        for item in self.items:  # in the first warehouse an item has its level from the beginning
            StockLevel.objects.create(item=item, warehouse=self.places[1])
        self.promises: dict[str, Promise] = {}
        self.numbers = 0

    def teardown(self) -> None:
        try:
            assert list(violations()) == []
        finally:
            transaction.savepoint_rollback(self.sid)

    # What the model says and what the service does, side by side.

    def expect(self, refusal: type[Refusal] | None, verb: Callable[..., Any], **kwargs: Any) -> Any:
        """Run a verb in a transaction of its own; it must refuse with this, or not at all."""
        answer, refused = None, None
        try:
            with transaction.atomic() if verb in PARTS_OF_A_UNIT else nullcontext():
                answer = verb(**kwargs)
        except Refusal as error:
            refused = type(error)
        assert refused is refusal, f"{verb.__name__} refuses with {refused}, expected {refusal}"
        return answer

    def available(self, item: int) -> int:
        return sum(self.shelves[item, w].available for w in range(WAREHOUSES))

    def resolve(self, reference: str, places: set[tuple[int, int]] | None = None) -> None:
        """The reference holds nothing any more, of these places or at all."""
        promise = self.promises[reference]
        for place in [place for place in promise.parts if places is None or place in places]:
            self.shelves[place].reserved -= promise.parts.pop(place)
            promise.lost = True
        if not promise.parts:
            del self.promises[reference]

    def expire(self, wanted: set[int]) -> None:
        """All overdue holds on these items, place by place."""
        for reference, promise in list(self.promises.items()):
            if promise.overdue and any(item in wanted for item, _ in promise.parts):
                self.resolve(reference, {place for place in promise.parts if place[0] in wanted})

    def pick(self, data: Any, *, holds: bool = False) -> str:
        """A reference that holds something, or one that never did."""
        known = [name for name, promise in self.promises.items() if promise.is_hold or not holds]
        return str(data.draw(st.sampled_from([*known, "nobody"])))

    # Goods.

    @rule(item=items, warehouse=warehouses, quantity=few)
    def receive(self, item: int, warehouse: int, quantity: int) -> None:
        line = services.ReceiptLine(self.items[item].sku, quantity, self.places[warehouse].code)
        self.expect(None, services.receive_stock, reference="DN", lines=[line], actor=COMMAND)
        self.shelves[item, warehouse].on_hand += quantity

    @rule(item=items, warehouse=warehouses, delta=st.integers(-6, 6).filter(bool))
    def adjust(self, item: int, warehouse: int, delta: int) -> None:
        shelf = self.shelves[item, warehouse]
        refusal = InsufficientStock if delta < 0 and -delta > shelf.removable else None
        line = services.AdjustmentLine(self.items[item].sku, self.places[warehouse].code, delta=delta)
        self.expect(refusal, services.adjust_stock, reason="found", lines=[line], actor=COMMAND)
        shelf.on_hand += 0 if refusal else delta

    @rule(item=items, warehouse=warehouses, set_to=st.integers(0, 9), seen=st.integers(-1, 1))
    def correct(self, item: int, warehouse: int, set_to: int, seen: int) -> None:
        shelf = self.shelves[item, warehouse]
        expected = max(shelf.on_hand + seen, 0)
        refusal: type[Refusal] | None = None
        if expected != shelf.on_hand:
            refusal = StaleCount
        elif set_to < shelf.on_hand and shelf.on_hand - set_to > shelf.removable:
            refusal = InsufficientStock
        line = services.AdjustmentLine(
            self.items[item].sku, self.places[warehouse].code, set_to=set_to, expected=expected
        )
        self.expect(refusal, services.adjust_stock, reason="counted", lines=[line], actor=COMMAND)
        shelf.on_hand = shelf.on_hand if refusal else set_to

    @rule(item=items, source=warehouses, quantity=few)
    def transfer(self, item: int, source: int, quantity: int) -> None:
        target = 1 - source
        refusal = InsufficientStock if quantity > self.shelves[item, source].removable else None
        self.expect(
            refusal,
            services.transfer_stock,
            source=self.places[source].code,
            target=self.places[target].code,
            lines=[services.TransferLine(self.items[item].sku, quantity)],
            actor=COMMAND,
        )
        if not refusal:
            self.shelves[item, source].on_hand -= quantity
            self.shelves[item, target].on_hand += quantity

    @rule(item=items, warehouse=warehouses, limit=st.integers(0, 4))
    def allow_backorders(self, item: int, warehouse: int, limit: int) -> None:
        shelf = self.shelves[item, warehouse]
        refusal = InsufficientStock if shelf.reserved > shelf.on_hand + limit else None
        self.expect(
            refusal,
            services.set_backorder_limit,
            item_id=self.items[item].pk,
            warehouse_id=self.places[warehouse].pk,
            limit=limit,
            actor=COMMAND,
        )
        shelf.backorder_limit = shelf.backorder_limit if refusal else limit

    # Promises.

    @rule(basket=st.dictionaries(items, few, min_size=1), hold=st.booleans())
    def reserve(self, basket: dict[int, int], hold: bool) -> None:
        self.numbers += 1
        reference = f"r{self.numbers}"
        short = {item for item, quantity in basket.items() if quantity > self.available(item)}
        overdue = dict.fromkeys(short, 0)
        for promise in self.promises.values():
            for (item, _), quantity in promise.parts.items():
                if promise.overdue and item in short:
                    overdue[item] += quantity
        refused = any(basket[item] > self.available(item) + overdue[item] for item in short)
        allocations = self.expect(
            InsufficientStock if refused else None,
            services.reserve,
            reference=reference,
            quantities={self.items[item].pk: quantity for item, quantity in basket.items()},
            expires_at=timezone.now() + timedelta(hours=1) if hold else None,
            actor=COMMAND,
        )
        if refused:
            return
        self.expire(short)
        parts: dict[tuple[int, int], int] = {}
        for part in allocations:
            place = self.place_of(part.item_id, part.warehouse_id)
            parts[place] = parts.get(place, 0) + part.quantity
            self.shelves[place].reserved += part.quantity
            assert self.shelves[place].available >= 0
        sums = {item: sum(n for (i, _), n in parts.items() if i == item) for item in basket}
        assert sums == basket
        self.promises[reference] = Promise(parts, hold)

    def place_of(self, item_id: int, warehouse_id: int) -> tuple[int, int]:
        return [item.pk for item in self.items].index(item_id), [place.pk for place in self.places].index(warehouse_id)

    @rule(data=st.data())
    def release(self, data: Any) -> None:
        reference = self.pick(data)
        units = self.expect(None, services.release, reference=reference, actor=COMMAND)
        held = self.promises.get(reference)
        assert units == (sum(held.parts.values()) if held else 0)
        if held:
            self.resolve(reference)

    @rule(data=st.data())
    def fulfil(self, data: Any) -> None:
        reference = self.pick(data)
        held = self.promises.get(reference)
        refusal: type[Refusal] | None = None
        if held is None:
            refusal = NothingReserved
        elif any(quantity > self.shelves[place].on_hand for place, quantity in held.parts.items()):
            refusal = NotOnHand
        self.expect(refusal, services.fulfil, reference=reference, actor=COMMAND)
        if held and not refusal:
            for place, quantity in held.parts.items():
                self.shelves[place].on_hand -= quantity
            self.resolve(reference)

    @rule(data=st.data())
    def promise(self, data: Any) -> None:
        reference = self.pick(data, holds=True)
        held = self.promises.get(reference)
        refusal = HoldExpired if held is None or held.lost else None
        self.numbers += 1
        new = f"r{self.numbers}"
        self.expect(refusal, services.promise, reference=reference, new_reference=new)
        if held and not refusal:
            del self.promises[reference]
            self.promises[new] = Promise(held.parts, is_hold=False)

    @rule(data=st.data())
    def extend(self, data: Any) -> None:
        reference = self.pick(data, holds=True)
        held = self.promises.get(reference)
        end = timezone.now() + timedelta(hours=2)
        self.expect(None if held else HoldExpired, services.extend_hold, reference=reference, expires_at=end)
        if held:
            held.overdue = False

    @precondition(lambda self: any(promise.is_hold for promise in self.promises.values()))
    @rule(data=st.data())
    def time_passes(self, data: Any) -> None:
        reference = data.draw(st.sampled_from([name for name, held in self.promises.items() if held.is_hold]))
        Reservation.objects.filter(reference=reference, state="open").update(
            expires_at=timezone.now() - timedelta(seconds=1)
        )
        self.promises[reference].overdue = True

    @rule()
    def sweep(self) -> None:
        self.expect(None, services.expire_holds, actor=COMMAND)
        self.expire(set(range(ITEMS)))

    # What must hold after each step.

    @invariant()
    def shelves_agree(self) -> None:
        rows = StockLevel.objects.filter(item__in=self.items).values_list(
            "item_id", "warehouse_id", "on_hand", "reserved", "backorder_limit"
        )
        found = {self.place_of(item, place): Shelf(on_hand, limit, held) for item, place, on_hand, held, limit in rows}
        assert found == self.shelves
