"""Returns and withdrawals over HTTP: owners, guests by the token of their order, and staff."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.leaving import anonymise_user
from events.actors import COMMAND
from orders import services
from orders.models import Order, Return
from orders.services import Buyer, Wanted
from orders.tests.clients import ORDERS, client_of, order_desk, staff_with
from orders.tests.factories import (
    ADDRESS,
    STAFF,
    assert_sound,
    buyer_of,
    everything,
    make_article,
    make_order,
    make_user,
    stock_of,
)
from orders.tests.returns import ask, delivered_days_ago, ids, receive_back, shipped
from orders.tokens import token_of

pytestmark = pytest.mark.django_db


def returns(order: Order, tail: str = "") -> str:
    return f"{ORDERS}/{order.pk}/returns{tail}"


def withdrawal(order: Order) -> str:
    return f"{ORDERS}/{order.pk}/withdrawal"


def body(order: Order, *quantities: int, **members: Any) -> dict[str, Any]:
    pairs = zip(ids(order), quantities, strict=False)
    return {"lines": [{"order_item_id": line_id, "quantity": units} for line_id, units in pairs], **members}


def order_of_a_guest() -> Order:
    placed = services.place_order(
        buyer=Buyer(None, "ann@example.com"),
        lines=[Wanted(2, variant_id=make_article(stock=5, price="12.50").pk)],
        shipping=ADDRESS,
        actor=STAFF,
    )
    for status in ("confirmed", "shipped"):
        services.set_status(order_id=placed.id, status=status, actor=STAFF)
    return Order.objects.get(pk=placed.id)


def guest(order: Order) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_X_ORDER_TOKEN=token_of(order.pk, order.number))
    return client


def test_a_customer_asks_for_a_return_and_reads_it() -> None:
    order = shipped(3, 2)
    one, two = ids(order)
    client = client_of(buyer_of(order))
    sent = body(order, 2, 1, note="Call me first.")
    sent["lines"][0]["reason"] = "Too small"
    answer = client.post(returns(order), sent)
    assert answer.status_code == 201, answer.content
    document = answer.json()
    [row] = Return.objects.all()
    assert {name: document[name] for name in document if not name.endswith("_at")} == {
        "return_id": row.pk,
        "order_id": order.pk,
        "kind": "return",
        "state": "requested",
        "note": "Call me first.",
        "answer": "",
        "refund_items": "0.00",
        "refund_shipping": "0.00",
        "currency": "USD",
        "lines": [
            {"order_item_id": one, "quantity": 2, "reason": "Too small", "condition": None, "refund": "0.00"},
            {"order_item_id": two, "quantity": 1, "reason": "", "condition": None, "refund": "0.00"},
        ],
        "version": 1,
    }
    assert client.get(returns(order)).json() == [document]
    one_of_them = client.get(returns(order, f"/{row.pk}"))
    assert (one_of_them.json(), one_of_them.headers["ETag"].startswith('"1.')) == (document, True)
    assert client.get(returns(order, f"/{row.pk + 1}")).status_code == 404


def test_staff_approve_receive_and_refuse() -> None:
    order = shipped(3, 2)
    one, two = ids(order)
    desk, return_id = order_desk(), ask(order, {one: 2, two: 1})
    approved = desk.post(returns(order, f"/{return_id}/approve"), {"answer": "Send it back."})
    assert approved.status_code == 200, approved.content
    assert (approved.json()["state"], approved.json()["answer"]) == ("approved", "Send it back.")
    assert approved.json()["warehouse"] is None

    sent = {
        "lines": [
            {"order_item_id": one, "quantity": 2},
            {"order_item_id": two, "quantity": 1, "condition": "damaged"},
        ],
        "warehouse": "main",
    }
    received = desk.post(returns(order, f"/{return_id}/receive"), sent)
    assert received.status_code == 200, received.content
    document = received.json()
    assert (document["state"], document["warehouse"], document["refund_items"]) == ("received", "main", "30.00")
    assert [(line["condition"], line["refund"]) for line in document["lines"]] == [
        ("restock", "20.00"),
        ("damaged", "10.00"),
    ]
    owner = client_of(buyer_of(order)).get(returns(order, f"/{return_id}")).json()
    assert owner == {name: value for name, value in document.items() if name != "warehouse"}

    other = ask(order, {two: 1})
    refused = desk.post(returns(order, f"/{other}/refuse"), {"answer": "It was worn."})
    assert (refused.status_code, refused.json()["state"], refused.json()["answer"]) == (200, "refused", "It was worn.")
    assert desk.post(returns(order, f"/{other}/refuse"), {}).status_code == 400
    closed = desk.post(returns(order, f"/{other}/approve"), {})
    assert (closed.status_code, closed.json()["code"]) == (409, "return_closed")
    assert_sound()


def test_a_guest_withdraws_by_the_token_once() -> None:
    order = order_of_a_guest()
    key = {"Idempotency-Key": "withdraw"}
    first = guest(order).post(withdrawal(order), {}, headers=key)
    again = guest(order).post(withdrawal(order), {}, headers=key)
    assert (first.status_code, first.json()["kind"], first.json()["state"]) == (201, "withdrawal", "approved")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert [row["return_id"] for row in guest(order).get(returns(order)).json()] == [first.json()["return_id"]]
    step = order.history.last()
    assert step is not None
    assert (step.event, step.actor) == ("withdrawn", "visitor")
    more = guest(order).post(withdrawal(order), {})
    assert (more.status_code, more.json()["code"]) == (409, "nothing_to_return")
    assert_sound()


def test_a_guest_asks_for_a_return_and_answers_none() -> None:
    order, other = order_of_a_guest(), order_of_a_guest()
    answer = guest(order).post(returns(order), body(order, 1))
    assert answer.status_code == 201
    return_id = answer.json()["return_id"]
    before = everything()
    for verb in ("approve", "receive", "refuse"):
        assert guest(order).post(returns(order, f"/{return_id}/{verb}"), {"answer": "No"}).status_code == 401
    for path in (returns(order), withdrawal(order)):
        assert guest(other).post(path, body(order, 1)).status_code == 404
        assert APIClient().post(path, body(order, 1)).status_code == 401
    assert guest(other).get(returns(order)).status_code == 404
    assert everything() == before


def test_a_key_gives_the_first_answer_again() -> None:
    order = shipped(3)
    client, key = client_of(buyer_of(order)), {"Idempotency-Key": "once"}
    first = client.post(returns(order), body(order, 1), headers=key)
    again = client.post(returns(order), body(order, 1), headers=key)
    assert (again.content, Return.objects.count()) == (first.content, 1)
    desk, path = order_desk(), returns(order, f"/{first.json()['return_id']}/receive")
    first = desk.post(path, {}, headers=key)
    again = desk.post(path, {}, headers=key)
    assert (first.status_code, again.content) == (200, first.content)
    assert stock_of(order.order_items.get().variant) == (18, 0)
    assert desk.post(path, {}).json()["code"] == "return_closed"
    assert_sound()


def test_if_match_guards_what_staff_do() -> None:
    order = shipped(3)
    desk, return_id = order_desk(), ask(order, {ids(order)[0]: 2})
    before = everything()
    for verb in ("approve", "receive", "refuse"):
        answer = desk.post(returns(order, f"/{return_id}/{verb}"), {"answer": "No"}, headers={"If-Match": '"7"'})
        assert (answer.status_code, answer.json()["code"]) == (412, "version_mismatch")
    assert everything() == before


def test_staff_without_the_right_change_nothing() -> None:
    order = shipped(3)
    return_id = ask(order, {ids(order)[0]: 1})
    clerk, before = staff_with("orders.view_order"), everything()
    assert clerk.get(returns(order)).status_code == 200
    assert clerk.post(returns(order), body(order, 1)).status_code == 403
    assert clerk.post(withdrawal(order), {}).status_code == 403
    for verb in ("approve", "receive", "refuse"):
        assert clerk.post(returns(order, f"/{return_id}/{verb}"), {"answer": "No"}).status_code == 403
    stranger = client_of(make_user())
    assert stranger.get(returns(order)).status_code == 404
    assert stranger.post(returns(order), body(order, 1)).status_code == 404
    assert stranger.post(withdrawal(order), {}).status_code == 404
    assert stranger.post(returns(order, f"/{return_id}/approve"), {}).status_code == 403
    assert everything() == before


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"lines": []}, "lines", "min_length"),
        ({"lines": [{"order_item_id": 1, "quantity": 0}]}, "lines.0.quantity", "min_value"),
        ({"lines": [{"order_item_id": 123456789, "quantity": 1}]}, "lines.0.order_item_id", "unknown_line"),
        ({"note": "x" * 1001}, "note", "max_length"),
        ({"note": 7}, "note", "invalid"),
        ({"state": "approved"}, "state", "unknown_field"),
    ],
)
def test_bad_wishes_are_refused(change: dict[str, Any], field: str, code: str) -> None:
    order = shipped(3)
    before = everything()
    for path in (returns(order), withdrawal(order)):
        answer = client_of(buyer_of(order)).post(path, body(order, 1) | change)
        assert answer.status_code == 400
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert everything() == before


def test_a_line_is_named_once() -> None:
    order = shipped(3)
    return_id = ask(order, {ids(order)[0]: 2})
    twice = {"lines": body(order, 1)["lines"] * 2}
    before = everything()
    for client, path in [
        (client_of(buyer_of(order)), returns(order)),
        (client_of(buyer_of(order)), withdrawal(order)),
        (order_desk(), returns(order, f"/{return_id}/receive")),
    ]:
        answer = client.post(path, twice)
        assert answer.status_code == 400
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("lines", "duplicate_line")]
    assert everything() == before


@pytest.mark.parametrize(
    ("goods", "code"),
    [
        ({"lines": [{"order_item_id": 0, "quantity": 3}]}, "more_than_asked"),
        ({"lines": [{"order_item_id": 0, "quantity": 0}]}, "nothing_came"),
        ({"warehouse": "nowhere"}, "unknown_warehouse"),
    ],
)
def test_goods_that_do_not_fit_are_refused(goods: dict[str, Any], code: str) -> None:
    order = shipped(3)
    [line_id] = ids(order)
    return_id = ask(order, {line_id: 2})
    if "lines" in goods:
        goods = {"lines": [line | {"order_item_id": line_id} for line in goods["lines"]]}
    before = everything()
    answer = order_desk().post(returns(order, f"/{return_id}/receive"), goods)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert everything() == before


def test_what_stands_against_a_return_is_said() -> None:
    order, late, pending = shipped(3), shipped(3, delivered=True), make_order()
    delivered_days_ago(late, 31)
    for which, code in ((late, "return_period_over"), (pending, "nothing_to_return")):
        client = client_of(buyer_of(which))
        for path in (returns(which), withdrawal(which)):
            answer = client.post(path, body(which, 1))
            assert (answer.status_code, answer.json()["code"]) == (409, code)
    answer = client_of(buyer_of(order)).post(returns(order), body(order, 4))
    [error] = answer.json()["errors"]
    assert (answer.status_code, answer.json()["code"], error["field"]) == (
        409,
        "more_than_returnable",
        "lines.0.quantity",
    )
    assert not Return.objects.exists()


def test_a_customer_who_was_forgotten_sends_nothing_back() -> None:
    order = shipped(3)
    anonymise_user(user_id=buyer_of(order).pk, actor=COMMAND)
    before = everything()
    for path in (returns(order), withdrawal(order)):
        answer = order_desk().post(path, body(order, 1))
        assert (answer.status_code, answer.json()["code"]) == (409, "customer_forgotten")
    assert everything() == before


def test_returns_of_an_order_are_read_in_as_many_statements_as_one() -> None:
    order = shipped(9)
    client = order_desk()
    receive_back(order, ask(order, {ids(order)[0]: 1}))
    client.get(returns(order))
    with CaptureQueriesContext(connection) as one:
        client.get(returns(order))
    for _ in range(5):
        ask(order, {ids(order)[0]: 1})
    with CaptureQueriesContext(connection) as six:
        assert len(client.get(returns(order)).json()) == 6
    assert len(six) == len(one)
