"""Money has the decimals of its currency: columns without a scale, which PostgreSQL changes without rewriting them.

Amounts of other than two decimals get their own, where no digit is lost.
"""

import database.money
from database.money import PLACES
from django.db import migrations


RESCALE = """
update orders_order as o set total_amount = round(o.total_amount, c.places)
from (select * from unnest(%(currencies)s::text[], %(places)s::int[])) as c (currency, places)
where c.currency = o.currency and o.total_amount = round(o.total_amount, c.places);
update orders_orderitem as l
set unit_price = round(l.unit_price, c.places), subtotal = round(l.subtotal, c.places)
from orders_order o, (select * from unnest(%(currencies)s::text[], %(places)s::int[])) as c (currency, places)
where o.id = l.order_id and c.currency = o.currency and l.unit_price = round(l.unit_price, c.places)
"""


def rescale(apps, schema_editor):
    """Give the amounts of each currency with other than two decimals its own."""
    with schema_editor.connection.cursor() as cursor:
        for statement in RESCALE.split(";"):
            cursor.execute(statement, {"currencies": list(PLACES), "places": list(PLACES.values())})


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0008_orders_by_recipient'),
    ]

    operations = [
        migrations.AlterField(
            model_name='order',
            name='total_amount',
            field=database.money.MoneyField(),
        ),
        migrations.AlterField(
            model_name='orderitem',
            name='subtotal',
            field=database.money.MoneyField(),
        ),
        migrations.AlterField(
            model_name='orderitem',
            name='unit_price',
            field=database.money.MoneyField(),
        ),
        migrations.RunPython(rescale, migrations.RunPython.noop),
    ]
