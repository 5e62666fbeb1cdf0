"""Databases damaged on purpose: each damage turns its invariant red, and a repair makes true what can be made true."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from events.actors import COMMAND
from events.models import Event
from inventory import services
from inventory.invariants import INVARIANTS, violations
from inventory.models import Reservation, StockItem, StockLevel, StockMovement
from inventory.services import ReturnLine
from inventory.tests.factories import StockItemFactory, WarehouseFactory, level_of, snapshot

pytestmark = pytest.mark.django_db

COUNTERS = "counters are the sums of the ledger"
CHAIN = "balances of the ledger chain, up to the counters"
RESERVED = "reserved is the sum of open reservations"
NEGATIVE = "nothing is negative or oversold"
CAME_IN = "no more is promised than ever came in"
RESOLVED = "reservations are resolved once, and in time"
CAME_BACK = "no more comes back under a reference than was shipped"
ONE_KIND = "a reference has a hold or a promise, never both"
IN_STOCK = "in_stock says whether some of an item is available"


def red() -> set[str]:
    return {violation.invariant for violation in violations()}


@pytest.fixture
def item() -> StockItem:
    """An item with all that can happen to it: two warehouses, a promise kept, one given back, one open, one hold."""
    WarehouseFactory(code="north")
    item = StockItemFactory(stock={"main": 10, "north": 4})
    services.reserve(reference="kept", quantities={item.pk: 2}, actor=COMMAND)
    services.fulfil(reference="kept", actor=COMMAND)
    services.reserve(reference="given back", quantities={item.pk: 9}, actor=COMMAND)
    services.release(reference="given back", actor=COMMAND)
    services.reserve(reference="open", quantities={item.pk: 3}, actor=COMMAND)
    soon = timezone.now() + timedelta(minutes=5)
    services.reserve(reference="hold", quantities={item.pk: 1}, actor=COMMAND, expires_at=soon)
    assert red() == set()
    return item


def movement(item: StockItem, **fields: object) -> None:
    """A line of the ledger that nobody posted."""
    level = level_of(item)
    columns = {"kind": "received", "on_hand_delta": 0, "reserved_delta": 0, "actor": "system", "at": timezone.now()}
    balances = {"on_hand_after": level.on_hand, "reserved_after": level.reserved}
    StockMovement.objects.create(level=level, **columns | balances | fields)


def set_counter(item: StockItem, **values: int) -> None:
    StockLevel.objects.filter(pk=level_of(item).pk).update(**values)


def without_check(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute(f"alter table inventory_stocklevel drop constraint {name}")


def break_chain(item: StockItem) -> None:
    movement(item, on_hand_delta=5, on_hand_after=14)
    set_counter(item, on_hand=13)


def oversell(item: StockItem) -> None:
    without_check("stocklevel_not_oversold")
    set_counter(item, reserved=50)
    Reservation.objects.filter(reference="open").update(quantity=49)


def go_negative(item: StockItem) -> None:
    without_check("stocklevel_on_hand_not_negative")
    without_check("stocklevel_not_oversold")
    set_counter(item, on_hand=-1)


def promise_a_part(item: StockItem) -> None:
    north = level_of(item, "north").warehouse_id
    services.reserve(reference="another", quantities={item.pk: 1}, actor=COMMAND, warehouse_id=north)
    Reservation.objects.filter(reference="another").update(reference="hold")


def give_back_twice(item: StockItem) -> None:
    services.release(reference="open", quantities={item.pk: 1}, actor=COMMAND)
    part = Reservation.objects.get(reference="open", state="released")
    part.pk = None
    part.save()


DAMAGES: dict[str, tuple[Callable[[StockItem], object], set[str]]] = {
    "an on-hand counter changed by hand": (lambda item: set_counter(item, on_hand=9), {COUNTERS, CHAIN}),
    "a lost update of reserved": (lambda item: set_counter(item, reserved=3), {COUNTERS, CHAIN, RESERVED}),
    "a line in the ledger that moved no counter": (
        lambda item: movement(item, on_hand_delta=5, on_hand_after=13),
        {COUNTERS, CHAIN},
    ),
    "a balance that does not follow": (
        break_chain,
        {CHAIN},
    ),
    "a line with the time before a wait": (
        lambda item: movement(item, at=timezone.now() - timedelta(hours=1)),
        {CHAIN},
    ),
    "a promise resolved by hand": (
        lambda item: Reservation.objects.filter(reference="open").update(state="released", resolved_at=timezone.now()),
        {RESERVED, RESOLVED},
    ),
    "a promise enlarged by hand": (
        lambda item: Reservation.objects.filter(reference="open").update(quantity=4),
        {RESERVED},
    ),
    "a flag that is not true": (
        lambda item: StockItem.objects.filter(pk=item.pk).update(in_stock=False),
        {IN_STOCK},
    ),
    "a hold that nobody expires": (
        lambda item: Reservation.objects.filter(reference="hold").update(
            expires_at=timezone.now() - timedelta(minutes=16)
        ),
        {RESOLVED},
    ),
}
LASTING: dict[str, tuple[Callable[[StockItem], object], set[str]]] = {
    "more shipped than the ledger knows": (
        lambda item: Reservation.objects.filter(reference="kept").update(quantity=3),
        {RESOLVED},
    ),
    "more given back than the ledger knows": (
        lambda item: Reservation.objects.filter(reference="given back").update(quantity=10),
        {RESOLVED},
    ),
    "a part that was given back twice": (
        lambda item: give_back_twice(item),
        {RESOLVED},
    ),
    "more that came back than was shipped": (
        lambda item: services.return_stock(reference="kept", lines=[ReturnLine(item.sku, 3)], actor=COMMAND),
        {CAME_BACK},
    ),
    "a hold of which a part was promised": (
        promise_a_part,
        {ONE_KIND},
    ),
    "more shipped than ever came in": (
        lambda item: Reservation.objects.filter(reference="kept").update(quantity=30),
        {RESOLVED, CAME_IN},
    ),
    "more promised than can be there": (oversell, {COUNTERS, CHAIN, NEGATIVE, CAME_IN, IN_STOCK}),
    "less than nothing on hand": (go_negative, {COUNTERS, CHAIN, NEGATIVE, IN_STOCK}),
}


@pytest.mark.parametrize("damage", [*DAMAGES, *LASTING])
def test_a_damage_turns_its_invariants_red(damage: str, item: StockItem) -> None:
    break_it, expected = (DAMAGES | LASTING)[damage]

    break_it(item)

    assert red() == expected


def test_goods_that_come_back_under_a_number_of_their_own_are_not_compared(item: StockItem) -> None:
    services.return_stock(reference="RMA-1", lines=[ReturnLine(item.sku, 3)], actor=COMMAND)

    assert red() == set()


def test_every_invariant_has_a_damage_that_turns_it_red() -> None:
    assert {name for _, names in (DAMAGES | LASTING).values() for name in names} == set(INVARIANTS)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_repair_makes_every_invariant_true_again(damage: str, item: StockItem) -> None:
    DAMAGES[damage][0](item)

    services.expire_holds(actor=COMMAND)
    services.repair_stock(actor=COMMAND)

    assert red() == set()
    services.reserve(reference="next", quantities={item.pk: 1}, actor=COMMAND)
    assert red() == set()


def test_a_repair_takes_the_ledger_for_on_hand_and_promises_for_reserved(item: StockItem) -> None:
    set_counter(item, on_hand=11, reserved=3)

    (repair,) = services.repair_stock(actor=COMMAND)

    level = level_of(item)
    assert (level.on_hand, level.reserved) == (8, 4)
    assert str(repair) == f"{item.sku} in main: 11/3 -> 8/4 on hand/reserved"
    corrected = StockMovement.objects.order_by("-id")[0]
    assert (corrected.kind, corrected.on_hand_delta, corrected.reserved_delta) == ("corrected", 0, 0)
    assert (corrected.on_hand_after, corrected.reserved_after) == (8, 4)
    assert corrected.reason == "was 11 on hand, 3 reserved"
    assert Event.objects.filter(kind="stock.corrected", subject=f"sku:{item.sku}").count() == 1


def test_what_no_counter_may_say_is_left_for_people(item: StockItem) -> None:
    Reservation.objects.filter(reference="open").update(quantity=100)
    before = snapshot()

    assert services.repair_stock(actor=COMMAND) == []

    assert RESERVED in red()
    assert snapshot() == before


def test_a_sound_database_is_not_touched_by_a_repair(item: StockItem) -> None:
    before = snapshot()

    assert services.repair_stock(actor=COMMAND) == []

    assert snapshot() == before


def test_the_ledger_cannot_be_rewritten(item: StockItem) -> None:
    from django.db import DatabaseError, transaction

    for statement in ("update inventory_stockmovement set on_hand_delta = 0", "delete from inventory_stockmovement"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert red() == set()
