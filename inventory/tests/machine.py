"""Rules that run each verb of stock beside a small model of what the verb means."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from database.refusals import Refusal
from events.actors import COMMAND
from inventory import services
from inventory.exceptions import (
    AlreadyReserved,
    HoldDiffers,
    HoldExpired,
    InsufficientStock,
    StaleCount,
)
from inventory.models import Reservation, StockLevel, StockMovement
from inventory.tests.machine_resolving import Resolving
from inventory.tests.model import ITEMS, Promise, Shelf, anywhere, baskets, few, items, warehouses

MOVED = "replace_hold moved units that could stay"


class Stock(Resolving):
    # Goods.

    @rule(item=items, warehouse=warehouses, quantity=few)
    def receive(self, item: int, warehouse: int, quantity: int) -> None:
        line = services.ReceiptLine(self.items[item].sku, quantity, self.places[warehouse].code)
        self.numbers += 1
        self.expect(None, services.receive_stock, reference=f"DN-{self.numbers}", lines=[line], actor=COMMAND)
        self.shelves[item, warehouse].on_hand += quantity

    @rule(item=items, warehouse=warehouses, delta=st.integers(-6, 6).filter(bool))
    def adjust(self, item: int, warehouse: int, delta: int) -> None:
        refusal = None if delta > 0 or self.may_leave(item, warehouse, -delta) else InsufficientStock
        line = services.AdjustmentLine(self.items[item].sku, self.places[warehouse].code, delta=delta)
        posting = self.expect(refusal, services.adjust_stock, reason="found", lines=[line], actor=COMMAND)
        if not refusal:
            self.leave(item, warehouse, -delta, posting.moved)

    @rule(item=items, warehouse=warehouses, set_to=st.integers(0, 9), seen=st.integers(-1, 1))
    def correct(self, item: int, warehouse: int, set_to: int, seen: int) -> None:
        shelf = self.shelves[item, warehouse]
        expected = max(shelf.on_hand + seen, 0)
        refusal: type[Refusal] | None = None
        if expected != shelf.on_hand:
            refusal = StaleCount
        elif set_to < shelf.on_hand and not self.may_leave(item, warehouse, shelf.on_hand - set_to):
            refusal = InsufficientStock
        line = services.AdjustmentLine(
            self.items[item].sku, self.places[warehouse].code, set_to=set_to, expected=expected
        )
        posting = self.expect(refusal, services.adjust_stock, reason="counted", lines=[line], actor=COMMAND)
        if not refusal:
            self.leave(item, warehouse, shelf.on_hand - set_to, posting.moved)

    @rule(item=items, source=warehouses, quantity=few)
    def transfer(self, item: int, source: int, quantity: int) -> None:
        target = 1 - source
        refusal = None if self.may_leave(item, source, quantity, arriving=quantity) else InsufficientStock
        posting = self.expect(
            refusal,
            services.transfer_stock,
            source=self.places[source].code,
            target=self.places[target].code,
            lines=[services.TransferLine(self.items[item].sku, quantity)],
            actor=COMMAND,
        )
        if not refusal:
            self.leave(item, source, quantity, posting.moved, arriving=quantity)

    @rule(item=items, warehouse=warehouses, missing=few)
    def lose(self, item: int, warehouse: int, missing: int) -> None:
        """What cannot move is given up, and no more than has to be: with one promise less given up, it would be."""
        level = StockLevel.objects.get(item=self.items[item], warehouse=self.places[warehouse])
        if missing > level.on_hand:
            return
        ahead = services.outlook(level, missing)
        assert (ahead.given_up == {}) == self.may_leave(item, warehouse, missing)
        moved = self.expect(
            None,
            services.write_off,
            item_id=level.item_id,
            warehouse_id=level.warehouse_id,
            missing=missing,
            given_up=list(ahead.given_up),
            actor=COMMAND,
        )
        assert moved == ahead.moves
        if self.shelves[item, warehouse].reserved > level.on_hand - missing:
            self.expire({item})
        for reference, units in ahead.given_up.items():
            parts = self.promises[reference].parts
            assert units == sum(parts.get((item, w), 0) for w in (0, 1))
            if reference == list(ahead.given_up)[-1]:
                assert not self.may_leave(item, warehouse, missing)
            self.resolve(reference, {(item, w) for w in (0, 1)})
        self.leave(item, warehouse, missing, moved)

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

    @rule(basket=st.dictionaries(items, few, min_size=1), hold=st.booleans(), warehouse=anywhere)
    def reserve(self, basket: dict[int, int], hold: bool, warehouse: int | None) -> None:
        self.numbers += 1
        reference = f"r{self.numbers}"
        short = {item for item, quantity in basket.items() if quantity > self.available(item, warehouse)}
        refused = any(basket[item] > self.available(item, warehouse) + self.overdue(item, warehouse) for item in short)
        allocations = self.expect(
            InsufficientStock if refused else None,
            services.reserve,
            reference=reference,
            quantities=self.by_id(basket),
            expires_at=timezone.now() + timedelta(hours=1) if hold else None,
            warehouse_id=self.id_of(warehouse),
            actor=COMMAND,
        )
        if refused:
            return
        self.expire(short, warehouse)
        self.hold(reference, allocations, is_hold=hold)
        assert self.sums(self.promises[reference].parts) == basket
        assert warehouse is None or all(w == warehouse for _, w in self.promises[reference].parts)

    @rule(data=st.data(), basket=baskets, hold=st.booleans(), renamed=st.booleans(), warehouse=anywhere)
    def replace(self, data: Any, basket: dict[int, int], hold: bool, renamed: bool, warehouse: int | None) -> None:
        self.numbers += 2
        known = self.pick(data)
        reference = known if known in self.promises else f"r{self.numbers}"
        held = self.promises.get(reference) or Promise({}, is_hold=hold)
        own = {place: units for place, units in held.parts.items() if warehouse in (None, place[1])}
        mine = {item: self.sums(own).get(item, 0) for item in basket}
        short = {item for item, quantity in basket.items() if quantity > self.available(item, warehouse) + mine[item]}
        refusal: type[Refusal] | None = None
        if hold and not held.is_hold:
            refusal = AlreadyReserved
        elif any(
            basket[item] > self.available(item, warehouse) + mine[item] + self.overdue(item, warehouse, but=reference)
            for item in short
        ):
            refusal = InsufficientStock
        asked: dict[str, Any] = {
            "reference": reference,
            "quantities": self.by_id(basket),
            "expires_at": timezone.now() + timedelta(hours=1) if hold else None,
            "new_reference": f"r{self.numbers - 1}" if renamed else "",
            "warehouse_id": self.id_of(warehouse),
            "actor": COMMAND,
        }
        allocations = self.expect(refusal, services.replace_hold, **asked)
        if refusal:
            return
        self.expire(short, warehouse, but=reference)
        if held.parts:
            self.resolve(reference)
        new = asked["new_reference"] or reference
        self.hold(new, allocations, is_hold=hold)
        parts = self.promises[new].parts if basket else {}
        assert self.sums(parts) == basket
        assert warehouse is None or all(w == warehouse for _, w in parts)
        for item, quantity in basket.items():
            kept = {place: units for place, units in parts.items() if place[0] == item}
            if mine[item] >= quantity:  # all of it is what the reference had
                assert all(units <= own.get(place, 0) for place, units in kept.items()), MOVED
            if mine[item] == quantity:
                assert kept == {place: units for place, units in own.items() if place[0] == item}, MOVED
        lines = StockMovement.objects.count()
        assert self.expect(None, services.replace_hold, **asked) == allocations
        assert StockMovement.objects.count() == lines

    @rule(data=st.data(), other=st.sampled_from([{}, {}, {0: 1}]))
    def promise(self, data: Any, other: dict[int, int]) -> None:
        reference = self.pick(data, holds=True)
        held = self.promises.get(reference) or Promise({}, is_hold=True)
        asked = other or self.sums(held.parts) or {1: 1}
        refusal = None if asked == self.sums(held.parts) else HoldDiffers
        self.numbers += 1
        new = f"r{self.numbers}"
        units = self.expect(
            refusal,
            services.promise,
            reference=reference,
            new_reference=new,
            quantities=self.by_id(asked),
        )
        if not refusal:
            assert units == sum(asked.values())
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

    @invariant()
    def reservations_agree(self) -> None:
        assert self.rows("open") == {name: promise.parts for name, promise in self.promises.items()}
        assert self.rows("fulfilled") == self.shipped
