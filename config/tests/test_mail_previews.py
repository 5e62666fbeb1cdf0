"""Mails before they are sent: what staff are shown, and what they are not."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from accounts.mailed_links import request_password_reset
from accounts.tests.factories import make_user
from config.admin.mails import kinds, mailing, previews_of
from events.mails import send_once
from events.models import Event, SentMail
from orders.tests.factories import make_order
from orders.tokens import token_of

pytestmark = pytest.mark.django_db
PREVIEWS = "/admin/events/sentmail/previews/"


def shown(pages: Any, kind: str) -> str:
    """The page of a kind of mail, and the HTML of its first mail."""
    page, body = pages.get(f"{PREVIEWS}{kind}/"), pages.get(f"{PREVIEWS}{kind}/0/")
    assert (page.status_code, body.status_code) == (200, 200)
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert body.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "sandbox" in body.headers["Content-Security-Policy"]
    return str(page.content.decode() + body.content.decode())


def test_staff_see_a_mail_with_the_data_of_the_newest_event(staff_pages: Callable[..., Any]) -> None:
    make_order()
    order, pages = make_order(), staff_pages()
    assert f"{PREVIEWS}order.placed/" in pages.get(PREVIEWS).content.decode()

    said = shown(pages, "order.placed")

    assert order.number in said
    assert order.contact_email in said
    assert (mail.outbox, SentMail.objects.count()) == ([], 0)


def test_nobody_learns_a_secret_from_a_preview(staff_pages: Callable[..., Any], settings: Any) -> None:
    settings.PASSWORD_RESET_URL = "https://shop.test/reset/{uid}/{token}"  # a pattern
    settings.ORDER_URL = "https://shop.test/orders/{order_id}?token={token}"
    guest = make_order(user=None)
    request_password_reset(email=make_user().email)
    said = shown(staff_pages(), "order.placed") + shown(staff_pages(), "user.password_reset_requested")
    assert "https://shop.test/" in said
    assert token_of(guest.pk, guest.number) not in said
    assert not re.search(r"https://shop\.test/[^\s\"<]", said)


def test_a_mail_that_tells_nothing_any_more_is_said_to_be_none(staff_pages: Callable[..., Any]) -> None:
    Event.objects.create(kind="user.leaving", subject="user:1", payload={"user_id": 1}, actor="system", channel="api")
    pages = staff_pages()
    assert "No mail follows from this event any more" in pages.get(f"{PREVIEWS}user.leaving/").content.decode()
    assert pages.get(f"{PREVIEWS}user.leaving/0/").status_code == 404
    assert pages.get(f"{PREVIEWS}order.shipped/").status_code == 404, "there was none yet"
    assert pages.get(f"{PREVIEWS}order.nothing/").status_code == 404


def test_every_kind_that_mails_follow_from_is_listed() -> None:
    assert {"order.placed", "payment.refunded", "cart.abandoned"} <= {kind.name for kind in kinds()}
    assert not mailing("payment.asked"), "that is no mail"


def test_a_mail_says_who_sells(settings: Any) -> None:
    settings.SHOP_LEGAL_NAME, settings.SHOP_LEGAL_ADDRESS = "Kettles & Co. Ltd", ["Harbour Street 1", "1000 Lisbon"]
    settings.SHOP_LOGO_URL = "https://shop.test/logo.png"
    send_once("reset:1", "password_reset", {"link": "https://shop.test/r", "minutes": 60}, to=["ann@example.com"])
    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    html = str(message.alternatives[0][0])
    assert "Kettles & Co. Ltd\nHarbour Street 1\n1000 Lisbon" in message.body
    assert "Kettles &amp; Co. Ltd, Harbour Street 1, 1000 Lisbon" in html
    assert '<img src="https://shop.test/logo.png" alt="' in html


def test_the_frame_of_a_mail_runs_no_job_that_only_later_mails_need(monkeypatch: pytest.MonkeyPatch) -> None:
    make_order()
    event = Event.objects.filter(kind="order.placed").latest("pk")
    ran: list[str] = []

    def job_of(key: str) -> Any:
        def job(**told: Any) -> None:
            ran.append(key)
            send_once(key, "password_reset", {"link": "https://shop.test/r", "minutes": 60}, to=["ann@example.com"])

        return job

    monkeypatch.setattr("config.admin.mails.mailing", lambda kind: [job_of("one"), job_of("two")])
    assert len(previews_of(event)) == 2
    assert len(previews_of(event, upto=0)) == 1
    assert ran == ["one", "two", "one"]
