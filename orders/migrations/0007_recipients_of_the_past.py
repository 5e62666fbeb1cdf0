"""Orders from before they had a recipient are for their customer, as the packing slip said until now.

In a transaction of its own: the lock that adds a column lets nobody read meanwhile, and this takes a minute for a
million orders. Orders of customers who were forgotten stay without a recipient.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_recipient"), ("accounts", "0008_user_leaving_at")]

    operations = [
        migrations.RunSQL(
            """
            update orders_order o
            set recipient_name = trim(u.first_name || ' ' || u.last_name), phone = u.phone
            from accounts_user u
            where u.id = o.user_id and u.anonymised_at is null and o.recipient_name = ''
            """,
            migrations.RunSQL.noop,
        ),
    ]
