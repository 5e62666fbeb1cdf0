"""The consents of people with an account: chosen by themselves, tied to the account, and erased with it.

An account speaks for its mailbox once its owner has shown that they read it. Until then it may ask, as a stranger may.
"""

from collections.abc import Mapping
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User
from database.refusals import NotFound
from database.text import email_key
from database.transactions import unit_of_work
from marketing.models import CartReminder, Consent, Proof
from marketing.services.consents import (
    State,
    What,
    account_of,
    ask,
    change,
    end,
    give,
    in_sequence,
    locked,
    prove,
    row_of,
    save,
    tell,
    wording_shown,
)
from marketing.ways import BY_WORKER, Way


class Preferences(NamedTuple):
    """What a customer is sent, as far as the customer may know."""

    state: str
    topics: list[str]


def key_of(user: User) -> str:
    """The folded address of an account. One from before addresses had one form is only put in small letters."""
    try:
        return email_key(user.email)
    except ValidationError:
        return user.email.lower()


def preferences_of(user: User) -> Preferences:
    """What a customer is sent.

    Whoever has not shown that the mailbox is theirs learns what they asked for, and nothing of its owner's word.
    """
    email = key_of(user)
    if user.email_confirmed_at is None:
        mine = Proof.objects.filter(consent__email=email, actor=f"customer:{user.pk}", what=What.ASKED)
        return Preferences(State.ASKED.value if mine.exists() else State.WITHDRAWN.value, [])
    consent = Consent.objects.filter(email=email).first()
    if consent is None:
        return Preferences(State.WITHDRAWN.value, [])
    return Preferences(consent.state, in_sequence(consent.topics))


@unit_of_work
def choose_for_account(*, user_id: int, changes: Mapping[str, bool], way: Way) -> Preferences:
    """Switch topics on and off for a customer's own mailbox. What is so already changes nothing.

    A confirmed email of the account confirms the consent too, and nothing is mailed. Anybody else is mailed the link
    that confirms. Refuses NotFound. Locks the consent.
    """
    user = User.objects.filter(pk=user_id, is_active=True, anonymised_at=None).first()
    if user is None:
        raise NotFound
    on = [topic for topic, wanted in changes.items() if wanted]
    if user.email_confirmed_at is None:
        if on:
            ask(row_of(key_of(user)), way, on, wording_shown(""))
        return preferences_of(user)
    consent = row_of(key_of(user))
    before = consent.topics if consent.state == State.GIVEN else []
    topics = in_sequence([*on, *(topic for topic in before if changes.get(topic, True))])
    if topics and consent.state == State.GIVEN:
        change(consent, way, topics)
    elif topics:
        asked = prove(consent, What.ASKED, way, topics=topics, wording=wording_shown(""))
        give(consent, way, topics=topics, how="account", asked=asked)
    elif not all(changes.values()):  # something was switched off, and nothing is left
        end(consent, way)
    return Preferences(consent.state, in_sequence(consent.topics))


@unit_of_work
def link_account(*, user_id: int) -> None:
    """Tie the consent of a mailbox to the account whose owner has shown that they read it. Locks the consent.

    From then on the consent ends with the account, and while the account has another email.
    """
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        return
    consent = Consent.objects.select_for_update(no_key=True).filter(email=key_of(user)).first()
    if consent is not None and account_of(consent.email) == user_id:
        consent.user_id = user_id
        save(consent)


@unit_of_work
def erase_consents(user_id: int) -> None:
    """Forget the address of a customer who is forgotten, in all consents that have it. For accounts.leaving.

    The proofs stay: that there was a consent, of nobody any more. Locks the consents.
    """
    email = key_of(User.objects.get(pk=user_id))
    mine = Consent.objects.select_for_update(no_key=True).filter(Q(user_id=user_id) | Q(email=email))
    for consent in mine.order_by("pk"):
        erase(consent, BY_WORKER)


@unit_of_work
def erase_consent(*, consent_id: int, way: Way) -> None:
    """Forget an address, for staff whom its owner has asked. Refuses NotFound. Locks the consent."""
    erase(locked(consent_id), way)


def erase(consent: Consent, way: Way) -> None:
    """Forget the address of a locked row, and withdraw its consent. A second time changes nothing."""
    if consent.erased_at is not None:
        return
    end(consent, way, what=What.ERASED)
    if not consent.proofs.filter(what=What.ERASED).exists():
        prove(consent, What.ERASED, way)
    CartReminder.objects.filter(consent=consent).delete()
    consent.email, consent.user, consent.erased_at = f"erased-{consent.pk}@invalid.invalid", None, Now()
    consent.save(update_fields=["email", "user", "erased_at"])
    tell(consent, "erased", way)
