"""Consents: asked for, confirmed by the mailbox, proven, withdrawn; and what nobody learns meanwhile."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.signing import TimestampSigner
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts import leaving
from accounts.models import User
from accounts.tests.factories import client_of, make_user
from events.actors import COMMAND
from events.models import Event
from marketing import services
from marketing.exceptions import DeadConfirmation
from marketing.links import token_of, unsubscribe_url
from marketing.models import Consent, Proof, Wording
from marketing.tasks import mail_newsletter_confirmation, purge_consents, tie_consent
from marketing.tests.factories import PAGE, ask, make_consent, token_for

pytestmark = pytest.mark.django_db
NEWSLETTER, MINE = "/api/v1/newsletter", "/api/v1/users/me/preferences"


def told() -> list[str]:
    return list(Event.objects.filter(kind__startswith="consent.").order_by("id").values_list("kind", flat=True))


def deliver() -> None:
    """Run the jobs of all that was asked for so far."""
    for event in Event.objects.filter(kind="consent.asked").order_by("id"):
        mail_newsletter_confirmation(event_id=event.pk, kind=event.kind, payload=event.payload)


def test_a_mailbox_is_written_to_once_it_has_confirmed(client: Client) -> None:
    answer = APIClient().post(f"{NEWSLETTER}/subscribe", {"email": "Ann@Example.COM"})
    assert answer.status_code == 202
    consent = Consent.objects.get()
    assert (consent.email, consent.state, consent.topics) == ("ann@example.com", "asked", [])

    deliver()
    deliver()
    [message] = mail.outbox
    assert message.to == ["ann@example.com"]
    assert "List-Unsubscribe" not in message.extra_headers
    path = re.search(r"http://localhost:8000(/newsletter/confirm/\S+)", str(message.body))[1]  # type: ignore[index]

    assert client.get(path).status_code == 200
    consent.refresh_from_db()
    assert consent.state == "asked", "a scanner of mails follows every link"
    assert b"You are subscribed." in client.post(path).content
    assert client.post(path).status_code == 200

    consent.refresh_from_db()
    assert (consent.state, consent.topics) == ("given", ["news", "cart_reminders"])
    assert told() == ["consent.asked", "consent.given"]
    asked, confirmed = consent.proofs.all()
    assert (asked.what, asked.channel, asked.wording_id) == ("asked", "api", services.present_wording()[0])
    assert (confirmed.what, confirmed.channel, confirmed.how, confirmed.confirms) == (
        "confirmed",
        "page",
        "link",
        asked,
    )
    assert consent.confirmation == confirmed
    assert Wording.objects.get().text == services.present_wording()[1]
    assert len(asked.source) == 12
    assert asked.source == confirmed.source


def test_nobody_learns_who_is_subscribed() -> None:
    make_consent("ann@example.com")
    services.withdraw(consent_id=make_consent("bob@example.com").pk, way=PAGE)
    answers = [
        APIClient().post(f"{NEWSLETTER}/subscribe", {"email": email})
        for email in ("ann@example.com", "bob@example.com", "new@example.com")
    ]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    mail.outbox.clear()
    deliver()
    assert {message.to[0] for message in mail.outbox} == {"bob@example.com", "new@example.com"}
    assert Consent.objects.get(email="ann@example.com").state == "given"


def test_an_address_costs_the_same_statements_whatever_its_consent_is() -> None:
    make_consent("ann@example.com")
    ask("bob@example.com")
    counts = []
    for email in ("ann@example.com", "bob@example.com", "new@example.com"):
        with CaptureQueriesContext(connection) as queries:
            services.ask_for_mails(email=email, way=PAGE)
        counts.append(len(queries))
    assert len(set(counts)) == 1


def test_a_link_confirms_nothing_that_was_withdrawn_since(client: Client) -> None:
    consent = ask("ann@example.com")
    token = token_for(consent)
    services.withdraw(consent_id=consent.pk, way=PAGE)
    with pytest.raises(DeadConfirmation):
        services.confirm(token=token, way=PAGE)

    ask("ann@example.com")
    with pytest.raises(DeadConfirmation):
        services.confirm(token=token, way=PAGE)
    assert client.post(f"/newsletter/confirm/{token}").status_code == 400
    services.confirm(token=token_for(consent), way=PAGE)
    consent.refresh_from_db()
    assert consent.state == "given"


@pytest.mark.parametrize("bad", ["", "x", "1-1:2:3", "old", "of a mail"])
def test_a_link_that_is_not_ours_or_too_old_confirms_nothing(bad: str, client: Client, settings: Any) -> None:
    consent = ask("ann@example.com")
    token = bad
    if bad == "old":
        signer = TimestampSigner(key=settings.TOKEN_SIGNING_KEY, salt="marketing.confirm")
        signer.timestamp = lambda: "1vQ2aa"  # type: ignore[method-assign]
        token = signer.sign(f"{consent.pk}-{consent.proofs.get().pk}")
    elif bad == "of a mail":
        token = token_of(consent.pk)
    answer = APIClient().post(f"{NEWSLETTER}/confirm", {"token": token or " "})
    assert answer.status_code == 400
    if token:
        assert client.post(f"/newsletter/confirm/{token}").status_code == 400
    consent.refresh_from_db()
    assert consent.state == "asked"


def test_one_post_of_a_mail_program_unsubscribes_at_once_and_again() -> None:
    consent = make_consent()
    path = unsubscribe_url(consent.pk).removeprefix("http://localhost:8000")
    program = Client(enforce_csrf_checks=True)

    assert program.get(path).status_code == 200
    consent.refresh_from_db()
    assert consent.state == "given", "a GET changes nothing"
    for _ in range(2):
        answer = program.post(path, {"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, answer.cookies) == (200, {})
    consent.refresh_from_db()
    assert (consent.state, consent.topics, consent.confirmation) == ("withdrawn", [], None)
    assert [proof.channel for proof in consent.proofs.filter(what="withdrawn")] == ["one-click"]
    assert told()[-1] == "consent.withdrawn"
    assert told().count("consent.withdrawn") == 1


def test_a_link_of_nobody_is_no_page_and_one_of_a_forgotten_mailbox_is_quiet(client: Client) -> None:
    assert client.post("/newsletter/unsubscribe/1-0:forged").status_code == 404
    assert client.get("/newsletter/preferences/1-0:forged").status_code == 404
    assert client.post(f"/newsletter/unsubscribe/{token_of(4711)}").status_code == 200
    assert client.get(f"/newsletter/preferences/{token_of(4711)}").status_code == 200
    assert client.put(f"/newsletter/preferences/{token_of(4711)}").status_code == 405


def test_the_page_of_preferences_sets_topics_and_ends_them() -> None:
    consent = make_consent()
    path = f"/newsletter/preferences/{token_of(consent.pk)}"
    client = Client(enforce_csrf_checks=True)
    assert client.get(path).content.count(b" checked") == 2

    assert client.post(path, {"topics": ["made up"]}).status_code == 400
    assert client.get(path).content.count(b" checked") == 2
    assert b"Saved." in client.post(path, {"topics": ["news"]}).content
    consent.refresh_from_db()
    assert (consent.state, consent.topics) == ("given", ["news"])
    assert b"You are unsubscribed." in client.post(path).content
    consent.refresh_from_db()
    assert consent.state == "withdrawn"

    # Whoever comes back confirms it once more, by mail.
    assert b"We have sent you a mail." in client.post(path, {"topics": ["news"]}).content
    consent.refresh_from_db()
    assert (consent.state, consent.topics) == ("asked", [])
    services.confirm(token=token_for(consent), way=PAGE)
    consent.refresh_from_db()
    assert (consent.state, consent.topics) == ("given", ["news"])
    assert told().count("consent.chosen") == 1


def test_what_shows_a_consent_cannot_be_rewritten() -> None:
    consent = make_consent()
    for statement in (
        lambda: consent.proofs.update(channel="page"),
        lambda: consent.proofs.all().delete(),
        lambda: Wording.objects.update(text="Everything"),
        lambda: Wording.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            statement()
    assert consent.proofs.count() == 2


def test_no_row_says_given_without_a_confirmation() -> None:
    for topics in (["news"], []):
        with pytest.raises(IntegrityError), transaction.atomic():
            Consent.objects.create(email="ann@example.com", state="given", topics=topics)
    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.create(email="Ann@example.com", state="withdrawn")


# Customers


def test_a_customer_with_a_confirmed_email_agrees_by_a_switch() -> None:
    user = make_user(email="ann@example.com", email_confirmed_at="2026-01-01T00:00Z")
    client = client_of(user)
    assert client.get(MINE).json() == {"state": "withdrawn", "newsletter": False, "cart_reminders": False}

    assert client.patch(MINE, {"newsletter": True}).json() == {
        "state": "given",
        "newsletter": True,
        "cart_reminders": False,
    }
    consent = Consent.objects.get()
    assert (consent.user, consent.confirmation and consent.confirmation.how) == (user, "account")
    assert client.patch(MINE, {"cart_reminders": True}).json()["newsletter"] is True
    assert client.patch(MINE, {"newsletter": False}).json()["state"] == "given"
    assert client.patch(MINE, {}).json()["cart_reminders"] is True
    assert client.patch(MINE, {"cart_reminders": False}).json()["state"] == "withdrawn"
    assert client.get(MINE).json() == {"state": "withdrawn", "newsletter": False, "cart_reminders": False}
    deliver()
    assert mail.outbox == []


def test_whoever_has_not_shown_the_mailbox_may_only_ask_and_learns_nothing() -> None:
    owners = make_consent("ann@example.com")
    client = client_of(make_user(email="ann@example.com"))
    assert client.get(MINE).json()["state"] == "withdrawn"
    assert client.patch(MINE, {"newsletter": False}).json()["state"] == "withdrawn"
    assert client.patch(MINE, {"cart_reminders": True}).json() == {
        "state": "asked",
        "newsletter": False,
        "cart_reminders": False,
    }
    owners.refresh_from_db()
    assert (owners.state, owners.topics, owners.user) == ("given", ["news", "cart_reminders"], None)


def test_a_consent_is_tied_to_the_account_that_shows_the_mailbox() -> None:
    consent = make_consent("ann@example.com")
    user = make_user(email="Ann@example.com")
    tie_consent(event_id=1, kind="user.email_confirmed", payload={"user_id": user.pk})
    consent.refresh_from_db()
    assert consent.user is None
    User.objects.filter(pk=user.pk).update(email_confirmed_at=Now())
    tie_consent(event_id=1, kind="user.email_confirmed", payload={"user_id": user.pk})
    consent.refresh_from_db()
    assert consent.user == user


@pytest.mark.parametrize("confirmed", [True, False])
def test_whoever_is_forgotten_is_forgotten_here_too(confirmed: bool) -> None:
    consent = make_consent("ann@example.com")
    user = make_user(email="ann@example.com", email_confirmed_at=Now() if confirmed else None)
    leaving.anonymise_user(user_id=user.pk, actor=COMMAND)
    consent.refresh_from_db()
    assert (consent.email, consent.state, consent.user) == (
        f"erased-{consent.pk}@invalid.invalid",
        "withdrawn",
        None,
    )
    assert consent.erased_at is not None
    assert [proof.what for proof in consent.proofs.all()] == ["asked", "confirmed", "erased"]
    assert "ann@" not in str(list(Event.objects.filter(kind__startswith="consent.").values_list("payload", flat=True)))


# What is kept


def test_what_nobody_confirms_is_deleted_and_a_history_stays() -> None:
    old, back, young, given = ask("a@example.com"), make_consent("b@example.com"), ask("c@example.com"), make_consent()
    services.withdraw(consent_id=back.pk, way=PAGE)
    ask("b@example.com")
    Consent.objects.exclude(pk=young.pk).update(changed_at=Now() - timedelta(days=9))

    purge_consents(0)

    states = dict(Consent.objects.values_list("pk", "state"))
    assert states == {back.pk: "withdrawn", young.pk: "asked", given.pk: "given"}
    assert not Proof.objects.filter(consent=old.pk).exists()
    assert Proof.objects.filter(consent=back.pk).count() == 4


def test_the_address_of_a_consent_that_ended_long_ago_is_forgotten() -> None:
    ended, lately = make_consent("a@example.com"), make_consent("b@example.com")
    for consent in (ended, lately):
        services.withdraw(consent_id=consent.pk, way=PAGE)
    Consent.objects.filter(pk=ended.pk).update(changed_at=Now() - timedelta(days=4 * 366))

    purge_consents(0)

    ended.refresh_from_db()
    lately.refresh_from_db()
    assert ended.email == f"erased-{ended.pk}@invalid.invalid"
    assert lately.email == "b@example.com"
