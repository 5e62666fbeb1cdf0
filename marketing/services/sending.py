"""Which mail of a campaign is sent next, and what became of it.

A worker claims one mail at a time, in one statement that asks for the consent again and locks it: a withdrawal that is
on disk by then counts, and one that is being written is waited for. What was claimed is never claimed again, except
where it is certain that the mail server did not take it. So nobody gets a campaign twice, whenever a worker dies.
"""

from typing import NamedTuple

from database.rows import fetch_rows
from database.transactions import unit_of_work
from events.actors import WORKER
from events.services import publish
from marketing.models import Campaign, Recipient, Topic
from marketing.willing import willing

# After so many attempts that the server did not take, a mail has failed.
MAX_ATTEMPTS = 5
# A worker that has not said for so long what became of a mail has died. No dialogue with a mail server takes longer.
LOST_MINUTES = 15
# A campaign that had to wait catches up on so many minutes of its rate at once. The job runs every minute.
BURST = "interval '1 minute'"

# The campaign is locked, so that its rate holds for all workers together; a worker that meets the lock takes another.
CLAIM = """
with due as (
    select id, rate from marketing_campaign campaign
    where state = 'sending' and next_at <= clock_timestamp() and exists (
        select from marketing_recipient waiting where waiting.campaign_id = campaign.id and waiting.state = 'waiting'
    )
    order by next_at limit 1
    for no key update skip locked
), next as (
    select recipient.id, consent.id as consent_id, {willing} as wants_it
    from due join marketing_recipient recipient on recipient.campaign_id = due.id and recipient.state = 'waiting'
    join marketing_consent consent on consent.id = recipient.consent_id
    order by recipient.id limit 1
    for no key update of recipient skip locked for share of consent
), paced as (
    update marketing_campaign campaign
    set next_at = greatest(campaign.next_at, clock_timestamp() - {burst}) + interval '1 hour' / due.rate
    from due, next where campaign.id = due.id and next.wants_it
)
update marketing_recipient recipient
set state = case when next.wants_it then 'claimed' else 'skipped' end, claimed_at = clock_timestamp(),
    attempts = attempts + 1
from next where recipient.id = next.id
returning recipient.id, recipient.campaign_id, next.consent_id, next.wants_it
"""
# Whoever has claimed a mail says what became of it. A claim that was given up meanwhile stays as it is.
NOTE = """
update marketing_recipient set state = %(state)s::text,
    sent_at = case when %(state)s::text = 'sent' then clock_timestamp() end,
    bounced_at = case when %(bounced)s::boolean then clock_timestamp() else bounced_at end
where id = %(recipient_id)s::bigint and state = 'claimed'
returning id
"""
NOT_TAKEN = """
with back as (
    update marketing_recipient set state = case when attempts < %(most)s::int then 'waiting' else 'failed' end
    where id = %(recipient_id)s::bigint and state = 'claimed'
    returning campaign_id
)
update marketing_campaign campaign set next_at = clock_timestamp() + interval '1 minute'
from back where campaign.id = back.campaign_id
returning campaign.id
"""
GIVE_UP = """
update marketing_recipient set state = 'unknown'
where state = 'claimed' and claimed_at < clock_timestamp() - make_interval(mins => %(minutes)s::int)
returning id
"""
ENDED = """
select id from marketing_campaign campaign where state = 'sending' and not exists (
    select from marketing_recipient left_over
    where left_over.campaign_id = campaign.id and left_over.state in ('waiting', 'claimed')
)
order by id for no key update skip locked
"""


class Claimed(NamedTuple):
    """A mail of a campaign that this worker, and no other, may send now; or one that nobody wants any more."""

    recipient_id: int
    campaign_id: int
    consent_id: int
    wants_it: bool


@unit_of_work
def claim() -> Claimed | None:
    """Claim the next mail that is due, of any campaign; None when nothing is due. Locks campaign, mail and consent."""
    statement = CLAIM.format(willing=willing(Topic.NEWS), burst=BURST)
    rows = fetch_rows(statement, {})
    return Claimed(*rows[0]) if rows else None


@unit_of_work
def note(recipient_id: int, state: Recipient.State, *, bounced: bool = False) -> None:
    """Write down what became of a claimed mail: sent, skipped, failed or unknown."""
    fetch_rows(NOTE, {"recipient_id": recipient_id, "state": state.value, "bounced": "true" if bounced else "false"})


@unit_of_work
def note_not_taken(recipient_id: int) -> None:
    """Let a mail wait again that the mail server certainly did not take, and its campaign for a minute."""
    fetch_rows(NOT_TAKEN, {"recipient_id": recipient_id, "most": MAX_ATTEMPTS})


@unit_of_work
def give_up_lost_claims() -> int:
    """Mark the mails whose worker has died as unknown, and send them to nobody; answers how many."""
    return len(fetch_rows(GIVE_UP, {"minutes": LOST_MINUTES}))


@unit_of_work
def finish_campaigns() -> None:
    """End the campaigns of which nothing waits any more. Locks them."""
    for (campaign_id,) in fetch_rows(ENDED, {}):
        campaign = Campaign.objects.get(pk=campaign_id)
        campaign.state, campaign.version = Campaign.State.SENT, campaign.version + 1
        campaign.finished_at = Recipient.objects.filter(campaign=campaign).order_by("-claimed_at")[0].claimed_at
        campaign.save(update_fields=["state", "version", "finished_at"])
        publish("campaign.sent", {"campaign_id": campaign.pk}, subject=f"campaign:{campaign.pk}", actor=WORKER)
