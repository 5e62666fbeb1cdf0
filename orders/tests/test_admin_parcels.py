"""Parcels on the pages of the order desk: a part leaves, is followed, and is taken back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from inventory import services as inventory_services
from orders import services
from orders.models import Fulfilment, Order
from orders.tests.factories import STAFF, assert_sound, everything, make_article, make_user, place, receive
from staff.tests.pages import errors_of, form_on, messages_of, send

pytestmark = pytest.mark.django_db
ORDERS = "/admin/orders/order/"


@pytest.fixture
def desk(staff_pages: Callable[..., Any]) -> Any:
    return staff_pages("order desk")


@pytest.fixture
def order() -> Order:
    """A confirmed order of three mugs and a pot."""
    mug, pot = make_article(stock=5, sku="MUG", name="Mug"), make_article(stock=5, sku="POT", name="Pot")
    placed = place(make_user(), {mug: 3, pot: 1})
    services.confirm_order(order_id=placed.id, actor=STAFF)
    return Order.objects.get(pk=placed.id)


def ship_page(order: Order) -> str:
    return f"{ORDERS}{order.pk}/ship/"


def parcel_page(parcel: Fulfilment, verb: str = "") -> str:
    return f"{ORDERS}{parcel.order_id}/parcels/{parcel.pk}/{verb}"


def units(order: Order, *quantities: int) -> dict[str, str]:
    """What is typed beside each line."""
    ids = order.order_items.values_list("pk", flat=True)
    return {f"units-{line_id}": str(quantity) for line_id, quantity in zip(ids, quantities, strict=True)}


def shown(desk: Any, order: Order) -> str:
    return str(desk.get(f"{ORDERS}{order.pk}/change/").content.decode())


def test_the_page_proposes_all_that_is_open_and_a_part_of_it_leaves(desk: Any, order: Order) -> None:
    assert f'href="{ship_page(order)}"' in shown(desk, order)
    proposed = form_on(desk, ship_page(order), "carrier")
    assert {name: values for name, values in proposed.items() if name.startswith("units-")} == {
        name: [quantity] for name, quantity in units(order, 3, 1).items()
    }

    answer = send(
        desk,
        ship_page(order),
        "carrier",
        **units(order, 2, 0),
        carrier="DHL",
        tracking_number="JD014600",
        tracking_url="https://dhl.example/JD014600",
    )

    assert (answer.status_code, messages_of(answer)) == (302, ["A parcel has left."])
    parcel = order.fulfilments.get()
    assert (parcel.carrier, parcel.tracking_number) == ("DHL", "JD014600")
    assert list(parcel.lines.values_list("order_item__sku", "quantity")) == [("MUG", 2)]
    page = shown(desk, order)
    assert "Cancel …" not in page  # it would be refused
    assert '<a href="https://dhl.example/JD014600" rel="noreferrer">JD014600</a>' in page
    assert "2 x MUG" in page
    assert (
        form_on(desk, ship_page(order), "carrier").items()
        >= {name: [quantity] for name, quantity in units(order, 1, 1).items()}.items()
    )
    assert_sound()


def test_the_rest_ships_the_order(desk: Any, order: Order) -> None:
    send(desk, ship_page(order), "carrier", **units(order, 2, 0))
    send(desk, ship_page(order), "carrier")

    order.refresh_from_db()
    assert (order.status, order.fulfilments.count()) == ("shipped", 2)
    page = desk.get(ship_page(order))
    assert "Everything has left" in page.content.decode()
    assert ship_page(order) not in shown(desk, order)


def test_a_part_leaves_the_warehouse_that_is_chosen(desk: Any) -> None:
    inventory_services.create_warehouse(code="north", name="North", priority=50, actor=STAFF)
    article = make_article(stock=2)
    receive(article, 3, "north")
    placed = place(make_user(), {article: 5})
    services.confirm_order(order_id=placed.id, actor=STAFF)
    order = Order.objects.get(pk=placed.id)

    refused = send(desk, ship_page(order), "carrier", **units(order, 5), warehouse="north")
    assert "Fewer units of the order are promised there" in errors_of(refused)
    send(desk, ship_page(order), "carrier", **units(order, 3), warehouse="north")

    assert list(order.fulfilments.values_list("warehouse__code", "lines__quantity")) == [("north", 3)]


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"units": (4, 1)}, "3 are still to be shipped."),
        ({"units": (0, 0)}, "There is nothing in this parcel."),
        ({"tracking_url": "javascript:alert(1)"}, "begins with http:// or https://"),
        ({"carrier": "D\u200bHL"}, "cannot be seen"),
        ({"warehouse": "nowhere"}, "Select a valid choice"),
    ],
)
def test_a_refusal_keeps_what_was_typed(desk: Any, order: Order, typed: dict[str, Any], error: str) -> None:
    before, filled = everything(), dict(typed)
    filled |= units(order, *filled.pop("units", (1, 1)))

    answer = send(desk, ship_page(order), "carrier", tracking_number="JD014600", **filled)

    assert error in errors_of(answer)
    assert answer.context_data["form"]["tracking_number"].value() == "JD014600"
    assert everything() == before


def test_who_ships_on_a_page_from_before_a_colleague_shipped_is_told(desk: Any, order: Order) -> None:
    asked = form_on(desk, ship_page(order), "carrier")
    services.ship_parcel(order_id=order.pk, actor=STAFF, lines={order.order_items.all()[0].pk: 1})
    before = everything()

    late = desk.post(ship_page(order), asked)

    assert "Somebody else has changed this" in errors_of(late)
    assert everything() == before


def test_how_a_parcel_is_followed_is_typed_later(desk: Any, order: Order) -> None:
    services.ship_parcel(order_id=order.pk, actor=STAFF, tracking=services.Tracking("DHL"))
    parcel = order.fulfilments.get()
    assert form_on(desk, parcel_page(parcel), "carrier")["carrier"] == ["DHL"]

    refused = send(desk, parcel_page(parcel), "carrier", tracking_url="ftp://dhl.example")
    stale = send(desk, parcel_page(parcel), "carrier", tracking_number="JD1", version="7")
    saved = send(desk, parcel_page(parcel), "carrier", tracking_number="JD014600")

    assert "begins with http:// or https://" in errors_of(refused)
    assert "Somebody else has changed this" in errors_of(stale)
    assert messages_of(saved) == ["The parcel's tracking is saved."]
    parcel.refresh_from_db()
    assert (parcel.tracking_number, parcel.version) == ("JD014600", 2)


def test_a_parcel_is_taken_back_with_a_reason_for_staff(desk: Any, order: Order) -> None:
    services.ship_parcel(order_id=order.pk, actor=STAFF)
    parcel = order.fulfilments.get()
    assert f'href="{parcel_page(parcel, "take-back/")}"' in shown(desk, order)

    answer = send(desk, parcel_page(parcel, "take-back/"), "reason", reason="box broken")

    assert messages_of(answer) == ["The parcel is cancelled, and its units are promised to the order again."]
    order.refresh_from_db()
    assert (order.status, order.history.latest("pk").reason) == ("confirmed", "box broken")
    page = shown(desk, order)
    assert "Taken back" in page
    assert parcel_page(parcel) not in page
    gone = send(desk, parcel_page(parcel), "carrier", carrier="DHL")
    assert "This parcel is cancelled." in errors_of(gone)
    assert_sound()


def test_a_parcel_that_has_arrived_is_not_taken_back(desk: Any, order: Order) -> None:
    services.ship_order(order_id=order.pk, actor=STAFF)
    services.deliver_order(order_id=order.pk, actor=STAFF)
    parcel, before = order.fulfilments.get(), everything()
    assert parcel_page(parcel, "take-back/") not in shown(desk, order)
    assert "has been delivered" in errors_of(send(desk, parcel_page(parcel, "take-back/"), "reason"))
    assert everything() == before


def test_a_parcel_has_pages_of_its_own_order_alone(desk: Any, order: Order) -> None:
    services.ship_order(order_id=order.pk, actor=STAFF)
    parcel = order.fulfilments.get()
    for page in (f"{ORDERS}{order.pk + 1}/parcels/{parcel.pk}/", f"{ORDERS}{order.pk}/parcels/{parcel.pk + 1}/"):
        assert desk.get(page).status_code == 404
        assert desk.get(f"{page}take-back/").status_code == 404


def test_staff_who_only_look_see_parcels_and_no_verbs(staff_pages: Callable[..., Any], order: Order) -> None:
    services.ship_parcel(order_id=order.pk, actor=STAFF, lines={order.order_items.all()[0].pk: 1})
    reader = staff_pages("catalog editor")
    reader.user.user_permissions.add(Permission.objects.get(codename="view_order"))
    page = shown(reader, order)
    assert "1 x MUG" in page
    assert ship_page(order) not in page
    assert parcel_page(order.fulfilments.get()) not in page
