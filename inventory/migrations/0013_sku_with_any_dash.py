"""One SKU for one item: unique without regard to the kind of its dashes too, and with ss for ß.

The index is built beside the shop's work, and then takes the place of the one before it.
"""

from importlib import import_module

from django.db import migrations

import inventory.skus

before = import_module("inventory.migrations.0007_sku_in_any_form")
BUILD = f"""
create unique index concurrently stockitem_sku_any_dash
on inventory_stockitem (({inventory.skus.KEY.format(sku="sku")}))
"""
EXCHANGE = """
do $$ begin
    drop index stockitem_sku_key_unique;
    alter index stockitem_sku_any_dash rename to stockitem_sku_key_unique;
end $$
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inventory", "0012_delivery_notes")]

    # The constraint of the model is the same: its expression is that of inventory.skus.
    operations = [
        migrations.RunPython(before.refuse_alike, migrations.RunPython.noop),
        # An attempt that was broken off leaves an index that is not valid.
        migrations.RunSQL("drop index concurrently if exists stockitem_sku_any_dash", migrations.RunSQL.noop),
        migrations.RunSQL(BUILD, migrations.RunSQL.noop),
        migrations.RunSQL(EXCHANGE, migrations.RunSQL.noop),
    ]
