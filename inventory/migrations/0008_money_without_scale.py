"""Money has the decimals of its currency: columns without a scale, which PostgreSQL changes without rewriting them."""

import database.money
from database.money import places_of
from django.db import migrations


def rescale(apps, schema_editor):
    """Give amounts of a currency with other than two decimals its own. The ledger stays as it was written."""
    places = places_of()
    if places == 2:
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("update inventory_stockitem set unit_cost = round(unit_cost, %s)", [places])


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0007_sku_in_any_form'),
    ]

    operations = [
        migrations.AlterField(
            model_name='stockitem',
            name='unit_cost',
            field=database.money.MoneyField(blank=True, null=True, validators=[database.money.validate_cost]),
        ),
        migrations.AlterField(
            model_name='stockmovement',
            name='unit_cost',
            field=database.money.MoneyField(null=True),
        ),
        migrations.RunPython(rescale, migrations.RunPython.noop),
    ]
