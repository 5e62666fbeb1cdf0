"""What holds of money at every moment, as SQL: our books, the payments, and the orders agree."""

from collections.abc import Mapping

# Each query returns a text for each offending row, and no row when the invariant holds.
INVARIANTS: Mapping[str, str] = {
    "payments are the sum of their entries": """
        select format('payment %s: captured %s, entries %s; refunded %s, entries %s', p.id, p.captured,
                      coalesce(e.captured, 0), p.refunded, coalesce(e.refunded, 0))
        from payments_payment p
        left join (
            select payment_id, sum(amount) filter (where kind = 'captured') as captured,
                   sum(case kind when 'refunded' then amount when 'refund_failed' then -amount end) as refunded
            from payments_entry group by payment_id
        ) e on e.payment_id = p.id
        where p.captured <> coalesce(e.captured, 0) or p.refunded <> coalesce(e.refunded, 0)
    """,
    "refunds are the operations that were carried out": """
        select format('payment %s: refunded %s, operations %s', p.id, p.refunded, coalesce(sum(o.amount), 0))
        from payments_payment p
        left join payments_operation o on o.payment_id = p.id and o.kind = 'refund' and o.state = 'done'
        group by p.id having p.refunded <> coalesce(sum(o.amount), 0)
    """,
    "no more goes back than has come": """
        select format('payment %s: captured %s, refunded %s, asked back %s', p.id, p.captured, p.refunded,
                      sum(o.amount))
        from payments_payment p
        join payments_operation o on o.payment_id = p.id and o.kind = 'refund' and o.state = 'intended'
        group by p.id having p.refunded + sum(o.amount) > p.captured
    """,
    "an order says how it is paid": """
        select format('order %s: %s, its payments say %s', o.number, o.payment_status, said)
        from (
            select p.order_id,
                   case when bool_or(d.id is not null) then 'disputed'
                        when sum(p.captured) = 0
                            then case when bool_or(p.state = 'authorized' and p.fenced_at is null) then 'authorized'
                                      else 'unpaid' end
                        when sum(p.refunded) >= sum(p.captured) then 'refunded'
                        when sum(p.refunded) > 0 then 'partly_refunded' else 'paid' end as said
            from payments_payment p
            left join lateral (
                select id from payments_dispute where payment_id = p.id and status <> 'won' limit 1
            ) d on true
            where p.review not in ('other_amount', 'other_currency')
            group by p.order_id
        ) s join orders_order o on o.id = s.order_id
        where o.payment_status <> said
    """,
    "the clock asks where money may still come": """
        select format('order %s: payment open: %s, its payments: %s', o.number, o.payment_open,
                      string_agg(p.state, ', '))
        from orders_order o join payments_payment p on p.order_id = o.id
        group by o.id having o.payment_open <> bool_or(p.state in ('starting', 'open', 'authorized'))
    """,
    "nobody pays for what was given up": """
        select format('order %s is %s: %s came and %s goes back', o.number, o.status, sum(p.captured),
                      sum(p.refunded + coalesce(r.asked, 0) + coalesce(d.amount, 0)))
        from orders_order o join payments_payment p on p.order_id = o.id
        left join lateral (
            select sum(amount) as asked from payments_operation
            where payment_id = p.id and kind = 'refund' and state = 'intended'
        ) r on true
        left join lateral (
            select sum(amount) as amount from payments_dispute where payment_id = p.id and status <> 'won'
        ) d on true
        where (o.status = 'cancelled' or o.deleted_at is not null) and p.review = ''
        group by o.id
        having sum(p.captured) > sum(p.refunded + coalesce(r.asked, 0) + coalesce(d.amount, 0))
    """,
    "a confirmed order is paid, people confirmed it, or they are to look at it": """
        select format('order %s is %s and %s, and nobody confirmed it by hand', o.number, o.status, o.payment_status)
        from orders_order o
        where o.status in ('confirmed', 'shipped', 'delivered') and o.payment_status = 'unpaid'
          and exists (select from payments_payment p where p.order_id = o.id)
          and exists (
              select from orders_orderevent e
              where e.order_id = o.id and e.event = 'confirmed' and e.actor = 'system'
          )
          and not exists (select from payments_payment p where p.order_id = o.id and p.review <> '')
    """,
}
