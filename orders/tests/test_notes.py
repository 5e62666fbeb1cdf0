"""Notes of staff about orders, and labels of parcels, over HTTP."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.leaving import anonymise_user
from accounts.models import StaffNote
from accounts.tests.factories import client_of
from accounts.tests.factories import make_user as make_colleague
from catalog.models import Variant
from events.actors import COMMAND
from events.models import Event
from orders.models import Fulfilment, Order
from orders.tests.factories import assert_sound, buyer_of, make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> APIClient:
    return client_of(make_colleague(email="ann@example.com", is_staff=True, groups=("order desk",)))


def address(order: Order) -> str:
    return f"/api/v1/orders/{order.pk}/notes"


def test_a_note_is_written_once_and_read_by_staff_alone(desk: APIClient) -> None:
    order = make_order()
    bob = make_colleague(email="bob@example.com", is_staff=True, is_superuser=True)
    body, key = {"text": "As a gift, @bob"}, {"Idempotency-Key": "k"}

    first = desk.post(address(order), body, format="json", headers=key)
    again = desk.post(address(order), body, format="json", headers=key)

    assert first.status_code == 201, first.json()
    assert_sound()
    note = StaffNote.objects.get()
    assert first.json() == {
        "note_id": note.pk,
        "at": first.json()["at"],
        "author": "ann@example.com",
        "text": "As a gift, @bob",
        "mentioned": ["bob@example.com"],
    }
    assert again.content == first.content
    assert desk.get(address(order)).json() == [first.json()]
    event = Event.objects.get(kind="order.noted")
    assert event.payload == {
        "order_id": order.pk,
        "note_id": note.pk,
        "about": f"order {order.number}",
        "mentioned": [bob.pk],
    }
    assert client_of(buyer_of(order)).get(address(order)).status_code == 403


@pytest.mark.parametrize(
    ("text", "code"),
    [("@nobody", "unknown_mention"), ("", "blank"), ("x" * 2001, "max_length"), ("a\nb", "hidden_character")],
)
def test_a_note_that_is_refused_is_not_there(desk: APIClient, text: str, code: str) -> None:
    answer = desk.post(address(make_order()), {"text": text}, format="json")

    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"]] == [code]
    assert not StaffNote.objects.exists()


def test_of_an_order_that_is_not_there_nothing_is_noted(desk: APIClient) -> None:
    assert desk.post("/api/v1/orders/999999999/notes", {"text": "x"}, format="json").status_code == 404
    assert not StaffNote.objects.exists()


def test_notes_about_the_orders_of_a_forgotten_customer_are_erased(desk: APIClient) -> None:
    order, other = make_order(status="shipped"), make_order()
    for one in (order, other):
        desk.post(address(one), {"text": "Eva rang"}, format="json")

    anonymise_user(user_id=buyer_of(order).pk, actor=COMMAND)

    assert [note.subject for note in StaffNote.objects.all()] == [f"order:{other.pk}"]


def label_of(client: APIClient, parcel: Fulfilment) -> Any:
    return client.get(f"/api/v1/orders/{parcel.order_id}/fulfilments/{parcel.pk}/label")


def test_a_label_has_the_recipient_the_weight_and_no_prices(desk: APIClient) -> None:
    order = make_order(status="shipped", sku="MUG", name="Blue Mug")
    parcel = order.fulfilments.get()
    unknown = label_of(desk, parcel).json()
    Variant.objects.update(weight_g=350)

    assert unknown["weight_g"] is None
    assert label_of(desk, parcel).json() == {
        "fulfilment_id": parcel.pk,
        "order_id": order.pk,
        "number": order.number,
        "is_cancelled": False,
        "warehouse": "main",
        "carrier": "",
        "tracking_number": "",
        "recipient_name": "Bo Smith",
        "company": "",
        "address_line1": "1 Main Street",
        "address_line2": "",
        "city": "Springfield",
        "state": "IL",
        "postal_code": "62701",
        "country": order.shipping_country,
        "country_code": "",
        "phone": "+1 555 0199",
        "weight_g": 700,
        "lines": [{"sku": "MUG", "product_name": "Blue Mug", "quantity": 2}],
    }


def test_a_picker_reads_labels_and_no_orders(desk: APIClient) -> None:
    picker = client_of(make_colleague(is_staff=True, groups=("picker",)))
    parcel = make_order(status="shipped").fulfilments.get()

    assert label_of(picker, parcel).status_code == 200
    assert picker.get(f"/api/v1/orders/{parcel.order_id}").status_code == 404
    assert picker.get("/api/v1/orders/").status_code == 403
    assert picker.get("/api/v1/users/").status_code == 403
    assert label_of(client_of(buyer_of(parcel.order)), parcel).status_code == 403


def test_a_parcel_of_another_order_has_no_label_there(desk: APIClient) -> None:
    parcel, other = make_order(status="shipped").fulfilments.get(), make_order()

    assert desk.get(f"/api/v1/orders/{other.pk}/fulfilments/{parcel.pk}/label").status_code == 404
