"""What stands on orders in letters that not everybody types is found without accents too.

The column is there at once. Orders of the past get their words batch by batch, in transactions of their own, while the
shop goes on: some seconds for each hundred thousand orders with such letters.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.operations
from django.db import migrations, models

BATCH = 5_000


def fold_the_past(apps, schema_editor):
    """Find the words of the orders that there are. A second run changes nothing."""
    from orders.search import COLUMNS, folded_words_of

    orders = apps.get_model("orders", "Order").objects
    letters = models.functions.Concat(*COLUMNS, output_field=models.TextField())
    accented = (
        orders.filter(folded_words="")
        .alias(text=letters)
        .annotate(letters=models.functions.Length("text"), size=models.Func("text", function="octet_length"))
        .exclude(size=models.F("letters"))
        .order_by("pk")
    )
    after = 0
    while batch := list(accented.filter(pk__gt=after)[:BATCH]):
        for order in batch:
            order.folded_words = folded_words_of(getattr(order, name) for name in COLUMNS)
        orders.bulk_update(batch, ["folded_words"], batch_size=500)
        after = batch[-1].pk


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("orders", "0015_orders_by_buyer")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="folded_words",
            field=models.TextField(db_default="", default="", editable=False),
        ),
        migrations.RunPython(fold_the_past, migrations.RunPython.noop),
        django.contrib.postgres.operations.AddIndexConcurrently(
            model_name="order",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("folded_words", ""), _negated=True),
                fields=["folded_words"],
                name="order_folded_words",
                opclasses=["gin_trgm_ops"],
            ),
        ),
    ]
