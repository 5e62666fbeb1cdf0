"""Payments, rebuilt from the books and the journal: how far each has come, what came and went, and what orders say.

What a payment of an earlier release does not tell is not compared. Its figures are, since the books are older.
"""

from analytics.replay.orders import PLACED
from analytics.replay.tables import Step, Subject, Table

BEGUN = """
select (payload->>'payment_id')::bigint as id, (payload->>'order_id')::bigint as order_id,
       payload->>'provider' as provider, (payload->>'amount')::numeric as amount, payload->>'currency' as currency,
       payload->>'capture_method' as capture_method
from events_event where kind = 'payment.asked' and payload ? 'provider'
"""
# An operation is asked for anew where nobody knows what became of the first one: the payment stays the same.
CHANGED = """
select distinct on (id, field) id, field, value
from (
    select (payload->>'payment_id')::bigint as id, event.id as event, change.key as field, change.value->>1 as value
    from events_event event cross join lateral jsonb_each(payload->'changes') change
    where kind = 'payment.changed'
) told order by id, field, event desc
"""
PAYMENTS = """
select distinct on (begun.id) begun.*, coalesce(state.value, 'starting') as state,
       coalesce(review.value, '') as review, fees.value::numeric as fees
from {replay}.payment_begun begun
left join {replay}.payment_changed state on state.id = begun.id and state.field = 'state'
left join {replay}.payment_changed review on review.id = begun.id and review.field = 'review'
left join {replay}.payment_changed fees on fees.id = begun.id and fees.field = 'fees'
"""
TOLD = """id in (select id from {replay}.payment_begun)
    or order_id in (select id from {replay}.placed_order where number is not null)"""
FIGURES = """
select payment.id, coalesce(entry.captured, 0) as captured, coalesce(entry.refunded, 0) as refunded,
       exists (
           select from payments_operation where payment_id = payment.id and kind = 'cancel'
       ) as fenced
from payments_payment payment
left join (
    select payment_id, sum(amount) filter (where kind = 'captured') as captured,
           sum(case kind when 'refunded' then amount when 'refund_failed' then -amount else 0 end) as refunded
    from payments_entry group by payment_id
) entry on entry.payment_id = payment.id
"""
DISPUTES = """
select (payload->>'dispute_id')::bigint as id, (payload->>'payment_id')::bigint as payment_id,
       (payload->>'amount')::numeric as amount, coalesce(decided.status, payload->>'status') as status
from events_event
left join (
    select distinct on (dispute_id) *
    from (
        select id, (payload->>'dispute_id')::bigint as dispute_id, payload->'changes'->'status'->>1 as status
        from events_event where kind = 'payment.dispute_changed'
    ) told order by dispute_id, id desc
) decided on decided.dispute_id = (payload->>'dispute_id')::bigint
where kind = 'payment.disputed' and payload ? 'status'
"""
# The words are those of payments.money.Books.status.
ORDERS = """
select payment.order_id as id, bool_or(payment.state in ('starting', 'open', 'authorized')) as payment_open,
       bool_or(payment.counts and payment.disputed) as shipping_blocked,
       case when bool_or(payment.counts and payment.disputed) then 'disputed'
            when coalesce(sum(payment.captured) filter (where payment.counts), 0) = 0
                then case when bool_or(payment.counts and payment.state = 'authorized' and not payment.fenced)
                          then 'authorized' else 'unpaid' end
            when sum(payment.refunded) filter (where payment.counts)
                >= sum(payment.captured) filter (where payment.counts) then 'refunded'
            when sum(payment.refunded) filter (where payment.counts) > 0 then 'partly_refunded' else 'paid' end
           as payment_status
from (
    select live.order_id, coalesce(told.state, live.state) as state, figure.captured, figure.refunded, figure.fenced,
           coalesce(told.review, live.review) not in ('other_amount', 'other_currency') as counts,
           exists (select from payments_dispute where payment_id = live.id and status <> 'won') as disputed
    from payments_payment live
    join {replay}.payments_payment_figures figure on figure.id = live.id
    left join {replay}.payments_payment told on told.id = live.id
) payment group by payment.order_id
"""
LIVE_ORDERS = """(
    select * from orders_order
    where payment_status <> 'unpaid' or payment_open or shipping_blocked
        or exists (select from payments_payment where order_id = orders_order.id)
)"""

PAYMENTS_SUBJECT = Subject(
    "payments",
    (
        PLACED,
        Step("payment_begun", BEGUN),
        Step("payment_changed", CHANGED),
        Table(
            "payments.Payment",
            PAYMENTS,
            ("order_id", "provider", "amount", "currency", "capture_method", "state", "review", "fees"),
            live=f"(select * from payments_payment where {TOLD})",  # noqa: S608  # names of ours
        ),
        Table(
            "payments.Payment",
            FIGURES,
            ("captured", "refunded", "fenced"),
            live="(select *, fenced_at is not null as fenced from payments_payment)",
            name="payments_payment_figures",
            stands_for={"fenced": "fenced_at"},
        ),
        Table(
            "payments.Dispute",
            DISPUTES,
            ("payment_id", "amount", "status"),
            live="(select * from payments_dispute where payment_id in (select id from {replay}.payment_begun))",
        ),
        Table(
            "orders.Order",
            ORDERS,
            ("payment_status", "payment_open", "shipping_blocked"),
            live=LIVE_ORDERS,
        ),
    ),
)
