"""Whom an order is for: the customer or somebody else, as it was said when the order was placed."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from api.problems import safety_net
from orders.models import Order
from orders.tests.clients import ORDERS, client_of, line, order_desk
from orders.tests.factories import ADDRESS, everything, make_article, make_order, make_user

pytestmark = pytest.mark.django_db
OWN = {name: text for name, text in ADDRESS.items() if name not in ("recipient_name", "phone")}


def order_of(user: User, **said: Any) -> Any:
    """The answer to an order with the customer's address and what is said about the recipient."""
    return client_of(user).post(ORDERS, {**OWN, "order_items": [line(make_article(stock=5))], **said})


def recipient_of(document: Any) -> tuple[str, str]:
    return document["recipient_name"], document["phone"]


def test_an_order_is_for_the_customer_where_nobody_else_is_named() -> None:
    user = make_user(first_name="Ann", last_name="Quill", phone="+1 555 0100")
    answer = order_of(user)
    assert answer.status_code == 201
    assert recipient_of(answer.json()) == ("Ann Quill", "+1 555 0100")
    User.objects.update(first_name="Joan", phone="")
    order = Order.objects.get()
    assert (order.recipient_name, order.phone) == ("Ann Quill", "+1 555 0100")


@pytest.mark.parametrize(
    ("said", "recipient"),
    [
        ({"recipient_name": "Zoë O'Neil-Smith"}, ("Zoë O'Neil-Smith", "+1 555 0100")),
        ({"phone": "+44 20 7946 0999"}, ("Ann Quill", "+44 20 7946 0999")),
        ({"recipient_name": " Zoë  ", "phone": " 1 "}, ("Zoë", "1")),
        ({"recipient_name": "Zoë", "phone": ""}, ("Zoë", "")),
        ({"recipient_name": "x" * 201, "phone": "1" * 32}, ("x" * 201, "1" * 32)),
    ],
)
def test_it_may_be_for_somebody_else(said: Any, recipient: tuple[str, str]) -> None:
    user = make_user(first_name="Ann", last_name="Quill", phone="+1 555 0100")
    answer = order_of(user, **said)
    assert answer.status_code == 201
    assert recipient_of(answer.json()) == recipient
    client, order_id = client_of(user), answer.json()["order_id"]
    assert recipient_of(client.get(f"{ORDERS}/{order_id}").json()) == recipient
    assert recipient_of(client.get(f"{ORDERS}/my-orders").json()["results"][0]) == recipient
    assert recipient_of(order_desk().get(f"{ORDERS}/").json()["results"][0]) == recipient


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"recipient_name": ""}, "blank"),
        ({"recipient_name": "  "}, "blank"),
        ({"recipient_name": 5}, "invalid"),
        ({"recipient_name": "x" * 202}, "max_length"),
        ({"recipient_name": "Ann\nBcc: all"}, "hidden_character"),
        ({"recipient_name": "Ann\u202eevil"}, "hidden_character"),
        ({"recipient_name": "Ann\u200b"}, "hidden_character"),
        ({"recipient_name": "Win at http://evil.example"}, "link"),
        ({"recipient_name": "WWW.evil.example"}, "link"),
        ({"phone": 5}, "invalid"),
        ({"phone": "1" * 33}, "max_length"),
        ({"phone": "1\t2"}, "hidden_character"),
    ],
)
def test_a_recipient_is_one_line_of_a_name(said: dict[str, Any], code: str) -> None:
    user = make_user()
    before = everything()
    answer = order_of(user, **said)
    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(*said, code)]
    assert len(everything()["Order"]) == len(before["Order"])
    assert not safety_net


def test_a_customer_without_a_name_says_whom_the_order_is_for() -> None:
    user = make_user(first_name="", last_name="")
    answer = order_of(user)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "recipient_name")
    assert answer.json()["errors"][0]["code"] == "required"
    assert not Order.objects.exists()
    assert order_of(user, recipient_name="Zoë").status_code == 201


def test_the_longest_names_of_a_customer_are_a_recipient() -> None:
    answer = order_of(make_user(first_name="x" * 100, last_name="y" * 100))
    assert answer.json()["recipient_name"] == f"{'x' * 100} {'y' * 100}"


@pytest.mark.parametrize("page", ["change", "slip"])
def test_staff_read_the_recipient_on_the_order_and_the_slip(staff_pages: Callable[..., Any], page: str) -> None:
    order = make_order(make_user(first_name="Ann", last_name="Quill"))
    User.objects.update(last_name="Other")
    shown = staff_pages("order desk").get(f"/admin/orders/order/{order.pk}/{page}/").content.decode()
    address = shown.partition("<address>")[2].partition("</address>")[0]
    assert ADDRESS["recipient_name"] in address
    assert ADDRESS["phone"] in address
    assert "Other" not in address


def test_an_order_of_a_process_that_knows_no_recipient_is_for_its_customer(staff_pages: Callable[..., Any]) -> None:
    """While a new version is rolled out, the old one places orders too."""
    order = make_order(make_user(first_name="Ann", last_name="Quill"))
    Order.objects.update(recipient_name="", phone="")
    shown = staff_pages("order desk").get(f"/admin/orders/order/{order.pk}/slip/").content.decode()
    assert "<address>Ann Quill<br>" in shown


@pytest.mark.parametrize("words", ["Bo Smith", "bo smi", "MITH"])
def test_an_order_is_found_by_a_part_of_its_recipients_name(staff_pages: Callable[..., Any], words: str) -> None:
    order = make_order(make_user(last_name="Quill"))
    other = make_order(make_user(last_name="Quill"))
    Order.objects.filter(pk=other.pk).update(recipient_name="Joan 100% _")
    found = order_desk().get(f"{ORDERS}/", {"search": words}).json()["results"]
    assert [row["number"] for row in found] == [order.number]
    listed = staff_pages("order desk").get("/admin/orders/order/", {"q": words}).context_data["cl"].result_list
    assert [row.number for row in listed] == [order.number]


def test_orders_of_the_past_are_for_their_customers() -> None:
    ann, gone = make_user(first_name="Ann", last_name="Quill", phone="1"), make_user(first_name="", last_name="")
    past, given, forgotten = make_order(ann), make_order(ann), make_order(gone)
    Order.objects.exclude(pk=given.pk).update(recipient_name="", phone="")
    User.objects.filter(pk=gone.pk).update(anonymised_at="2026-01-01T00:00:00Z", phone="2")
    [operation] = import_module("orders.migrations.0007_recipients_of_the_past").Migration.operations
    with connection.cursor() as cursor:
        cursor.execute(operation.sql)
    rows = {order.pk: (order.recipient_name, order.phone) for order in Order.objects.all()}
    assert rows == {
        past.pk: ("Ann Quill", "1"),
        given.pk: (ADDRESS["recipient_name"], ADDRESS["phone"]),
        forgotten.pk: ("", ""),
    }
