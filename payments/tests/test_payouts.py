"""What the bookkeeper is told: sums by day of the shop and provider, exact to the last decimal of each currency."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from payments.models import Entry, Payment
from payments.payouts import COLUMNS, payouts
from payments.providers.snapshot import Captured, Disputed
from payments.tests.factories import back, begun, hear

pytestmark = pytest.mark.django_db
MONDAY, TUESDAY = date(2026, 11, 2), date(2026, 11, 3)


def paid_at(moment: datetime, provider: str, **members: object) -> Payment:
    """A payment whose entries are all of one moment."""
    payment = begun()
    Payment.objects.filter(pk=payment.pk).update(provider=provider)
    payment.refresh_from_db()
    hear(payment, **members)
    write_moment(payment, moment)
    return payment


def write_moment(payment: Payment, moment: datetime) -> None:
    """The books are append-only, so the trigger steps aside for a past that never was."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table payments_entry disable trigger user")
        Entry.objects.filter(payment=payment).update(at=moment)
        cursor.execute("alter table payments_entry enable trigger user")


def figures(since: date = MONDAY, until: date = TUESDAY) -> list[list[str]]:
    return [[str(cell) for cell in row.cells] for row in payouts(since, until)]


def test_each_day_of_the_shop_has_what_came_and_went_of_each_provider(settings: Settings) -> None:
    settings.SHOP_TIME_ZONE = "Europe/Berlin"  # an hour before UTC in November
    late = datetime(2026, 11, 2, 22, 59, tzinfo=UTC)
    paid_at(late, "stripe", captures=(Captured("c1", Decimal("20.00"), fee=Decimal("0.88")),), refunds=(back("5.00"),))
    paid_at(late, "stripe", captures=(Captured("c2", Decimal("20.00")),))
    paid_at(late, "paypal", disputes=(Disputed("d1", "lost", Decimal("20.00")),))
    after_midnight = datetime(2026, 11, 2, 23, 0, tzinfo=UTC)
    won = paid_at(after_midnight, "stripe", disputes=(Disputed("d2", "open", Decimal("20.00")),))
    hear(won, disputes=(Disputed("d2", "won", Decimal("20.00")),))
    write_moment(won, after_midnight)
    odd = paid_at(after_midnight, "stripe", currency="EUR")
    assert Payment.objects.get(pk=odd.pk).review == "other_currency"

    assert figures() == [
        ["2026-11-02", "PayPal", "USD", "20.00", "0.00", "20.00", "0.00", "0.00", "1", "0.00"],
        ["2026-11-02", "Stripe", "USD", "40.00", "5.00", "0.00", "0.00", "0.88", "1", "34.12"],
        ["2026-11-03", "Stripe", "USD", "20.00", "0.00", "20.00", "20.00", "0.00", "1", "20.00"],
    ]
    assert figures(TUESDAY, TUESDAY) == figures()[2:]
    settings.SHOP_TIME_ZONE = "UTC"
    assert {row[0] for row in figures()} == {"2026-11-02"}


def test_a_refund_that_failed_is_money_that_came_back() -> None:
    noon = datetime(2026, 11, 2, 12, tzinfo=UTC)
    payment = paid_at(noon, "stripe", refunds=(back("5.00"),))
    hear(payment, refunds=(back("5.00", state="failed"),))
    write_moment(payment, datetime(2026, 11, 3, 12, tzinfo=UTC))
    assert [row[3:5] + row[-1:] for row in figures()] == [["20.00", "0.00", "20.00"]]


def test_the_command_prints_a_table_with_totals_and_a_sheet_without() -> None:
    paid_at(datetime(2026, 11, 2, 12, tzinfo=UTC), "stripe", refunds=(back("20.00"),))
    paid_at(datetime(2026, 11, 3, 12, tzinfo=UTC), "stripe")
    period = ["--from", "2026-11-01", "--to", "2026-11-30"]
    table, sheet = StringIO(), StringIO()
    call_command("payout_report", *period, stdout=table)
    call_command("payout_report", *period, "--csv", stdout=sheet)
    assert [line.split()[0] for line in table.getvalue().splitlines()] == ["day", "2026-11-02", "2026-11-03", "total"]
    assert sheet.getvalue().splitlines() == [
        "\ufeff" + ",".join(COLUMNS),
        "2026-11-02,Stripe,USD,20.00,20.00,0.00,0.00,0.00,1,0.00",
        "2026-11-03,Stripe,USD,20.00,0.00,0.00,0.00,0.00,1,20.00",
    ]
