"""Races of holds: they expire, or they become promises, and never both."""

from datetime import timedelta
from functools import partial

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from events.actors import COMMAND
from inventory import services
from inventory.exceptions import HoldDiffers
from inventory.models import Reservation, StockItem, StockMovement
from inventory.tests.factories import StockItemFactory, level_of, promise, reserve
from inventory.tests.races import in_transaction, red
from tests.threads import overtaken

pytestmark = pytest.mark.django_db(transaction=True)


# Holds


def overdue_hold(item: StockItem) -> None:
    soon = timezone.now() + timedelta(minutes=5)
    in_transaction(partial(reserve, "cart-1", {item: 2}, expires_at=soon))
    Reservation.objects.update(expires_at=Now() - timedelta(minutes=1))


EXPIRE = partial(services.expire_holds, actor=COMMAND)


def test_two_sweepers_expire_a_hold_once() -> None:
    item = StockItemFactory(stock=5)
    overdue_hold(item)

    second = overtaken(EXPIRE, EXPIRE)

    assert second == 0
    assert StockMovement.objects.filter(kind="expired").count() == 1
    assert red() == set()


def test_a_hold_that_is_being_promised_does_not_expire() -> None:
    item = StockItemFactory(stock=5)
    overdue_hold(item)

    second = overtaken(partial(promise, "cart-1", "r-1", {item: 2}), EXPIRE)

    assert second == 0
    assert list(Reservation.objects.values_list("reference", "state")) == [("r-1", "open")]
    assert red() == set()


def test_a_hold_that_is_being_expired_is_not_promised() -> None:
    item = StockItemFactory(stock=5)
    overdue_hold(item)

    second = overtaken(EXPIRE, partial(promise, "cart-1", "r-1", {item: 2}))

    assert isinstance(second, HoldDiffers)
    assert (level_of(item).reserved, list(Reservation.objects.values_list("state", flat=True))) == (0, ["expired"])
    assert red() == set()
