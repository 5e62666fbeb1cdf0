"""When staff were told that an item has sold out."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0014_warehouse_in_any_case")]

    operations = [
        migrations.CreateModel(
            name="SoldOutNotice",
            fields=[
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="inventory.stockitem",
                    ),
                ),
                ("told_at", models.DateTimeField()),
            ],
        ),
    ]
