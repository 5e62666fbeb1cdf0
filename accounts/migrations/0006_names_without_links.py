"""Names hold no address of a page. The rows stay as they are: a validator is no column."""

from django.db import migrations, models

from database.text import refuse_links


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_session_previous_jti")]

    operations = [
        migrations.AlterField("user", name, models.CharField(max_length=100, validators=[refuse_links]))
        for name in ("first_name", "last_name")
    ]
