"""Cancelling at the order desk: it asks first, has words for staff and for the customer, and tells who comes late."""

from typing import Any

import pytest

from orders import services
from orders.tests.factories import STAFF, everything, make_order, stock_of
from orders.tests.test_admin import ORDERS, act, desk, statuses
from staff.tests.pages import form_on, messages_of, send

__all__ = ["desk"]
pytestmark = pytest.mark.django_db


def test_cancelling_in_bulk_asks_first(desk: Any) -> None:
    orders = [make_order(), make_order(status="confirmed")]
    before = everything()

    page = act(desk, "cancel", *orders)
    assert "It cannot be undone" in page.content.decode()
    assert everything() == before

    [form] = [page.context_data["form"]]
    words = {"sure": "True", "reason": "Bob forgot", "message": "Sold out"}
    answer = act(desk, "cancel", *orders, **words, versions=form["versions"].value())
    assert messages_of(answer) == ["2 cancelled."]
    assert statuses(*orders) == ["cancelled", "cancelled"]
    step = orders[0].history.latest("pk")
    assert (step.note, step.reason) == ("Sold out", "Bob forgot")


def test_cancelling_in_bulk_leaves_what_a_colleague_has_changed_meanwhile(desk: Any) -> None:
    orders = [make_order(), make_order()]
    seen = act(desk, "cancel", *orders).context_data["form"]["versions"].value()
    services.confirm_order(order_id=orders[1].pk, actor=STAFF)

    answer = act(desk, "cancel", *orders, sure="True", versions=seen)
    unseen = act(desk, "cancel", orders[1], sure="True")

    assert statuses(*orders) == ["cancelled", "confirmed"]
    told = [f"{orders[1].number}: Somebody else has changed it meanwhile; look at it again."]
    assert messages_of(answer) == ["1 cancelled, 1 refused:", *told]
    assert messages_of(unseen)[-1:] == told


def test_cancelling_gives_the_stock_back_and_says_why(desk: Any) -> None:
    order = make_order(status="confirmed")
    [line] = order.order_items.all()
    url = f"{ORDERS}{order.pk}/cancel/"

    send(desk, url, "reason", reason="Customer called", message="As you asked")
    again = send(desk, url, "reason", reason="Twice")

    assert statuses(order) == ["cancelled"]
    assert stock_of(line.variant) == (5, 0)
    step = order.history.latest("pk")
    assert (step.note, step.reason) == ("As you asked", "Customer called")
    assert again.status_code == 302
    assert "For staff: Customer called" in desk.get(f"{ORDERS}{order.pk}/change/").content.decode()


def test_who_cancels_on_a_page_from_before_a_colleague_confirmed_is_told(desk: Any) -> None:
    order = make_order()
    opened = desk.get(f"{ORDERS}{order.pk}/change/").content.decode()
    link = f"{ORDERS}{order.pk}/cancel/?version={order.version}"
    assert f'href="{link}"' in opened
    asked = form_on(desk, link, "reason")
    services.confirm_order(order_id=order.pk, actor=STAFF)

    late, later = desk.post(link, asked), desk.get(link)

    assert statuses(order) == ["confirmed"]
    assert "Somebody else has changed it" in messages_of(late)[0]
    assert later.status_code == 302
    assert "Somebody else has changed it" in messages_of(later)[-1]


def test_who_cancels_without_saying_how_the_order_was_is_told(desk: Any) -> None:
    order = make_order()

    answer = desk.post(f"{ORDERS}{order.pk}/cancel/", {"sure": "True", "versions": ""})

    assert statuses(order) == ["pending"]
    assert "Somebody else has changed it" in messages_of(answer)[0]


def test_a_shipped_order_is_not_cancelled(desk: Any) -> None:
    order = make_order(status="shipped")

    answer = send(desk, f"{ORDERS}{order.pk}/cancel/", "reason")

    assert statuses(order) == ["shipped"]
    assert "cannot become cancelled" in messages_of(answer)[0]


@pytest.mark.parametrize("versions", ["1:12:3", "²:1", "1:1  2:1", "1", "1:1,2:1"])
def test_versions_that_no_page_has_written_are_refused(desk: Any, versions: str) -> None:
    order = make_order()
    answer = act(desk, "cancel", order, sure="True", versions=versions)
    assert "does not say how the orders were" in answer.context_data["form"].errors["versions"][0]
    assert statuses(order) == ["pending"]
