"""Rules that end promises, whole or in part, and move them, beside the model of what that means."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from database.refusals import Refusal
from events.actors import COMMAND
from inventory import services
from inventory.exceptions import InsufficientStock, MoreThanReserved, MoreThanShipped, NothingReserved, NotOnHand
from inventory.tests.factories import units_of
from inventory.tests.model import Model, Promise, anywhere, few, items, warehouses

Parts = dict[tuple[int, int], int]
some = st.dictionaries(items, few, min_size=1)


class Resolving(Model):
    @rule(data=st.data(), warehouse=anywhere)
    def release(self, data: Any, warehouse: int | None) -> None:
        reference = self.pick(data)
        parts = self.parts(reference, warehouse)
        units = self.expect(
            None, services.release, reference=reference, warehouse_id=self.id_of(warehouse), actor=COMMAND
        )
        assert units == sum(parts.values())
        if parts:
            self.resolve(reference, set(parts))

    @rule(data=st.data(), warehouse=anywhere)
    def fulfil(self, data: Any, warehouse: int | None) -> None:
        reference = self.pick(data)
        parts = self.parts(reference, warehouse)
        refusal: type[Refusal] | None = None
        if not parts:
            refusal = NothingReserved
        elif any(quantity > self.shelves[place].on_hand for place, quantity in parts.items()):
            refusal = NotOnHand
        left = self.expect(
            refusal, services.fulfil, reference=reference, warehouse_id=self.id_of(warehouse), actor=COMMAND
        )
        if not refusal:
            assert units_of(left) == sum(parts.values())
            self.ship(reference, parts)

    @rule(data=st.data(), basket=some, warehouse=anywhere)
    def fulfil_a_part(self, data: Any, basket: dict[int, int], warehouse: int | None) -> None:
        reference = self.pick(data)
        parts = self.parts(reference, warehouse)
        there = {place: min(units, self.shelves[place].on_hand) for place, units in parts.items()}
        refusal: type[Refusal] | None = None
        if any(quantity > self.sums(parts).get(item, 0) for item, quantity in basket.items()):
            refusal = MoreThanReserved
        elif any(quantity > self.sums(there)[item] for item, quantity in basket.items()):
            refusal = NotOnHand
        left = self.expect(
            refusal,
            services.fulfil,
            reference=reference,
            quantities=self.by_id(basket),
            warehouse_id=self.id_of(warehouse),
            actor=COMMAND,
        )
        if refusal:
            return
        taken = self.taken_from(parts, reference)
        assert units_of(left) == sum(basket.values())
        assert self.sums(taken) == basket
        assert all(units <= there[place] for place, units in taken.items())
        for item, quantity in basket.items():
            in_one = any(there[place] >= quantity for place in there if place[0] == item)
            assert not in_one or len(self.of_item(taken, item)) == 1
        self.ship(reference, taken)

    @rule(data=st.data(), basket=some, warehouse=anywhere)
    def release_a_part(self, data: Any, basket: dict[int, int], warehouse: int | None) -> None:
        reference = self.pick(data)
        parts = self.parts(reference, warehouse)
        short = any(quantity > self.sums(parts).get(item, 0) for item, quantity in basket.items())
        units = self.expect(
            MoreThanReserved if short else None,
            services.release,
            reference=reference,
            quantities=self.by_id(basket),
            warehouse_id=self.id_of(warehouse),
            actor=COMMAND,
        )
        if short:
            return
        taken = self.taken_from(parts, reference)
        assert units == sum(basket.values())
        assert self.sums(taken) == basket
        for item in basket:
            # What lies there stays before what is still to come, in one warehouse if that is enough.
            stays = {place: parts[place] - taken.get(place, 0) for place in self.of_item(parts, item)}
            there = {place: max(parts[place] + min(self.unsold(place), 0), 0) for place in stays}
            left = sum(stays.values())
            if left <= sum(there.values()):
                assert all(units <= there[place] for place, units in stays.items())
            if left and any(left <= units for units in there.values()):
                assert len([units for units in stays.values() if units]) == 1
        self.give_up(reference, taken)

    @rule(data=st.data(), basket=some, source=warehouses)
    def move_promise(self, data: Any, basket: dict[int, int], source: int) -> None:
        reference, target = self.pick(data), 1 - source
        held = self.promises.get(reference)
        parts = {} if held is None or held.overdue else self.parts(reference, source)
        short = {item for item, quantity in basket.items() if quantity > max(self.unsold((item, target)), 0)}
        refusal: type[Refusal] | None = None
        if any(quantity > parts.get((item, source), 0) for item, quantity in basket.items()):
            refusal = MoreThanReserved
        elif any(basket[item] > self.unsold((item, target)) + self.overdue(item, target) for item in short):
            refusal = InsufficientStock
        moved = self.expect(
            refusal,
            services.move_promise,
            reference=reference,
            quantities=self.by_id(basket),
            from_warehouse_id=self.id_of(source),
            to_warehouse_id=self.id_of(target),
            actor=COMMAND,
        )
        if refusal:
            return
        assert {move.sku: move.quantity for move in moved} == {self.items[i].sku: units for i, units in basket.items()}
        self.expire(short, target)
        for item, quantity in basket.items():
            self.move(reference, item, source, quantity)

    @rule(data=st.data(), parcel=st.dictionaries(st.tuples(items, warehouses), few, min_size=1, max_size=3))
    def unship(self, data: Any, parcel: Parts) -> None:
        reference = data.draw(st.sampled_from([*self.shipped, "nobody"]))
        away = self.away(reference)
        refusal: type[Refusal] | None = None
        if any(units > away.get(place, 0) for place, units in parcel.items()) or any(
            units > self.sums(away)[item] for item, units in self.sums(parcel).items()
        ):
            refusal = MoreThanShipped
        units = self.expect(
            refusal,
            services.unship,
            reference=reference,
            quantities={(self.items[i].pk, self.places[w].pk): units for (i, w), units in parcel.items()},
            actor=COMMAND,
        )
        if refusal:
            return
        assert units == sum(parcel.values())
        held = self.promises.setdefault(reference, Promise({}, is_hold=False))
        for place, units in parcel.items():
            self.shelves[place].reserved += units
            held.parts[place] = held.parts.get(place, 0) + units
        self.come_back(reference, parcel)

    @rule(data=st.data(), item=items, warehouse=warehouses, quantity=few, condition=st.sampled_from(services.Condition))
    def take_back(self, data: Any, item: int, warehouse: int, quantity: int, condition: services.Condition) -> None:
        reference = data.draw(st.sampled_from([*self.shipped, "nobody"]))
        if reference != "nobody" and quantity > self.sums(self.away(reference)).get(item, 0):
            return
        line = services.ReturnLine(self.items[item].sku, quantity, self.places[warehouse].code, condition)
        self.expect(None, services.return_stock, reference=reference, lines=[line], actor=COMMAND)
        self.come_back(reference, {(item, warehouse): quantity})
        if condition is services.Condition.DAMAGED:
            self.shelves[item, warehouse].on_hand -= quantity

    # What the model knows of parts.

    def away(self, reference: str) -> Parts:
        """What has left each place under a reference and has not come back to it."""
        back = self.came_back.get(reference, {})
        gone = self.shipped.get(reference, {})
        return {place: gone.get(place, 0) - back.get(place, 0) for place in {*gone, *back}}

    def come_back(self, reference: str, parts: Parts) -> None:
        """So much of what was shipped lies there again."""
        back = self.came_back.setdefault(reference, {})
        for place, units in parts.items():
            self.shelves[place].on_hand += units
            back[place] = back.get(place, 0) + units

    def parts(self, reference: str, warehouse: int | None) -> Parts:
        """What a reference holds, in one warehouse or in all."""
        held = self.promises[reference].parts if reference in self.promises else {}
        return {place: units for place, units in held.items() if warehouse in (None, place[1])}

    def of_item(self, parts: Parts, item: int) -> Parts:
        return {place: units for place, units in parts.items() if place[0] == item}

    def unsold(self, place: tuple[int, int]) -> int:
        return self.shelves[place].on_hand - self.shelves[place].reserved

    def taken_from(self, parts: Parts, reference: str) -> Parts:
        """What a reference had of these parts and has no more."""
        left = self.rows("open").get(reference, {})
        changes = {place: units - left.get(place, 0) for place, units in parts.items()}
        assert all(units >= 0 for units in changes.values())
        return {place: units for place, units in changes.items() if units}

    def give_up(self, reference: str, taken: Parts) -> None:
        """A reference has so much less."""
        held = self.promises[reference].parts
        for place, units in taken.items():
            self.shelves[place].reserved -= units
            held[place] -= units
            if not held[place]:
                del held[place]
        if not held:
            del self.promises[reference]

    def ship(self, reference: str, taken: Parts) -> None:
        """So much of a promise has left the building."""
        self.give_up(reference, dict(taken))
        gone = self.shipped.setdefault(reference, {})
        for place, units in taken.items():
            self.shelves[place].on_hand -= units
            gone[place] = gone.get(place, 0) + units
