"""Orders of the past stand as if the services had written them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from events.models import Event
from inventory.backfill import PastReceipt, backfill, receive
from inventory.models import Reservation, StockItem, StockMovement, Warehouse
from orders import services
from orders.backfill import PastLine, PastOrder, PastStep, load_orders
from orders.models import Order
from orders.tests.factories import ADDRESS, STAFF, assert_sound, everything, make_article, make_user, place, stock_of

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, 12, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def past(user: Any, days: float, *lines: PastLine, **steps: float) -> PastOrder:
    """An order of a day, with its later steps: `shipped=3`."""
    return PastOrder(user.pk, day(days), ADDRESS, lines, [PastStep(name, day(at)) for name, at in steps.items()])


def load(orders: list[PastOrder], receipts: Sequence[PastReceipt] = ()) -> None:
    with backfill():
        receive(receipts)
        load_orders(orders)


def test_the_past_is_what_the_services_would_have_written() -> None:
    main, user = Warehouse.objects.get(), make_user()
    mug, pot = make_article(price="12.50", name="Mug"), make_article(price="3.00")
    with backfill():
        receive(
            [PastReceipt(mug.stock_item_id, main.pk, 10, day(0)), PastReceipt(pot.stock_item_id, main.pk, 3, day(2))]
        )
        count = load_orders(
            [
                past(user, 1, PastLine(mug.pk, 4, main.pk), confirmed=2, shipped=3, delivered=5),
                past(user, 2, PastLine(mug.pk, 6, main.pk), cancelled=2.5),
                past(user, 4, PastLine(mug.pk, 2, main.pk), PastLine(pot.pk, 3, main.pk), confirmed=6),
            ],
            batch=2,
        )
    assert count == 3
    assert (stock_of(mug), stock_of(pot)) == ((6, 2), (3, 3))
    delivered, cancelled, confirmed = Order.objects.order_by("id")
    assert [order.status for order in (delivered, cancelled, confirmed)] == ["delivered", "cancelled", "confirmed"]
    assert (delivered.order_date, delivered.updated_at, delivered.version) == (day(1), day(5), 4)
    assert (confirmed.total_amount, confirmed.currency, confirmed.shipping_city) == (
        Decimal("34.00"),
        "USD",
        "Springfield",
    )
    assert [line.sku for line in confirmed.order_items.all()] == [mug.stock_item.sku, pot.stock_item.sku]
    steps = [(step.at, step.event, step.from_status, step.to_status, step.actor) for step in delivered.history.all()]
    assert steps == [
        (day(1), "placed", "", "pending", f"customer:{user.pk}"),
        (day(2), "confirmed", "pending", "confirmed", "system"),
        (day(3), "shipped", "confirmed", "shipped", "system"),
        (day(5), "delivered", "shipped", "delivered", "system"),
    ]
    parcel = delivered.fulfilments.get()
    lines = {str(delivered.order_items.get().pk): 4}
    more = {
        "placed": {"number": delivered.number, "user_id": user.pk, "total": "50.00", "currency": "USD"},
        "shipped": {"parcels": [{"parcel_id": parcel.pk, "warehouse_id": main.pk, "lines": lines}]},
    }
    told = Event.objects.filter(subject=f"order:{delivered.pk}").order_by("id")
    assert [(event.kind, event.at, event.channel, event.payload) for event in told] == [
        (f"order.{step[1]}", step[0], "backfill", {"order_id": delivered.pk} | more.get(step[1], {})) for step in steps
    ]
    ledger = StockMovement.objects.filter(level__item=mug.stock_item).order_by("id")
    assert [
        (move.at, move.kind, move.on_hand_delta, move.reserved_delta, move.on_hand_after, move.reserved_after)
        for move in ledger
    ] == [
        (day(0), "received", 10, 0, 10, 0),
        (day(1), "reserved", 0, 4, 10, 4),
        (day(2), "reserved", 0, 6, 10, 10),
        (day(2.5), "released", 0, -6, 10, 4),
        (day(3), "shipped", -4, -4, 6, 0),
        (day(4), "reserved", 0, 2, 6, 2),
    ]
    promises = Reservation.objects.filter(level__item=mug.stock_item).order_by("id")
    assert [(one.quantity, one.reference, one.state, one.created_at, one.resolved_at) for one in promises] == [
        (4, delivered.reference, "fulfilled", day(1), day(3)),
        (6, cancelled.reference, "released", day(2), day(2.5)),
        (2, confirmed.reference, "open", day(4), None),
    ]
    assert not StockItem.objects.get(pk=pot.stock_item_id).in_stock
    assert Event.objects.filter(kind="stock.alert_opened").exists()
    assert_sound()


def test_the_shop_goes_on_after_a_backfill() -> None:
    main, user, mug = Warehouse.objects.get(), make_user(), make_article()
    load([past(user, 1, PastLine(mug.pk, 2, main.pk))], [PastReceipt(mug.stock_item_id, main.pk, 5, day(0))])
    order = Order.objects.get()
    services.confirm_order(order_id=order.pk, actor=STAFF)
    services.ship_order(order_id=order.pk, actor=STAFF)
    newer = place(user, {mug: 3})
    assert int(newer.number) > int(order.number)
    assert stock_of(mug) == (3, 3)
    assert_sound()


@pytest.mark.parametrize("quantity", [6, 11])
def test_a_past_that_was_oversold_at_some_moment_is_refused(quantity: Any) -> None:
    main, user, mug = Warehouse.objects.get(), make_user(), make_article()
    before = everything()
    receipts = [PastReceipt(mug.stock_item_id, main.pk, 5, day(at)) for at in (0, 3)]
    with pytest.raises(ValueError, match="cannot have happened"):
        load([past(user, 1, PastLine(mug.pk, quantity, main.pk))], receipts)
    assert everything() == before


def test_a_past_older_than_the_ledger_is_refused() -> None:
    main, user, mug = Warehouse.objects.get(), make_user(), make_article(stock=5)
    before = everything()
    with pytest.raises(ValueError, match="cannot have happened"):
        load([past(user, 1, PastLine(mug.pk, 1, main.pk))])
    assert everything() == before


def test_an_illegal_transition_is_refused() -> None:
    main, user, mug = Warehouse.objects.get(), make_user(), make_article()
    before = everything()
    with pytest.raises(ValueError, match="cannot become"):
        load([past(user, 1, PastLine(mug.pk, 1, main.pk), shipped=2)])
    assert everything() == before
