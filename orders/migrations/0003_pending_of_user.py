"""The cap on a customer's pending orders is counted from an index, and history is timed by the clock."""

import inventory.models
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_numbers_and_history")]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("deleted_at", None), ("status", "pending")),
                fields=["user"],
                name="order_pending_of_user",
            ),
        ),
        migrations.AlterField(
            model_name="orderevent",
            name="at",
            field=models.DateTimeField(db_default=inventory.models.ClockTimestamp()),
        ),
    ]
