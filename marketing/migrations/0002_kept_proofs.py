"""What shows a consent cannot be rewritten. Quick: tables that are empty, and triggers."""

from django.db import migrations

APPEND_ONLY = """
create function keep_consents() returns trigger language plpgsql as $$
begin
    -- What was asked for, and confirmed by nobody, is personal data without a reason to be kept.
    if tg_op = 'DELETE' and tg_table_name = 'marketing_proof' then
        if not exists (
            select from marketing_proof other where other.consent_id = old.consent_id and other.what <> 'asked'
        ) then
            return old;
        end if;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger proof_append_only before update or delete on marketing_proof
    for each row execute function keep_consents();
create trigger proof_no_truncate before truncate on marketing_proof
    for each statement execute function keep_consents();
create trigger wording_append_only before update or delete on marketing_wording
    for each row execute function keep_consents();
create trigger wording_no_truncate before truncate on marketing_wording
    for each statement execute function keep_consents();
"""
NOT_APPEND_ONLY = """
drop trigger wording_no_truncate on marketing_wording;
drop trigger wording_append_only on marketing_wording;
drop trigger proof_no_truncate on marketing_proof;
drop trigger proof_append_only on marketing_proof;
drop function keep_consents();
"""


class Migration(migrations.Migration):
    dependencies = [("marketing", "0001_initial")]

    operations = [migrations.RunSQL(APPEND_ONLY, NOT_APPEND_ONLY)]
