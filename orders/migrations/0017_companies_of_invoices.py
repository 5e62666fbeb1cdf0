"""The billing address of an order has a company of its own: the parcel's company may be another one.

Instant however many orders there are, since the column has a constant default. It is empty on the orders of the past.
"""

from django.db import migrations, models

from database.text import refuse_links


class Migration(migrations.Migration):
    dependencies = [("orders", "0016_words_without_accents")]

    operations = [
        migrations.AddField(
            "order",
            "billing_company",
            models.CharField(blank=True, db_default="", default="", max_length=200, validators=[refuse_links]),
        ),
        migrations.AlterField(
            "order",
            "vat_id",
            models.CharField(blank=True, db_default="", default="", help_text="Of whoever pays.", max_length=32),
        ),
    ]
