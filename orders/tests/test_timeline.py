"""The life of an order in words for staff."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.notes import add_note
from accounts.tests.factories import make_user as make_colleague
from events.actors import Actor
from inventory import services as inventory_services
from orders import services
from orders.models import Order, OrderRevision
from orders.services import Tracking
from orders.tests.factories import STAFF, make_article, make_order, make_user, place, receive
from orders.timeline import timeline_of

pytestmark = pytest.mark.django_db


def told(order: Order) -> list[tuple[str, list[str]]]:
    return [(moment.words, moment.details) for moment in timeline_of(Order.objects.get(pk=order.pk))]


def test_parcels_stand_with_the_steps_in_which_they_left() -> None:
    order = make_order(status="confirmed", sku="MUG")
    [line] = order.order_items.all()
    [first] = services.ship_parcel(
        order_id=order.pk, lines={line.pk: 1}, tracking=Tracking("DHL", "77", ""), actor=STAFF
    )
    services.cancel_parcel(order_id=order.pk, parcel_id=first, actor=STAFF, reason="wrong label")
    [second] = services.ship_parcel(order_id=order.pk, actor=STAFF)

    assert told(order) == [
        ("Ordered", []),
        ("Confirmed", []),
        ("A part was shipped", [f"Parcel {first} from Main warehouse, DHL 77: 1 x MUG"]),
        ("A parcel stays", [f"Parcel {first} did not go: 1 x MUG are to be shipped again"]),
        ("Shipped", [f"Parcel {second} from Main warehouse: 2 x MUG"]),
    ]
    assert timeline_of(order)[3].reason == "wrong label"


def test_a_step_names_each_parcel_of_each_warehouse() -> None:
    inventory_services.create_warehouse(code="north", name="North", priority=200, actor=STAFF)
    mug = make_article(stock=1, sku="MUG", warehouse="main")
    receive(mug, 1, "north")
    order = Order.objects.get(pk=place(make_user(), {mug: 2}).id)
    services.confirm_order(order_id=order.pk, actor=STAFF)
    first, second = services.ship_parcel(order_id=order.pk, actor=STAFF)

    assert told(order)[-1] == (
        "Shipped",
        [f"Parcel {first} from Main warehouse: 1 x MUG", f"Parcel {second} from North: 1 x MUG"],
    )


def test_a_change_says_what_it_was_before_and_what_is_owed() -> None:
    lost = make_article(stock=2, sku="MUG")
    order = Order.objects.get(pk=place(make_user(), {lost: 2, make_article(stock=1): 1}).id)
    services.record_shortfall(sku="MUG", warehouse="main", missing=2, actor=STAFF)
    OrderRevision.objects.create(
        order=order,
        actor="staff:1",
        kind="changed",
        before={"shipping_city": "Springfield"},
        after={"shipping_city": ""},
    )

    words, details = told(order)[-1]

    assert words == "A line was lost"
    assert details == [
        "MUG: 2 ordered before, 0 now; 20.00 USD owed to the buyer",
        "shipping city: Springfield before, nothing now",
    ]


def test_notes_stand_where_they_were_written_and_the_page_shows_it_all(staff_pages: Callable[..., Any]) -> None:
    author = make_colleague(is_staff=True)
    order = make_order(status="confirmed")
    actor = Actor(author.pk, "api", is_staff=True)
    add_note(subject=f"order:{order.pk}", text="Pack it <well>", author_id=author.pk, actor=actor)
    services.ship_order(order_id=order.pk, actor=STAFF)

    assert [words for words, _ in told(order)] == ["Ordered", "Confirmed", "Note of staff", "Shipped"]
    page = staff_pages("order desk").get(f"/admin/orders/order/{order.pk}/change/").content.decode()
    timeline = page[page.index('<ol class="timeline">') :]
    assert "Pack it &lt;well&gt;" in timeline
    assert f"/admin/accounts/user/{author.pk}/change/" in timeline


def test_the_timeline_takes_as_many_statements_whatever_happened() -> None:
    counts = []
    for orders in (1, 3):
        order = make_order(status="confirmed", stock=9)
        [line] = order.order_items.all()
        for _ in range(orders - 1):
            [parcel] = services.ship_parcel(order_id=order.pk, lines={line.pk: 1}, actor=STAFF)
            services.cancel_parcel(order_id=order.pk, parcel_id=parcel, actor=STAFF)
        services.ship_parcel(order_id=order.pk, actor=STAFF)
        with CaptureQueriesContext(connection) as captured:
            timeline_of(Order.objects.get(pk=order.pk))
        counts.append(len(captured))
    assert counts[0] == counts[1]
