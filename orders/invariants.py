"""What must be true of orders at every moment, beside what inventory demands of stock (inventory/invariants.py)."""

from collections.abc import Mapping

# Each answers one text per offending row, and no row when all is well.
INVARIANTS: Mapping[str, str] = {
    "live orders hold exactly their lines": """
        with wanted as (
            select 'order:' || o.number as reference, v.stock_item_id as item_id, sum(l.quantity) as quantity,
                   case when o.status in ('shipped', 'delivered') then 'fulfilled' else 'open' end as state
            from orders_order o
            join orders_orderitem l on l.order_id = o.id
            join catalog_variant v on v.id = l.variant_id
            where o.deleted_at is null and o.status <> 'cancelled'
            group by o.id, v.stock_item_id
        ), held as (
            select r.reference, s.item_id, r.state, sum(r.quantity) as quantity
            from inventory_reservation r join inventory_stocklevel s on s.id = r.level_id
            where r.reference like 'order:%' and r.state in ('open', 'fulfilled')
            group by r.reference, s.item_id, r.state
        )
        select format('%s, item %s: lines %s, %s %s', coalesce(w.reference, h.reference),
                      coalesce(w.item_id, h.item_id), coalesce(w.quantity, 0), coalesce(h.state, w.state),
                      coalesce(h.quantity, 0))
        from wanted w full join held h on h.reference = w.reference and h.item_id = w.item_id and h.state = w.state
        where w.quantity is distinct from h.quantity
    """,
    "an order's total is that of its lines": """
        select format('order %s: total %s, lines %s', o.number, o.total_amount, coalesce(l.total, 0))
        from orders_order o
        left join (select order_id, sum(subtotal) as total from orders_orderitem group by order_id) l
            on l.order_id = o.id
        where o.total_amount <> coalesce(l.total, 0)
        union all
        select format('line %s of order %s: %s x %s is not %s', id, order_id, quantity, unit_price, subtotal)
        from orders_orderitem where subtotal <> quantity * unit_price
    """,
    "an order's history leads to its status": """
        select format('order %s: %s, history says %s', o.number, o.status, coalesce(h.to_status, 'nothing'))
        from orders_order o
        left join (
            select distinct on (order_id) order_id, to_status from orders_orderevent order by order_id, id desc
        ) h on h.order_id = o.id
        where o.status is distinct from h.to_status
        union all
        select format('step %s of order %s: from %s, but it was %s', id, order_id, from_status, before)
        from (
            select *, lag(to_status, 1, '') over (partition by order_id order by id) as before from orders_orderevent
        ) h
        where from_status <> before
    """,
    "every step of an order has its event": """
        select format('order %s, %s: %s steps, %s events', coalesce(h.subject, e.subject), coalesce(h.kind, e.kind),
                      coalesce(h.n, 0), coalesce(e.n, 0))
        from (
            select 'order:' || order_id as subject, 'order.' || event as kind, count(*) as n
            from orders_orderevent group by order_id, event
        ) h
        full join (
            select subject, kind, count(*) as n from events_event where kind like 'order.%' group by subject, kind
        ) e on e.subject = h.subject and e.kind = h.kind
        where h.n is distinct from e.n
    """,
}
