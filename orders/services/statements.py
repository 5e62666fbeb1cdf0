"""The statements of `place_order`: what the lines of a basket mean, and the one that writes an order.

An order with its lines and its history, the journal's event, and the answer under an idempotency key are written by one
statement. Values that change from order to order are hidden from the planner (database.rows.hidden): planning the joins
anew for each order takes 0.5 ms.
"""

from accounts.leaving import LOCK_PERSON
from database.rows import hidden
from inventory.quantities import AVAILABLE
from inventory.skus import KEY
from orders.articles import NAME, PRICE
from orders.models import Order

# What can be promised of the item `i`, in all warehouses that are in use.
STOCK = f"""cross join lateral (
    select coalesce(sum({AVAILABLE}), 0)::int as available
    from inventory_stocklevel level
    where level.item_id = i.id
        and level.warehouse_id = any(array(select id from inventory_warehouse where is_active))
) stock"""  # noqa: S608  # no value goes into the statements of this file, only pieces of SQL
# What the lines of a request mean: the articles that each may name. The ids, the number and the time of the order to be
# come with each row, so that nothing is left to ask when the order has been written.
#
# The lock on the customer makes what WRITE asks about the customer hold under concurrency. It is taken here, one
# statement before, since what this statement reads would be from before a wait.
RESOLVE = f"""
with asked as (
    select * from unnest(
        {hidden("product_ids", "bigint[]")}, {hidden("variant_ids", "bigint[]")}, {hidden("skus", "text[]")})
        with ordinality as t (product_id, variant_id, sku, place)
), named as (
    {{named}}
)
select v.place::int - 1, p.id, v.id, i.id, i.sku, {NAME}, {PRICE}, stock.available,
       coalesce(v.max_per_customer, nullif(%(most)s::int, 0)), nextval('orders_orderitem_id_seq'),
       (select nextval('orders_order_id_seq')), (select nextval('orders_number_seq')::text), statement_timestamp(),
       ({LOCK_PERSON})
from named v
join catalog_product p on p.id = v.product_id and p.status = 'active'
join inventory_stockitem i on i.id = v.stock_item_id
{STOCK}
where v.archived_at is null
order by v.place, v.position, v.id
"""  # noqa: S608  # as above
NAMED_BY = {
    "product_id": "select a.place, v.* from asked a join catalog_variant v on v.product_id = a.product_id",
    "variant_id": "select a.place, v.* from asked a join catalog_variant v on v.id = a.variant_id",
    "sku": f"""select a.place, v.* from asked a
        join inventory_stockitem i on {KEY.format(sku="i.sku")} = {KEY.format(sku="a.sku")}
        join catalog_variant v on v.stock_item_id = i.id""",  # noqa: S608  # as above
}

# What can be promised of some items, and whether overdue holds could give units of them back. Both are of one moment:
# what an overdue hold kept is available as soon as the hold is gone.
STILL_SHORT = f"""
select i.id, stock.available, exists (
    select from inventory_reservation r join inventory_stocklevel l on l.id = r.level_id
    where r.state = 'open' and r.expires_at <= statement_timestamp()
        and l.item_id in (select unnest(%(items)s::bigint[])))
from unnest({hidden("items", "bigint[]")}) as i (id)
{STOCK}
"""  # noqa: S608  # as above

OPEN = f"status in {tuple(map(str, Order.OPEN))} and deleted_at is null"
# The units of each article in a customer's open orders.
HELD = f"""
select l.variant_id, sum(l.quantity)
from orders_order o join orders_orderitem l on l.order_id = o.id
where o.user_id = %(user_id)s::bigint and {OPEN} and l.variant_id = any(%(variant_ids)s::bigint[])
group by l.variant_id
"""  # noqa: S608  # as above
# Whether a customer is there, and how many of the customer's orders are pending.
CUSTOMER = """
select exists (select from accounts_user where id = %(user_id)s::bigint and anonymised_at is null),
       (select count(*) from orders_order
        where user_id = %(user_id)s::bigint and status = 'pending' and deleted_at is null)
"""
# Whether the customer `u` has, with this order, more units of an article in open orders than a customer may have.
#
# A customer's open orders can be many, so they are looked at last. Their units are among those that are promised of the
# article to anybody, and mostly these alone are few enough.
TOO_MANY_UNITS = f"""
    select from line
    where case when quantity + (
            select coalesce(sum(level.reserved), 0) from inventory_stocklevel level where level.item_id = line.item_id
        ) > most then quantity + (
            select coalesce(sum(l.quantity), 0)
            from orders_order o join orders_orderitem l on l.order_id = o.id and l.variant_id = line.variant_id
            where o.user_id = u.id and {OPEN}
        ) > most end"""  # noqa: S608  # as above

# One named part for each table that an order is written to before its stock. Nothing is written if the customer is
# gone, or has too much already.
PARTS = f"""
line as (
    select * from unnest(
        {hidden("line_ids", "bigint[]")}, {hidden("product_ids", "bigint[]")}, {hidden("variant_ids", "bigint[]")},
        {hidden("item_ids", "bigint[]")}, {hidden("skus", "text[]")}, {hidden("names", "text[]")},
        {hidden("quantities", "int[]")}, {hidden("prices", "numeric[]")}, {hidden("most", "int[]")}
    ) as l (id, product_id, variant_id, item_id, sku, product_name, quantity, unit_price, most)
), new_order as (
    insert into orders_order (
        id, number, user_id, status, total_amount, currency, order_date, updated_at, recipient_name, phone,
        shipping_address_line1, shipping_address_line2, shipping_city, shipping_state, shipping_postal_code,
        shipping_country, version)
    select %(order_id)s::bigint, %(number)s::text, u.id, 'pending', %(total)s::numeric,
           %(currency)s::text, %(order_date)s::timestamptz, %(order_date)s::timestamptz,
           %(recipient_name)s::text, %(phone)s::text, %(shipping_address_line1)s::text,
           %(shipping_address_line2)s::text, %(shipping_city)s::text, %(shipping_state)s::text,
           %(shipping_postal_code)s::text, %(shipping_country)s::text, 1
    from accounts_user u
    where u.id = {hidden("user_id", "bigint")} and u.anonymised_at is null
        and ({hidden("cap", "int")} = 0 or {hidden("cap", "int")} > (
            select count(*) from orders_order where user_id = u.id and status = 'pending' and deleted_at is null))
        and not exists ({TOO_MANY_UNITS})
    returning id, order_date
), new_lines as (
    insert into orders_orderitem (
        id, order_id, product_id, variant_id, sku, product_name, quantity, unit_price, subtotal)
    select l.id, o.id, l.product_id, l.variant_id, l.sku, l.product_name, l.quantity, l.unit_price,
           l.unit_price * l.quantity
    from new_order o, line l
), first_step as (
    insert into orders_orderevent (order_id, at, event, from_status, to_status, actor, note)
    select id, order_date, 'placed', '', 'pending', %(actor)s::text, '' from new_order
), new_event as (
    insert into events_event (kind, subject, payload, actor, channel)
    select 'order.placed', 'order:' || id, jsonb_build_object('order_id', id), %(actor)s::text, %(channel)s::text
    from new_order
)"""  # noqa: S608  # as above
WRITE = "with {parts} select exists (select from new_order), {condition}"
