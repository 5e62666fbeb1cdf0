"""A person gets all that is kept of them, and is forgotten except for the books."""

import json
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.leaving import anonymise_user
from accounts.models import Session, User
from accounts.tests.factories import client_of, make_user
from api.models import IdempotencyKey
from config.personal_data import POLICIES
from events.actors import COMMAND
from orders.models import Order
from orders.services import cancel_order
from orders.tests.clients import basket, line
from orders.tests.factories import ADDRESS, make_article, make_order

pytestmark = pytest.mark.django_db


def export(**who: Any) -> Any:
    output = StringIO()
    call_command("export_user", **who, stdout=output)
    return json.loads(output.getvalue())


def test_every_model_that_points_at_a_user_has_a_policy() -> None:
    pointing = {
        model._meta.label
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and field.related_model is User
    }

    assert pointing == set(POLICIES)


def test_an_export_has_profile_orders_sessions_and_journal_and_nothing_of_others() -> None:
    user = make_user(email="ann@example.com", city="Springfield")
    client_of(user)
    order = make_order(user, sku="MUG")
    make_order(make_user(email="bob@example.com"))

    data = export(email="ANN@example.com")

    assert data["profile"]["city"] == "Springfield"
    [exported] = data["orders.Order"]
    assert {name: exported[name] for name in ADDRESS} == ADDRESS
    assert exported["number"] == order.number
    assert [line["sku"] for line in exported["items"]] == ["MUG"]
    assert [step["to_status"] for step in exported["history"]] == ["pending"]
    assert len(data["accounts.Session"]) == 1
    assert "order.placed" in {event["kind"] for event in data["journal"]}
    assert "bob@example.com" not in json.dumps(data)
    assert "password" not in data["profile"]


def test_of_nobody_there_is_nothing_to_export() -> None:
    with pytest.raises(CommandError, match="no such user"):
        export(email="nobody@example.com")


def test_forgetting_leaves_the_books_and_nothing_that_names_the_person() -> None:
    user = make_user(email="ann@example.com", first_name="Annabel", phone="+1 555 0100")
    client: Any = client_of(user)
    article = make_article(stock=5)
    answer = client.post("/api/v1/orders/", basket(line(article)), format="json", headers={"Idempotency-Key": "k"})
    assert answer.status_code == 201, answer.json()
    cancel_order(order_id=answer.json()["order_id"], actor=COMMAND)
    TOTPDevice.objects.create(user=user, name="Annabel's telephone")
    Session.objects.filter(user=user).update(user_agent="Annabel's browser")

    anonymise_user(user_id=user.pk, actor=COMMAND)

    left = json.dumps(export(id=user.pk))
    told = ("Annabel", "ann@example.com", "555 0100", ADDRESS["recipient_name"], ADDRESS["phone"])
    assert not {word for word in told if word in left}
    assert Order.objects.get(user=user).shipping_city == ADDRESS["shipping_city"]
    assert not IdempotencyKey.objects.filter(user=user).exists()
    assert not TOTPDevice.objects.exists()
