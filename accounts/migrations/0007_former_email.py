"""The emails that people had until lately, where they are told that an account has changed hands."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_names_without_links")]

    operations = [
        migrations.CreateModel(
            "FormerEmail",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254)),
                ("replaced_at", models.DateTimeField(db_default=Now())),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_emails",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        )
    ]
