"""The ledger cannot be rewritten, hot rows have room to be updated in place, and a shop starts with one warehouse."""

from django.db import migrations


def create_main_warehouse(apps, schema_editor):
    apps.get_model("inventory", "Warehouse").objects.create(code="main", name="Main warehouse", priority=10)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            create function refuse_change() returns trigger language plpgsql as $$
            begin
                raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
            end $$;
            create trigger stockmovement_append_only before update or delete on inventory_stockmovement
                for each row execute function refuse_change();
            create trigger stockmovement_no_truncate before truncate on inventory_stockmovement
                for each statement execute function refuse_change();
            alter table inventory_stocklevel set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
            alter table inventory_reservation set (fillfactor = 80);
            """,
            """
            alter table inventory_reservation reset (fillfactor);
            alter table inventory_stocklevel reset (fillfactor, autovacuum_vacuum_scale_factor);
            drop trigger stockmovement_no_truncate on inventory_stockmovement;
            drop trigger stockmovement_append_only on inventory_stockmovement;
            drop function refuse_change();
            """,
        ),
        migrations.RunPython(create_main_warehouse, migrations.RunPython.noop),
    ]
