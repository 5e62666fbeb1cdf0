"""Why a key was revoked. Instant: a column with a default, of a table with few rows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0017_rights_to_api_keys")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="revoked_reason",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
    ]
