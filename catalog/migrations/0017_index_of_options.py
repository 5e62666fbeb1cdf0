"""The index of the options, built beside the shop's work."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('catalog', '0016_words_of_options'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='variant',
            index=GinIndex(fields=['folded_options'], name='variant_options', opclasses=['jsonb_path_ops']),
        ),
    ]
