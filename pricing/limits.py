"""Which promotions are used up now, for everybody or for one customer.

Uses change all the time, and rules seldom. So this is no part of the rules that are kept, and is asked for each basket,
but only where a promotion has a limit.
"""

import hashlib

from database.rows import array, fetch_rows
from pricing.rules import Rules

REACHED = """
select promotion.id, promotion.reason from (
    select id, case
        when total_limit is not null and not exists (select from pricing_slot where promotion_id = limited.id)
            then 'used_up'
        when per_customer <= (
            select count(*) from pricing_redemption
            where promotion_id = limited.id and customer = %(customer)s::text and given_back_at is null
        ) then 'used_by_customer'
    end as reason
    from pricing_promotion as limited where id = any(%(ids)s::bigint[])
) as promotion
where promotion.reason is not null
"""


def open_to(rules: Rules, customer: str = "") -> Rules:
    """The rules for the basket of a customer ("user:7", "email:ann@example.com"; empty: not known yet).

    A promotion that has no uses left does not count in them, and its coupons are refused with `used_up` or
    `used_by_customer`. Nothing is locked: whoever places the order calls `redeem`, which alone decides.
    """
    ids = [each.id for each in rules.promotions if each.limited or each.per_customer is not None]
    if not ids:
        return rules
    rows = fetch_rows(REACHED, {"ids": array(ids), "customer": digest_of(customer)})
    return rules.with_reached(dict(rows))


def digest_of(customer: str) -> str:
    """What stands for a customer in the redemptions: enough to count their uses, and no address."""
    return hashlib.sha256(customer.strip().lower().encode()).hexdigest()
