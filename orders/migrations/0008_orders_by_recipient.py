"""Staff find an order by a part of its recipient's name. The index comes after the names, and so is built at once."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_recipients_of_the_past")]

    operations = [
        migrations.AddIndex(
            "order",
            django.contrib.postgres.indexes.GinIndex(
                fields=["recipient_name"], name="order_recipient", opclasses=["gin_trgm_ops"]
            ),
        ),
    ]
