"""One code for one warehouse: unique without regard to case."""

import django.db.models.functions
from django.core.management.base import CommandError
from django.db import migrations, models

ALIKE = """
select string_agg(format('%s (%s, warehouse %s)', code, name, id), ', ' order by id), (array_agg(id order by id))[2]
from inventory_warehouse group by lower(code) having count(*) > 1 order by min(id)
"""


def refuse_alike(apps, schema_editor):
    """Refuse to go on while two warehouses have one code, and say how to mend it. Nothing has been changed then."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(ALIKE)
        alike = cursor.fetchall()
    if alike:
        lines = "\n".join(f"  {codes}" for codes, _ in alike)
        raise CommandError(
            "Nothing was changed. Codes of warehouses that differ in case alone are one code from this version on, and these"
            f" warehouses share one:\n{lines}\n"
            "Give all but one of each line another code, in the database:\n"
            f"  update inventory_warehouse set code = 'another-code', version = version + 1 where id = {alike[0][1]};\n"
            "Then migrate again. The stock of a warehouse stays where it is."
        )


class Migration(migrations.Migration):
    dependencies = [("inventory", "0013_sku_with_any_dash")]

    operations = [
        migrations.RunPython(refuse_alike, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="warehouse",
            constraint=models.UniqueConstraint(
                django.db.models.functions.Lower("code"),
                name="warehouse_code_key_unique",
                violation_error_code="code_taken",
                violation_error_message="This code is taken.",
            ),
        ),
    ]
