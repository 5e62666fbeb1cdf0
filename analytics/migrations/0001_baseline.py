"""The journal is told what the catalog, the items and the warehouses say: from here on it tells the rest.

A shop in which nothing has happened has nothing to tell. In batches of a thousand rows, which are locked for as long,
one event for each row. Nobody waits for more than that. Begun anew it tells some rows twice, and the later one counts.
"""

from django.db import migrations

# As these tables are at this moment: the code may know others by now.
TABLES = {
    "catalog_category": ("name", "slug", "parent_id"),
    "catalog_product": ("name", "slug", "brand", "price", "tax_class", "status", "category_id", "attributes"),
    "catalog_variant": (
        "product_id", "stock_item_id", "name", "options", "price", "max_per_customer", "weight_g",
        "compare_at_price", "unit_measure", "archived_at",
    ),
    "inventory_warehouse": ("code", "name", "priority", "is_active"),
    "inventory_stockitem": (
        "sku", "barcode", "reorder_point", "reorder_quantity", "lead_time_days", "unit_cost",
    ),
}
TELL = """
with batch as materialized (
    select * from {table} where id > %s order by id limit 1000 for no key update
), told as (
    insert into events_event (kind, subject, payload, actor, channel)
    select 'journal.baseline', '{table}:' || id, jsonb_build_object('table', '{table}', 'id', id,
               'values', jsonb_build_object({values}, 'version', version)), 'system', 'backfill'
    from batch order by id
)
select max(id) from batch
"""


def tell(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("select exists (select from events_event)")
        if not cursor.fetchone()[0]:
            return
    for table, columns in TABLES.items():
        statement = TELL.format(table=table, values=", ".join(f"'{column}', {column}" for column in columns))
        last = 0
        with schema_editor.connection.cursor() as cursor:
            while last is not None:
                cursor.execute(statement, [last])
                [last] = cursor.fetchone()


class Migration(migrations.Migration):
    atomic = False
    initial = True

    dependencies = [
        ("catalog", "0017_index_of_options"),
        ("events", "0008_rights_to_webhooks"),
        ("inventory", "0014_warehouse_in_any_case"),
    ]

    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]
