"""One SKU for one item: unique without regard to case and to the form of letters."""

from django.core.management.base import CommandError
from django.db import migrations, models

import inventory.skus

ALIKE = f"""
select string_agg(format('%s (item %s)', sku, id), ', ' order by id), (array_agg(id order by id))[2]
from inventory_stockitem group by {inventory.skus.KEY.format(sku="sku")} having count(*) > 1 order by min(id)
"""


def refuse_alike(apps, schema_editor):
    """Refuse to go on while two items have one SKU, and say how to mend it. Nothing has been changed then."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(ALIKE)
        alike = cursor.fetchall()
    if alike:
        lines = "\n".join(f"  {skus}" for skus, _ in alike)
        raise CommandError(
            "Nothing was changed. SKUs that differ in case, dashes or the form of letters alone are one SKU from this version"
            f" on, and these items share one:\n{lines}\n"
            "Give all but one of each line another SKU, in the admin of the version before, or in the database:\n"
            f"  update inventory_stockitem set sku = 'ANOTHER-SKU', version = version + 1 where id = {alike[0][1]};\n"
            "Then migrate again. Orders and the ledger keep what they say."
        )


class Migration(migrations.Migration):
    dependencies = [("inventory", "0006_refusal_codes")]

    operations = [
        migrations.RunPython(refuse_alike, migrations.RunPython.noop),
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
