"""The index by which the events of a time are found, built beside the shop's work."""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("events", "0006_webhooks")]

    operations = [
        AddIndexConcurrently(
            model_name="event",
            index=BrinIndex(fields=["at"], pages_per_range=16, autosummarize=True, name="event_at"),
        ),
    ]
