"""Mails that wait go into the queue that is worked at for them."""

from django.db import migrations

MAILS = """
update procrastinate_jobs set queue_name = 'mail'
where status = 'todo' and task_name in (
    'accounts.tasks.mail_changed_credentials', 'accounts.tasks.mail_leaving', 'accounts.tasks.mail_password_reset',
    'inventory.tasks.mail_stock_digest', 'orders.tasks.mail_customer'
)
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0003_seldom_channels"), ("procrastinate", "0001_initial")]

    # The older code works at all queues.
    operations = [migrations.RunSQL(MAILS, migrations.RunSQL.noop)]
