"""A small model of what the verbs of stock mean. The rules that run the verbs beside it are in machine.py."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from database.refusals import Refusal
from inventory import services
from inventory.invariants import violations
from inventory.models import Reservation, StockItem, StockLevel, Warehouse
from inventory.tests.factories import StockItemFactory, WarehouseFactory

ITEMS, WAREHOUSES = 2, 2
# The others are units of work and open their own transaction.
PARTS_OF_A_UNIT = (
    services.reserve,
    services.release,
    services.fulfil,
    services.promise,
    services.replace_hold,
    services.extend_hold,
    services.move_promise,
    services.unship,
    services.write_off,
)
items = st.integers(0, ITEMS - 1)
warehouses = st.integers(0, WAREHOUSES - 1)
few = st.integers(1, 6)
baskets = st.dictionaries(items, few)
anywhere = st.sampled_from([None, None, *range(WAREHOUSES)])


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


class Model(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.sid = transaction.savepoint()
        self.items: list[StockItem] = [StockItemFactory() for _ in range(ITEMS)]
        self.places: list[Warehouse] = [Warehouse.objects.get(code="main"), WarehouseFactory()]
        self.shelves = {(i, w): Shelf() for i in range(ITEMS) for w in range(WAREHOUSES)}
        for item in self.items:  # in the first warehouse an item has its level from the beginning
            StockLevel.objects.create(item=item, warehouse=self.places[1])
        self.promises: dict[str, Promise] = {}
        # What each reference has had shipped, and what has come back of it, by place.
        self.shipped: dict[str, dict[tuple[int, int], int]] = {}
        self.came_back: dict[str, dict[tuple[int, int], int]] = {}
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

    def available(self, item: int, warehouse: int | None = None) -> int:
        """What can be promised of an item, from one warehouse or from all."""
        return sum(self.shelves[item, w].available for w in range(WAREHOUSES) if warehouse in (None, w))

    def overdue(self, item: int, warehouse: int | None = None, *, but: str = "") -> int:
        """What overdue holds of others keep of an item."""
        return sum(
            quantity
            for reference, promise in self.promises.items()
            for (i, w), quantity in promise.parts.items()
            if promise.overdue and reference != but and i == item and warehouse in (None, w)
        )

    def resolve(self, reference: str, places: set[tuple[int, int]] | None = None) -> None:
        """The reference holds nothing any more, of these places or at all."""
        promise = self.promises[reference]
        for place in [place for place in promise.parts if places is None or place in places]:
            self.shelves[place].reserved -= promise.parts.pop(place)
        if not promise.parts:
            del self.promises[reference]

    def expire(self, wanted: set[int], warehouse: int | None = None, *, but: str = "") -> None:
        """All overdue holds on these items, place by place, in one warehouse or in all."""
        places = {(item, w) for item in wanted for w in range(WAREHOUSES) if warehouse in (None, w)}
        for reference, promise in list(self.promises.items()):
            if promise.overdue and reference != but and places & set(promise.parts):
                self.resolve(reference, places)

    def sums(self, parts: dict[tuple[int, int], int]) -> dict[int, int]:
        """The units of each item."""
        return {item: sum(n for (i, _), n in parts.items() if i == item) for item, _ in parts}

    def hold(self, reference: str, allocations: list[services.Allocation], *, is_hold: bool) -> None:
        """A reference holds this from now on."""
        parts: dict[tuple[int, int], int] = {}
        for part in allocations:
            place = self.place_of(part.item_id, part.warehouse_id)
            parts[place] = parts.get(place, 0) + part.quantity
            self.shelves[place].reserved += part.quantity
            assert self.shelves[place].available >= 0
            assert (part.expires_at is not None) == is_hold
        if parts:
            self.promises[reference] = Promise(parts, is_hold)

    def rows(self, state: str) -> dict[str, dict[tuple[int, int], int]]:
        """The units of all reservations in a state, by reference and place."""
        found: dict[str, dict[tuple[int, int], int]] = {}
        columns = ("reference", "level__item_id", "level__warehouse_id", "quantity")
        for reference, item, warehouse, quantity in Reservation.objects.filter(state=state).values_list(*columns):
            parts, place = found.setdefault(reference, {}), self.place_of(item, warehouse)
            parts[place] = parts.get(place, 0) + quantity
        return found

    def pick(self, data: Any, *, holds: bool = False) -> str:
        """A reference that holds something, or one that never did."""
        known = [name for name, promise in self.promises.items() if promise.is_hold or not holds]
        return str(data.draw(st.sampled_from([*known, "nobody"])))

    def by_id(self, basket: dict[int, int]) -> dict[int, int]:
        return {self.items[item].pk: quantity for item, quantity in basket.items()}

    def id_of(self, warehouse: int | None) -> int | None:
        return None if warehouse is None else self.places[warehouse].pk

    def place_of(self, item_id: int, warehouse_id: int) -> tuple[int, int]:
        return [item.pk for item in self.items].index(item_id), [place.pk for place in self.places].index(warehouse_id)

    def may_leave(self, item: int, warehouse: int, units: int, *, arriving: int = 0) -> bool:
        """Whether so many units can leave a shelf, if promises may come from the other shelf instead.

        `arriving` units come to the other shelf with the same posting. Overdue holds count for nothing then.
        """
        shelf, other = self.shelves[item, warehouse], self.shelves[item, 1 - warehouse]
        left = shelf.on_hand - units
        if left < 0 or shelf.reserved <= left:
            return left >= 0
        overdue = [held.parts for held in self.promises.values() if held.overdue]
        here, there = (sum(parts.get((item, w), 0) for parts in overdue) for w in (warehouse, 1 - warehouse))
        free = max(other.on_hand + arriving - (other.reserved - there), 0)
        return shelf.reserved - here <= left + shelf.backorder_limit + free

    def leave(self, item: int, warehouse: int, units: int, moved: list[services.Moved], *, arriving: int = 0) -> None:
        """So many units have left a shelf, and these promises have moved for it."""
        shelf, other = self.shelves[item, warehouse], self.shelves[item, 1 - warehouse]
        uncovered = units > 0 and shelf.reserved > shelf.on_hand - units
        shelf.on_hand -= units
        other.on_hand += arriving
        if uncovered:
            self.expire({item})
        needed, free = min(shelf.reserved - shelf.on_hand, units), max(other.on_hand - other.reserved, 0)
        for move in moved:
            assert (move.sku, move.source) == (self.items[item].sku, self.places[warehouse].code)
            self.move(move.reference, item, warehouse, move.quantity)
        # As many promises move as have to and can; a whole one may take more units with it.
        assert sum(move.quantity for move in moved) >= min(max(needed, 0), free)
        assert bool(moved) == (needed > 0 and free > 0)
        assert not moved or other.on_hand >= other.reserved

    def move(self, reference: str, item: int, source: int, units: int) -> None:
        """Units of a promise come from the other shelf."""
        held = self.promises[reference]
        here, there = (item, source), (item, 1 - source)
        assert held.parts[here] >= units
        held.parts[here] -= units
        held.parts[there] = held.parts.get(there, 0) + units
        if not held.parts[here]:
            del held.parts[here]
        self.shelves[here].reserved -= units
        self.shelves[there].reserved += units
