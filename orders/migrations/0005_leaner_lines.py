"""A line's product is that of its variant, whose key says so; and a version needs no CHECK that it is positive."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_figures_of_the_home_page"), ("catalog", "0002_newest_by_category")]

    operations = [
        migrations.AlterField(
            model_name="order", name="version", field=models.IntegerField(db_default=1, default=1, editable=False)
        ),
        migrations.AlterField(
            model_name="orderitem",
            name="product",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="catalog.product",
            ),
        ),
    ]
