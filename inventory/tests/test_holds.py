"""Holds that expire, and holds that become promises."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from pytest_django import Settings

from events.actors import COMMAND
from events.models import Event
from inventory import services
from inventory.exceptions import HoldDiffers, HoldExpired, InsufficientStock
from inventory.models import Reservation, StockMovement
from inventory.tests.factories import (
    StockItemFactory,
    hold,
    level_of,
    promise,
    reserve,
    soon,
    state_of,
)

pytestmark = pytest.mark.django_db


def test_an_overdue_hold_does_not_count_when_stock_is_short() -> None:
    item = StockItemFactory(stock=4)
    hold("cart-1", item, 3, overdue=True)

    reserve("r-1", {item: 4})

    assert (state_of("cart-1"), level_of(item).reserved) == ({"expired"}, 4)


def test_an_overdue_hold_is_left_alone_while_there_is_enough() -> None:
    item = StockItemFactory(stock=4)
    hold("cart-1", item, 2, overdue=True)

    reserve("r-1", {item: 2})

    assert state_of("cart-1") == {"open"}


def test_a_refusal_after_the_sweep_counts_what_was_swept() -> None:
    item = StockItemFactory(stock=4)
    hold("cart-1", item, 2, overdue=True)

    with pytest.raises(InsufficientStock) as refusal:
        reserve("r-1", {item: 5})
    assert refusal.value.shortages[0].available == 4


def test_a_hold_becomes_a_promise_without_touching_a_counter() -> None:
    item = StockItemFactory(stock=4)
    hold("cart-1", item, 4)
    movements = StockMovement.objects.count()

    assert promise("cart-1", "r-1", {item: 4}) == 4

    reservation = Reservation.objects.get()
    assert (reservation.reference, reservation.expires_at, reservation.state) == ("r-1", None, "open")
    assert (level_of(item).reserved, StockMovement.objects.count()) == (4, movements)
    assert services.expire_holds(actor=COMMAND) == 0


def test_a_hold_of_which_a_part_has_expired_is_no_promise() -> None:
    mug, cup = StockItemFactory(stock=2), StockItemFactory(stock=2)
    reserve("cart-1", {mug: 2, cup: 2}, expires_at=soon())
    Reservation.objects.update(expires_at=soon(-1))
    reserve("r-1", {mug: 1})

    with pytest.raises(HoldDiffers):
        promise("cart-1", "r-2", {mug: 2, cup: 2})


def test_a_hold_of_which_a_part_was_lost_is_no_promise() -> None:
    mug, cup = StockItemFactory(stock=2), StockItemFactory(stock=2)
    reserve("cart-1", {mug: 2, cup: 2}, expires_at=soon())
    place = {"item_id": mug.pk, "warehouse_id": level_of(mug).warehouse_id}
    services.write_off(**place, missing=1, given_up=["cart-1"], actor=COMMAND)

    with pytest.raises(HoldDiffers):
        promise("cart-1", "r-2", {mug: 2, cup: 2})


def test_a_hold_of_a_reference_that_expired_before_is_a_new_one() -> None:
    item = StockItemFactory(stock=2)
    hold("cart-1", item, 2, overdue=True)
    services.expire_holds(actor=COMMAND)
    hold("cart-1", item, 1)

    assert promise("cart-1", "r-1", {item: 1}) == 1


def test_what_is_no_hold_cannot_become_a_promise() -> None:
    item = StockItemFactory(stock=2)
    reserve("r-1", {item: 1})

    for reference in ("r-1", "unknown"):
        with pytest.raises(HoldDiffers):
            promise(reference, "r-2", {item: 1})


def test_a_hold_is_extended_to_its_absolute_end_at_most(settings: Settings) -> None:
    settings.HOLD_MAX_HOURS = 1
    item = StockItemFactory(stock=2)
    hold("cart-1", item, 1)
    began = Reservation.objects.get().created_at

    assert services.extend_hold(reference="cart-1", expires_at=(later := soon(30))) == later
    assert services.extend_hold(reference="cart-1", expires_at=soon(90)) == began + timedelta(hours=1)
    services.release(reference="cart-1", actor=COMMAND)
    with pytest.raises(HoldExpired):
        services.extend_hold(reference="cart-1", expires_at=soon())


def test_the_sweep_ends_overdue_holds_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    item, other = StockItemFactory(stock=9), StockItemFactory(stock=9)
    hold("cart-1", item, 1, overdue=True)
    hold("cart-2", other, 2, overdue=True)
    hold("cart-3", item, 3)
    reserve("r-1", {item: 1})

    call_command("expire_reservations", batch=1)

    assert capsys.readouterr().out == "2 holds expired.\n"
    assert [state_of(name) for name in ("cart-1", "cart-2", "cart-3", "r-1")] == [{"expired"}] * 2 + [{"open"}] * 2
    assert (level_of(item).reserved, level_of(other).reserved) == (4, 0)
    events = Event.objects.filter(kind="stock.holds_expired").order_by("id")
    assert [event.payload["references"] for event in events] == [["cart-1"], ["cart-2"]]
