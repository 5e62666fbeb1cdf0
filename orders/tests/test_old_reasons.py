"""What customers were told of losses before staff had a text of their own."""

from importlib import import_module

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from orders.models import OrderEvent
from orders.tests.factories import make_order

MIGRATION = import_module("orders.migrations.0010_reasons_for_staff").Migration.operations[-1]


@pytest.mark.django_db
def test_the_reason_of_an_old_loss_is_for_staff_and_other_words_stay() -> None:
    order = make_order()
    said = {
        "line_lost": "2 x MUG lost. Bob dropped it. Twice.",
        "cancelled": "1 x A lost. B lost. Water damage.",
        "confirmed": "3 x MUG lost. No loss.",
        "placed": "",
    }
    for event, note in said.items():
        OrderEvent.objects.create(order=order, event=event, actor="staff:1", note=note)
    OrderEvent.objects.create(order=order, event="cancelled", actor="staff:1", note="Sold out")
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute(MIGRATION.sql)

    steps = order.history.filter(actor="staff:1").order_by("pk").values_list("event", "note", "reason")

    assert list(steps) == [
        ("line_lost", "2 x MUG lost.", "Bob dropped it. Twice."),
        ("cancelled", "1 x A lost.", "B lost. Water damage."),
        ("confirmed", "3 x MUG lost. No loss.", ""),
        ("placed", "", ""),
        ("cancelled", "Sold out", ""),
    ]
    with pytest.raises(DatabaseError), transaction.atomic():
        OrderEvent.objects.update(note="rewritten")
