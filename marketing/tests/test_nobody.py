"""Nobody without consent is ever written to: every state that is no consent, by every way that leads to a mail.

Bob has agreed and gets each mail, so that no way is tried in vain. Ann has not, or not any more, and gets none. The
control takes the one condition away, and finds that Ann would get them.
"""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as current
from django.core import mail
from django.db.models.functions import Now
from pytest_django import Settings

from accounts import leaving
from accounts.models import User
from accounts.tests.factories import make_user
from checkout.models import Cart
from checkout.tests.factories import make_cart
from config.subscriptions import SUBSCRIPTIONS
from events.actors import COMMAND
from events.models import Event
from events.tests.rewriting import rewriting
from marketing import services
from marketing import willing as condition
from marketing.mailing import remind, send_claimed, send_due
from marketing.models import Consent, Proof, Recipient, Topic
from marketing.tasks import mail_campaign_test, mail_campaigns, mail_cart_reminder, purge_consents
from marketing.tests.factories import ALL, BOSS, PAGE, ask, make_campaign, make_consent, make_segment
from marketing.writing import NotWanted, write_to
from orders.tests.factories import make_article
from tests.test_architecture import OURS, ROOT, sources

pytestmark = pytest.mark.django_db(transaction=True)
ANN, BOB = "ann@example.com", "bob@example.com"
CONFIRMATION = f"Do you want mails from {current.SHOP_NAME}?"


class Shop:
    """Ann and Bob have accounts, carts that they have left, and have agreed; a campaign is written."""

    def __init__(self) -> None:
        self.users = {email: make_user(email=email, email_confirmed_at=Now()) for email in (ANN, BOB)}
        self.consents = {email: make_consent(email) for email in (ANN, BOB)}
        mug = make_article(stock=10, sku="MUG", name="Mug")
        self.carts = [make_cart({mug: 1}, user=user, state="abandoned") for user in self.users.values()]
        self.carts += [make_cart({mug: 1}, email=email.title(), state="abandoned") for email in (ANN, BOB)]
        self.segment = make_segment()
        self.campaign = make_campaign(self.segment)

    @property
    def ann(self) -> Consent:
        return Consent.objects.get(pk=self.consents[ANN].pk)

    @property
    def user(self) -> User:
        return self.users[ANN]

    def remove_consent(self) -> None:
        """As if Ann had never been asked: by the hand of somebody with all rights over the database."""
        with rewriting("marketing_proof", "marketing_consent"):
            Consent.objects.filter(pk=self.ann.pk).update(state="withdrawn", confirmation=None, topics=[])
            Proof.objects.filter(consent=self.ann.pk, what="confirmed").delete()
            Proof.objects.filter(consent=self.ann.pk).delete()
            Consent.objects.filter(pk=self.ann.pk).delete()


# The states. Each takes Ann from having agreed to where she must not be written to.


def never_asked(shop: Shop) -> None:
    """A customer of whom the shop knows an address: from an order, an account, or an import of customers."""
    shop.remove_consent()


def asked(shop: Shop) -> None:
    shop.remove_consent()
    shop.consents[ANN] = ask(ANN)


def withdrawn(shop: Shop) -> None:
    services.withdraw(consent_id=shop.ann.pk, way=PAGE)


def asked_once_more(shop: Shop) -> None:
    withdrawn(shop)
    ask(ANN)


def asked_once_more_and_never_confirmed(shop: Shop) -> None:
    asked_once_more(shop)
    Consent.objects.filter(pk=shop.ann.pk).update(changed_at="2020-01-01T00:00Z")
    purge_consents(0)


def withdrawn_by_the_account(shop: Shop) -> None:
    services.choose_for_account(user_id=shop.user.pk, changes=dict.fromkeys(ALL, False), way=PAGE)


def no_topic_is_left(shop: Shop) -> None:
    services.choose(consent_id=shop.ann.pk, topics=[], way=PAGE)


def undeliverable(shop: Shop) -> None:
    services.note_undeliverable(email=ANN, way=PAGE)


def forgotten(shop: Shop) -> None:
    leaving.anonymise_user(user_id=shop.user.pk, actor=COMMAND)


def forgotten_though_nothing_ties_them(shop: Shop) -> None:
    Consent.objects.filter(pk=shop.ann.pk).update(user=None)
    User.objects.filter(pk=shop.user.pk).update(email_confirmed_at=None)
    leaving.anonymise_user(user_id=shop.user.pk, actor=COMMAND)


def forgotten_by_staff(shop: Shop) -> None:
    services.erase_consent(consent_id=shop.ann.pk, way=PAGE)


def about_to_be_forgotten(shop: Shop) -> None:
    User.objects.filter(pk=shop.user.pk).update(leaving_at=Now())


def disabled(shop: Shop) -> None:
    User.objects.filter(pk=shop.user.pk).update(is_active=False)


def disabled_though_nothing_ties_them(shop: Shop) -> None:
    Consent.objects.filter(pk=shop.ann.pk).update(user=None)
    User.objects.filter(pk=shop.user.pk).update(is_active=False, email=ANN.upper())


def has_another_email(shop: Shop) -> None:
    User.objects.filter(pk=shop.user.pk).update(email="ann.new@example.com")


def imported_as_given(shop: Shop) -> None:
    """A row that says `given`, with a proof of something else."""
    other = Proof.objects.filter(consent=shop.ann.pk, what="asked").latest("pk")
    Consent.objects.filter(pk=shop.ann.pk).update(confirmation=other)


def imported_with_the_proof_of_another(shop: Shop) -> None:
    cy = make_consent("cy@example.com")
    proof = cy.confirmation
    services.withdraw(consent_id=cy.pk, way=PAGE)
    Consent.objects.filter(pk=shop.ann.pk).update(confirmation=proof)


def erased_by_hand(shop: Shop) -> None:
    Consent.objects.filter(pk=shop.ann.pk).update(erased_at=Now())


STATES: list[Callable[[Shop], None]] = [
    never_asked,
    asked,
    withdrawn,
    asked_once_more,
    asked_once_more_and_never_confirmed,
    withdrawn_by_the_account,
    no_topic_is_left,
    undeliverable,
    forgotten,
    forgotten_though_nothing_ties_them,
    forgotten_by_staff,
    about_to_be_forgotten,
    disabled,
    disabled_though_nothing_ties_them,
    has_another_email,
    imported_as_given,
    imported_with_the_proof_of_another,
    erased_by_hand,
]
# A row that recipients point at cannot be taken away, so these come before a campaign alone.
ONLY_BEFORE = {never_asked, asked}


# The ways. Each lets the state become so at another moment, and then tries all it can to get a mail out.


def send_and_send_again() -> None:
    mail_campaigns(0)
    Recipient.objects.filter(state="claimed").update(claimed_at="2020-01-01T00:00Z")
    mail_campaigns(0)
    send_due(1.0)


def a_campaign_that_is_started_then(shop: Shop, turn: Callable[[Shop], None]) -> None:
    turn(shop)
    services.start_campaign(campaign_id=shop.campaign.pk, actor=BOSS)
    send_and_send_again()


def a_campaign_that_was_started_before(shop: Shop, turn: Callable[[Shop], None]) -> None:
    services.start_campaign(campaign_id=shop.campaign.pk, actor=BOSS)
    turn(shop)
    send_and_send_again()


def a_campaign_that_was_paused_meanwhile(shop: Shop, turn: Callable[[Shop], None]) -> None:
    services.start_campaign(campaign_id=shop.campaign.pk, actor=BOSS)
    services.pause_campaign(campaign_id=shop.campaign.pk, actor=BOSS)
    mail_campaigns(0)
    turn(shop)
    services.resume_campaign(campaign_id=shop.campaign.pk, actor=BOSS)
    send_and_send_again()


def a_mail_that_a_worker_has_claimed_already(shop: Shop, turn: Callable[[Shop], None]) -> None:
    services.start_campaign(campaign_id=shop.campaign.pk, actor=BOSS)
    claims = [claimed for _ in range(2) if (claimed := services.claim()) is not None]
    assert len(claims) == 2
    turn(shop)
    for claimed in claims:
        send_claimed(claimed)
    send_and_send_again()


def a_mail_that_the_server_gave_back(shop: Shop, turn: Callable[[Shop], None]) -> None:
    services.start_campaign(campaign_id=shop.campaign.pk, actor=BOSS)
    for _ in range(2):
        claimed = services.claim()
        assert claimed is not None
        services.note_not_taken(claimed.recipient_id)
        due_now(shop)
    turn(shop)
    send_and_send_again()


def due_now(shop: Shop) -> None:
    type(shop.campaign).objects.filter(pk=shop.campaign.pk).update(next_at="2020-01-01T00:00Z")


def a_cart_that_was_left(shop: Shop, turn: Callable[[Shop], None]) -> None:
    turn(shop)
    for _ in range(2):
        for cart in shop.carts:
            mail_cart_reminder(event_id=1, kind="cart.abandoned", payload={"cart_id": str(cart.pk)})
            remind(cart.pk)


def a_reminder_that_a_worker_has_claimed_already(shop: Shop, turn: Callable[[Shop], None]) -> None:
    found = [services.claim_reminder(cart_id=cart.pk, email=BOB if n % 2 else ANN) for n, cart in enumerate(shop.carts)]
    turn(shop)
    for claimed in found:
        assert claimed is not None
        write_if_wanted(claimed.consent_id, Topic.CART_REMINDERS)


def a_mail_to_a_consent_by_its_id(shop: Shop, turn: Callable[[Shop], None]) -> None:
    turn(shop)
    for consent in Consent.objects.all():
        for topic in Topic:
            write_if_wanted(consent.pk, topic)


def write_if_wanted(consent_id: int, topic: Topic) -> None:
    content = {"headline": "News", "content": "New mugs", "html_content": "New mugs"}
    try:
        write_to(consent_id, topic, f"test:{consent_id}:{topic}", "campaign", content)
    except NotWanted:
        return


def all_jobs_of_the_journal_once_more(shop: Shop, turn: Callable[[Shop], None]) -> None:
    """A dispatcher whose jobs are all run again, in the sequence of the journal and against it."""
    services.start_campaign(campaign_id=shop.campaign.pk, actor=BOSS)
    turn(shop)
    for cart in shop.carts:
        Event.objects.create(kind="cart.abandoned", subject="cart", payload={"cart_id": str(cart.pk)}, actor="system")
    events = [*Event.objects.order_by("id"), *Event.objects.order_by("-id")]
    for event in events:
        for job in SUBSCRIPTIONS.get(event.kind, ()):
            if job.name.startswith("marketing."):
                job(event_id=event.pk, kind=event.kind, payload=event.payload)
    send_and_send_again()


WAYS: list[Callable[[Shop, Callable[[Shop], None]], None]] = [
    a_campaign_that_is_started_then,
    a_campaign_that_was_started_before,
    a_campaign_that_was_paused_meanwhile,
    a_mail_that_a_worker_has_claimed_already,
    a_mail_that_the_server_gave_back,
    a_cart_that_was_left,
    a_reminder_that_a_worker_has_claimed_already,
    a_mail_to_a_consent_by_its_id,
    all_jobs_of_the_journal_once_more,
]
BEFORE = {a_campaign_that_is_started_then, a_cart_that_was_left, a_mail_to_a_consent_by_its_id}
TRIED = [(state, way) for state in STATES for way in WAYS if state not in ONLY_BEFORE or way in BEFORE]


@pytest.fixture
def shop(settings: Settings) -> Shop:
    settings.CART_REMINDERS = True
    settings.RATE_LIMITS = False
    return Shop()


def advertised_to() -> set[str]:
    """Who was written to, but for the link that asks for a consent."""
    return {message.to[0] for message in mail.outbox if message.subject != CONFIRMATION}


@pytest.mark.parametrize(("state", "way"), TRIED)
def test_nobody_without_consent_is_written_to(state: Any, way: Any, shop: Shop) -> None:
    way(shop, state)
    assert advertised_to() == {BOB}


# Without the condition some ways lead to nobody all the same: there is no row of Ann, or her carts are gone.
NO_ROW = {never_asked}
NO_CART = {
    (state, way)
    for state in (forgotten, forgotten_though_nothing_ties_them, forgotten_by_staff)
    for way in (a_cart_that_was_left,)
}
# Her own carts have her new email then, and those of a guest still the old one.
LED_ASTRAY = [pair for pair in TRIED if pair[0] not in NO_ROW and pair not in NO_CART]


@pytest.mark.parametrize(("state", "way"), LED_ASTRAY)
def test_control_without_the_condition_they_would_be(
    state: Any, way: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(condition, "WILLING", "(true)")
    way(shop, state)
    assert advertised_to() - {BOB}


@pytest.mark.parametrize(
    ("topics", "written"), [(["news"], {"campaign"}), (["cart_reminders"], {"cart"}), (list(ALL), {"campaign", "cart"})]
)
def test_each_is_written_to_about_what_they_want(topics: list[str], written: set[str], shop: Shop) -> None:
    services.withdraw(consent_id=shop.consents[BOB].pk, way=PAGE)
    services.choose(consent_id=shop.ann.pk, topics=topics, way=PAGE)
    a_cart_that_was_left(shop, lambda shop: None)
    found = {"cart"} if advertised_to() == {ANN} else set()
    mail.outbox.clear()
    if "news" in topics:
        services.start_campaign(campaign_id=shop.campaign.pk, actor=BOSS)
    else:
        assert services.count_of(shop.segment.rules) == 0
    send_and_send_again()
    assert found | ({"campaign"} if advertised_to() == {ANN} else set()) == written


def test_a_campaign_that_is_tried_reaches_the_staff_who_try_it_alone(shop: Shop) -> None:
    me = make_user(is_staff=True, email="me@example.com")
    for user in (me, shop.user):
        told = {"campaign_id": shop.campaign.pk, "user_id": user.pk}
        mail_campaign_test(event_id=user.pk, kind="campaign.tested", payload=told)
    assert advertised_to() == {"me@example.com"}


def test_no_cart_is_reminded_of_once_it_was_ordered_or_opened_again(shop: Shop) -> None:
    Cart.objects.update(state="open")
    a_cart_that_was_left(shop, lambda shop: None)
    assert advertised_to() == set()


def test_no_reminder_unless_the_shop_wants_them(shop: Shop, settings: Settings) -> None:
    settings.CART_REMINDERS = False
    for cart in shop.carts:
        mail_cart_reminder(event_id=1, kind="cart.abandoned", payload={"cart_id": str(cart.pk)})
    assert advertised_to() == set()


# The one place


def calls(file: Path) -> set[str]:
    """The functions and classes that a file calls, by the last part of their names."""
    return {
        ast.unparse(node.func).rpartition(".")[2]
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
    }


def test_no_other_code_makes_such_a_mail() -> None:
    """Django's own functions are called in events/mails.py alone, and what is sent here goes through writing.py."""
    files = [file for app in OURS for file in sources(app)]
    django = {"EmailMessage", "EmailMultiAlternatives", "send_mail", "send_mass_mail", "mail_admins", "mail_managers"}
    assert {str(file.relative_to(ROOT)) for file in files if calls(file) & django} == {
        "events/mails.py",
        "orders/management/commands/low_stock_report.py",  # to the staff whom the command names
    }
    sending = {file.name for file in sources("marketing") if "send_once" in calls(file)}
    assert sending == {"writing.py", "tasks.py"}, "tasks.py sends the link that asks, which is no such mail"
    assert {file.name for file in sources("marketing") if "compose" in calls(file)} == {"writing.py"}


def test_the_layout_of_such_mails_is_used_by_this_app_alone() -> None:
    folder = ROOT / "templates" / "mail"
    ours = {file.stem for file in folder.iterdir() if "mail/marketing." in file.read_text()}
    assert ours == {"campaign", "cart_abandoned"}
    named = {
        str(file.relative_to(ROOT))
        for app in OURS
        for file in sources(app)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and node.value in ours
    }
    assert all(name.startswith("marketing/") for name in named if "cart_abandoned" in (ROOT / name).read_text())


def test_the_link_that_asks_says_nothing_else(shop: Shop) -> None:
    text = (ROOT / "templates" / "mail" / "newsletter_confirmation.txt").read_text()
    assert "mail/base.txt" in text
    task = ast.parse((ROOT / "marketing" / "tasks.py").read_text())
    [sent] = [
        node for node in ast.walk(task) if isinstance(node, ast.Call) and ast.unparse(node.func) == "mails.send_once"
    ]
    assert ast.unparse(sent.args[1]) == "'newsletter_confirmation'"
