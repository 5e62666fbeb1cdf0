"""Money has the decimals of its currency: columns without a scale, which PostgreSQL changes without rewriting them."""

import database.money
from database.money import places_of, smallest
from django.db import migrations, models


def rescale(apps, schema_editor):
    """Give amounts of a currency with other than two decimals its own. The ledger stays as it was written."""
    places = places_of()
    if places == 2:
        return
    with schema_editor.connection.cursor() as cursor:
        for table in ("catalog_product", "catalog_variant"):
            rounded = f"update {table} set price = greatest(round(price, %s), %s) where price is not null"
            cursor.execute(rounded, [places, smallest()])


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0006_old_slugs'),
        ('inventory', '0008_money_without_scale'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='product',
            name='product_price_positive',
        ),
        migrations.RemoveConstraint(
            model_name='variant',
            name='variant_price_positive',
        ),
        migrations.AlterField(
            model_name='product',
            name='price',
            field=database.money.MoneyField(validators=[database.money.validate_price]),
        ),
        migrations.AlterField(
            model_name='variant',
            name='price',
            field=database.money.MoneyField(blank=True, help_text="Empty: the product's price.", null=True, validators=[database.money.validate_price]),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.CheckConstraint(condition=models.Q(('price__gt', 0)), name='product_price_positive'),
        ),
        migrations.AddConstraint(
            model_name='variant',
            constraint=models.CheckConstraint(condition=models.Q(('price', None), ('price__gt', 0), _connector='OR'), name='variant_price_positive'),
        ),
        migrations.RunPython(rescale, migrations.RunPython.noop),
    ]
