"""The id of the refresh token that a session has exchanged last."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_session_otp_device")]

    operations = [migrations.AddField("session", "previous_jti", models.UUIDField(null=True))]
