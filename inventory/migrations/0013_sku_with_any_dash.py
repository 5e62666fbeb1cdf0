"""One SKU for one item: unique without regard to the kind of its dashes too, and with ss for ß."""

from importlib import import_module

from django.db import migrations, models

import inventory.skus

before = import_module("inventory.migrations.0007_sku_in_any_form")


class Migration(migrations.Migration):
    dependencies = [("inventory", "0012_delivery_notes")]

    operations = [
        migrations.RunPython(before.refuse_alike, migrations.RunPython.noop),
        migrations.RemoveConstraint("stockitem", "stockitem_sku_key_unique"),
        migrations.AddConstraint(
            model_name="stockitem",
            constraint=models.UniqueConstraint(
                inventory.skus.SkuKey("sku"),
                name="stockitem_sku_key_unique",
                violation_error_code="sku_taken",
                violation_error_message="This SKU is taken.",
            ),
        ),
    ]
