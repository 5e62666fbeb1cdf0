"""Where promised units come from: a pure decision over locked rows. Checking and allocating are the same function."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter

from inventory.models import StockLevel

Share = tuple[StockLevel, int]


def allocate(levels: Sequence[StockLevel], quantity: int) -> list[Share] | None:
    """Split a quantity of one item over its levels, or None when they do not have it.

    Units that are there go before units that are still to come (backorders). Fewest warehouses first; among equally
    few, those of better priority.

    Mostly one warehouse has all that is asked for, and `statements.RESERVE` has promised it before this is called: the
    statement says the first of these rules in SQL.
    """
    active = active_by_priority(levels)
    return _split(active, quantity, attrgetter("unsold")) or _split(active, quantity, attrgetter("available"))


def active_by_priority(levels: Iterable[StockLevel]) -> list[StockLevel]:
    """The levels in active warehouses, in the sequence in which units are taken from them."""
    active = [level for level in levels if level.warehouse.is_active]
    return sorted(active, key=attrgetter("warehouse.priority", "warehouse_id"))


def _split(levels: Sequence[StockLevel], quantity: int, free: Callable[[StockLevel], int]) -> list[Share] | None:
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


def allocate_all(levels: Sequence[StockLevel], wanted: Mapping[int, int]) -> tuple[list[Share], dict[int, int]]:
    """The shares of a whole basket (quantity by item), and the available units of each short item."""
    by_item: dict[int, list[StockLevel]] = {item_id: [] for item_id in wanted}
    for level in levels:
        by_item[level.item_id].append(level)
    shares: list[Share] = []
    short: dict[int, int] = {}
    for item_id, quantity in wanted.items():
        split = allocate(by_item[item_id], quantity)
        if split is None:
            short[item_id] = sum(level.available for level in active_by_priority(by_item[item_id]))
        else:
            shares += split
    return shares, short
