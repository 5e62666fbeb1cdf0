"""Campaigns: whom they go to, how fast, what stops them, and that nobody gets one twice."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db.models.functions import Now

from accounts.tests.factories import make_user
from database.refusals import VersionMismatch
from events import mails
from events.mail_server import pause
from events.models import Event, SentMail
from marketing import services
from marketing.exceptions import BadMarkup, NobodyToWriteTo, WrongState
from marketing.mailing import send_due
from marketing.markup import as_html, as_text
from marketing.models import Campaign, Recipient
from marketing.tasks import mail_campaign_test, mail_campaigns
from marketing.tests.factories import BOSS, PAGE, make_campaign, make_consent, make_segment, started
from tests.threads import at_once, overtaken

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_pause() -> Iterator[None]:
    yield
    pause.failures, pause.until = 0, 0.0


class Server(EmailBackend):
    """A mail server in memory that does to some mails what `trouble` says."""

    trouble: Any = None

    def send_messages(self, messages: Any) -> int:
        for message in messages:
            if Server.trouble is not None:
                Server.trouble(message)
        return int(super().send_messages(messages))


@pytest.fixture
def server(settings: Any) -> Iterator[type[Server]]:
    settings.EMAIL_BACKEND = "marketing.tests.test_campaigns.Server"
    yield Server
    Server.trouble = None


def mailed() -> list[str]:
    return sorted(message.to[0] for message in mail.outbox)


def states(campaign: Campaign) -> dict[str, int]:
    found = services.figures_of(campaign.pk)
    return {name: value for name, value in found._asdict().items() if value and name not in ("first_at", "last_at")}


def due_again(campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(next_at=Now() - timedelta(minutes=1))


def test_a_campaign_goes_to_each_once_and_ends() -> None:
    make_consent("ann@example.com")
    make_consent("bob@example.com")
    campaign = started()

    mail_campaigns(0)
    mail_campaigns(0)

    assert mailed() == ["ann@example.com", "bob@example.com"]
    campaign.refresh_from_db()
    assert campaign.state == "sent"
    assert campaign.finished_at is not None
    assert states(campaign) == {"recipients": 2, "sent": 2}
    kinds = list(Event.objects.filter(kind__startswith="campaign.").order_by("id").values_list("kind", flat=True))
    assert kinds == ["campaign.created", "campaign.started", "campaign.sent"]


def test_a_mail_has_its_text_its_links_and_the_headers_of_one_click(client: Any) -> None:
    consent = make_consent()
    campaign = started(make_campaign(text="## Mugs\n\nSee [them](https://shop.example.com/mugs)."))
    mail_campaigns(0)
    [message] = mail.outbox
    headers = message.extra_headers
    link = headers["List-Unsubscribe"].strip("<>")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link.startswith("http://localhost:8000/newsletter/unsubscribe/")
    assert link in message.body
    html = str(message.alternatives[0][0])  # type: ignore[attr-defined]  # of EmailMultiAlternatives
    assert link in html
    assert '<a href="https://shop.example.com/mugs"' in html

    assert client.post(link.removeprefix("http://localhost:8000")).status_code == 200
    consent.refresh_from_db()
    assert consent.state == "withdrawn"
    assert states(campaign) == {"recipients": 1, "sent": 1, "unsubscribed": 1}


def test_a_rate_is_kept_and_a_minute_is_caught_up() -> None:
    for number in range(8):
        make_consent(f"p{number}@example.com")
    make_consent("last@example.com")
    campaign = started(make_campaign(rate=180))  # three a minute
    for _ in range(2):
        mail_campaigns(0)
        assert len(mail.outbox) == 4  # one at once, and those of a minute
    Campaign.objects.filter(pk=campaign.pk).update(next_at=Now() - timedelta(hours=3))
    mail_campaigns(0)
    assert len(mail.outbox) == 8  # however long it has waited


def test_who_withdraws_while_it_is_paused_is_skipped() -> None:
    ann, bob = make_consent("ann@example.com"), make_consent("bob@example.com")
    campaign = started()
    services.pause_campaign(campaign_id=campaign.pk, actor=BOSS)
    mail_campaigns(0)
    assert mail.outbox == []
    services.withdraw(consent_id=ann.pk, way=PAGE)
    services.resume_campaign(campaign_id=campaign.pk, actor=BOSS)
    mail_campaigns(0)
    assert mailed() == [bob.email]
    assert states(campaign) == {"recipients": 2, "sent": 1, "skipped": 1}


def test_a_cancelled_campaign_sends_nothing_more() -> None:
    make_consent()
    campaign = started()
    services.cancel_campaign(campaign_id=campaign.pk, actor=BOSS)
    mail_campaigns(0)
    assert mail.outbox == []
    for verb in (services.resume_campaign, services.pause_campaign, services.start_campaign, services.cancel_campaign):
        with pytest.raises(WrongState):
            verb(campaign_id=campaign.pk, actor=BOSS)


def test_a_worker_that_dies_over_a_mail_sends_it_to_nobody_again() -> None:
    make_consent("ann@example.com")
    make_consent("bob@example.com")
    campaign = started()
    claimed = services.claim()  # and the worker is killed here
    assert claimed is not None
    mail_campaigns(0)
    assert mailed() == ["bob@example.com"]
    campaign.refresh_from_db()
    assert campaign.state == "sending"

    Recipient.objects.filter(state="claimed").update(claimed_at=Now() - timedelta(minutes=16))
    mail_campaigns(0)
    assert mailed() == ["bob@example.com"]
    assert states(campaign) == {"recipients": 2, "sent": 1, "unknown": 1}
    campaign.refresh_from_db()
    assert campaign.state == "sent"


def test_many_workers_send_each_mail_once() -> None:
    for number in range(20):
        make_consent(f"p{number}@example.com")
    campaign = started()
    at_once([lambda: send_due(30.0)] * 4)
    assert mailed() == sorted(f"p{number}@example.com" for number in range(20))
    assert states(campaign) == {"recipients": 20, "sent": 20}


def test_what_the_server_certainly_did_not_take_is_sent_later(server: type[Server]) -> None:
    make_consent()
    campaign = started()

    def away(message: Any) -> None:
        raise ConnectionRefusedError

    server.trouble = away
    for attempt in range(1, 6):
        mail_campaigns(0)
        due_again(campaign)
        assert states(campaign) == {"recipients": 1, "waiting" if attempt < 5 else "failed": 1}
    assert mail.outbox == []


def test_what_the_server_may_have_taken_is_never_sent_again(server: type[Server]) -> None:
    make_consent()
    campaign = started()

    def hangs_up(message: Any) -> None:
        mail.outbox.append(message)
        error = smtplib.SMTPServerDisconnected()
        error.while_sending = True  # type: ignore[attr-defined]
        raise error

    server.trouble = hangs_up
    for _ in range(2):
        mail_campaigns(0)
        due_again(campaign)
    assert len(mail.outbox) == 1
    assert states(campaign) == {"recipients": 1, "unknown": 1}


def test_a_mailbox_that_is_not_there_ends_its_consent_and_holds_up_nobody(server: type[Server]) -> None:
    gone, bob = make_consent("gone@example.com"), make_consent("bob@example.com")
    campaign = started()

    def knows(message: Any) -> None:
        if message.to == [gone.email]:
            raise smtplib.SMTPRecipientsRefused({gone.email: (550, b"5.1.1 no such user")})

    server.trouble = knows
    mail_campaigns(0)
    assert mailed() == [bob.email]
    assert states(campaign) == {"recipients": 2, "sent": 1, "failed": 1, "bounced": 1}
    gone.refresh_from_db()
    assert (gone.state, gone.proofs.last().what) == ("withdrawn", "undeliverable")  # type: ignore[union-attr]


def test_recipients_are_chosen_once() -> None:
    make_consent("ann@example.com")
    campaign = started()
    make_consent("late@example.com")
    mail_campaigns(0)
    assert mailed() == ["ann@example.com"]
    with pytest.raises(WrongState):
        services.start_campaign(campaign_id=campaign.pk, actor=BOSS)


def test_a_segment_of_nobody_starts_nothing() -> None:
    campaign = make_campaign()
    with pytest.raises(NobodyToWriteTo):
        services.start_campaign(campaign_id=campaign.pk, actor=BOSS)
    campaign.refresh_from_db()
    assert campaign.state == "draft"


def test_two_starts_at_once_choose_once() -> None:
    make_consent()
    campaign = make_campaign()
    outcomes: list[str] = []

    def start() -> None:
        try:
            services.start_campaign(campaign_id=campaign.pk, actor=BOSS)
        except WrongState:
            outcomes.append("refused")
        else:
            outcomes.append("started")

    at_once([start] * 2)
    assert sorted(outcomes) == ["refused", "started"]
    assert Recipient.objects.count() == 1


def test_of_a_campaign_that_was_started_the_rate_alone_changes() -> None:
    make_consent()
    campaign = make_campaign()
    services.update_campaign(campaign_id=campaign.pk, changes={"subject": "Other"}, actor=BOSS, expected_version=1)
    with pytest.raises(VersionMismatch):
        services.update_campaign(campaign_id=campaign.pk, changes={"rate": 5}, actor=BOSS, expected_version=1)
    with pytest.raises(BadMarkup):
        services.update_campaign(campaign_id=campaign.pk, changes={"text": "[x](javascript:1)"}, actor=BOSS)
    started(campaign)
    with pytest.raises(WrongState):
        services.update_campaign(campaign_id=campaign.pk, changes={"text": "Other"}, actor=BOSS)
    services.update_campaign(campaign_id=campaign.pk, changes={"rate": 5}, actor=BOSS)
    campaign.refresh_from_db()
    assert (campaign.rate, campaign.subject) == (5, "Other")


def test_a_campaign_is_tried_on_oneself_alone() -> None:
    make_consent()
    me = make_user(is_staff=True, email="me@example.com")
    campaign = make_campaign()
    told = {"campaign_id": campaign.pk, "user_id": me.pk}
    mail_campaign_test(event_id=1, kind="campaign.tested", payload=told)
    mail_campaign_test(event_id=1, kind="campaign.tested", payload=told)
    mail_campaign_test(event_id=2, kind="campaign.tested", payload=told | {"user_id": make_user().pk})
    assert mailed() == ["me@example.com"]
    assert SentMail.objects.get().key == "campaign.tested:1"
    assert not Recipient.objects.exists()


def test_a_withdrawal_that_is_being_written_is_waited_for() -> None:
    """The claim locks the consent, so what is written at the same moment counts."""
    consent = make_consent()
    campaign = started()

    overtaken(lambda: services.withdraw(consent_id=consent.pk, way=PAGE), lambda: send_due(20.0))

    assert mail.outbox == []
    assert states(campaign) == {"recipients": 1, "skipped": 1}


def test_markup_is_a_little_html_and_nothing_else() -> None:
    text = "## Hi <b>\n\nA **bold** [link & more](https://x.example/?a=1&b=2)\nnext\n\n- one\n- two\n\n[no](ftp://x)"
    html = as_html(text)
    assert "<b>" not in html
    assert "Hi &lt;b&gt;</h2>" in html
    assert "<strong>bold</strong>" in html
    assert 'href="https://x.example/?a=1&amp;b=2"' in html
    assert ">link &amp; more</a><br>next</p>" in html
    assert html.count("<li>") == 2
    assert "ftp:" not in html
    assert "link & more (https://x.example/?a=1&b=2)" in as_text(text)


def test_a_preview_sends_and_claims_nothing() -> None:
    from marketing.writing import content_of, previewing_for

    campaign = make_campaign(make_segment())
    with previewing_for("ann@example.com", "campaign", content_of(campaign)) as shown:
        assert shown.to == ["ann@example.com"]
        assert "new" in shown.text
    assert mail.outbox == []
    assert not SentMail.objects.exists()
    assert isinstance(shown, mails.Preview)
