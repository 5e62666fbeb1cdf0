"""The pages of staff about consents, segments and campaigns, used by the group that they are made for."""

from typing import Any

import pytest
from django.core import mail

from config.subscriptions import SUBSCRIPTIONS
from events.models import Event
from marketing.models import Campaign, Consent, Segment
from marketing.tasks import mail_campaigns
from marketing.tests.factories import make_campaign, make_consent, make_segment, started
from orders.tests.factories import make_article

pytestmark = pytest.mark.django_db
CONSENTS, SEGMENTS, CAMPAIGNS = (f"/admin/marketing/{model}/" for model in ("consent", "segment", "campaign"))


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_campaign_is_written_looked_at_tried_started_paused_and_ended(staff_pages: Any) -> None:
    writer = staff_pages("marketing")
    make_consent("ann@example.com")
    segment = make_segment()
    form = {"subject": "Mugs", "text": "Hi **all**", "segment": str(segment.pk), "rate": "100"}
    made = writer.post(f"{CAMPAIGNS}new/", form, follow=True)
    assert "It is written, and sent to nobody yet." in text_of(made)
    campaign = Campaign.objects.get()
    own = f"{CAMPAIGNS}{campaign.pk}/"

    page = text_of(writer.get(f"{own}preview/"))
    assert writer.user.email in page, "the group may not see people, so the preview is for oneself"
    body = writer.get(f"{own}preview/body/")
    assert "<strong>all</strong>" in text_of(body)
    assert "sandbox" in body.headers["Content-Security-Policy"]
    assert "ann@example.com" in text_of(staff_pages().get(f"{own}preview/"))

    writer.post(f"{own}test/")
    event = Event.objects.get(kind="campaign.tested")
    [job] = SUBSCRIPTIONS[event.kind]
    job(event_id=event.pk, kind=event.kind, payload=event.payload)
    assert [message.to for message in mail.outbox] == [[writer.user.email]]

    assert "It goes to 1 mailbox at most, 100 an hour." in text_of(writer.get(f"{own}start/"))
    campaign.refresh_from_db()
    assert campaign.state == "draft"
    for verb, state in (("start", "sending"), ("pause", "paused"), ("resume", "sending"), ("cancel", "cancelled")):
        writer.post(f"{own}{verb}/")
        campaign.refresh_from_db()
        assert campaign.state == state
    said = text_of(writer.post(f"{own}start/", follow=True))
    assert "The campaign is cancelled, and only one that is draft can do that." in said
    assert "Start</a>" not in said


def test_what_is_refused_stays_in_the_form(staff_pages: Any) -> None:
    writer = staff_pages("marketing")
    campaign = make_campaign()
    form = {"subject": "Mugs", "text": "[x](javascript:alert)", "segment": str(campaign.segment_id), "rate": "100"}
    assert "leads nowhere" in text_of(writer.post(f"{CAMPAIGNS}new/", form))
    edited = form | {"text": "Fine", "version": "7"}
    own = f"{CAMPAIGNS}{campaign.pk}/edit/"
    assert "Somebody else has changed this" in text_of(writer.post(own, edited))
    assert writer.post(own, edited | {"version": "1"}).status_code == 302
    make_consent()
    started(campaign)
    page = text_of(writer.get(f"{CAMPAIGNS}{campaign.pk}/change/"))
    assert 'name="rate"' in page
    assert 'name="subject"' not in page


def test_the_figures_stand_on_the_page_and_in_the_list(staff_pages: Any) -> None:
    make_consent()
    campaign = started()
    mail_campaigns(0)
    writer = staff_pages("marketing")
    assert '<dt>Sent</dt><dd class="n">1</dd>' in text_of(writer.get(f"{CAMPAIGNS}{campaign.pk}/change/"))
    assert "1 of 1" in text_of(writer.get(CAMPAIGNS))


def test_a_segment_is_counted_before_it_is_saved(staff_pages: Any) -> None:
    writer = staff_pages("marketing")
    make_consent()
    mug = make_article(stock=1, sku="MUG")
    form = {"name": "Mugs", "products": "MUG", "within_days": "30", "countries": "de", "spent_at_least": "9.5"}
    counted = text_of(writer.post(f"{SEGMENTS}new/", form | {"count": "1"}))
    assert "<strong>0</strong>" in counted
    assert "Nothing is saved yet" in counted
    assert not Segment.objects.exists()

    saved = text_of(writer.post(f"{SEGMENTS}new/", form, follow=True))
    segment = Segment.objects.get()
    assert segment.rules == {
        "countries": ["DE"],
        "products": [mug.product_id],
        "spent_at_least": "9.50",
        "within_days": 30,
    }
    assert "has had goods sent to DE in the last 30 days" in saved
    for wrong, said in (
        ({"products": "CUP"}, "No article has the SKU CUP."),
        ({"countries": "ZZ"}, "ZZ is no country code."),
        ({"within_days": "0"}, "greater than or equal to 1"),
    ):
        assert said in text_of(writer.post(f"{SEGMENTS}{segment.pk}/edit/", form | wrong | {"version": "1"}))
    assert writer.post(f"{SEGMENTS}{segment.pk}/edit/", {"name": "All", "version": "1"}).status_code == 302
    assert "<strong>1</strong>" in text_of(writer.get(f"{SEGMENTS}{segment.pk}/change/"))
    make_campaign(segment)
    assert "A campaign is for this segment" in text_of(writer.post(f"{SEGMENTS}{segment.pk}/remove/", follow=True))
    assert Segment.objects.exists()


def test_a_consent_shows_its_proofs_and_is_ended_by_staff_and_never_given(staff_pages: Any) -> None:
    writer = staff_pages("marketing")
    consent = make_consent("ann@example.com")
    own = f"{CONSENTS}{consent.pk}/"
    page = text_of(writer.get(f"{own}change/"))
    assert "by the link that was mailed" in page
    assert "I would like news and offers" in page
    assert "ann@example.com" in text_of(writer.get(f"{CONSENTS}?q=ann@"))

    assert writer.get(f"{own}withdraw/").status_code == 200
    writer.post(f"{own}withdraw/")
    consent.refresh_from_db()
    assert (consent.state, consent.proofs.last().actor) == (  # type: ignore[union-attr]
        "withdrawn",
        f"staff:{writer.user.pk}",
    )
    writer.post(f"{own}erase/")
    consent.refresh_from_db()
    assert consent.email.startswith("erased-")
    assert writer.get(f"{CONSENTS}999999/withdraw/").status_code == 404
    assert Consent.objects.filter(state="given").count() == 0
