from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from events.actors import COMMAND
from inventory import services, tasks
from inventory.models import Reservation, StockAlert
from inventory.tests.factories import StockItemFactory

MORNING = int(datetime(2026, 11, 23, 6, tzinfo=UTC).timestamp())


@pytest.fixture
def staff(settings: Any, db: None) -> None:
    settings.STAFF_EMAILS = ["staff@example.com", "boss@example.com"]


@pytest.mark.usefixtures("staff")
def test_the_digest_lists_what_is_low_by_band_with_what_is_available_now() -> None:
    mug = StockItemFactory(sku="MUG-1", name="Mug", stock=20, reorder_quantity=40)
    services.set_stock(item_id=mug.pk, quantity=0, actor=COMMAND)
    services.receive_stock(reference="DN-1", lines=[services.ReceiptLine("MUG-1", 9)], actor=COMMAND)
    StockItemFactory(sku="CUP-1", name="Cup")
    StockItemFactory(sku="POT-1", name="Pot", stock=60)
    StockItemFactory(sku="OLD-1", name="Old", is_sold=False)
    opened = StockAlert.objects.latest("id").opened_at

    tasks.mail_stock_digest(timestamp=MORNING)

    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    assert message.subject == "Stock on 2026-11-23: 2 articles need attention"
    assert message.to == ["staff@example.com", "boss@example.com"]
    since = f"(since {opened:%Y-%m-%d})"
    assert message.body.startswith(
        f"Out Of Stock (1)\n  CUP-1  Cup: 0 available {since}\n\n"
        f"Low (1)\n  MUG-1  Mug: 9 available, reorder 40 {since}\n"
    )
    assert "MUG-1" in str(message.alternatives[0][0])


@pytest.mark.usefixtures("staff")
def test_the_digest_is_sent_once_a_day() -> None:
    StockItemFactory(sku="MUG-1")

    tasks.mail_stock_digest(timestamp=MORNING)
    tasks.mail_stock_digest(timestamp=MORNING)
    tasks.mail_stock_digest(timestamp=MORNING + 86_400)

    assert [message.subject for message in mail.outbox] == [
        "Stock on 2026-11-23: 1 article needs attention",
        "Stock on 2026-11-24: 1 article needs attention",
    ]


@pytest.mark.usefixtures("staff")
def test_a_long_digest_says_what_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "DIGEST_ROWS", 1)
    StockItemFactory.create_batch(2)

    tasks.mail_stock_digest(timestamp=MORNING)

    assert "And 1 more: see the open alerts." in mail.outbox[0].body


@pytest.mark.usefixtures("staff")
def test_when_nothing_is_low_nobody_is_mailed() -> None:
    StockItemFactory(stock=60)

    tasks.mail_stock_digest(timestamp=MORNING)

    assert mail.outbox == []


@pytest.mark.django_db
def test_without_staff_addresses_nothing_is_sent(settings: Any) -> None:
    settings.STAFF_EMAILS = []
    StockItemFactory()

    tasks.mail_stock_digest(timestamp=MORNING)

    assert mail.outbox == []


@pytest.mark.django_db
def test_the_clock_expires_holds() -> None:
    item = StockItemFactory(stock=2)
    ends = timezone.now() + timedelta(minutes=5)
    services.reserve(reference="cart:1", quantities={item.pk: 1}, actor=COMMAND, expires_at=ends)
    services.reserve(reference="cart:2", quantities={item.pk: 1}, actor=COMMAND, expires_at=ends)
    Reservation.objects.filter(reference="cart:1").update(expires_at=timezone.now())

    tasks.expire_holds(timestamp=0)

    assert dict(Reservation.objects.values_list("reference", "state")) == {"cart:1": "expired", "cart:2": "open"}
