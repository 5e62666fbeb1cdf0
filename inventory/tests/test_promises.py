"""Reserving, releasing, shipping, and holds."""

import pytest

from events.actors import COMMAND
from inventory import services
from inventory.exceptions import InsufficientStock
from inventory.models import StockMovement
from inventory.tests.factories import StockItemFactory, level_of, snapshot

pytestmark = pytest.mark.django_db


def test_reserving_promises_units_and_writes_the_ledger() -> None:
    item = StockItemFactory(stock=10)

    services.reserve(reference="r-1", quantities={item.pk: 4}, actor=COMMAND)

    level = level_of(item)
    assert (level.on_hand, level.reserved, level.available) == (10, 4, 6)
    movement = StockMovement.objects.order_by("-id")[0]
    assert (movement.kind, movement.reserved_delta, movement.on_hand_after, movement.reserved_after) == (
        "reserved",
        4,
        10,
        4,
    )


def test_reserving_more_than_there_is_names_every_short_item_and_changes_nothing() -> None:
    short, enough, empty = StockItemFactory(stock=3), StockItemFactory(stock=9), StockItemFactory()
    before = snapshot()

    with pytest.raises(InsufficientStock) as refusal:
        services.reserve(reference="r-1", quantities={short.pk: 4, enough.pk: 1, empty.pk: 1}, actor=COMMAND)

    found = {(line.sku, line.requested, line.available) for line in refusal.value.shortages}
    assert found == {(short.sku, 4, 3), (empty.sku, 1, 0)}
    assert snapshot() == before
