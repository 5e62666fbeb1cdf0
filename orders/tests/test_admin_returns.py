"""The returns desk: the list, the page of a return, and what is done there."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from orders.models import Return
from orders.tests.factories import assert_sound, everything, stock_of
from orders.tests.returns import ask, ids, receive_back, shipped
from staff.tests.pages import messages_of

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/return/"
Pages = Callable[..., Client]


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def goods(order: Any, *units: int, **members: Any) -> dict[str, Any]:
    """The form that receives goods."""
    quantities = {f"receive-quantity_{line}": str(n) for line, n in zip(ids(order), units, strict=True)}
    conditions = {f"receive-condition_{line}": "restock" for line in ids(order)}
    words = {"receive-version": "1", "receive-warehouse": "main", "receive-answer": ""}
    return words | quantities | conditions | members


def test_the_list_shows_what_is_still_to_come(staff_pages: Pages) -> None:
    order = shipped(3)
    [line] = ids(order)
    waiting, done = ask(order, {line: 1}), ask(order, {line: 1})
    receive_back(order, done)
    desk = staff_pages("order desk")
    everything_there = text_of(desk.get(LIST))
    assert f"Return {waiting}" in everything_there
    assert f"Return {done}" in everything_there
    assert "10.00 USD" in everything_there
    still_to_come = text_of(desk.get(f"{LIST}?state=open"))
    assert f"Return {waiting}" in still_to_come
    assert f"Return {done}<" not in still_to_come
    assert f"Return {waiting}" in text_of(desk.get(f"{LIST}?q={order.number}"))
    assert f"Return {waiting}" not in text_of(desk.get(f"{LIST}?q={order.number}9"))


def test_a_return_is_approved_and_its_goods_are_taken_in(staff_pages: Pages) -> None:
    order = shipped(3, 2)
    one, two = ids(order)
    return_id = ask(order, {one: 2, two: 1}, note="Still in its box.")
    desk = staff_pages("order desk")
    page = text_of(desk.get(f"{LIST}{return_id}/change/"))
    assert "Still in its box." in page
    assert all(words in page for words in ("Let the buyer send it back", "Take the goods in", "Refuse it"))

    form = {"approve-version": "1", "approve-answer": "Send it to the shop."}
    answer = desk.post(f"{LIST}{return_id}/approve/", form)
    assert answer.status_code == 302
    row = Return.objects.get(pk=return_id)
    assert (row.state, row.answer) == ("approved", "Send it to the shop.")
    assert "Let the buyer send it back" not in text_of(desk.get(f"{LIST}{return_id}/change/"))

    form = goods(order, 2, 0, **{"receive-version": "2", f"receive-condition_{one}": "damaged"})
    answer = desk.post(f"{LIST}{return_id}/receive/", form)
    assert answer.status_code == 302
    row = Return.objects.get(pk=return_id)
    assert (row.state, row.refund_items, row.warehouse and row.warehouse.code) == ("received", 20, "main")
    assert list(row.lines.values_list("quantity", "condition")) == [(2, "damaged"), (0, "")]
    page = text_of(desk.get(f"{LIST}{return_id}/change/"))
    assert "Refuse it" not in page
    assert "20.00 USD" in page
    assert [words for words in ("A return was asked for", "The return has come") if words not in page] == []
    assert stock_of(order.order_items.get(pk=one).variant) == (17, 0)
    assert_sound()


def test_a_return_is_refused_with_words(staff_pages: Pages) -> None:
    order = shipped(3)
    return_id = ask(order, {ids(order)[0]: 2})
    desk, before = staff_pages("order desk"), everything()
    silent = desk.post(f"{LIST}{return_id}/refuse/", {"refuse-version": "1", "refuse-answer": ""})
    assert silent.status_code == 200
    assert "This field is required." in text_of(silent)
    assert everything() == before
    form = {"refuse-version": "1", "refuse-answer": "It was worn."}
    answer = desk.post(f"{LIST}{return_id}/refuse/", form, follow=True)
    assert messages_of(answer) == [f"Return {return_id} is refused."]
    assert "It was worn." in text_of(answer)
    assert Return.objects.get(pk=return_id).state == "refused"


def test_a_refused_form_keeps_what_was_typed_and_changes_nothing(staff_pages: Pages) -> None:
    order = shipped(3)
    return_id = ask(order, {ids(order)[0]: 2})
    desk, before = staff_pages("order desk"), everything()
    for form, words in (
        (goods(order, 3), "less than or equal to 2"),
        (goods(order, 0, **{"receive-answer": "Typed words"}), "Nothing came"),
        (
            goods(order, 2, **{"receive-version": "7", "receive-answer": "Typed words"}),
            "Somebody else has changed this",
        ),
        (goods(order, 2, **{"receive-warehouse": "nowhere"}), "Select a valid choice"),
    ):
        answer = desk.post(f"{LIST}{return_id}/receive/", form)
        assert answer.status_code == 200
        page = text_of(answer)
        assert words in page
        assert form["receive-answer"] in page
    assert everything() == before


def test_a_closed_return_says_so(staff_pages: Pages) -> None:
    order = shipped(3)
    return_id = ask(order, {ids(order)[0]: 2})
    receive_back(order, return_id)
    before = everything()
    answer = staff_pages("order desk").post(f"{LIST}{return_id}/receive/", goods(order, 2))
    assert answer.status_code == 200
    assert everything() == before


def test_home_counts_what_is_still_to_come(staff_pages: Pages) -> None:
    order = shipped(5)
    [line] = ids(order)
    ask(order, {line: 1})
    receive_back(order, ask(order, {line: 1}))
    page: Any = staff_pages("order desk").get("/admin/")
    assert page.context_data["returns"][:2] == (1, 1)
    assert "/admin/orders/return/?state=open" in text_of(page)
