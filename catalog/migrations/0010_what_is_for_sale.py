"""Tell inventory what is for sale: live variants of active products. Alerts follow with the worker's first minute."""

from django.db import migrations

SOLD = """
update inventory_stockitem item set is_sold = true
from catalog_variant v join catalog_product p on p.id = v.product_id
where v.stock_item_id = item.id and v.archived_at is null and p.status = 'active' and not item.is_sold
"""


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0009_folded_options"),
        ("inventory", "0009_what_is_for_sale"),
    ]

    operations = [migrations.RunSQL(SOLD, migrations.RunSQL.noop)]
