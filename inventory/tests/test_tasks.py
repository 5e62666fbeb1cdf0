from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from events.actors import COMMAND
from inventory import services, tasks
from inventory.models import Reservation, StockAlert, StockItem, StockLevel, Warehouse
from inventory.tests.factories import StockItemFactory

MORNING = int(datetime(2026, 11, 23, 6, tzinfo=UTC).timestamp())


@pytest.fixture
def staff(settings: Any, db: None) -> None:
    settings.STAFF_EMAILS = ["staff@example.com", "boss@example.com"]


def alert(sku: str, band: str, on_hand: int = 0, **fields: Any) -> StockAlert:
    """An alert and its stock as rows: the digest only reads them."""
    item = StockItem.objects.create(sku=sku, name=f"Name of {sku}", **fields)
    warehouse, _ = Warehouse.objects.get_or_create(code="here", defaults={"name": "Here"})
    StockLevel.objects.create(item=item, warehouse=warehouse, on_hand=on_hand)
    return StockAlert.objects.create(item=item, band=band, available=0)


@pytest.mark.usefixtures("staff")
def test_the_digest_lists_open_alerts_by_band_with_what_is_available_now() -> None:
    alert("MUG-1", "low", on_hand=9, reorder_quantity=40)
    alert("CUP-1", "out_of_stock")
    opened = StockAlert.objects.latest("id").opened_at

    tasks.mail_stock_digest(timestamp=MORNING)

    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    assert message.subject == "Stock on 2026-11-23: 2 articles need attention"
    assert message.to == ["staff@example.com", "boss@example.com"]
    since = f"(since {opened:%Y-%m-%d})"
    assert message.body.startswith(
        f"Out Of Stock (1)\n  CUP-1  Name of CUP-1: 0 available {since}\n\n"
        f"Low (1)\n  MUG-1  Name of MUG-1: 9 available, reorder 40 {since}\n"
    )
    assert "Name of MUG-1" in str(message.alternatives[0][0])


@pytest.mark.usefixtures("staff")
def test_the_digest_is_sent_once_a_day() -> None:
    alert("MUG-1", "low")

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
    alert("MUG-1", "low")
    alert("MUG-2", "low")

    tasks.mail_stock_digest(timestamp=MORNING)

    assert "And 1 more: see the open alerts." in mail.outbox[0].body


@pytest.mark.usefixtures("staff")
def test_without_open_alerts_nobody_is_mailed() -> None:
    closed = alert("MUG-1", "low")
    StockAlert.objects.filter(pk=closed.pk).update(closed_at=closed.opened_at)

    tasks.mail_stock_digest(timestamp=MORNING)

    assert mail.outbox == []


@pytest.mark.django_db
def test_without_staff_addresses_nothing_is_sent(settings: Any) -> None:
    settings.STAFF_EMAILS = []
    alert("MUG-1", "low")

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
