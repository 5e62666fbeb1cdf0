"""What is read of an order by several statements is of one moment, whatever is changed meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import pytest

from database.transactions import one_moment
from orders import services
from orders.models import Order
from orders.tests.factories import STAFF, make_article, make_user, place
from tests.threads import apart

pytestmark = pytest.mark.django_db(transaction=True)


def torn(moment: AbstractContextManager[None]) -> bool:
    """Whether an order and its lines disagree, when a line becomes fewer between the two statements that read them."""
    placed = place(make_user(), {make_article(stock=5): 3})
    [line] = placed.order_items
    fewer = partial(services.change_line, order_id=placed.id, line_id=line.id, quantity=1, actor=STAFF)
    with moment, ThreadPoolExecutor(1) as pool:
        order = Order.objects.get(pk=placed.id)
        assert not isinstance(pool.submit(apart, fewer).result(), Exception)
        return bool(order.items_total != sum(row.subtotal for row in order.order_items.all()))


def test_an_order_and_its_lines_are_of_one_moment() -> None:
    assert not torn(one_moment())


def test_control_without_it_they_are_of_two() -> None:
    assert torn(nullcontext())
