"""Promises that move while others look for the same units. Each race has a control without the protection."""

from functools import partial

import pytest

from events.actors import COMMAND
from inventory import services
from inventory.exceptions import HoldDiffers
from inventory.models import Reservation, StockItem
from inventory.services import ReceiptLine, holds, postings
from inventory.tests.factories import StockItemFactory, WarehouseFactory, hold, level_of, promise, reserve
from inventory.tests.races import adjust, in_transaction, kinds, red, take_lock_away
from tests.threads import at_once, overtaken

pytestmark = pytest.mark.django_db(transaction=True)


def put(item: StockItem, units: int, warehouse: str) -> None:
    services.receive_stock(reference="x", lines=[ReceiptLine(item.sku, units, warehouse)], actor=COMMAND, again=True)


def last_units_in_the_north() -> StockItem:
    """Four units are promised in the main warehouse and four in the west; four lie free in the north."""
    west, north = WarehouseFactory(code="west"), WarehouseFactory(code="north")
    item = StockItemFactory(stock=4)
    in_transaction(partial(reserve, "r-1", {item: 4}))
    put(item, 4, west.code)
    in_transaction(partial(reserve, "r-2", {item: 4}))
    put(item, 4, north.code)
    # With backorders no CHECK stands behind the lock.
    services.set_backorder_limit(item_id=item.pk, warehouse_id=north.pk, limit=4, actor=COMMAND)
    return item


def test_the_last_free_units_take_over_one_promise() -> None:
    item = last_units_in_the_north()

    outcomes = at_once([partial(adjust, item, -4, place) for place in ("main", "west")])

    assert kinds(outcomes) == {"InsufficientStock": 1, "NoneType": 1}
    assert (level_of(item, "north").on_hand, level_of(item, "north").reserved) == (4, 4)
    assert red() == set()


def test_control_without_the_lock_the_last_free_units_take_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    item = last_units_in_the_north()
    take_lock_away(monkeypatch, postings, "decide")
    outcomes = at_once([partial(adjust, item, -4, place) for place in ("main", "west")])

    assert kinds(outcomes) == {"NoneType": 2}
    assert (level_of(item, "north").on_hand, level_of(item, "north").reserved) == (4, 8)
    assert "balances of the ledger chain, up to the counters" in red()


def held_in_main() -> StockItem:
    WarehouseFactory(code="north")
    item = StockItemFactory(stock=5)
    in_transaction(partial(hold, "cart-1", item, 4))
    put(item, 3, "north")
    return item


def test_a_hold_that_moves_while_it_is_promised_is_promised_whole() -> None:
    item = held_in_main()

    units = overtaken(partial(adjust, item, -3), partial(promise, "cart-1", "r-1", {item: 4}))

    assert units == 4
    held = Reservation.objects.filter(state="open").order_by("level__warehouse__code")
    assert list(held.values_list("reference", "quantity", "expires_at")) == [("r-1", 2, None), ("r-1", 2, None)]
    assert red() == set()


def test_control_without_a_second_look_a_part_of_the_hold_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    item = held_in_main()
    monkeypatch.setattr(holds, "_need_all_parts", lambda *args: None)

    refused = overtaken(partial(adjust, item, -3), partial(promise, "cart-1", "r-1", {item: 4}))

    assert isinstance(refused, HoldDiffers)
    assert set(Reservation.objects.filter(state="open").values_list("reference", flat=True)) == {"cart-1"}


def test_a_hold_that_moves_while_it_is_extended_is_extended_whole() -> None:
    item = held_in_main()
    later = Reservation.objects.get().created_at.replace(microsecond=0)
    later = later.replace(year=later.year + 1)

    end = overtaken(partial(adjust, item, -3), partial(services.extend_hold, reference="cart-1", expires_at=later))

    assert set(Reservation.objects.filter(state="open").values_list("expires_at", flat=True)) == {end}
    assert Reservation.objects.filter(state="open").count() == 2
