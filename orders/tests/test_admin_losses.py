"""Recording a loss: who would lose a promise is shown before it is done."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from config.subscriptions import SUBSCRIPTIONS
from events.models import Event
from inventory.tests.factories import WarehouseFactory
from orders.models import Order, OrderEvent
from orders.tests.factories import make_article, make_order, make_user, place, receive
from staff.tests.pages import errors_of, messages_of, send

pytestmark = pytest.mark.django_db
ORDERS = "/admin/orders/order/"


def statuses(*orders: Order) -> list[str]:
    return [Order.objects.get(pk=order.pk).status for order in orders]


def test_a_loss_takes_the_line_from_the_newest_order(staff_pages: Callable[..., Any]) -> None:
    pages = staff_pages()
    order = make_order()
    [line] = order.order_items.all()
    url = f"{ORDERS}shortfall/?sku={line.sku}"

    refused = send(pages, url, "missing", warehouse="main", missing="6", reason="fire")
    shown = send(pages, url, "missing", warehouse="main", missing="4", reason="fire")

    assert "Between 1 and 5" in errors_of(refused)
    page = shown.content.decode()
    assert f'/admin/reference/order:{order.number}">' in page
    assert "loses 2 units, and is cancelled: it has no other line" in page
    assert statuses(order) == ["pending"]

    loss = {"warehouse": "main", "missing": "4", "reason": "fire", "sure": "1"}
    other_than_seen = send(pages, url, "missing", **loss, seen="")

    assert other_than_seen.status_code == 200
    assert statuses(order) == ["pending"]

    done = send(pages, url, "missing", **loss, seen=f"order:{order.number}:2")

    assert statuses(order) == ["cancelled"]
    assert order.number in messages_of(done)[1]


def test_a_loss_that_breaks_no_promise_says_so(staff_pages: Callable[..., Any]) -> None:
    pages = staff_pages("stock keeper")
    [line] = make_order().order_items.all()
    url = f"{ORDERS}shortfall/?sku={line.sku.lower()}"
    loss = {"warehouse": "main", "missing": "1", "reason": "fell down"}

    shown = send(pages, url, "missing", **loss)
    done = send(pages, url, "missing", **loss, sure="1", seen="")

    assert "Nobody would lose anything" in shown.content.decode()
    assert messages_of(done) == [f"1 units of {line.sku} written off."]
    assert "No item has this" in errors_of(send(pages, url, "missing", **loss | {"sku": "NOWHERE"}))


def test_the_page_says_which_promises_move_first_and_asks_again_when_others_would(
    staff_pages: Callable[..., Any],
) -> None:
    pages = staff_pages()
    order = make_order(stock=2)
    [line] = order.order_items.all()
    WarehouseFactory(code="north")
    receive(line.variant, 2, "north")
    url = f"{ORDERS}shortfall/?sku={line.sku}"
    loss = {"warehouse": "main", "missing": "2", "reason": "fire"}

    shown = send(pages, url, "missing", **loss)
    page = shown.content.decode()

    assert "1 promise would move first" in page
    assert "from main to north" in page
    assert "Nobody would lose anything" in page
    assert send(pages, url, "missing", **loss, sure="1", seen="").status_code == 200

    done = send(pages, url, "missing", **loss, sure="1", seen=shown.context_data["ahead"].seen)

    assert messages_of(done) == [
        f"2 units of {line.sku} written off.",
        f"2 units of {line.sku} for order:{order.number} come from north now, not from main.",
    ]
    assert statuses(order) == ["pending"]


def test_customers_read_what_they_lost_and_the_words_for_them_but_not_the_reason(
    staff_pages: Callable[..., Any],
) -> None:
    pages = staff_pages()
    mug, pot = make_article(stock=2, price="10.00", name="Blue Mug"), make_article(stock=1, price="1.00")
    placed = place(make_user(email="ann@example.com"), {mug: 2, pot: 1})
    url = f"{ORDERS}shortfall/?sku={mug.stock_item.sku}"
    loss = {"warehouse": "main", "missing": "1", "reason": "Bob dropped it", "message": "A voucher is on its way."}

    seen = send(pages, url, "missing", **loss).context_data["ahead"].seen
    send(pages, url, "missing", **loss, sure="1", seen=seen)
    event = Event.objects.get(kind="order.line_lost")
    for task in SUBSCRIPTIONS["order.line_lost"]:
        task(event_id=event.pk, kind=event.kind, payload=event.payload)

    [message] = mail.outbox
    assert message.to == ["ann@example.com"]
    assert message.subject == f"A line of your order {placed.number} cannot be delivered"
    html = str(message.alternatives[0][0])  # type: ignore[attr-defined]  # a mail with HTML beside its text
    for body in (message.body, html):
        assert f"2 x Blue Mug ({mug.stock_item.sku}), 20.00 USD, cannot be delivered" in body
        assert "A voucher is on its way." in body
        assert "1.00 USD" in body
        assert "Bob" not in body
    step = OrderEvent.objects.get(event="line_lost")
    assert step.note == f"2 x {mug.stock_item.sku} cannot be delivered. A voucher is on its way."
    assert step.reason == "Bob dropped it"
