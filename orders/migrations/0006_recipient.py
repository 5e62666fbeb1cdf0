"""An order has its own recipient and phone, and a customer's open orders are found by an index."""

from django.db import migrations, models

from database.text import refuse_links


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_leaner_lines")]

    operations = [
        migrations.AddField("order", "phone", models.CharField(blank=True, db_default="", default="", max_length=32)),
        migrations.AddField(
            "order",
            "recipient_name",
            models.CharField(db_default="", default="", max_length=201, validators=[refuse_links]),
        ),
        migrations.RemoveIndex("order", "order_pending_of_user"),
        migrations.AddIndex(
            "order",
            models.Index(
                condition=models.Q(("deleted_at", None), ("status__in", ["pending", "confirmed"])),
                fields=["user", "status"],
                name="order_open_of_user",
            ),
        ),
    ]
