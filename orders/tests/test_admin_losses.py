"""Recording a loss: who would lose a promise is shown before it is done."""

from collections.abc import Callable
from typing import Any

import pytest

from orders.models import Order
from orders.tests.factories import make_order
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
    assert f'/admin/reference/order:{order.number}">' in shown.content.decode()
    assert statuses(order) == ["pending"]

    loss = {"warehouse": "main", "missing": "4", "reason": "fire", "sure": "1"}
    other_than_seen = send(pages, url, "missing", **loss, seen="")

    assert other_than_seen.status_code == 200
    assert statuses(order) == ["pending"]

    done = send(pages, url, "missing", **loss, seen=f"order:{order.number}")

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
