"""The pages of staff about webhooks: health, secrets that are shown once, deliveries, and the verbs."""

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from events import dispatcher
from events.actors import COMMAND
from events.models import WebhookDelivery, WebhookEndpoint
from events.services import publish
from events.webhooks import deliveries, endpoints
from events.webhooks.client import Answer

pytestmark = pytest.mark.django_db
PAGES = "/admin/events/webhookendpoint/"
URL = "https://receiver.example/hook"


def endpoint() -> WebhookEndpoint:
    return endpoints.create_endpoint(url=URL, actor=COMMAND)


def sent(answer: Answer) -> None:
    with transaction.atomic():
        publish("order.placed", {}, subject="order:1", actor=COMMAND)
    dispatcher.dispatch({})
    for claim in deliveries.claim(10, per_endpoint=10, failing=10):
        deliveries.note([deliveries.Outcome(claim, answer, timezone.now())])


def test_a_new_one_shows_its_secret_once(staff_pages: Any) -> None:
    boss = staff_pages()
    made = boss.post(f"{PAGES}new/", {"url": URL, "kinds": ["order.placed"]}, follow=True).content.decode()
    row = WebhookEndpoint.objects.get()
    assert (row.url, row.kinds) == (URL, ["order.placed"])
    assert row.secret in made
    page = f"{PAGES}{row.pk}/change/"
    assert row.secret not in boss.get(page).content.decode()
    rotated = boss.post(f"{PAGES}{row.pk}/rotate-secret/", follow=True)
    again, rotated = rotated.redirect_chain[0][0], rotated.content.decode()
    row.refresh_from_db()
    assert row.secret in rotated
    assert row.previous_secret not in rotated
    assert row.secret not in staff_pages().get(again).content.decode()


def test_what_is_refused_stays_in_the_form(staff_pages: Any) -> None:
    boss = staff_pages()
    page = boss.post(f"{PAGES}new/", {"url": "https://10.0.0.1/"}).content.decode()
    assert "10.0.0.1 is not public." in page
    row = endpoint()
    page = boss.post(f"{PAGES}{row.pk}/edit/", {"edit-url": "ftp://x.example/", "edit-version": "1"}).content.decode()
    assert "A URL begins with https://." in page
    page = boss.post(f"{PAGES}{row.pk}/edit/", {"edit-url": f"{URL}2", "edit-version": "7"}).content.decode()
    assert "Somebody else has changed this since you opened it." in page
    assert boss.post(f"{PAGES}{row.pk}/edit/", {"edit-url": f"{URL}2", "edit-version": "1"}).status_code == 302
    row.refresh_from_db()
    assert row.url == f"{URL}2"


def test_the_page_shows_what_was_sent_and_what_came_back(staff_pages: Any) -> None:
    boss, row = staff_pages(), endpoint()
    sent(Answer(status=500, excerpt="<b>out of order</b>", duration_ms=7))
    page = boss.get(f"{PAGES}{row.pk}/change/").content.decode()
    assert "&lt;b&gt;out of order&lt;/b&gt;" in page
    assert "order:1" in page
    assert "1 time in a row" in page
    assert "order:1" not in boss.get(f"{PAGES}{row.pk}/change/?state=delivered").content.decode()
    assert 'class="badge critical">fails' in boss.get(PAGES).content.decode()


def test_verbs_do_what_they_say(staff_pages: Any) -> None:
    boss, row = staff_pages(), endpoint()
    sent(Answer(status=204))
    delivery = WebhookDelivery.objects.get()
    boss.post(f"{PAGES}{row.pk}/deliveries/{delivery.pk}/resend/")
    delivery.refresh_from_db()
    assert delivery.state == "waiting"
    boss.post(f"{PAGES}{row.pk}/pause/")
    row.refresh_from_db()
    assert row.state == "paused"
    told = boss.post(f"{PAGES}{row.pk}/test/", follow=True).content.decode()
    assert "The webhook is not active: resume it first" in told
    boss.post(f"{PAGES}{row.pk}/resume/", {"catch_up": "on"})
    sent(Answer(status=204))
    replay = {"replay-since": "2026-01-01T00:00"}
    told = boss.post(f"{PAGES}{row.pk}/replay/", replay, follow=True).content.decode()
    assert "events are delivered again" in told
    boss.post(f"{PAGES}{row.pk}/remove/")
    assert boss.get(f"{PAGES}{row.pk}/change/").status_code in (302, 404)
    assert boss.post(f"{PAGES}{row.pk}/test/").status_code == 404


def test_home_shows_those_that_fail(staff_pages: Any) -> None:
    boss, row = staff_pages(), endpoint()
    assert "Webhooks that fail" not in boss.get("/admin/").content.decode()
    sent(Answer(error="no connection: Connection refused"))
    assert "Webhooks that fail" in boss.get("/admin/").content.decode()
    sent(Answer(status=410))
    WebhookEndpoint.objects.filter(pk=row.pk).update(state="disabled", disabled_reason="It is gone.")
    assert "It is gone." in boss.get("/admin/").content.decode()
    assert "Webhooks that fail" not in staff_pages("order desk").get("/admin/").content.decode()
