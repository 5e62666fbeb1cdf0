"""What can leave now, the papers of many orders, and the packing table, whose people see no prices."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Variant
from catalog.tests.pictures import add_picture
from inventory import services as inventory_services
from orders import admin_packing, services
from orders.exceptions import NotOnHand
from orders.models import Fulfilment, Order
from orders.packing import IN_PART, READY, WAITS, by_readiness, picks_of, readiness, sheets_of
from orders.tests.factories import STAFF, assert_sound, everything, make_article, make_order, make_user, place, receive
from staff.tests.pages import errors_of, form_on, messages_of, send

pytestmark = pytest.mark.django_db
SCAN = "/admin/orders/fulfilment/scan/"


def backordered(stock: int, limit: int = 9, **article: Any) -> Variant:
    """An article of which more can be ordered than is there."""
    made = make_article(stock=stock, **article)
    level = made.stock_item.levels.get()
    inventory_services.set_backorder_limit(
        item_id=made.stock_item_id, warehouse_id=level.warehouse_id, limit=limit, actor=STAFF
    )
    return made


def confirmed(basket: dict[Variant, int]) -> Order:
    order = Order.objects.get(pk=place(make_user(), basket).id)
    services.confirm_order(order_id=order.pk, actor=STAFF)
    order.refresh_from_db()
    return order


@pytest.fixture
def shop() -> dict[str, Order]:
    """An order of each state."""
    there, half, none = make_article(stock=9), backordered(1), backordered(0)
    return {
        READY: confirmed({there: 2}),
        IN_PART: confirmed({there: 1, none: 1}),
        WAITS: confirmed({none: 1}),
        "few": confirmed({half: 2}),
        "": make_order(),
        "gone": make_order(status="shipped"),
    }


def test_an_order_is_ready_when_all_of_it_lies_there(shop: dict[str, Order]) -> None:
    states = readiness(shop.values())

    assert states == {
        shop[READY].pk: READY,
        shop[IN_PART].pk: IN_PART,
        shop["few"].pk: IN_PART,
        shop[WAITS].pk: WAITS,
    }
    for state in (READY, IN_PART, WAITS):
        found = set(by_readiness(Order.objects.all(), state).values_list("pk", flat=True))
        assert found == {pk for pk, its in states.items() if its == state}, state


def test_what_is_ready_ships_and_what_is_not_is_refused(shop: dict[str, Order]) -> None:
    services.ship_order(order_id=shop[READY].pk, actor=STAFF)
    for state in (IN_PART, WAITS, "few"):
        with pytest.raises(NotOnHand):
            services.ship_order(order_id=shop[state].pk, actor=STAFF)


def test_what_is_left_of_a_partly_shipped_order_counts(shop: dict[str, Order]) -> None:
    order = shop[IN_PART]
    line = order.order_items.order_by("pk").first()
    assert line is not None
    services.ship_parcel(order_id=order.pk, lines={line.pk: 1}, actor=STAFF)

    assert readiness([Order.objects.get(pk=order.pk)]) == {order.pk: WAITS}


def test_the_list_shows_and_filters_it_in_as_many_statements_for_many_orders_as_for_one(
    shop: dict[str, Order], staff_pages: Callable[..., Any]
) -> None:
    desk, counts = staff_pages("order desk"), []
    address = "/admin/orders/order/"
    desk.get(address)
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            page = desk.get(address).content.decode()
        counts.append(len(captured))
        for _ in range(3):
            confirmed({make_article(stock=1): 1})
    assert counts[0] == counts[1]
    assert (page.count("Can ship now</span>"), page.count("Waits for goods</span>")) == (4, 1)
    waiting = desk.get(f"{address}?goods=waits").content.decode()
    assert f">{shop[WAITS].number}<" in waiting
    assert f">{shop[READY].number}<" not in waiting


def test_a_pick_list_adds_up_by_warehouse_and_article() -> None:
    inventory_services.create_warehouse(code="north", name="North", priority=200, actor=STAFF)
    pot, mug = make_article(stock=2, sku="POT", warehouse="main"), make_article(stock=9, sku="MUG", barcode="4006381")
    receive(pot, 3, "north")
    add_picture(mug.product)
    first, second = confirmed({pot: 4, mug: 1}), confirmed({mug: 2})

    picks = picks_of([first, second])

    assert [(pick.warehouse, pick.sku, pick.quantity, pick.orders) for pick in picks] == [
        ("Main warehouse", "MUG", 3, [(first.number, 1), (second.number, 2)]),
        ("Main warehouse", "POT", 2, [(first.number, 2)]),
        ("North", "POT", 2, [(first.number, 2)]),
    ]
    assert [pick.barcode for pick in picks] == ["4006381", "POT", "POT"]
    assert [bool(pick.picture) for pick in picks] == [True, False, False]


def test_papers_of_many_orders_take_as_many_statements_as_those_of_one() -> None:
    orders = [confirmed({make_article(stock=3): 1, make_article(stock=3): 2}) for _ in range(4)]
    counts = []
    for some in (orders[:1], orders):
        with CaptureQueriesContext(connection) as captured:
            assert len(sheets_of(some)) == len(some)
            assert len(picks_of(some)) == 2 * len(some)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_actions_of_the_list_lead_to_papers_with_barcodes_and_without_prices(
    shop: dict[str, Order], staff_pages: Callable[..., Any]
) -> None:
    desk = staff_pages("order desk")
    chosen = [shop[READY].pk, shop[""].pk]
    before = everything()
    for action, words in (
        ("pick_list", f"Not to be picked: {shop[''].number} (pending)"),
        ("packing_slips", "This order is not confirmed yet."),
    ):
        answer = desk.post(
            "/admin/orders/order/", {"action": action, "index": "0", "_selected_action": chosen}, follow=True
        )
        page = answer.content.decode()
        assert words in page
        assert '<svg class="barcode"' in page
        assert "10.00" not in page
    assert everything() == before


def test_what_is_to_pack_is_what_is_still_to_leave(staff_pages: Callable[..., Any]) -> None:
    placed = place(make_user(), {make_article(stock=5): 3, make_article(stock=5): 2})
    services.confirm_order(order_id=placed.id, actor=STAFF)
    one, two = placed.order_items
    services.ship_parcel(order_id=placed.id, lines={one.id: 1, two.id: 2}, actor=STAFF)

    page = staff_pages("picker").get("/admin/orders/fulfilment/to-pack/").content.decode()

    assert re.findall('<td class="n">([^<]*)</td>', page) == ["1", "2"]


def test_a_picker_packs_by_the_scanner_and_sees_neither_prices_nor_lists_of_customers(
    shop: dict[str, Order], staff_pages: Callable[..., Any]
) -> None:
    picker, order = staff_pages("picker"), shop[READY]
    [line] = order.order_items.all()
    to_pack = picker.get("/admin/orders/fulfilment/to-pack/").content.decode()
    assert order.number in to_pack
    assert "20.00" not in to_pack
    for closed in ("orders/order/", f"orders/order/{order.pk}/change/", "accounts/user/"):
        assert picker.get(f"/admin/{closed}").status_code == 403
    page = picker.get(SCAN, {"number": order.number})
    assert page.headers["Location"] == f"{SCAN}{order.pk}/"
    assert "20.00" not in picker.get(page.headers["Location"]).content.decode()

    packed = send(
        picker, f"{SCAN}{order.pk}/", "version", **{f"units-{line.pk}": "1", "carrier": "DHL", "tracking_number": "7"}
    )

    parcel = Fulfilment.objects.get(order=order)
    assert packed.headers["Location"] == f"{SCAN}?parcel={parcel.pk}"
    assert (parcel.carrier, parcel.tracking_number) == ("DHL", "7")
    assert [one.quantity for one in parcel.lines.all()] == [1]
    order.refresh_from_db()
    assert (order.status, order.partly_shipped) == ("confirmed", True)
    after = picker.get(packed.headers["Location"]).content.decode()
    assert f"Parcel {parcel.pk} of order {order.number}" in after
    assert "10.00" not in after
    assert_sound()


def test_a_refused_parcel_keeps_what_was_typed_and_changes_nothing(
    shop: dict[str, Order], staff_pages: Callable[..., Any]
) -> None:
    picker, order, waits = staff_pages("picker"), shop[READY], shop[WAITS]
    [line], [waiting] = order.order_items.all(), waits.order_items.all()
    page, before = f"{SCAN}{order.pk}/", everything()
    stale = form_on(picker, page, "version") | {f"units-{line.pk}": "2", "version": str(order.version - 1)}

    empty = send(picker, page, "version", carrier="DHL")
    many = send(picker, page, "version", **{f"units-{line.pk}": "3"})
    changed = picker.post(page, stale | {"carrier": "GLS"})
    missing = send(picker, f"{SCAN}{waits.pk}/", "version", **{f"units-{waiting.pk}": "1"})

    assert "There is nothing in this parcel yet" in errors_of(empty)
    assert 'value="DHL"' in empty.content.decode()
    assert "less than or equal to 2" in errors_of(many)
    assert "Somebody else has changed this" in errors_of(changed)
    assert 'value="GLS"' in changed.content.decode()
    assert errors_of(missing)
    assert everything() == before
    assert messages_of(changed) == []


@pytest.mark.parametrize(("number", "words"), [("1", "There is no order 1."), ("", "Number of the order")])
def test_a_number_that_opens_nothing_says_so(staff_pages: Callable[..., Any], number: str, words: str) -> None:
    assert words in staff_pages("picker").get(SCAN, {"number": number}).content.decode()


def test_an_order_that_has_left_is_not_packed(shop: dict[str, Order], staff_pages: Callable[..., Any]) -> None:
    picker, gone = staff_pages("picker"), shop["gone"]

    assert f"Order {gone.number} is shipped" in picker.get(SCAN, {"number": gone.number}).content.decode()
    assert picker.get(f"{SCAN}{gone.pk}/").status_code == 404


def test_addresses_with_nonsense_print_nothing(staff_pages: Callable[..., Any]) -> None:
    picker = staff_pages("picker")
    for query in ("order=x", "order=99999999999999999999999", "parcel=-1", "kind=picks&order=7", ""):
        assert picker.get(f"/admin/orders/fulfilment/papers/?{query}").status_code == 200


def test_papers_of_more_orders_than_an_address_holds_are_refused(
    staff_pages: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_packing, "MOST_SHOWN", 1)
    desk, chosen = staff_pages("order desk"), [make_order().pk, make_order().pk]

    answer = desk.post("/admin/orders/order/", {"action": "pick_list", "index": "0", "_selected_action": chosen})

    assert messages_of(answer) == ["Choose at most 1 at once. Nothing was done."]
