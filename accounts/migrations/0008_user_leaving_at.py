"""Since when a person wants to leave. The worker forgets the person some days later."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_former_email")]

    operations = [
        migrations.AddField("user", "leaving_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddIndex(
            "user",
            models.Index(
                condition=models.Q(("leaving_at__isnull", False)), fields=["leaving_at"], name="user_leaving"
            ),
        ),
    ]
