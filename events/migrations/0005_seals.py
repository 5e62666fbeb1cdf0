"""The journal cannot be rewritten, and has seals. Quick: a table that is empty, and triggers."""

import django.db.models.functions.datetime
from django.db import migrations, models

APPEND_ONLY = """
create function keep_events() returns trigger language plpgsql as $$
begin
    -- The dispatcher gives an event its position, once.
    if tg_op = 'UPDATE' and old.position is null and new.position is not null
        and row(new.id, new.kind, new.subject, new.payload, new.actor, new.channel, new.at)
            is not distinct from row(old.id, old.kind, old.subject, old.payload, old.actor, old.channel, old.at)
    then
        return new;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create function keep_seals() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger event_append_only before update or delete on events_event for each row execute function keep_events();
create trigger event_no_truncate before truncate on events_event for each statement execute function keep_seals();
create trigger seal_append_only before update or delete on events_seal for each row execute function keep_seals();
create trigger seal_no_truncate before truncate on events_seal for each statement execute function keep_seals();
"""
NOT_APPEND_ONLY = """
drop trigger seal_no_truncate on events_seal;
drop trigger seal_append_only on events_seal;
drop trigger event_no_truncate on events_event;
drop trigger event_append_only on events_event;
drop function keep_seals();
drop function keep_events();
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0004_queue_of_mails")]

    operations = [
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("last", models.BigIntegerField(primary_key=True, serialize=False)),
                ("digest", models.BinaryField(max_length=32)),
                ("prefixes", models.BinaryField(help_text="The beginnings of the digests of the events, in their sequence.")),
                ("sealed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.RunSQL(APPEND_ONLY, NOT_APPEND_ONLY),
    ]
