"""Lost goods that were promised."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from catalog.models import Variant
from database.refusals import Invalid, NotFound
from events.models import Event
from inventory import services as inventory_services
from inventory.models import Reservation, StockLevel, StockMovement
from inventory.tests.factories import WarehouseFactory
from orders.models import Order
from orders.services import PlacedOrder, cancel_order, look_ahead, record_shortfall
from orders.tests.factories import (
    STAFF,
    assert_sound,
    everything,
    make_article,
    make_user,
    place,
    receive,
    stock_of,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def lose(variant: Variant, missing: int, message: str = "") -> list[int]:
    return record_shortfall(
        sku=variant.stock_item.sku,
        warehouse="main",
        missing=missing,
        actor=STAFF,
        reason="Water damage.",
        message=message,
    ).order_ids


def held_by(order: PlacedOrder) -> list[int]:
    return list(Reservation.objects.filter(reference=order.reference, state="open").values_list("quantity", flat=True))


def test_a_loss_that_touches_no_promise_is_only_posted() -> None:
    mug = make_article(stock=5)
    order = place(make_user(), {mug: 2})
    assert lose(mug, 3) == []
    assert stock_of(mug) == (2, 2)
    assert held_by(order) == [2]
    movement = StockMovement.objects.latest("id")
    assert (movement.kind, movement.on_hand_delta, movement.reason) == ("shortfall", -3, "Water damage.")


def test_the_newest_promises_lose_their_line() -> None:
    mug, pot = make_article(stock=6, price="10.00", sku="MUG"), make_article(stock=9, price="1.00")
    old, middle, new = (place(make_user(), {mug: 2, pot: 1}) for _ in range(3))
    assert lose(mug, 3) == [middle.id, new.id]
    assert stock_of(mug) == (3, 2)
    assert (held_by(old), held_by(middle), held_by(new)) == ([2, 1], [1], [1])
    order = Order.objects.get(pk=new.id)
    assert (order.status, order.total_amount, order.version) == ("pending", Decimal("1.00"), 2)
    assert order.order_items.get().variant == pot
    step = order.history.last()
    assert step is not None
    assert (step.event, step.to_status) == ("line_lost", "pending")
    assert (step.note, step.reason) == ("2 x MUG cannot be delivered.", "Water damage.")
    assert Event.objects.filter(kind="order.line_lost", subject=f"order:{new.id}").count() == 1
    assert Order.objects.get(pk=old.id).total_amount == Decimal("21.00")
    assert_sound()


def test_an_order_without_another_line_is_cancelled() -> None:
    mug = make_article(stock=2)
    placed = place(make_user(), {mug: 2})
    assert lose(mug, 1) == [placed.id]
    order = Order.objects.get()
    assert (order.status, order.total_amount) == ("cancelled", placed.total_amount)
    assert stock_of(mug) == (1, 0)
    assert Event.objects.filter(kind="order.cancelled").count() == 1
    assert_sound()


def test_holds_are_given_up_before_orders() -> None:
    mug = make_article(stock=3)
    placed = place(make_user(), {mug: 2})
    with transaction.atomic():
        end = datetime(2100, 1, 1, tzinfo=UTC)
        inventory_services.reserve(reference="cart:1", quantities={mug.stock_item_id: 1}, actor=STAFF, expires_at=end)
    assert lose(mug, 1) == []
    assert held_by(placed) == [2]
    assert stock_of(mug) == (2, 2)


def test_promises_move_to_free_units_elsewhere_before_a_line_is_lost() -> None:
    """Four orders need six each, eighteen of these units are gone, and eight lie free elsewhere: two are kept."""
    WarehouseFactory(code="north")
    mug = make_article(stock=24, sku="MUG")
    orders = [place(make_user(), {mug: 6}) for _ in range(4)]
    receive(mug, 8, "north")

    ahead = look_ahead(sku="MUG", warehouse="main", missing=18)
    done = record_shortfall(sku="MUG", warehouse="main", missing=18, actor=STAFF, reason="fire")

    assert [(loser.reference, loser.units, loser.is_cancelled) for loser in ahead.losers] == [
        (orders[3].reference, 6, True),
        (orders[2].reference, 6, True),
    ]
    assert done.moves == ahead.moves
    assert [(move.reference, move.quantity, move.target) for move in done.moves] == [(orders[1].reference, 6, "north")]
    assert done.order_ids == [orders[2].id, orders[3].id]
    assert [Order.objects.get(pk=order.id).status for order in orders] == ["pending"] * 2 + ["cancelled"] * 2
    assert (held_by(orders[0]), held_by(orders[1])) == ([6], [6])
    assert_sound()


@pytest.mark.parametrize("missing", [0, -1, 6])
def test_a_loss_is_between_one_and_all(missing: Any) -> None:
    mug = make_article(stock=5)
    before = everything()
    with pytest.raises(Invalid):
        lose(mug, missing)
    assert everything() == before


def test_what_does_not_lie_there_cannot_be_lost() -> None:
    with pytest.raises(NotFound):
        record_shortfall(sku="NOTHING", warehouse="main", missing=1, actor=STAFF)


@pytest.mark.django_db(transaction=True)
def test_a_loss_while_orders_come_in_leaves_no_promise_without_its_units() -> None:
    for _ in range(4):
        mug, users = make_article(stock=10), [make_user() for _ in range(8)]
        place(make_user(), {mug: 2})
        outcomes = at_once([partial(lose, mug, 6), *(partial(place, user, {mug: 1}) for user in users)])
        assert isinstance(outcomes[0], list), outcomes
        level = StockLevel.objects.get(item=mug.stock_item)
        held = sum(Reservation.objects.filter(level=level, state="open").values_list("quantity", flat=True))
        live = Order.objects.filter(order_items__variant=mug, status="pending")
        assert level.on_hand == 4
        assert level.reserved == held <= 4
        assert sum(live.values_list("order_items__quantity", flat=True)) == held
    assert_sound()


@pytest.mark.django_db(transaction=True)
def test_who_cancels_meanwhile_saves_the_newer_order(monkeypatch: pytest.MonkeyPatch) -> None:
    mug = make_article(stock=2)
    older, newer = place(make_user(), {mug: 1}), place(make_user(), {mug: 1})
    write_off = inventory_services.write_off

    def late(**loss: Any) -> Any:
        """The older order is cancelled when it is settled whose promise goes, and the stock is not locked yet."""
        monkeypatch.undo()
        [cancelled] = at_once([partial(cancel_order, order_id=older.id, actor=STAFF)])
        assert not isinstance(cancelled, Exception), cancelled
        return write_off(**loss)

    monkeypatch.setattr(inventory_services, "write_off", late)
    assert lose(mug, 1) == []
    assert (stock_of(mug), held_by(newer)) == ((1, 1), [1])
    assert Order.objects.get(pk=newer.id).status == "pending"
    assert_sound()
