"""What must be true of money after a trial: the providers' books, ours, the orders and what people were told agree."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import payments.invariants
from inventory.invariants import Violation
from tests.faults.checks import Watch, begin, expect, invariants, verdict
from tests.faults.client import Answer
from tests.faults.till import Purchase, Till

AT_REST = "everything that was begun comes to its end"
BOOKS = "the providers' books and ours agree"
NET = "nobody is charged for what was given up, and nobody twice for what is not paid back"
ONE_REFUND = "each refund is made once"
AS_PROMISED = "what staff were promised to go back has gone back once"
FOLLOWS = "an order that is paid is confirmed, and one that is not is not"
IN_TIME = "nobody who paid in time is cancelled by the clock"
GIVEN_UP = "what was given up can be charged no more"
ONE_LIVE = "an order has one live payment"
REFUSED = "no provider refuses what the shop asks for"
UNKNOWN = "no provider has money that the shop does not know of"
ENDED = ("canceled", "succeeded", "COMPLETED", "VOIDED")
EXPIRED = "Not confirmed in time."
OURS = """
select p.id, p.order_id, o.status, o.deleted_at is not null as deleted, o.total_amount, p.provider, p.provider_ref,
       p.state, p.captured, p.refunded, p.review, p.fenced_at is not null as fenced
from payments_payment p join orders_order o on o.id = p.order_id where p.id > %s order by p.id
"""
LAST = "select coalesce(max(id), 0) from payments_payment"
ASKED_BACK = """
select p.order_id, o.reason, o.state, o.amount::text, o.id from payments_operation o
join payments_payment p on p.id = o.payment_id where o.kind = 'refund' and p.id > %s
"""
BY_THE_CLOCK = "select order_id from orders_orderevent where event = 'cancelled' and note = %s and order_id = any(%s)"


@dataclass(frozen=True)
class Row:
    """One of our payments, with its order."""

    id: int
    order: int
    status: str
    deleted: bool
    total: Decimal
    provider: str
    ref: str | None
    state: str
    captured: Decimal
    refunded: Decimal
    review: str
    fenced: bool

    @property
    def given_up(self) -> bool:
        return self.status == "cancelled" or self.deleted


@dataclass(frozen=True)
class There:
    """A payment as its provider has it."""

    ref: str
    ours: int
    state: str
    charges: Decimal
    back: Decimal
    disputed: Decimal
    refunds: Sequence[tuple[str, Decimal]]
    authorized: bool

    @property
    def net(self) -> Decimal:
        return self.charges - self.back - self.disputed


@dataclass
class MoneyWatch:
    """A trial's beginning: of the shop, of its payments, and by the clock."""

    till: Till
    watch: Watch
    payment: int
    began: float
    began_at: float
    purchases: list[Purchase] = field(default_factory=list)
    # Orders that were paid before their time was over.
    in_time: list[int] = field(default_factory=list)
    # What else was asked of the shop, and answered.
    others: list[Answer] = field(default_factory=list)
    # So many refunds were made at the providers' own pages.
    at_their_pages: int = 0


def begin_with_money(till: Till) -> MoneyWatch:
    assert till.sku
    till.forget()
    return MoneyWatch(till, begin(till.stage), int(till.stage.query(LAST)[0][0]), time.monotonic(), time.time())


def money_verdict(watch: MoneyWatch, *, refusals: bool = False) -> list[Violation]:
    """Everything that is wrong after a trial, when all of it has come to rest. With `refusals` a provider may have
    refused a refund, since somebody else has made one at the same moment."""
    till, some = watch.till, [one for one in watch.purchases if one.wish.outcome == "ok"]
    left = till.rest(time.monotonic() - watch.began)
    violations = expect(AT_REST, not left, left)
    wishes = [one.wish for one in watch.purchases] + [wish for one in some for wish in one.cancellations]
    answers = [*watch.others, *(answer for one in watch.purchases for answer in one.answers)]
    violations += verdict(watch.watch, wishes, answers)
    violations += invariants(till.stage, payments.invariants.INVARIANTS)
    ours, theirs = rows_of(watch), books_of(watch)
    violations += compare(ours, theirs)
    violations += promises(watch, some, theirs)
    swept = till.stage.query(BY_THE_CLOCK, [EXPIRED, watch.in_time])
    violations += expect(IN_TIME, not swept, swept)
    if not refusals:
        violations += expect(REFUSED, not any(row.review for row in ours), [row for row in ours if row.review])
    violations += nothing_more(watch, ours, theirs)
    return violations


def rows_of(watch: MoneyWatch) -> list[Row]:
    return [Row(*row) for row in watch.till.stage.query(OURS, [watch.payment])]


def books_of(watch: MoneyWatch) -> list[There]:
    """What the providers have for payments of this trial."""
    found = [there(row) for row in watch.till.fake.books(since=watch.began_at) if row["payment_id"]]
    return [row for row in found if row.ours > watch.payment]


def there(row: dict[str, Any]) -> There:
    alive = [refund for refund in row["refunds"] if refund["state"].lower() != "failed"]
    lost = [dispute for dispute in row["disputes"] if dispute["state"] not in ("won", "RESOLVED_SELLER_FAVOUR")]
    return There(
        ref=row["ref"],
        ours=int(row["payment_id"]),
        state=row["state"],
        charges=total(row["charges"]),
        back=total(alive),
        disputed=total(lost),
        refunds=[(str(refund["operation_id"]), Decimal(refund["amount"])) for refund in alive],
        authorized=row["state"] == "requires_capture" or "CREATED" in row.get("authorizations", ()),
    )


def total(rows: Sequence[dict[str, Any]]) -> Decimal:
    return sum((Decimal(row["amount"]) for row in rows), Decimal(0))


def compare(ours: Sequence[Row], theirs: Sequence[There]) -> Iterator[Violation]:
    """Each payment beside the books of its provider, and each order beside all that was charged for it."""
    by_payment: dict[int, list[There]] = defaultdict(list)
    for one in theirs:
        by_payment[one.ours].append(one)
    net: Counter[int] = Counter()
    authorized: set[int] = set()
    for row in ours:
        some = by_payment.pop(row.id, [])
        came, back = sum((one.charges for one in some), Decimal(0)), sum((one.back for one in some), Decimal(0))
        yield from expect(BOOKS, (came, back) == (row.captured, row.refunded), f"{row}: {some}")
        yield from expect(UNKNOWN, sum(bool(one.charges) for one in some) <= 1, f"{row}: {some}")
        for operation, count in Counter(name for one in some for name, _ in one.refunds if name != "None").items():
            yield from expect(ONE_REFUND, count == 1, f"operation {operation} of {row}: {some}")
        net[row.order] += sum(one.net for one in some)  # type: ignore[assignment]  # money is added up
        if any(one.authorized for one in some):
            authorized.add(row.order)
            yield from expect(GIVEN_UP, not row.given_up, f"set apart for {row}: {some}")
    yield from expect(UNKNOWN, not any(one.charges for some in by_payment.values() for one in some), by_payment)
    for row in {row.order: row for row in ours}.values():
        has = net[row.order]
        fits = has == 0 if row.given_up else 0 <= has <= row.total
        yield from expect(NET, fits, f"{has} for {row}")
        covered = has >= row.total or row.order in authorized
        if row.status == "pending" and covered:
            yield Violation(FOLLOWS, f"paid and {row}")
    for order, rows in by_order(ours).items():
        live = [row for row in rows if row.state in ("starting", "open", "authorized")]
        yield from expect(ONE_LIVE, len(live) <= 1, live)
        confirmed = rows[0].status in ("confirmed", "shipped", "delivered")
        ever = sum((row.captured for row in rows), Decimal(0)) or order in authorized
        yield from expect(FOLLOWS, bool(ever) or not confirmed, f"without money: {rows}")


def by_order(ours: Sequence[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in ours:
        found[row.order].append(row)
    return found


def promises(watch: MoneyWatch, some: Sequence[Purchase], theirs: Sequence[There]) -> Iterator[Violation]:
    """Each amount that staff were told to go back has gone back by one refund, and by no other one.

    Where somebody has given back the rest at the provider's own pages, the provider may have refused that refund.
    """
    asked = watch.till.stage.query(ASKED_BACK, [watch.payment])
    made: dict[str, list[str]] = defaultdict(list)
    for _, reason, state, amount, _ in asked:
        if state == "done":
            made[reason].append(f"{Decimal(amount):.2f}")
    for one in some:
        left = sum((there.net for there in theirs if there.ours in one.payments.values()), Decimal(0))
        for key, amount in one.promised.items():
            is_moot = bool(watch.at_their_pages) and not made[key] and not left
            kept = made[key] == [amount] or is_moot
            yield from expect(AS_PROMISED, kept, f"{key} {amount}: {made[key]}, {left} left")
    ids = {str(id) for *_, id in asked}
    others = [refund for one in theirs for refund in one.refunds if refund[0] not in ids]
    yield from expect(AS_PROMISED, len(others) == watch.at_their_pages, f"{watch.at_their_pages} at theirs: {others}")


def nothing_more(watch: MoneyWatch, ours: Sequence[Row], theirs: Sequence[There]) -> Iterator[Violation]:
    """Buyers try to pay what was given up, and nothing is charged."""
    gone = {row.id for row in ours if row.given_up or row.state in ("cancelled", "failed")}
    chargeable = [one for one in theirs if one.ours in gone and one.state not in ENDED]
    for one in chargeable:
        pay(watch.till, one.ref)
    if not chargeable:
        return
    left = watch.till.rest(time.monotonic() - watch.began)
    yield from expect(AT_REST, not left, left)
    before = {one.ref: one.charges for one in theirs}
    for one in books_of(watch):
        charged = one.charges != before.get(one.ref, one.charges)
        yield from expect(GIVEN_UP, not charged, f"{one} was {before.get(one.ref)}")


def pay(till: Till, ref: str) -> None:
    """A buyer tries to pay. The provider refuses that mostly."""
    try:
        till.fake.customer("pay", ref)
    except OSError:  # HTTPError is one
        return
