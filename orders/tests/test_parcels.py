"""Parcels: an order leaves in parts, and what has left may come back as long as nobody handed it over."""

from typing import Any

import pytest

from database.refusals import Invalid, NotFound, VersionMismatch
from events.models import Event
from inventory import services as inventory_services
from inventory.models import StockMovement, Warehouse
from orders import services
from orders.exceptions import IllegalTransition, MoreThanOpen, NotOnHand, ParcelGone, PartlyShipped
from orders.models import Fulfilment, FulfilmentLine, Order, OrderEvent, OrderRevision
from orders.services import Tracking
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

pytestmark = pytest.mark.django_db(transaction=True)
DHL = Tracking("DHL", "JD014600", "https://dhl.example/JD014600")


def confirmed(*quantities: int, stock: int = 10) -> Order:
    """A confirmed order with so many units of one fresh article each."""
    placed = place(make_user(), {make_article(stock=stock): units for units in quantities})
    services.confirm_order(order_id=placed.id, actor=STAFF)
    return Order.objects.get(pk=placed.id)


def ids(order: Order) -> list[int]:
    return list(order.order_items.values_list("pk", flat=True))


def ship(order: Order, **units: Any) -> list[int]:
    return services.ship_parcel(order_id=order.pk, actor=STAFF, **units)


def packed(order: Order) -> list[tuple[str, str, list[tuple[int, int]]]]:
    """The parcels of an order: state, number, and units by line."""
    return [
        (parcel.state, parcel.tracking_number, list(parcel.lines.values_list("order_item_id", "quantity")))
        for parcel in order.fulfilments.all()
    ]


def status(order: Order) -> tuple[str, str]:
    order.refresh_from_db()
    return order.status, order.fulfilment_status


def test_an_order_leaves_in_parts_and_is_shipped_with_the_last_of_them() -> None:
    order = confirmed(3, 2)
    one, two = ids(order)

    ship(order, lines={one: 2}, tracking=DHL)
    assert status(order) == ("confirmed", "partial")
    ship(order, lines={one: 1, two: 1})
    assert status(order) == ("confirmed", "partial")
    ship(order)

    assert status(order) == ("shipped", "complete")
    assert packed(order) == [
        ("shipped", "JD014600", [(one, 2)]),
        ("shipped", "", [(one, 1), (two, 1)]),
        ("shipped", "", [(two, 1)]),
    ]
    assert list(order.history.values_list("event", "to_status")) == [
        ("placed", "pending"),
        ("confirmed", "confirmed"),
        ("parcel_shipped", "confirmed"),
        ("parcel_shipped", "confirmed"),
        ("shipped", "shipped"),
    ]
    assert_sound()


def test_units_of_two_warehouses_leave_in_two_parcels() -> None:
    inventory_services.create_warehouse(code="north", name="North", priority=50, actor=STAFF)
    article = make_article(stock=2)
    receive(article, 3, "north")
    placed = place(make_user(), {article: 5})
    services.confirm_order(order_id=placed.id, actor=STAFF)

    parcels = services.ship_parcel(order_id=placed.id, actor=STAFF)

    left = Fulfilment.objects.filter(pk__in=parcels).values_list("warehouse__code", "lines__quantity")
    assert sorted(left) == [("main", 2), ("north", 3)]
    assert_sound()


def test_all_that_is_promised_in_one_warehouse_leaves_it() -> None:
    inventory_services.create_warehouse(code="north", name="North", priority=50, actor=STAFF)
    article = make_article(stock=2)
    receive(article, 3, "north")
    placed = place(make_user(), {article: 5})
    services.confirm_order(order_id=placed.id, actor=STAFF)

    services.ship_parcel(order_id=placed.id, actor=STAFF, warehouse="NORTH")
    order = Order.objects.get(pk=placed.id)
    assert (status(order), stock_of(article)) == (("confirmed", "partial"), (2, 2))

    before = everything()
    with pytest.raises(MoreThanOpen):
        services.ship_parcel(order_id=placed.id, actor=STAFF, warehouse="north")
    assert everything() == before
    assert_sound()


def test_shipping_whole_orders_writes_their_parcels_too() -> None:
    order = confirmed(3)
    services.ship_order(order_id=order.pk, actor=STAFF)
    assert packed(order) == [("shipped", "", [(ids(order)[0], 3)])]
    assert status(order) == ("shipped", "complete")
    assert_sound()


@pytest.mark.parametrize(
    ("units", "refusal"), [({0: 4}, MoreThanOpen), ({0: 1, 1: 3}, MoreThanOpen), ({}, Invalid), ({7: 1}, Invalid)]
)
def test_no_more_leaves_than_is_open(units: dict[int, int], refusal: type[Exception]) -> None:
    order = confirmed(3, 2)
    lines = dict(enumerate(ids(order))) | {7: 123456789}
    before = everything()
    with pytest.raises(refusal):
        ship(order, lines={lines[place]: quantity for place, quantity in units.items()})
    assert everything() == before


def test_what_has_not_arrived_does_not_leave() -> None:
    article = make_article(stock=1)
    main = Warehouse.objects.get(code="main")
    inventory_services.set_backorder_limit(item_id=article.stock_item_id, warehouse_id=main.pk, limit=5, actor=STAFF)
    placed = place(make_user(), {article: 3})
    services.confirm_order(order_id=placed.id, actor=STAFF)
    order = Order.objects.get(pk=placed.id)
    before = everything()
    with pytest.raises(NotOnHand):
        ship(order, lines={ids(order)[0]: 2})
    assert everything() == before
    ship(order, lines={ids(order)[0]: 1})
    assert status(order) == ("confirmed", "partial")
    assert_sound()


def test_pending_orders_have_no_parcels_and_unknown_orders_neither() -> None:
    placed = place(make_user(), {make_article(stock=5): 2})
    with pytest.raises(IllegalTransition):
        services.ship_parcel(order_id=placed.id, actor=STAFF)
    with pytest.raises(NotFound):
        services.ship_parcel(order_id=placed.id + 1, actor=STAFF)
    with pytest.raises(Invalid):
        services.ship_parcel(order_id=confirmed(1).pk, actor=STAFF, warehouse="nowhere")
    with pytest.raises(VersionMismatch):
        services.ship_parcel(order_id=confirmed(1).pk, actor=STAFF, expected_version=7)
    assert not Fulfilment.objects.exists()


def test_a_cancelled_parcel_lies_where_it_left_and_is_promised_again() -> None:
    article = make_article(stock=5)
    placed = place(make_user(), {article: 3})
    services.confirm_order(order_id=placed.id, actor=STAFF)
    order = Order.objects.get(pk=placed.id)
    [parcel] = ship(order, lines={ids(order)[0]: 2})
    assert stock_of(article) == (3, 1)

    assert services.cancel_parcel(order_id=order.pk, parcel_id=parcel, actor=STAFF, reason="wrong label")
    assert not services.cancel_parcel(order_id=order.pk, parcel_id=parcel, actor=STAFF)

    assert (status(order), stock_of(article)) == (("confirmed", "none"), (5, 3))
    assert packed(order) == [("cancelled", "", [(ids(order)[0], 2)])]
    step = OrderEvent.objects.filter(order=order).latest("id")
    assert (step.event, step.to_status, step.reason, step.note) == ("parcel_cancelled", "confirmed", "wrong label", "")
    assert_sound()
    ship(order)
    assert status(order) == ("shipped", "complete")
    assert_sound()


def test_a_shipped_order_is_confirmed_again_when_a_parcel_is_cancelled() -> None:
    order = confirmed(3, 2)
    one, _ = ids(order)
    [first] = ship(order, lines={one: 3})
    ship(order)
    services.cancel_parcel(order_id=order.pk, parcel_id=first, actor=STAFF)
    assert status(order) == ("confirmed", "partial")
    assert_sound()


def test_parcels_of_delivered_orders_stay() -> None:
    order = confirmed(3)
    [parcel] = ship(order)
    services.deliver_order(order_id=order.pk, actor=STAFF)
    before = everything()
    with pytest.raises(ParcelGone):
        services.cancel_parcel(order_id=order.pk, parcel_id=parcel, actor=STAFF)
    with pytest.raises(NotFound):
        services.cancel_parcel(order_id=confirmed(1).pk, parcel_id=parcel, actor=STAFF)
    assert len(everything()["OrderEvent"]) == len(before["OrderEvent"]) + 2


def test_an_order_of_which_some_goods_have_left_is_neither_cancelled_nor_deleted() -> None:
    order = confirmed(3)
    ship(order, lines={ids(order)[0]: 1})
    before = everything()
    for verb in (services.cancel_order, services.delete_order):
        with pytest.raises(PartlyShipped):
            verb(order_id=order.pk, actor=STAFF)
    with pytest.raises(PartlyShipped):
        services.set_status(order_id=order.pk, status="cancelled", actor=STAFF)
    assert everything() == before


def track(order: Order, parcel: int, **said: Any) -> bool:
    return services.track_parcel(order_id=order.pk, parcel_id=parcel, actor=STAFF, **said)


def test_how_a_parcel_travels_may_be_said_later_and_in_parts() -> None:
    order = confirmed(3)
    [parcel] = ship(order)
    assert track(order, parcel, carrier="DHL", tracking_number="JD014600")
    assert track(order, parcel, tracking_url=DHL.tracking_url)
    assert not track(order, parcel, tracking_number="JD014600")
    found = Fulfilment.objects.get()
    assert (found.carrier, found.tracking_number, found.tracking_url) == ("DHL", "JD014600", DHL.tracking_url)
    assert Event.objects.latest("id").payload["changes"] == {"tracking_url": ["", DHL.tracking_url]}
    with pytest.raises(VersionMismatch):
        track(order, parcel, carrier="", expected_version=1)
    assert_sound()


@pytest.mark.parametrize(
    "address",
    ["dhl.example/1", "javascript:alert(1)", "ftp://dhl.example", "https://", "https://dhl.example@evil.example/"],
)
def test_a_parcel_is_followed_on_a_page_of_the_web_alone(address: str) -> None:
    order = confirmed(3)
    [parcel] = ship(order)
    before = everything()
    with pytest.raises(Invalid) as refusal:
        track(order, parcel, tracking_url=address)
    assert [(error.field, error.code) for error in refusal.value.errors] == [("tracking_url", "not_a_web_address")]
    assert everything() == before


def test_a_cancelled_parcel_is_not_followed() -> None:
    order = confirmed(3)
    [parcel] = ship(order)
    services.cancel_parcel(order_id=order.pk, parcel_id=parcel, actor=STAFF)
    before = everything()
    with pytest.raises(ParcelGone):
        track(order, parcel, carrier="DHL")
    assert everything() == before


def test_what_is_lost_of_a_line_that_has_left_in_part_leaves_the_order_and_the_rest_is_shipped() -> None:
    article = make_article(stock=3, price="10.00")
    placed = place(make_user(), {article: 3})
    services.confirm_order(order_id=placed.id, actor=STAFF)
    order = Order.objects.get(pk=placed.id)
    [line] = ids(order)
    ship(order, lines={line: 1})

    services.record_shortfall(sku=article.stock_item.sku, warehouse="main", missing=2, actor=STAFF)

    assert status(order) == ("shipped", "complete")
    assert (order.total_amount, order.order_items.get().quantity) == (10, 1)
    revision = OrderRevision.objects.get()
    assert (revision.kind, revision.quantity_before, revision.quantity_after, revision.owed) == ("line_lost", 3, 1, 20)
    assert_sound()


def test_parcels_agree_with_the_ledger() -> None:
    order = confirmed(3)
    ship(order, lines={ids(order)[0]: 1})
    ship(order)
    shipped = StockMovement.objects.filter(reference=order.reference, kind="shipped")
    assert [row.on_hand_delta for row in shipped] == [-1, -2]
    assert [line.quantity for line in FulfilmentLine.objects.order_by("id")] == [1, 2]
