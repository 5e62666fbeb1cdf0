"""Tax classes of products, and what a list shows beside a price.

Each of the tables that are read all the time is altered by a migration of its own: one that waits for a table holds the
others no longer. No table is written anew.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0011_search_words'),
        ('inventory', '0012_delivery_notes'),
    ]

    operations = [
        migrations.AddField(
            model_name='product',
            name='beside_price',
            field=models.JSONField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='product',
            name='tax_class',
            field=models.CharField(blank=True, db_default='', default='', help_text='Empty: the standard class.', max_length=32),
        ),
    ]
