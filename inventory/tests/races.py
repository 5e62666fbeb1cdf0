"""Helpers of the tests of races."""

from collections.abc import Callable, Sequence
from functools import partial
from threading import Barrier
from typing import Any, TypeVar

import pytest
from django.db import transaction
from django.db.models import Sum

from events.actors import COMMAND
from inventory import services
from inventory.invariants import violations
from inventory.models import Reservation, StockItem, StockLevelQuerySet
from inventory.services import AdjustmentLine
from inventory.tests.factories import StockItemFactory, reserve
from tests.threads import at_once

T = TypeVar("T")


def adjust(item: StockItem, delta: int, warehouse: str = "main") -> None:
    services.adjust_stock(reason="x", lines=[AdjustmentLine(item.sku, warehouse, delta=delta)], actor=COMMAND)


def in_transaction(work: Callable[[], T]) -> T:
    """A transaction that is not run again: whatever goes wrong in it is seen."""
    with transaction.atomic():
        return work()


def in_transactions(works: Sequence[Callable[[], object]]) -> list[Any]:
    return at_once([partial(in_transaction, work) for work in works])


def prepare(warm: bool) -> None:
    """Reserve so often on this connection that what reserves is prepared, and its statements travel together."""
    item = StockItemFactory(stock=1000)
    for number in range(5 * warm):
        in_transaction(partial(reserve, f"warm-{item.pk}-{number}", {item: 1}))


def take_lock_away(monkeypatch: pytest.MonkeyPatch, where: object, decision: str) -> None:
    """For a control of two at once: levels are read without their lock, and neither writes before both have decided.

    `decision` is the name, in the module `where`, of what decides.
    """
    both_have_decided = Barrier(2)
    locked, decide = StockLevelQuerySet.locked, getattr(where, decision)

    def unlocked(self: StockLevelQuerySet, item_ids: Any) -> StockLevelQuerySet:
        levels = locked(self, item_ids)
        levels.query.select_for_update = False
        return levels

    def decide_and_meet(*args: Any, **kwargs: Any) -> Any:
        decided = decide(*args, **kwargs)
        both_have_decided.wait(10)
        return decided

    monkeypatch.setattr(StockLevelQuerySet, "locked", unlocked)
    monkeypatch.setattr(where, decision, decide_and_meet)


def kinds(outcomes: list[Any]) -> dict[str, int]:
    names = [type(outcome).__name__ for outcome in outcomes]
    return {name: names.count(name) for name in sorted(set(names))}


def red() -> set[str]:
    return {violation.invariant for violation in violations()}


def promised(item: StockItem) -> int:
    open_ones = Reservation.objects.filter(level__item=item, state="open")
    return int(open_ones.aggregate(sum=Sum("quantity", default=0))["sum"])
