"""Staff are mailed what sells out: at once, in one mail, and not again while it flaps."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.db.models import F

from events.actors import COMMAND
from events.models import Event
from inventory import services, tasks
from inventory.models import SoldOutNotice, StockAlert, StockItem
from inventory.tests.factories import StockItemFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def staff(settings: Any, db: None) -> None:
    settings.STAFF_EMAILS = ["staff@example.com"]
    settings.SOLD_OUT_QUIET_HOURS = 6


def put(item: StockItem, quantity: int) -> None:
    services.set_stock(item_id=item.pk, quantity=quantity, actor=COMMAND)


def minute() -> list[str]:
    """What the clock and the jobs of its events do; the subjects of the mails of this minute."""
    mail.outbox.clear()
    last = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    tasks.tell_sold_out(timestamp=0)
    for event in Event.objects.filter(kind="stock.sold_out", pk__gt=last):
        tasks.mail_sold_out(event_id=event.pk, kind=event.kind, payload=event.payload)
    return [str(message.subject) for message in mail.outbox]


def age(by: timedelta) -> None:
    """Let time have passed since then."""
    SoldOutNotice.objects.update(told_at=F("told_at") - by)
    StockAlert.objects.update(out_since=F("out_since") - by)


def test_many_items_that_sell_out_are_told_of_in_one_mail_once() -> None:
    mug, cup = StockItemFactory(sku="MUG-1", name="Mug", stock=3), StockItemFactory(sku="CUP-1", name="Cup", stock=3)
    assert minute() == []
    put(mug, 0)
    put(cup, 0)

    assert minute() == ["Sold out: 2 articles"]
    assert "CUP-1  Cup" in mail.outbox[0].body
    assert mail.outbox[0].body.index("CUP-1") < mail.outbox[0].body.index("MUG-1  Mug")
    assert minute() == []


def test_one_item_is_named_in_the_subject() -> None:
    put(StockItemFactory(sku="MUG-1", stock=3), 0)

    assert minute() == ["Sold out: MUG-1"]


def test_what_never_had_stock_or_is_not_for_sale_has_not_sold_out() -> None:
    StockItemFactory(sku="NEW-1")
    put(StockItemFactory(sku="OLD-1", stock=3, is_sold=False), 0)

    assert minute() == []


def test_an_item_that_flaps_is_told_of_again_only_after_its_quiet_time() -> None:
    mug = StockItemFactory(sku="MUG-1", stock=3)
    put(mug, 0)
    assert minute() == ["Sold out: MUG-1"]
    put(mug, 20)
    put(mug, 0)
    assert minute() == []

    age(by=timedelta(hours=6, minutes=1))

    assert minute() == ["Sold out: MUG-1"], "it is still out"
    assert minute() == []


def test_an_item_that_stays_out_is_told_of_once() -> None:
    put(StockItemFactory(sku="MUG-1", stock=3), 0)
    assert minute() == ["Sold out: MUG-1"]

    age(by=timedelta(hours=6, minutes=1))

    assert minute() == []


def test_what_was_out_before_staff_were_told_of_such_things_is_left_to_the_digest() -> None:
    put(StockItemFactory(sku="MUG-1", stock=3), 0)

    age(by=timedelta(days=3))

    assert minute() == []


def test_a_mail_leaves_out_what_can_be_sold_again_by_now() -> None:
    mug = StockItemFactory(sku="MUG-1", stock=3)
    put(mug, 0)
    [item_id] = services.tell_sold_out(actor=COMMAND)
    put(mug, 3)

    tasks.mail_sold_out(event_id=1, kind="stock.sold_out", payload={"item_ids": [item_id]})

    assert mail.outbox == []


@pytest.mark.parametrize("off", [{"SOLD_OUT_MAILS": False}, {"STAFF_EMAILS": []}])
def test_it_can_be_switched_off(off: dict[str, Any], settings: Any) -> None:
    put(StockItemFactory(sku="MUG-1", stock=3), 0)
    for name, value in off.items():
        setattr(settings, name, value)

    assert minute() == []
    assert not SoldOutNotice.objects.exists()


def test_a_minute_without_news_costs_one_statement(django_assert_max_num_queries: Any) -> None:
    StockItemFactory(stock=30)
    with django_assert_max_num_queries(4):  # one, and what a unit of work needs
        services.tell_sold_out(actor=COMMAND)
    assert connection.in_atomic_block
