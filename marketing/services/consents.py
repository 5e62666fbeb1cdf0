"""Consents: asked for, confirmed by the mailbox, changed, withdrawn. Each step leaves a proof and tells the journal.

An address costs the same statements whatever its consent is, so that nobody learns who has subscribed. Neither proofs
nor journal hold an address.
"""

import hashlib
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from database.refusals import NotFound
from database.rows import fetch_rows
from database.transactions import unit_of_work
from events.services import publish
from marketing.exceptions import DeadConfirmation, UnknownWording
from marketing.links import asked_in
from marketing.models import Consent, Proof, Recipient, Topic, Wording
from marketing.ways import Way

State, What = Consent.State, Proof.What
ALL_TOPICS = tuple(topic.value for topic in Topic)
# The row of an address, made when there is none. It is locked in either case.
ROW_OF = """
insert into marketing_consent as consent (email, state, topics) values (%(email)s::text, 'withdrawn', '{}')
on conflict (email) do update set email = excluded.email
returning id
"""
# The account whose owner has shown that this mailbox is theirs.
ACCOUNT_OF = """
select id from accounts_user
where lower(email) = %(email)s::text and email_confirmed_at is not null and is_active and anonymised_at is null
"""


@unit_of_work
def ask_for_mails(*, email: str, way: Way, topics: Collection[str] = ALL_TOPICS, wording: str = "") -> None:
    """Have the link mailed by which a mailbox agrees to these topics. `email` is folded (`database.text.email_key`).

    A mailbox that has agreed already is sent nothing. The caller does not learn which it was. `wording` is the version
    that was shown, the present one if it is empty. Refuses UnknownWording. Locks the consent.
    """
    shown = wording_shown(wording)
    ask(row_of(email), way, topics, shown)


def ask(consent: Consent, way: Way, topics: Collection[str], shown: Wording) -> None:
    """Note on a locked row that somebody has asked, which the job that mails the link hears of."""
    if consent.state == State.WITHDRAWN:
        consent.state = State.ASKED
    proof = prove(consent, What.ASKED, way, topics=in_sequence(topics), wording=shown)
    save(consent)
    tell(consent, "asked", way, proof_id=proof.pk)


@unit_of_work
def confirm(*, token: str, way: Way) -> Consent:
    """Give the consent that was asked for, by the token that was mailed to the mailbox. Again changes nothing.

    Refuses DeadConfirmation. Locks the consent.
    """
    asked = asked_in(token)
    if asked is None:
        raise DeadConfirmation
    consent_id, proof_id = asked
    consent = Consent.objects.select_for_update(no_key=True).filter(pk=consent_id).first()
    proof = Proof.objects.filter(pk=proof_id, consent_id=consent_id, what=What.ASKED).first()
    if consent is None or proof is None or consent.state == State.WITHDRAWN or is_over(proof):
        raise DeadConfirmation
    if consent.state == State.ASKED:
        give(consent, way, topics=proof.topics, how="link", asked=proof)
    return consent


def is_over(asked: Proof) -> bool:
    """Whether what was asked for was withdrawn since."""
    ends = (What.WITHDRAWN, What.UNDELIVERABLE, What.ERASED)
    return Proof.objects.filter(consent=asked.consent_id, pk__gt=asked.pk, what__in=ends).exists()


def give(consent: Consent, way: Way, *, topics: Collection[str], how: str, asked: Proof) -> None:
    """Note on a locked row that its mailbox agrees."""
    more = {"topics": in_sequence(topics), "wording_id": asked.wording_id, "how": how, "confirms": asked}
    proof = prove(consent, What.CONFIRMED, way, **more)
    consent.state, consent.topics, consent.confirmation = State.GIVEN, proof.topics, proof
    consent.user_id = account_of(consent.email)
    save(consent)
    tell(consent, "given", way, topics=proof.topics)


@unit_of_work
def choose(*, consent_id: int, topics: Collection[str], way: Way, recipient_id: int = 0) -> Consent:
    """Set what a mailbox is sent, for whoever has a link from a mail of it. No topics withdraw the consent.

    A mailbox that has withdrawn is asked once more, by mail. Refuses NotFound. Locks the consent.
    """
    consent = locked(consent_id)
    if not topics:
        end(consent, way, recipient_id)
    elif consent.state == State.GIVEN:
        change(consent, way, topics)
    elif consent.erased_at is None:
        ask(consent, way, topics, wording_shown(""))
    return consent


def change(consent: Consent, way: Way, topics: Collection[str]) -> None:
    """Set the topics of a consent that is given, on a locked row."""
    wanted = in_sequence(topics)
    if wanted != in_sequence(consent.topics):
        prove(consent, What.CHANGED, way, topics=wanted)
        consent.topics = wanted
        save(consent)
        tell(consent, "chosen", way, topics=wanted)


def withdraw_if_there(*, consent_id: int, way: Way, recipient_id: int = 0) -> None:
    """As withdraw. A consent that is gone is written to no more either."""
    try:
        withdraw(consent_id=consent_id, way=way, recipient_id=recipient_id)
    except NotFound:
        return


@unit_of_work
def withdraw(*, consent_id: int, way: Way, recipient_id: int = 0) -> Consent:
    """End all mails to a mailbox, at once. Again changes nothing. Refuses NotFound. Locks the consent.

    `recipient_id` names the mail of a campaign whose link was followed, for the figures of the campaign.
    """
    consent = locked(consent_id)
    end(consent, way, recipient_id)
    return consent


def end(consent: Consent, way: Way, recipient_id: int = 0, what: Proof.What = What.WITHDRAWN) -> None:
    """Withdraw a consent on its locked row, and note which mail of a campaign that came of."""
    if consent.state == State.WITHDRAWN:
        return
    prove(consent, what, way)
    was_given = consent.state == State.GIVEN
    consent.state, consent.topics, consent.confirmation = State.WITHDRAWN, [], None
    save(consent)
    tell(consent, "withdrawn", way, reason=what.value)
    if was_given and recipient_id:
        mine = Recipient.objects.filter(pk=recipient_id, consent=consent, unsubscribed_at=None)
        mine.update(unsubscribed_at=Now())


@unit_of_work
def note_undeliverable(*, email: str, way: Way) -> None:
    """End all mails to an address that no longer takes any, or whose owner complains. Locks the consent.

    The last mail of a campaign to it counts as bounced.
    """
    consent = Consent.objects.select_for_update(no_key=True).filter(email=email).first()
    if consent is None:
        return
    last = Recipient.objects.filter(consent=consent, claimed_at__isnull=False).order_by("-claimed_at").first()
    if last is not None and last.bounced_at is None:
        Recipient.objects.filter(pk=last.pk).update(bounced_at=Now())
    end(consent, way, what=What.UNDELIVERABLE)


# Rows, proofs and the journal


def row_of(email: str) -> Consent:
    """The locked row of a folded address."""
    [(consent_id,)] = fetch_rows(ROW_OF, {"email": email})
    return Consent.objects.get(pk=consent_id)


def locked(consent_id: int) -> Consent:
    """The locked row with this id. Refuses NotFound."""
    consent = Consent.objects.select_for_update(no_key=True).filter(pk=consent_id).first()
    if consent is None:
        raise NotFound("There is no such consent.")
    return consent


def account_of(email: str) -> int | None:
    """The id of the account whose owner has shown that this mailbox is theirs."""
    rows = fetch_rows(ACCOUNT_OF, {"email": email})
    return int(rows[0][0]) if rows else None


def in_sequence(topics: Collection[str]) -> list[str]:
    """These topics, each once, in the sequence in which Topic has them."""
    return [topic for topic in ALL_TOPICS if topic in topics]


def present_wording() -> tuple[str, str]:
    """The version and the text of what people agree to at present."""
    text = settings.NEWSLETTER_WORDING
    return hashlib.sha256(text.encode()).hexdigest()[:12], text


def wording_shown(version: str) -> Wording:
    """The row of a wording; of the present one where `version` is empty. Refuses UnknownWording."""
    now, text = present_wording()
    if version in ("", now):
        Wording.objects.bulk_create([Wording(version=now, text=text)], ignore_conflicts=True)
        return Wording.objects.get(pk=now)
    shown = Wording.objects.filter(pk=version).first()
    if shown is None:
        raise UnknownWording
    return shown


def prove(consent: Consent, what: Proof.What, way: Way, **more: Any) -> Proof:
    """Write down what was done about a consent."""
    how = {"actor": str(way.actor), "channel": way.channel, "source": way.source}
    return Proof.objects.create(consent=consent, what=what, **how, **more)


def save(consent: Consent) -> None:
    """Write a consent that has changed."""
    consent.changed_at = Now()
    consent.save(update_fields=["state", "topics", "confirmation", "user", "changed_at"])


def tell(consent: Consent, what: str, way: Way, **facts: Any) -> None:
    """Tell the journal, which hears of no address."""
    payload = {"consent_id": consent.pk, "way": way.channel, **facts}
    publish(f"consent.{what}", payload, subject=f"consent:{consent.pk}", actor=way.actor)
