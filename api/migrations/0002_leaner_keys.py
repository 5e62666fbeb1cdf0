"""A status needs no CHECK that it is positive: it cost every keyed request its parsing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("api", "0001_initial")]

    operations = [
        migrations.AlterField(model_name="idempotencykey", name="status", field=models.SmallIntegerField()),
    ]
