"""Where promised units come from: a pure decision over locked rows. Checking and allocating are the same function."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from types import MappingProxyType

from inventory.models import StockLevel

Share = tuple[StockLevel, int]
NOTHING: Mapping[int, int] = MappingProxyType({})


def allocate(levels: Sequence[StockLevel], quantity: int, held: Mapping[int, int] = NOTHING) -> list[Share] | None:
    """Split a quantity of one item over its levels, or None when they do not have it.

    Units that are there go before units that are still to come (backorders). Fewest warehouses first; among equally
    few, those of better priority. `held` has the units, by level, that the reference holds already. They count as free.
    If they are enough, all that is asked for comes from them; otherwise warehouses with such units go before others,
    among equally few.

    Mostly one warehouse has all that is asked for, and `statements.RESERVE` has promised it before this is called: the
    statement says the first of these rules in SQL.
    """
    usable = _usable(levels, held)
    own = [level for level in usable if level.id in held]
    if sum(held[level.id] for level in own) >= quantity:
        there = split(own, quantity, lambda level: held[level.id] + min(level.unsold, 0))
        return there or split(own, quantity, lambda level: held[level.id])
    for free in (_there, _promisable):
        found = [split(candidates, quantity, partial(free, held=held)) for candidates in (own, usable)]
        if any(found):
            return min(filter(None, found), key=len)
    return None


def _usable(levels: Iterable[StockLevel], held: Mapping[int, int]) -> list[StockLevel]:
    """The levels that units can come from: those in active warehouses, and those that the reference has units of."""
    return by_priority(level for level in levels if level.warehouse.is_active or level.id in held)


def _there(level: StockLevel, held: Mapping[int, int]) -> int:
    """Units that lie there for the reference. In a warehouse that is not active it keeps what it has, and no more."""
    others = level.unsold if level.warehouse.is_active else min(level.unsold, 0)
    return held.get(level.id, 0) + others


def _promisable(level: StockLevel, held: Mapping[int, int]) -> int:
    """Units that the reference can have, with those that are still to come."""
    return held.get(level.id, 0) + (level.available if level.warehouse.is_active else 0)


def active_by_priority(levels: Iterable[StockLevel]) -> list[StockLevel]:
    """The levels in active warehouses, in the sequence in which units are taken from them."""
    return by_priority(level for level in levels if level.warehouse.is_active)


def by_priority(levels: Iterable[StockLevel]) -> list[StockLevel]:
    """Levels in the sequence in which units are taken from them."""
    return sorted(levels, key=attrgetter("warehouse.priority", "warehouse_id"))


def split(levels: Sequence[StockLevel], quantity: int, free: Callable[[StockLevel], int]) -> list[Share] | None:
    """A quantity from as few of these levels as can be, the earlier ones first; None when they do not have it."""
    candidates = [level for level in levels if free(level) > 0]
    for level in candidates:
        if free(level) >= quantity:
            return [(level, quantity)]
    parts = _fewest(sorted(map(free, candidates), reverse=True), quantity)
    if parts is None:
        return None
    shares = []
    for place, level in enumerate(candidates):
        # This level may be one of the few if the largest of those after it can bring the rest.
        rest = sorted(map(free, candidates[place + 1 :]), reverse=True)[: parts - 1]
        if free(level) + sum(rest) >= quantity:
            shares.append((level, min(free(level), quantity)))
            quantity -= shares[-1][1]
            parts -= 1
            if not quantity:
                break
    return shares


def _fewest(amounts: Sequence[int], quantity: int) -> int | None:
    """How many of these amounts, largest first, reach the quantity; None when all of them do not."""
    total = 0
    for count, amount in enumerate(amounts, start=1):
        total += amount
        if total >= quantity:
            return count
    return None


def allocate_all(
    levels: Sequence[StockLevel], wanted: Mapping[int, int], held: Mapping[int, int] = NOTHING
) -> tuple[list[Share], dict[int, int]]:
    """The shares of a whole basket (quantity by item), and the available units of each short item.

    `held` has the units, by level, that the reference holds already: they are available to it.
    """
    by_item: dict[int, list[StockLevel]] = {item_id: [] for item_id in wanted}
    for level in levels:
        by_item[level.item_id].append(level)
    shares: list[Share] = []
    short: dict[int, int] = {}
    for item_id, quantity in wanted.items():
        split = allocate(by_item[item_id], quantity, held)
        if split is None:
            short[item_id] = sum(_promisable(level, held) for level in _usable(by_item[item_id], held))
        else:
            shares += split
    return shares, short
