"""What was shipped before there were parcels becomes a parcel for each warehouse that it left.

It is read from the promises that were kept, batch by batch, in transactions of their own, while the shop goes on. An
order that has parcels is left as it is, so a second run changes nothing.
"""

from django.db import migrations

BATCH = 5_000
LAST = "select coalesce(max(id), 0) from orders_order"
PARCELS = """
with gone as (
    select o.id as order_id, level.warehouse_id, line.id as order_item_id, sum(kept.quantity) as quantity,
           min(kept.resolved_at) as at
    from orders_order o
    join inventory_reservation kept on kept.reference = 'order:' || o.number and kept.state = 'fulfilled'
    join inventory_stocklevel level on level.id = kept.level_id
    join catalog_variant variant on variant.stock_item_id = level.item_id
    join orders_orderitem line on line.order_id = o.id and line.variant_id = variant.id
    where o.id > %(after)s and o.id <= %(upto)s and o.status in ('shipped', 'delivered')
        and not exists (select from orders_fulfilment where order_id = o.id)
    group by o.id, level.warehouse_id, line.id
), parcel as (
    insert into orders_fulfilment (order_id, warehouse_id, shipped_at)
    select order_id, warehouse_id, min(at) from gone group by order_id, warehouse_id order by order_id, warehouse_id
    returning id, order_id, warehouse_id
)
insert into orders_fulfilmentline (fulfilment_id, order_item_id, quantity)
select parcel.id, order_item_id, quantity from gone join parcel using (order_id, warehouse_id)
order by parcel.id, order_item_id
"""


def write_parcels(apps, schema_editor):
    """Write the parcels of all orders that there are."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(LAST)
        [last] = cursor.fetchone()
        for after in range(0, last, BATCH):
            cursor.execute(PARCELS, {"after": after, "upto": after + BATCH})


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("orders", "0018_after_the_order"),
        ("catalog", "0001_initial"),
        ("inventory", "0001_initial"),
    ]

    operations = [migrations.RunPython(write_parcels, migrations.RunPython.noop)]
