"""Orders, rebuilt from the journal and from what is append-only of them: lines, charges and revisions.

How far an order has come, its parcels and its returns are told by the journal. Its figures are added up from its lines
and charges, and its total from what was told when it was placed and from its revisions: so a line that was changed
behind the shop's back contradicts the total. What an order of an earlier release does not tell is not compared.
"""

from analytics.replay.tables import Step, Subject, Table

PLACED = Step(
    "placed_order",
    """
select (payload->>'order_id')::bigint as id, payload->>'number' as number,
       (payload->>'user_id')::bigint as user_id, (payload->>'total')::numeric as total,
       payload->>'currency' as currency,
       coalesce((payload->>'prices_include_tax')::boolean, false) as prices_include_tax,
       coalesce((payload->>'reverse_charge')::boolean, false) as reverse_charge,
       coalesce(payload->>'tax_rounding', '') as tax_rounding
from events_event where kind = 'order.placed'
""",
)
# Where each step leads. The newest one counts, and the others lead nowhere.
LEADS = """case kind when 'order.placed' then 1 when 'order.confirmed' then 2 when 'order.parcel_cancelled' then 2
       when 'order.shipped' then 3 when 'order.delivered' then 4 when 'order.cancelled' then 5 end"""
STATUS = "(array['pending', 'confirmed', 'shipped', 'delivered', 'cancelled'])"
STEPS = f"""
select (payload->>'order_id')::bigint as id, (max(array[id, {LEADS}]) filter (where {LEADS} is not null))[2] as leads,
       bool_or(kind = 'order.deleted') as deleted,
       (max(array[id, (payload->>'user_id')::bigint]) filter (where kind = 'order.adopted'))[2] as adopted_by
from events_event
where kind in ('order.placed', 'order.confirmed', 'order.parcel_cancelled', 'order.shipped', 'order.delivered',
               'order.cancelled', 'order.deleted', 'order.adopted')
group by (payload->>'order_id')::bigint
"""  # noqa: S608  # names of ours
PARCELS = """
select (parcel->>'parcel_id')::bigint as id, (payload->>'order_id')::bigint as order_id,
       (parcel->>'warehouse_id')::bigint as warehouse_id, parcel->'lines' as lines
from events_event cross join lateral jsonb_array_elements(payload->'parcels') parcel
where kind in ('order.shipped', 'order.parcel_shipped') and payload ? 'parcels'
"""
PARCEL_STEPS = """
select parcel.value::bigint as id, count(*) as steps, bool_or(kind = 'order.parcel_cancelled') as is_cancelled
from events_event cross join lateral jsonb_array_elements_text(payload->'parcel_ids') parcel
where kind in ('order.parcel_cancelled', 'order.parcel_tracked') group by parcel.value::bigint
"""
FULFILMENTS = """
select parcel.id, parcel.order_id, parcel.warehouse_id,
       case when step.is_cancelled then 'cancelled' else 'shipped' end as state,
       coalesce(step.is_cancelled, false) as cancelled, (1 + coalesce(step.steps, 0))::int as version
from {replay}.parcel parcel left join {replay}.parcel_step step on step.id = parcel.id
"""
FULFILMENT_LINES = """
select parcel.id as fulfilment_id, line.key::bigint as order_item_id, line.value::int as quantity
from {replay}.parcel parcel cross join lateral jsonb_each_text(parcel.lines) line
where line.key::bigint in (select id from orders_orderitem)
"""
# Parcels and returns of orders of an earlier release may have come before there was anything told of them.
TOLD = "select id from {replay}.placed_order where number is not null"
LIVE_PARCELS = f"""(
    select *, cancelled_at is not null as cancelled from orders_fulfilment
    where order_id in ({TOLD}) or id in (select id from {{replay}}.parcel)
)"""  # noqa: S608  # names of ours
LIVE_PARCEL_LINES = f"""(
    select line.* from orders_fulfilmentline line join {LIVE_PARCELS} parcel on parcel.id = line.fulfilment_id
)"""  # noqa: S608  # as above
FIGURES = """
select order_id, sum(items) as items, sum(shipping) as shipping, sum(discount) as discount, sum(tax) as tax
from (
    select order_id, subtotal as items, 0 as shipping, discount, tax from orders_orderitem
    union all
    select order_id, 0, amount, discount, tax from orders_charge
) part group by order_id
"""
ORDERS = f"""
select step.id, {STATUS}[step.leads] as status, step.deleted,
       step.leads < 3 and parcel.order_id is not null as partly_shipped,
       coalesce(figure.discount, 0) as discount_total, coalesce(figure.shipping, 0) as shipping_total,
       coalesce(figure.tax, 0) as tax_total
from {{replay}}.order_step step
join {{replay}}.placed_order placed on placed.id = step.id
left join {{replay}}.figure figure on figure.order_id = step.id
left join (
    select distinct order_id from orders_fulfilment where state = 'shipped'
) parcel on parcel.order_id = step.id
"""  # noqa: S608  # as above
# What a line costs by the figures of a revision: nothing where they are no figures of a line.
COSTS = """coalesce((revision.{side}->>'subtotal')::numeric - (revision.{side}->>'discount')::numeric
               + case when placed.prices_include_tax then 0 else (revision.{side}->>'tax')::numeric end, 0)"""
TOTALS = f"""
select placed.id, placed.number, coalesce(step.adopted_by, placed.user_id) as user_id, placed.currency,
       placed.prices_include_tax, placed.reverse_charge, placed.tax_rounding,
       placed.total + coalesce(revised.difference, 0) as total_amount, coalesce(figure.items, 0) as items_total
from {{replay}}.placed_order placed
join {{replay}}.order_step step on step.id = placed.id
left join {{replay}}.figure figure on figure.order_id = placed.id
left join (
    select revision.order_id, sum({COSTS.format(side="after")} - {COSTS.format(side="before")}) as difference
    from orders_orderrevision revision join {{replay}}.placed_order placed on placed.id = revision.order_id
    group by revision.order_id
) revised on revised.order_id = placed.id
where placed.number is not null
"""  # noqa: S608  # as above
LIVE_TOTALS = f"""(
    select *, total_amount - case when prices_include_tax then 0 else tax_total end + discount_total - shipping_total
               as items_total
    from orders_order where id in ({TOLD})
)"""  # noqa: S608  # as above
LINES = """
select id, order_id, quantity, subtotal, discount, tax
from (
    select distinct on (order_item_id) order_item_id as id, order_id, quantity_after as quantity,
           (after->>'subtotal')::numeric as subtotal, (after->>'discount')::numeric as discount,
           (after->>'tax')::numeric as tax
    from orders_orderrevision where order_item_id is not null order by order_item_id, orders_orderrevision.id desc
) revised where quantity > 0
"""
LIVE_LINES = """(
    select * from orders_orderitem
    where id in (select order_item_id from orders_orderrevision where order_item_id is not null)
)"""
RETURN_STEPS = """
select (payload->>'return_id')::bigint as id, (payload->>'order_id')::bigint as order_id, id as event, kind, payload
from events_event
where kind in ('order.return_requested', 'order.withdrawn', 'order.return_approved', 'order.return_refused',
               'order.return_received')
"""
ASKED = """
select id, order_id, event, kind, payload->'lines' as lines from {replay}.return_step
where kind in ('order.return_requested', 'order.withdrawn') and payload ? 'lines'
"""
CAME = """
select id, payload->'lines' as lines, (payload->>'warehouse_id')::bigint as warehouse_id,
       (payload->>'refund_shipping')::numeric as refund_shipping
from {replay}.return_step where kind = 'order.return_received' and payload ? 'refund_shipping'
"""
RETURN_LINES = """
select asked.id as of_id, line.key::bigint as order_item_id,
       coalesce(came.quantity, line.value::int) as quantity, coalesce(came.condition, '') as condition,
       coalesce(came.refund, 0) as refund
from {replay}.return_asked asked cross join lateral jsonb_each_text(asked.lines) line
left join (
    select id, (row->>'order_item_id')::bigint as order_item_id, (row->>'quantity')::int as quantity,
           row->>'condition' as condition, (row->>'refund')::numeric as refund
    from {replay}.return_came cross join lateral jsonb_array_elements(lines) row
) came on came.id = asked.id and came.order_item_id = line.key::bigint
where line.key::bigint in (select id from orders_orderitem)
"""
RETURNS = """
select asked.id, asked.order_id, case asked.kind when 'order.withdrawn' then 'withdrawal' else 'return' end as kind,
       case newest.kind when 'order.return_requested' then 'requested' when 'order.return_refused' then 'refused'
           when 'order.return_received' then 'received' else 'approved' end as state,
       came.warehouse_id, coalesce(paid.refund, 0) as refund_items,
       coalesce(came.refund_shipping, 0) as refund_shipping, newest.steps::int as version
from {replay}.return_asked asked
join (
    select id, count(*) as steps, (array_agg(kind order by event desc))[1] as kind
    from {replay}.return_step group by id
) newest on newest.id = asked.id
left join {replay}.return_came came on came.id = asked.id
left join (
    select of_id, sum(refund) as refund from {replay}.orders_returnline group by of_id
) paid on paid.of_id = asked.id
"""
LIVE_RETURNS = f"""(
    select * from orders_return where order_id in ({TOLD}) or id in (select id from {{replay}}.return_asked)
)"""  # noqa: S608  # as above
LIVE_RETURN_LINES = f"""(
    select line.* from orders_returnline line join {LIVE_RETURNS} back on back.id = line.of_id
)"""  # noqa: S608  # as above

ORDERS_SUBJECT = Subject(
    "orders",
    (
        PLACED,
        Step("order_step", STEPS),
        Step("figure", FIGURES),
        Step("parcel", PARCELS),
        Step("parcel_step", PARCEL_STEPS),
        Step("return_step", RETURN_STEPS),
        Step("return_asked", ASKED),
        Step("return_came", CAME),
        Table(
            "orders.Order",
            ORDERS,
            ("status", "deleted", "partly_shipped", "discount_total", "shipping_total", "tax_total"),
            live="(select *, deleted_at is not null as deleted from orders_order)",
            stands_for={"deleted": "deleted_at"},
        ),
        Table(
            "orders.Order",
            TOTALS,
            (
                *("number", "user_id", "currency", "prices_include_tax", "reverse_charge", "tax_rounding"),
                *("total_amount", "items_total"),
            ),
            live=LIVE_TOTALS,
            name="orders_order_totals",
            stands_for={"items_total": "total_amount"},
        ),
        Table("orders.OrderItem", LINES, ("order_id", "quantity", "subtotal", "discount", "tax"), live=LIVE_LINES),
        Table(
            "orders.Fulfilment",
            FULFILMENTS,
            ("order_id", "warehouse_id", "state", "cancelled", "version"),
            live=LIVE_PARCELS,
            stands_for={"cancelled": "cancelled_at"},
        ),
        Table(
            "orders.FulfilmentLine",
            FULFILMENT_LINES,
            ("quantity",),
            key=("fulfilment_id", "order_item_id"),
            live=LIVE_PARCEL_LINES,
        ),
        Table(
            "orders.ReturnLine",
            RETURN_LINES,
            ("quantity", "condition", "refund"),
            key=("of_id", "order_item_id"),
            live=LIVE_RETURN_LINES,
        ),
        Table(
            "orders.Return",
            RETURNS,
            ("order_id", "kind", "state", "warehouse_id", "refund_items", "refund_shipping", "version"),
            live=LIVE_RETURNS,
        ),
    ),
)
