"""Uses of promotions, exact under any number at once: limited ones by slots, those of one customer by a lock.

Both verbs take part in the unit of work of the caller: what it undoes gives the uses back. Locks, in this sequence: the
promotions (shared), the customer's uses, the slots. docs/concurrency.md says why slots and no counter.
"""

import time
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from django.db import connection
from django.db.transaction import TransactionManagementError

from database.refusals import Busy
from database.rows import fetch_rows, fetch_together
from database.transactions import Overtaken
from pricing.exceptions import CouponNotValid
from pricing.figures import Discount
from pricing.limits import digest_of

# How long a use waits for others that may take their slots or give them back, and how often it looks again.
PATIENCE = 2.0
LOOK_AGAIN = 0.02


class Limits(NamedTuple):
    """What bounds the uses of a promotion now. The flags of a basket's discounts may be from before an edit."""

    promotion_id: int
    is_limited: bool
    per_customer: int | None


SHARE = """
select id, total_limit is not null, per_customer from pricing_promotion
where id = any(%(ids)s::bigint[]) order by id for key share
"""
LOCK_CUSTOMER = "select pg_advisory_xact_lock(hashtextextended(%(customer)s::text, %(promotion_id)s::bigint))"
USES = """
select count(*) from pricing_redemption
where promotion_id = %(promotion_id)s::bigint and customer = %(customer)s::text and given_back_at is null
    and reference <> %(reference)s::text
"""
# A use that is written already takes no second slot. The slot is found once: the planner runs a sub-select that needs
# nothing of its surroundings before all else.
REDEEM = """
with written as (
    insert into pricing_redemption (promotion_id, reference, code, customer)
    values (%(promotion_id)s::bigint, %(reference)s::text, %(code)s::text, %(customer)s::text)
    on conflict (reference, promotion_id) where given_back_at is null do nothing returning promotion_id
), taken as (
    delete from pricing_slot where id = (
        select id from pricing_slot where promotion_id = (select promotion_id from written)
        limit 1 for update skip locked
    ) returning id
)
select exists (select from written), exists (select from taken)
"""
TAKE = """
delete from pricing_slot where id = (
    select id from pricing_slot where promotion_id = %(promotion_id)s::bigint limit 1 for update skip locked
) returning id
"""
LEFT = "select exists (select from pricing_slot where promotion_id = %(promotion_id)s::bigint)"
GIVE_BACK = """
with back as (
    update pricing_redemption set given_back_at = clock_timestamp()
    where reference = %(reference)s::text and given_back_at is null returning promotion_id
), shared as (
    select id, total_limit from pricing_promotion where id in (select promotion_id from back) for key share
)
insert into pricing_slot (promotion_id) select id from shared where total_limit is not null
"""


def redeem(*, reference: str, discounts: Iterable[Discount], customer: str) -> None:
    """Write down that this reference uses these promotions. Repeating it changes nothing.

    Written are coupons, and what is limited, as far as they take something off. `customer` is "user:7" or
    "email:ann@example.com". Refuses CouponNotValid with `used_by_customer`, and with `used_up` when a limited promotion
    has no slot left. Slots that other transactions have taken may come back: they are waited for, and after PATIENCE
    seconds it is Busy. A promotion without a coupon that has no use left is Overtaken: the unit runs again, by rules
    that `limits.open_to` has looked at. Refuses to run outside a transaction (TransactionManagementError).
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("A use of a promotion is written in the transaction of what it is used for.")
    counted = sorted(filter(_is_counted, discounts), key=attrgetter("promotion_id"))
    if not counted:
        return
    digest = digest_of(customer)
    uses = [
        {"promotion_id": each.promotion_id, "reference": reference, "code": each.code, "customer": digest}
        for each in counted
    ]
    share = (SHARE, {"ids": [each.promotion_id for each in counted]})
    parts = [(statement, use) for use in uses for statement in (LOCK_CUSTOMER, USES, REDEEM)]
    limits, *found = fetch_together(share, *parts)
    limits_of = {row[0]: Limits(*row) for row in limits}
    for place, each in enumerate(counted):
        limit = limits_of.get(each.promotion_id)
        if limit is None:
            raise _refusal(each, "unknown")
        [[used]], [[written, taken]] = found[3 * place + 1], found[3 * place + 2]
        if limit.per_customer is not None and used >= limit.per_customer:
            raise _refusal(each, "used_by_customer")
        if written and limit.is_limited and not taken:
            _take_slot(each)


def give_back(*, reference: str) -> None:
    """End the uses of a reference, so that others may have them. Repeating it changes nothing.

    Takes part in the unit of work of the caller. Locks the uses, then shares a lock on their promotions.
    """
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, {"reference": reference})


def _is_counted(discount: Discount) -> bool:
    """Whether the uses of a discount are counted: by a coupon, or against a limit, and not for nothing."""
    return bool(discount.amount) and (discount.code != "" or discount.limited or discount.per_customer is not None)


def _take_slot(discount: Discount) -> None:
    """Take a slot of a promotion whose slots were all taken or locked. Refuses CouponNotValid, Busy."""
    promotion = {"promotion_id": discount.promotion_id}
    end = time.monotonic() + PATIENCE
    while fetch_rows(LEFT, promotion)[0][0]:
        # Those who hold the last slots may still undo what they do.
        if time.monotonic() > end:
            raise Busy("Others are about to use this coupon; try again.")
        time.sleep(LOOK_AGAIN)
        if fetch_rows(TAKE, promotion):
            return
    raise _refusal(discount, "used_up")


def _refusal(discount: Discount, reason: str) -> Exception:
    """Why a use is refused. Without a coupon nobody asked for it: the unit runs again, and counts without it."""
    return CouponNotValid(discount.code, reason) if discount.code else Overtaken(reason)
