"""Revisions stay append-only, but lose what they say of a person who is forgotten. Instant: a trigger is another one."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("orders", "0020_pickers")]

    operations = [
        migrations.RunSQL(
            """
            drop trigger orderrevision_append_only on orders_orderrevision;
            create trigger orderrevision_no_delete before delete on orders_orderrevision
                for each row execute function refuse_change();
            create trigger orderrevision_append_only before update on orders_orderrevision
                for each row
                when (
                    old.kind <> 'changed'
                    or (new.id, new.order_id, new.at, new.actor, new.kind, new.order_item_id, new.sku,
                        new.quantity_before, new.quantity_after, new.owed, new.before, new.after)
                    is distinct from (old.id, old.order_id, old.at, old.actor, old.kind, old.order_item_id, old.sku,
                        old.quantity_before, old.quantity_after, old.owed, '{}'::jsonb, '{}'::jsonb)
                )
                execute function refuse_change();
            """,
            """
            drop trigger orderrevision_append_only on orders_orderrevision;
            drop trigger orderrevision_no_delete on orders_orderrevision;
            create trigger orderrevision_append_only before update or delete on orders_orderrevision
                for each row execute function refuse_change();
            """,
        ),
    ]
