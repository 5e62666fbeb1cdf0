"""Consents, segments and campaigns for tests: made by the services, as everybody makes them."""

from collections.abc import Collection
from typing import Any

from events.actors import Actor
from marketing import services
from marketing.links import confirmation_token
from marketing.models import Campaign, Consent, Proof, Segment, Topic
from marketing.ways import Way

BOSS = Actor(1_000_000, "admin", is_staff=True)
PAGE = Way(Actor(None, "api", is_visitor=True), "page", "0123456789ab")
ALL = tuple(topic.value for topic in Topic)


def ask(email: str, topics: Collection[str] = ALL) -> Consent:
    """A mailbox that somebody has subscribed, and that has confirmed nothing yet."""
    services.ask_for_mails(email=email, topics=topics, way=PAGE)
    return Consent.objects.get(email=email)


def token_for(consent: Consent) -> str:
    """The token that was mailed to it last."""
    asked = Proof.objects.filter(consent=consent, what=Proof.What.ASKED).latest("pk")
    return confirmation_token(consent.pk, asked.pk)


def make_consent(email: str = "ann@example.com", topics: Collection[str] = ALL) -> Consent:
    """A mailbox that has agreed."""
    consent = ask(email, topics)
    services.confirm(token=token_for(consent), way=PAGE)
    return Consent.objects.get(pk=consent.pk)


def make_segment(name: str = "Everybody", **rules: Any) -> Segment:
    return services.create_segment(name=name, rules=rules, actor=BOSS)


def make_campaign(segment: Segment | None = None, **fields: Any) -> Campaign:
    chosen = segment or Segment.objects.first() or make_segment()
    words: dict[str, Any] = {"subject": "New mugs", "text": "Hello.\n\nThere are **new** mugs.", "rate": 100_000}
    return services.create_campaign(segment_id=chosen.pk, actor=BOSS, **words | fields)


def started(campaign: Campaign | None = None) -> Campaign:
    """A campaign that is being sent."""
    made = campaign or make_campaign()
    services.start_campaign(campaign_id=made.pk, actor=BOSS)
    made.refresh_from_db()
    return made
