"""The keys of one owner are unique. The index is built beside running requests: it has no row at first, but to find that
out PostgreSQL reads a table of many answers."""

from django.db import migrations, models

NAME = "idempotency_key_of_owner"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("api", "0003_owners_of_keys")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # An attempt that was broken off leaves an index that is not valid.
                migrations.RunSQL(f"drop index concurrently if exists {NAME}", migrations.RunSQL.noop),
                migrations.RunSQL(
                    f"create unique index concurrently {NAME} on api_idempotencykey (owner, key)"
                    " where owner is not null",
                    f"drop index concurrently if exists {NAME}",
                ),
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="idempotencykey",
                    constraint=models.UniqueConstraint(
                        fields=["owner", "key"], condition=models.Q(owner__isnull=False), name=NAME
                    ),
                ),
            ],
        ),
    ]
