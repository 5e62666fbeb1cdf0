"""What came and went by day and provider, for the bookkeeper: sums over the entries of the books."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings

from database.days import first_moment, last_moment
from database.money import places_of
from orders.reports import fetch
from payments.models import Payment
from payments.words import provider_in_words
from staff.spreadsheets import as_csv

# Fees are known of a payment as a whole. They count on the day of its first capture. Money of a currency that nobody
# asked for is left out: it adds up with nothing.
PAYOUTS = """
select (e.at at time zone %(zone)s::text)::date, p.provider, p.currency,
       coalesce(sum(e.amount) filter (where e.kind = 'captured'), 0),
       coalesce(sum(case e.kind when 'refunded' then e.amount when 'refund_failed' then -e.amount end), 0),
       coalesce(sum(e.amount) filter (where e.kind = 'disputed'), 0),
       coalesce(sum(e.amount) filter (where e.kind = 'reinstated'), 0),
       coalesce(sum(p.fees) filter (where f.is_first), 0),
       count(*) filter (where f.is_first and p.fees is null)
from payments_entry e
join payments_payment p on p.id = e.payment_id
cross join lateral (
    select e.kind = 'captured' and not exists (
        select from payments_entry b where b.payment_id = e.payment_id and b.kind = 'captured' and b.id < e.id
    ) as is_first
) f
where e.at >= %(since)s::timestamptz and e.at <= %(until)s::timestamptz and p.review <> 'other_currency'
group by 1, 2, 3 order by 1, 2, 3
"""
COLUMNS = (
    *("day", "provider", "currency", "captured", "refunded", "disputed", "reinstated"),
    *("fees", "payments_without_known_fees", "net"),
)


class Payout(NamedTuple):
    """What came and went of one provider on one day, or in all. `without_fees` counts payments of unknown fees.

    `refunded` has the refunds that failed taken off again, so it may be below 0.
    """

    day: date | None
    provider: str
    currency: str
    captured: Decimal
    refunded: Decimal
    disputed: Decimal
    reinstated: Decimal
    fees: Decimal
    without_fees: int

    @property
    def net(self) -> Decimal:
        """What is left for the shop, with the fees that are known taken off."""
        return self.captured - self.refunded - self.disputed + self.reinstated - self.fees

    @property
    def cells(self) -> list[Any]:
        """The row as a table has it, by COLUMNS, with amounts in the decimals of their currency."""
        money = (self.captured, self.refunded, self.disputed, self.reinstated, self.fees, self.net)
        smallest = Decimal(1).scaleb(-places_of(self.currency))
        *gross, net = [amount.quantize(smallest) for amount in money]
        named = [self.day or "total", provider_in_words(self.provider), self.currency]
        return [*named, *gross, self.without_fees, net]


def payouts(since: date, until: date) -> list[Payout]:
    """What came and went, by day of the shop and provider, both days included."""
    params = {"zone": settings.SHOP_TIME_ZONE, "since": first_moment(since), "until": last_moment(until)}
    return fetch(Payout, PAYOUTS, params)


def totals(rows: Iterable[Payout]) -> list[Payout]:
    """The sums of these rows, by provider and currency."""
    sums: dict[tuple[str, str], list[Payout]] = {}
    for row in rows:
        sums.setdefault((row.provider, row.currency), []).append(row)
    return [
        Payout(
            None,
            provider,
            currency,
            sum((row.captured for row in among), Decimal(0)),
            sum((row.refunded for row in among), Decimal(0)),
            sum((row.disputed for row in among), Decimal(0)),
            sum((row.reinstated for row in among), Decimal(0)),
            sum((row.fees for row in among), Decimal(0)),
            sum(row.without_fees for row in among),
        )
        for (provider, currency), among in sorted(sums.items())
    ]


def left_out() -> int:
    """How many payments are in no row, since their money is of another currency than was asked for."""
    return Payment.objects.filter(review=Payment.Review.OTHER_CURRENCY).count()


def sheet_of(rows: Sequence[Payout]) -> str:
    """The rows for a spreadsheet."""
    return as_csv(COLUMNS, (row.cells for row in rows))
