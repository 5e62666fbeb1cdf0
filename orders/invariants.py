"""The invariants of orders, which hold at every moment. Those of stock are in inventory/invariants.py."""

from collections.abc import Mapping

# Each query returns a text for each offending row, and no row when the invariant holds. Quantities that two tables must
# agree on are added up in one pass over both tables: joining millions of sums takes several times as long.
INVARIANTS: Mapping[str, str] = {
    "orders hold exactly what has not left": """
        select format('%s, item %s: lines %s, shipped %s, held %s', reference, item_id, sum(wanted), sum(shipped),
                      sum(held))
        from (
            select 'order:' || o.number as reference, v.stock_item_id as item_id, l.quantity as wanted, 0 as shipped,
                   0 as held
            from orders_order o
            join orders_orderitem l on l.order_id = o.id
            join catalog_variant v on v.id = l.variant_id
            where o.deleted_at is null and o.status <> 'cancelled'
            union all
            select 'order:' || o.number, v.stock_item_id, 0, p.quantity, 0
            from orders_fulfilmentline p
            join orders_fulfilment f on f.id = p.fulfilment_id and f.state = 'shipped'
            join orders_orderitem l on l.id = p.order_item_id
            join catalog_variant v on v.id = l.variant_id
            join orders_order o on o.id = f.order_id
            union all
            select r.reference, s.item_id, 0, 0, r.quantity
            from inventory_reservation r join inventory_stocklevel s on s.id = r.level_id
            where r.reference like 'order:%' and r.state = 'open'
        ) promise
        group by reference, item_id having sum(wanted) <> sum(shipped) + sum(held)
    """,
    "parcels are what left the building": """
        select format('%s, item %s, warehouse %s: parcels %s, ledger %s', reference, item_id, warehouse_id,
                      sum(packed), sum(gone))
        from (
            select 'order:' || o.number as reference, v.stock_item_id as item_id, f.warehouse_id, p.quantity as packed,
                   0 as gone
            from orders_fulfilmentline p
            join orders_fulfilment f on f.id = p.fulfilment_id and f.state = 'shipped'
            join orders_orderitem l on l.id = p.order_item_id
            join catalog_variant v on v.id = l.variant_id
            join orders_order o on o.id = f.order_id
            union all
            select m.reference, s.item_id, s.warehouse_id, 0, -m.on_hand_delta
            from inventory_stockmovement m join inventory_stocklevel s on s.id = m.level_id
            where m.reference like 'order:%' and m.kind in ('shipped', 'returned')
        ) part
        group by reference, item_id, warehouse_id having sum(packed) <> sum(gone)
    """,
    "an order says how much of it has left": """
        select format('order %s: %s, partly shipped: %s, shipped %s of %s', o.number, o.status, o.partly_shipped,
                      coalesce(p.units, 0), l.units)
        from orders_order o
        join (select order_id, sum(quantity) as units from orders_orderitem group by order_id) l on l.order_id = o.id
        left join (
            select f.order_id, sum(p.quantity) as units
            from orders_fulfilmentline p join orders_fulfilment f on f.id = p.fulfilment_id and f.state = 'shipped'
            group by f.order_id
        ) p on p.order_id = o.id
        where case when o.status in ('shipped', 'delivered') then o.partly_shipped or l.units <> coalesce(p.units, 0)
                   when o.status = 'confirmed' then o.partly_shipped <> (coalesce(p.units, 0) > 0)
                       or l.units <= coalesce(p.units, 0)
                   else o.partly_shipped or coalesce(p.units, 0) > 0 end
    """,
    "no more comes back than has left": """
        select format('line %s: shipped %s, returned %s', r.order_item_id, coalesce(p.units, 0), r.units)
        from (
            select l.order_item_id, sum(l.quantity) as units
            from orders_returnline l join orders_return r on r.id = l.of_id and r.state <> 'refused'
            group by l.order_item_id
        ) r
        left join (
            select p.order_item_id, sum(p.quantity) as units
            from orders_fulfilmentline p join orders_fulfilment f on f.id = p.fulfilment_id and f.state = 'shipped'
            group by p.order_item_id
        ) p using (order_item_id)
        where r.units > coalesce(p.units, 0)
    """,
    "what was received is in the ledger": """
        select format('%s, item %s: received %s, ledger %s', reference, item_id, sum(received), sum(came))
        from (
            select 'return:' || r.id as reference, v.stock_item_id as item_id, l.quantity as received, 0 as came
            from orders_returnline l
            join orders_return r on r.id = l.of_id and r.state = 'received'
            join orders_orderitem i on i.id = l.order_item_id
            join catalog_variant v on v.id = i.variant_id
            union all
            select m.reference, s.item_id, 0, m.on_hand_delta
            from inventory_stockmovement m join inventory_stocklevel s on s.id = m.level_id
            where m.reference like 'return:%' and m.kind = 'returned'
        ) part
        where reference ~ '^return:[0-9]+$'
        group by reference, item_id having sum(received) <> sum(came)
    """,
    "a return pays back what its lines are worth": """
        select format('return %s: %s, its lines %s', r.id, r.refund_items, coalesce(sum(l.refund), 0))
        from orders_return r left join orders_returnline l on l.of_id = r.id
        group by r.id
        having r.refund_items <> coalesce(sum(l.refund), 0)
            or r.state <> 'received' and (r.refund_items <> 0 or r.refund_shipping <> 0)
    """,
    "nothing is paid back that was not charged": """
        with back as (
            select order_item_id, sum(refund) as refund from orders_returnline group by order_item_id
        )
        select format('line %s: charged %s, paid back %s, owed %s', l.id, paid.amount, b.refund, paid.owed)
        from back b
        join orders_orderitem l on l.id = b.order_item_id
        join orders_order o on o.id = l.order_id
        cross join lateral (
            -- What changes of the order took off the line was charged too.
            select l.subtotal - l.discount + case when o.prices_include_tax then 0 else l.tax end
                   + coalesce(sum(said.amount * said.sign), 0) as amount,
                   coalesce(sum(said.owed), 0) as owed
            from (
                select side.sign, case when side.sign > 0 then v.owed else 0 end as owed,
                       (side.figures->>'subtotal')::numeric - (side.figures->>'discount')::numeric
                       + case when o.prices_include_tax then 0 else (side.figures->>'tax')::numeric end as amount
                from orders_orderrevision v
                cross join lateral (values (1, v.before), (-1, v.after)) as side (sign, figures)
                where v.order_id = o.id and v.order_item_id = l.id and v.kind <> 'line_added'
            ) said
        ) paid
        where b.refund + paid.owed > paid.amount
        union all
        select format('order %s: delivery charged %s, paid back %s', o.number, c.amount, r.refund)
        from (select order_id, sum(refund_shipping) as refund from orders_return group by order_id) r
        join orders_order o on o.id = r.order_id
        cross join lateral (
            select coalesce(sum(amount - discount + case when o.prices_include_tax then 0 else tax end), 0) as amount
            from orders_charge where order_id = o.id
        ) c
        where r.refund > c.amount
    """,
    "an order's total is that of its lines": """
        with part as (
            select order_id, subtotal as items, 0 as shipping, discount, tax from orders_orderitem
            union all
            select order_id, 0, amount, discount, tax from orders_charge
        ), figure as (
            select order_id, sum(items) as items, sum(shipping) as shipping, sum(discount) as discount, sum(tax) as tax
            from part group by order_id
        ), said as (
            select o.*, coalesce(f.shipping, 0) as shipping, coalesce(f.discount, 0) as discount,
                   coalesce(f.tax, 0) as tax, coalesce(f.items, 0) - coalesce(f.discount, 0) + coalesce(f.shipping, 0)
                       + case when o.prices_include_tax then 0 else coalesce(f.tax, 0) end as total
            from orders_order o left join figure f on f.order_id = o.id
        )
        select format('order %s: total %s, lines %s', number, total_amount, total)
        from said where total_amount <> total
        union all
        select format('order %s: discount %s, shipping %s, tax %s; lines and charges %s, %s, %s', number,
                      discount_total, shipping_total, tax_total, discount, shipping, tax)
        from said
        where (discount_total, shipping_total, tax_total) is distinct from (discount, shipping, tax)
        union all
        select format('line %s of order %s: %s x %s is not %s', id, order_id, quantity, unit_price, subtotal)
        from orders_orderitem where subtotal <> quantity * unit_price
    """,
    "promotions took off what is off": """
        select format('order %s: discount %s, promotions %s', o.number, o.discount_total, coalesce(d.amount, 0))
        from orders_order o
        left join (select order_id, sum(amount) as amount from orders_orderdiscount group by order_id) d
            on d.order_id = o.id
        where o.discount_total <> coalesce(d.amount, 0)
            and not exists (select from orders_orderrevision where order_id = o.id and sku <> '')
            and not exists (select from orders_orderevent where order_id = o.id and event = 'line_lost')
    """,
    "live orders use their coupons": """
        select format('order %s: nothing says that it uses %s', o.number, d.name)
        from orders_orderdiscount d join orders_order o on o.id = d.order_id
        where d.code <> '' and d.amount > 0 and o.status <> 'cancelled' and o.deleted_at is null
            and not exists (
                select from pricing_redemption
                where reference = 'order:' || o.number and promotion_id = d.promotion_id and given_back_at is null)
        union all
        select format('%s: still uses promotion %s', r.reference, r.promotion_id)
        from pricing_redemption r left join orders_order o on 'order:' || o.number = r.reference
        where r.reference like 'order:%' and r.given_back_at is null
            and (o.id is null or o.status = 'cancelled' or o.deleted_at is not null
                 or not exists (
                     select from orders_orderdiscount where order_id = o.id and promotion_id = r.promotion_id))
    """,
    "a line's product is that of its variant": """
        select format('line %s of order %s: product %s, its variant %s', l.id, l.order_id, l.product_id, v.product_id)
        from orders_orderitem l join catalog_variant v on v.id = l.variant_id where l.product_id <> v.product_id
    """,
    "inventory knows what is for sale": """
        select format('item %s: is_sold %s, variant %s of product %s', i.id, i.is_sold, v.id, v.product_id)
        from inventory_stockitem i
        left join catalog_variant v on v.stock_item_id = i.id
        left join catalog_product p on p.id = v.product_id
        where i.is_sold <> coalesce(p.status = 'active' and v.archived_at is null, false)
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
        select format('%s, %s: %s steps, %s events', subject, kind, count(*) filter (where is_step),
                      count(*) filter (where not is_step))
        from (
            select 'order:' || order_id as subject, 'order.' || event as kind, true as is_step from orders_orderevent
            union all
            select subject, kind, false from events_event
            where kind like 'order.%' and kind not in ('order.cost_nothing', 'order.noted')
        ) step
        group by subject, kind having count(*) filter (where is_step) <> count(*) filter (where not is_step)
    """,
}
