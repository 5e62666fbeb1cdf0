"""The order desk: bulk verbs with a result for each, the page of an order, and who may use them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils.html import strip_tags

from accounts.tests.factories import make_user
from events.models import Event
from inventory import services as inventory_services
from orders import services
from orders.models import Order
from orders.tests.factories import STAFF, everything, make_article, make_order, place
from orders.tests.factories import make_user as make_customer
from staff.tests.pages import messages_of

pytestmark = pytest.mark.django_db
ORDERS = "/admin/orders/order/"


@pytest.fixture
def desk(staff_pages: Callable[..., Any]) -> Any:
    return staff_pages("order desk")


def act(client: Any, action: str, *orders: Order, **more: str) -> Any:
    return client.post(ORDERS, {"action": action, "_selected_action": [order.pk for order in orders]} | more)


def statuses(*orders: Order) -> list[str]:
    return [Order.objects.get(pk=order.pk).status for order in orders]


def test_orders_are_shipped_together_and_each_gets_its_answer(desk: Any) -> None:
    ready, other, cancelled = (
        make_order(status="confirmed"),
        make_order(status="confirmed"),
        make_order(status="cancelled"),
    )

    answer = act(desk, "ship", ready, other, cancelled)

    assert statuses(ready, other, cancelled) == ["shipped", "shipped", "cancelled"]
    assert messages_of(answer) == [
        "2 shipped, 1 refused:",
        f"{cancelled.number}: An order that is cancelled cannot become shipped.",
    ]


@pytest.mark.parametrize(
    ("action", "before", "after"), [("confirm", "pending", "confirmed"), ("deliver", "shipped", "delivered")]
)
def test_the_other_verbs_in_bulk(desk: Any, action: str, before: str, after: str) -> None:
    order = make_order(status=before)

    answer = act(desk, action, order)

    assert statuses(order) == [after]
    assert messages_of(answer) == [f"1 {after}."]
    event = Event.objects.latest("pk")
    assert (event.kind, event.actor, event.channel) == (f"order.{after}", f"staff:{desk.user.pk}", "admin")


def test_what_is_not_there_yet_is_named_when_shipping(desk: Any) -> None:
    article = make_article(stock=1)
    level = article.stock_item.levels.get()
    inventory_services.set_backorder_limit(
        item_id=article.stock_item_id, warehouse_id=level.warehouse_id, limit=5, actor=STAFF
    )
    placed = place(make_customer(), {article: 3})
    services.confirm_order(order_id=placed.id, actor=STAFF)

    answer = act(desk, "ship", Order.objects.get(pk=placed.id))

    assert article.stock_item.sku in messages_of(answer)[1]
    assert statuses(Order.objects.get(pk=placed.id)) == ["confirmed"]


def test_more_than_can_be_done_at_once_is_not_begun(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("staff.bulk.MOST_AT_ONCE", 1)
    orders = [make_order(), make_order()]

    act(desk, "confirm", *orders)

    assert statuses(*orders) == ["pending", "pending"]


def test_only_the_first_reasons_are_shown(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("staff.bulk.MOST_REASONS", 1)

    answer = act(desk, "ship", make_order(), make_order(), make_order())

    assert [text.partition(":")[0] for text in messages_of(answer)][::2] == ["0 shipped, 3 refused", "… and 2 more."]


def test_the_page_of_an_order_shows_what_can_be_done_next(desk: Any) -> None:
    order = make_order(status="confirmed")

    page = desk.get(f"{ORDERS}{order.pk}/change/").content.decode()

    assert ">Ship<" in page
    assert ">Confirm<" not in page
    assert "2 from main" in page
    assert order.shipping_address_line1 in page
    assert "Confirmed" in page


def test_a_button_moves_the_order_on(desk: Any) -> None:
    order = make_order()

    answer = desk.post(f"{ORDERS}{order.pk}/status/", {"status": "confirmed", "version": order.version})

    assert statuses(order) == ["confirmed"]
    assert messages_of(answer) == [f"Order {order.number} is confirmed."]


def test_a_button_on_an_old_page_is_refused(desk: Any) -> None:
    order = make_order(status="confirmed")

    answer = desk.post(f"{ORDERS}{order.pk}/status/", {"status": "shipped", "version": order.version - 1})

    assert statuses(order) == ["confirmed"]
    assert "Somebody else" in messages_of(answer)[0]


@pytest.mark.parametrize("sent", [{"status": "cancelled", "version": "1"}, {"status": "lost", "version": "1"}, {}])
def test_nonsense_for_a_button_changes_nothing(desk: Any, sent: dict[str, str]) -> None:
    order = make_order()
    before = everything()

    desk.post(f"{ORDERS}{order.pk}/status/", sent)

    assert everything() == before
    assert desk.get(f"{ORDERS}{order.pk}/status/").status_code == 405
    assert desk.get(f"{ORDERS}{order.pk + 1}/change/").status_code == 404


def test_the_packing_slip_says_where_to_take_what_and_no_price(desk: Any) -> None:
    order = make_order(status="confirmed", price="123.45")

    page = desk.get(f"{ORDERS}{order.pk}/slip/").content.decode()

    assert "2 units, Main warehouse" in page
    assert order.shipping_address_line1 in page
    assert "123.45" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 3),
        ("?status__exact=shipped", 1),
        ("?amount=-50", 2),
        ("?amount=200-1000", 1),
        ("?amount=nonsense", 3),
        ("?q=zoe", 1),
        ("?user={user}", 1),
        ("?deleted_at__isempty=1", 3),
    ],
)
def test_orders_are_found(desk: Any, query: str, found: int) -> None:
    zoe = make_customer(first_name="Zoe", email="zoe@example.com")
    make_order()
    make_order(status="shipped")
    make_order(zoe, price="200.00")

    page = desk.get(ORDERS + query.format(user=zoe.pk))

    assert len(page.context_data["cl"].result_list) == found


def test_the_catalog_editor_does_not_see_orders(staff_pages: Callable[..., Any]) -> None:
    editor = staff_pages("catalog editor")
    order = make_order()

    for path in (ORDERS, f"{ORDERS}{order.pk}/change/", f"{ORDERS}{order.pk}/slip/", f"{ORDERS}{order.pk}/cancel/"):
        assert editor.get(path).status_code == 403
    assert editor.post(f"{ORDERS}{order.pk}/status/", {"status": "confirmed", "version": "1"}).status_code == 403


def test_who_may_only_look_at_orders_moves_none(staff_pages: Callable[..., Any]) -> None:
    client = staff_pages("catalog editor")
    client.user.user_permissions.add(Permission.objects.get(codename="view_order"))
    order = make_order()

    act(client, "confirm", order)
    page = client.get(f"{ORDERS}{order.pk}/change/").content.decode()

    assert statuses(order) == ["pending"]
    assert ">Confirm<" not in page
    assert make_user().email not in page


def test_the_desk_changes_no_price(desk: Any) -> None:
    order = make_order()
    [line] = order.order_items.all()
    url = f"/admin/catalog/product/{line.product_id}/change/"

    page = desk.get(url)

    assert page.status_code == 200
    assert 'name="price"' not in page.content.decode()
    assert desk.post(url, {"price": "0.01"}).status_code == 403
    assert desk.get("/admin/catalog/product/add/").status_code == 403


def test_the_history_of_an_order_says_who_in_words(desk: Any) -> None:
    buyer = make_customer(first_name="Zoe", last_name="Quill")
    order = make_order(buyer)
    desk.post(f"{ORDERS}{order.pk}/status/", {"status": "confirmed", "version": order.version})

    moments = desk.get(f"{ORDERS}{order.pk}/change/").context_data["moments"]

    assert [strip_tags(moment.who) for moment in moments] == ["Zoe Quill", f"Ada {desk.user.last_name}"]


def test_who_may_see_orders_and_no_people_reads_a_history_without_names(staff_pages: Callable[..., Any]) -> None:
    client = staff_pages("catalog editor")
    client.user.user_permissions.add(Permission.objects.get(codename="view_order"))
    order = make_order()

    moments = client.get(f"{ORDERS}{order.pk}/change/").context_data["moments"]

    assert [moment.who for moment in moments] == [f"customer:{order.user_id}"]
