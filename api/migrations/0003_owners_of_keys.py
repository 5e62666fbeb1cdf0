"""A key may belong to somebody who is no user: a cart, an order's link. Both changes are of the catalog alone, so they
are over at once, however many keys there are; and every key that was used keeps its answer."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("api", "0002_leaner_keys")]

    operations = [
        migrations.AlterField(
            model_name="idempotencykey",
            name="user",
            field=models.ForeignKey(
                settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
            ),
        ),
        migrations.AddField(
            model_name="idempotencykey", name="owner", field=models.CharField(max_length=80, null=True)
        ),
    ]
