"""Campaigns, for staff: written, started, paused, resumed, cancelled. Recipients are chosen once, at the start.

Nothing is sent here. marketing.services.sending claims each mail, and asks for the consent again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models.functions import Now

from database.refusals import Expected, NotFound, check_version
from database.rows import fetch_rows
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import apply_changes
from events.services import publish
from marketing.exceptions import NobodyToWriteTo, WrongState
from marketing.markup import check_markup
from marketing.models import Campaign, Segment
from marketing.rules import chosen_by

State = Campaign.State
CHOOSE = """
insert into marketing_recipient (campaign_id, consent_id)
select %(campaign_id)s::bigint, consent.id from marketing_consent consent where {conditions}
on conflict do nothing
returning id
"""
CHOSEN = "with chosen as ({choose}) select count(*) from chosen"
FIGURES = """
select count(*), {states}, count(unsubscribed_at), count(bounced_at), min(claimed_at), max(sent_at)
from marketing_recipient where campaign_id = %(campaign_id)s::bigint
"""
COUNTED = ("waiting", "claimed", "sent", "skipped", "failed", "unknown")


class Figures(NamedTuple):
    """How a campaign is doing: so many recipients, and what became of the mails."""

    recipients: int
    waiting: int
    claimed: int
    sent: int
    skipped: int
    failed: int
    unknown: int
    unsubscribed: int
    bounced: int
    first_at: datetime | None
    last_at: datetime | None


def figures_of(campaign_id: int) -> Figures:
    """The figures of a campaign at this moment."""
    states = ", ".join(f"count(*) filter (where state = '{state}')" for state in COUNTED)
    [row] = fetch_rows(FIGURES.format(states=states), {"campaign_id": campaign_id})
    return Figures(*row)


@unit_of_work
def create_campaign(*, subject: str, text: str, segment_id: int, rate: int, actor: Actor) -> Campaign:
    """Write a campaign, which is sent to nobody yet. Refuses BadMarkup, and NotFound for the segment."""
    check_markup(text)
    campaign = Campaign.objects.create(subject=subject, text=text, segment=segment_of(segment_id), rate=rate)
    tell(campaign, "created", actor, subject=subject, segment_id=segment_id)
    return campaign


@unit_of_work
def update_campaign(
    *, campaign_id: int, changes: Mapping[str, Any], actor: Actor, expected_version: Expected = None
) -> Campaign:
    """Change a draft; of a campaign that was started the rate alone, as long as it has not ended.

    Refuses NotFound, VersionMismatch, BadMarkup and WrongState. Locks the campaign.
    """
    campaign = locked(campaign_id)
    check_version(campaign.version, expected_version)
    if "segment_id" in changes:
        segment_of(changes["segment_id"])
    check_markup(changes.get("text", ""))
    changed = apply_changes(campaign, changes)
    if changed and campaign.state != State.DRAFT:
        refuse_unless(campaign, State.SENDING, State.PAUSED, but=set(changed) == {"rate"})
    if changed:
        save(campaign)
        tell(campaign, "updated", actor, changes=changed)
    return campaign


@unit_of_work
def try_campaign(*, campaign_id: int, actor: Actor) -> None:
    """Have a campaign mailed to the member of staff who asks for it, as it is now. Refuses NotFound. Locks it."""
    tell(locked(campaign_id), "tested", actor, user_id=actor.user_id)


@unit_of_work
def start_campaign(*, campaign_id: int, actor: Actor, expected_version: Expected = None) -> int:
    """Choose the recipients of a draft, and begin to send; answers how many they are.

    What the segment becomes later changes nothing. A consent that ends before its mail is sent ends that mail.
    Refuses NotFound, VersionMismatch, WrongState and NobodyToWriteTo. Locks the campaign.
    """
    campaign = locked(campaign_id)
    check_version(campaign.version, expected_version)
    refuse_unless(campaign, State.DRAFT)
    conditions, params = chosen_by(campaign.segment.rules)
    sql = CHOSEN.format(choose=CHOOSE.format(conditions=conditions))
    [(recipients,)] = fetch_rows(sql, params | {"campaign_id": campaign_id})
    if not recipients:
        raise NobodyToWriteTo
    campaign.state, campaign.started_at, campaign.next_at = State.SENDING, Now(), a_minute_ago()
    save(campaign)
    tell(campaign, "started", actor, recipients=int(recipients), segment_id=campaign.segment_id)
    return int(recipients)


@unit_of_work
def pause_campaign(*, campaign_id: int, actor: Actor) -> None:
    """Send nothing more of it for now. The mail that is being sent at this moment is sent.

    Refuses NotFound and WrongState. Locks the campaign.
    """
    campaign = locked(campaign_id)
    refuse_unless(campaign, State.SENDING)
    campaign.state = State.PAUSED
    save(campaign)
    tell(campaign, "paused", actor)


@unit_of_work
def resume_campaign(*, campaign_id: int, actor: Actor) -> None:
    """Go on with those who still wait. Refuses NotFound and WrongState. Locks the campaign."""
    campaign = locked(campaign_id)
    refuse_unless(campaign, State.PAUSED)
    campaign.state, campaign.next_at = State.SENDING, a_minute_ago()
    save(campaign)
    tell(campaign, "resumed", actor)


@unit_of_work
def cancel_campaign(*, campaign_id: int, actor: Actor) -> None:
    """End a campaign for good: whoever still waits is not written to. Refuses NotFound and WrongState. Locks it."""
    campaign = locked(campaign_id)
    refuse_unless(campaign, State.DRAFT, State.SENDING, State.PAUSED)
    campaign.state, campaign.finished_at = State.CANCELLED, Now()
    save(campaign)
    tell(campaign, "cancelled", actor)


def a_minute_ago() -> Any:
    """Since when a campaign is due that begins now: the mails of a minute may go at once."""
    return Now() - timedelta(minutes=1)


def locked(campaign_id: int) -> Campaign:
    """The locked row of a campaign. Refuses NotFound."""
    campaign = Campaign.objects.select_for_update(no_key=True).filter(pk=campaign_id).first()
    if campaign is None:
        raise NotFound("There is no such campaign.")
    return campaign


def segment_of(segment_id: int) -> Segment:
    """A segment. Refuses NotFound."""
    segment = Segment.objects.filter(pk=segment_id).first()
    if segment is None:
        raise NotFound("There is no such segment.")
    return segment


def refuse_unless(campaign: Campaign, *states: str, but: bool = True) -> None:
    """Refuse (WrongState) a campaign in another state than these; with `but` false, in any state but a draft."""
    if not but:
        raise WrongState(campaign.state, State.DRAFT)
    if campaign.state not in states:
        raise WrongState(campaign.state, " or ".join(states))


def save(campaign: Campaign) -> None:
    """Write a campaign, as a new version."""
    campaign.version += 1
    campaign.save()


def tell(campaign: Campaign, what: str, actor: Actor, **facts: Any) -> None:
    """Tell the journal what was done with a campaign."""
    payload = {"campaign_id": campaign.pk, **facts}
    publish(f"campaign.{what}", payload, subject=f"campaign:{campaign.pk}", actor=actor)
