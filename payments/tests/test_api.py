"""Payments over HTTP beyond what is recorded: guests, limits, notifications, and what nobody may see."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from events.actors import VISITOR
from orders.models import Order
from orders.services import Buyer, Shipping, Wanted, place_order
from orders.tests.clients import client_of, staff_with
from orders.tests.factories import ADDRESS, buyer_of, make_article, make_order
from orders.tokens import token_of
from payments.models import Notification, Payment
from payments.tests.factories import assert_money_sound, begun, figures, paid

pytestmark = pytest.mark.django_db
PAYS = {"provider": "manual"}


def guest_order() -> Order:
    shipping: Shipping = {**ADDRESS, "email": "guest@example.com"}
    lines = [Wanted(2, variant_id=make_article(stock=5).pk)]
    placed = place_order(buyer=Buyer(None, "guest@example.com"), lines=lines, shipping=shipping, actor=VISITOR)
    return Order.objects.get(pk=placed.id)


def path(order: Order, *rest: object) -> str:
    return "/".join(map(str, ("/api/v1/orders", order.pk, "payments", *rest)))


def test_a_guest_pays_with_the_token_of_the_order_alone(api: Any) -> None:
    order, other = guest_order(), guest_order()
    for token in ("", "wrong", token_of(other.pk, other.number)):
        refused = api.post(path(order), PAYS, format="json", HTTP_X_ORDER_TOKEN=token)
        assert (refused.status_code, Payment.objects.count()) == (404, 0)
    shown = {"HTTP_X_ORDER_TOKEN": token_of(order.pk, order.number)}

    answer = api.post(path(order), PAYS, format="json", HTTP_IDEMPOTENCY_KEY="pay", **shown)

    document = answer.json()
    assert answer.status_code == 201
    assert document["client"] == {"instructions": "To DE02 1203 0000 0000 2020 51."}
    assert (document["state"], document["amount"], document["currency"]) == ("open", "20.00", "USD")
    assert api.get(path(order), **shown).json()[0]["payment_id"] == document["payment_id"]
    refused = api.post(path(order, document["payment_id"], "capture"), {}, format="json", **shown)
    assert refused.status_code == 401
    assert api.post(path(order, document["payment_id"], "cancel"), **shown).json()["state"] == "cancelled"
    assert api.post(path(other, document["payment_id"], "refresh"), **shown).status_code == 404


def test_a_payment_belongs_to_its_order(api: Any) -> None:
    mine, other = begun(), begun()
    client = client_of(buyer_of(mine.order))
    for verb in ("refresh", "cancel"):
        assert client.post(path(mine.order, other.pk, verb)).status_code == 404
    desk = staff_with("orders.view_order", "orders.change_order", "payments.capture_payment", "payments.refund_payment")
    for verb in ("capture", "refunds"):
        assert desk.post(path(mine.order, other.pk, verb), {}, format="json").status_code == 404
    assert figures(mine)[0] == figures(other)[0] == "open"


def test_who_may_refund_and_up_to_which_amount(settings: Any) -> None:
    settings.REFUND_LIMIT = Decimal(5)
    payment = paid()
    sees = ("orders.view_order", "payments.view_payment")
    refunds = path(payment.order, payment.pk, "refunds")
    assert staff_with(*sees).post(refunds, {"amount": "1.00"}, format="json").status_code == 403
    desk = staff_with(*sees, "payments.refund_payment")
    for body in ({"amount": "5.01"}, {}):
        refused = desk.post(refunds, body, format="json")
        assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (403, "over_your_limit", "5")
    assert figures(payment)[2] == "0.00"
    assert desk.post(refunds, {"amount": "5.00"}, format="json").json()["refunded"] == "5.00"
    head = staff_with(*sees, "payments.refund_payment", "payments.refund_any_amount")
    assert head.post(refunds, {}, format="json").json()["refunded"] == "20.00"
    assert_money_sound()


def test_buyers_do_not_read_what_staff_asked_the_provider() -> None:
    payment = paid()
    [seen] = client_of(buyer_of(payment.order)).get(path(payment.order)).json()
    assert {"operations", "review"}.isdisjoint(seen)
    [staff] = staff_with("orders.view_order", "payments.view_payment").get(path(payment.order)).json()
    assert [(row["kind"], row["state"]) for row in staff["operations"]] == [("create", "done"), ("capture", "done")]


@pytest.mark.parametrize("provider", ["manual", "stripe", "gold"])
def test_nobody_notifies_a_provider_that_is_not_there(provider: str) -> None:
    answer = Client().post(f"/api/v1/payments/{provider}/notifications", b"{}", content_type="application/json")
    assert (answer.status_code, Notification.objects.count()) == (404, 0)


def test_an_order_that_is_paid_is_no_longer_paid_for_by_another_road() -> None:
    payment = begun(make_order())
    client = client_of(buyer_of(payment.order))
    again = client.post(path(payment.order), PAYS, format="json")
    assert (again.status_code, again.json()["payment_id"]) == (201, payment.pk)
    Payment.objects.filter(pk=payment.pk).update(state="starting")
    unknown = client.post(path(payment.order), {"provider": "stripe"}, format="json")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_provider")
    assert Payment.objects.count() == 1
