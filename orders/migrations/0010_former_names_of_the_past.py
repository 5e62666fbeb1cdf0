"""Orders of the past are found by the SKUs and names that their lines show, where the articles have others today."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0009_order_search"),
        ("inventory", "0007_former_names"),
        ("catalog", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            """
            insert into inventory_formername (item_id, name)
            select distinct i.id, shown.name
            from (select distinct variant_id, sku, product_name from orders_orderitem) l
            join catalog_variant v on v.id = l.variant_id
            join inventory_stockitem i on i.id = v.stock_item_id
            cross join lateral (values (l.sku), (l.product_name)) as shown (name)
            where shown.name not in (i.sku, i.name)
            on conflict do nothing
            """,
            migrations.RunSQL.noop,
        ),
    ]
