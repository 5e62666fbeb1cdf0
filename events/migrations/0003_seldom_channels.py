from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0002_released_claims")]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["channel", "id"], condition=~models.Q(channel="api"), name="event_seldom_channel"
            ),
        ),
    ]
