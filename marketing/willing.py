"""Who may be written to: the one condition that every statement has which leads to a mail of this app.

It is asked when recipients are chosen, again in the statement that claims each of them, and once more just before a
mail is made (marketing.writing). Whatever ends mails to an address beside its owner's own word belongs here.
"""

from marketing.models import Topic

# The state alone is not believed: the confirmation that it names must be one of this very consent. An account with
# the address ends mails while it is disabled or about to be erased, and one that has another email by now takes its
# consent with it: the person may not read the old mailbox any more.
WILLING = """(
    {consent}.state = 'given' and {consent}.erased_at is null and '{topic}' = any({consent}.topics)
    and exists (
        select from marketing_proof proof
        where proof.id = {consent}.confirmation_id and proof.consent_id = {consent}.id and proof.what = 'confirmed'
    )
    and not exists (
        select from accounts_user person where lower(person.email) = {consent}.email
        and (not person.is_active or person.anonymised_at is not null or person.leaving_at is not null)
    )
    and ({consent}.user_id is null or exists (
        select from accounts_user person
        where person.id = {consent}.user_id and lower(person.email) = {consent}.email
    ))
)"""


def willing(topic: Topic, consent: str = "consent") -> str:
    """The condition under which a row of marketing_consent, by this name in a statement, may be written to."""
    return WILLING.format(topic=topic.value, consent=consent)
