"""What a provider was asked for cannot be rewritten or lost: only what it answered is written down later.

Instant: triggers, no row is read. It gives up after two seconds rather than let payments wait, and `migrate` can be
called again.
"""

from django.db import migrations

KEPT = """
set local lock_timeout = '2s';
create trigger operation_append_only before update on payments_operation
    for each row
    when (
        (new.id, new.payment_id, new.kind, new.amount, new.goodwill, new.lines, new.reason, new.actor)
        is distinct from
        (old.id, old.payment_id, old.kind, old.amount, old.goodwill, old.lines, old.reason, old.actor)
        or old.resolved_at is not null and new.resolved_at is null
    )
    execute function refuse_change();
create trigger operation_no_delete before delete on payments_operation
    for each row execute function refuse_change();
create trigger operation_no_truncate before truncate on payments_operation
    for each statement execute function refuse_change();
"""
NOT_KEPT = """
drop trigger operation_no_truncate on payments_operation;
drop trigger operation_no_delete on payments_operation;
drop trigger operation_append_only on payments_operation;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_let_go"), ("inventory", "0002_append_only_ledger")]

    operations = [migrations.RunSQL(KEPT, NOT_KEPT)]
