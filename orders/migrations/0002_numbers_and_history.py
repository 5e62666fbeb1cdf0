"""Order numbers come from a sequence, and an order's history cannot be rewritten."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial"), ("inventory", "0002_append_only_ledger")]

    operations = [
        migrations.RunSQL(
            """
            create sequence orders_number_seq start 100001;
            create trigger orderevent_append_only before update or delete on orders_orderevent
                for each row execute function refuse_change();
            create trigger orderevent_no_truncate before truncate on orders_orderevent
                for each statement execute function refuse_change();
            alter table orders_order set (fillfactor = 85);
            """,
            """
            alter table orders_order reset (fillfactor);
            drop trigger orderevent_no_truncate on orders_orderevent;
            drop trigger orderevent_append_only on orders_orderevent;
            drop sequence orders_number_seq;
            """,
        ),
    ]
