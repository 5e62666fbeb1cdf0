"""Being told when an article can be ordered again: who may ask, who is told, and that it happens once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db.models import F

from accounts.leaving import anonymise_user
from accounts.models import User
from accounts.tests.factories import client_of, make_user
from catalog import services, tasks
from catalog.exceptions import TooManyNotifications
from catalog.models import Product, StockNotification, Variant
from catalog.waiting_rows import token_of
from events.actors import COMMAND, VISITOR, Actor
from events.models import Event, SentMail
from events.tests.mailboxes import Refusing
from inventory import services as inventory
from orders.tests.factories import make_article

pytestmark = pytest.mark.django_db

JOBS = {
    "product.notification_requested": tasks.mail_notification_link,
    "product.back_in_stock": tasks.mail_back_in_stock,
}


@pytest.fixture
def mug() -> Variant:
    return make_article(stock=0, sku="MUG", name="Mug")


@pytest.fixture
def ann() -> User:
    user = make_user(email="ann@example.com")
    User.objects.filter(pk=user.pk).update(email_confirmed_at=F("created_at"))
    return user


def path_of(variant: Variant) -> str:
    return f"/api/v1/products/{variant.product_id}/variants/{variant.pk}/stock-notifications"


def stock(variant: Variant, quantity: int) -> None:
    inventory.set_stock(item_id=variant.stock_item_id, quantity=quantity, actor=COMMAND)


def wait(variant: Variant, user: User) -> StockNotification:
    actor = Actor(user.pk, "api", False)
    return services.wait_for(product_id=variant.product_id, variant_id=variant.pk, user_id=user.pk, actor=actor)[0]


def guest(variant: Variant, email: str, *, confirmed: bool = True) -> StockNotification:
    services.wait_by_email(product_id=variant.product_id, variant_id=variant.pk, email=email, actor=VISITOR)
    row = StockNotification.objects.latest("pk")
    if confirmed:
        services.confirm_notification(token=row.token)
    return row


def mailed(kind: str) -> list[str]:
    """Whom the jobs of all events of a kind mail."""
    mail.outbox.clear()
    for event in Event.objects.filter(kind=kind).order_by("pk"):
        JOBS[kind](event_id=event.pk, kind=kind, payload=event.payload)
    return [message.to[0] for message in mail.outbox]


def minute() -> list[str]:
    """Whom the clock and its jobs mail in a minute."""
    tasks.tell_waiting(timestamp=0)
    return mailed("product.back_in_stock")


def test_a_customer_is_told_once_when_the_article_can_be_ordered_again(mug: Variant, ann: User) -> None:
    api, user = client_of(ann), ann
    answer = api.post(path_of(mug), {})
    assert answer.status_code == 201
    assert answer.json() | {"created_at": 0, "expires_at": 0, "notification_id": 0} == {
        "notification_id": 0,
        "product_id": mug.product_id,
        "variant_id": mug.pk,
        "product_name": mug.product.name,
        "variant_name": mug.name,
        "sku": "MUG",
        "confirmed": True,
        "created_at": 0,
        "expires_at": 0,
    }
    assert api.post(path_of(mug), {}).status_code == 200
    assert minute() == []

    stock(mug, 3)

    assert minute() == [user.email]
    assert minute() == []
    stock(mug, 0)
    stock(mug, 3)
    assert minute() == []
    assert api.get("/api/v1/users/me/stock-notifications").json()["results"] == []


def test_a_guest_confirms_the_email_first(api: Any, mug: Variant) -> None:
    answer = api.post(path_of(mug), {"email": "Bob@example.com"})
    assert answer.status_code == 202
    stock(mug, 3)
    assert minute() == []
    stock(mug, 0)

    assert mailed("product.notification_requested") == ["Bob@example.com"]
    row = StockNotification.objects.get()
    assert f"/stock-notification/confirm?token={row.token}" in mail.outbox[0].body
    confirmed = api.post("/api/v1/stock-notifications/confirm", {"token": row.token})
    assert confirmed.status_code == 200
    stock(mug, 3)

    assert minute() == ["Bob@example.com"]
    assert f"/stock-notification/cancel?token={row.token}" in mail.outbox[0].body
    assert f"/products/{mug.product.slug}" in mail.outbox[0].body


def test_the_answer_tells_nobody_who_waits_or_has_an_account(api: Any, mug: Variant, ann: User) -> None:
    guest(mug, "bob@example.com")
    wait(mug, ann)
    emails = ["ann@example.com", "BOB@example.com", "new@example.com"]

    answers = {(a.status_code, a.content) for a in (api.post(path_of(mug), {"email": email}) for email in emails)}

    assert len(answers) == 1
    SentMail.objects.all().delete()
    assert mailed("product.notification_requested") == ["ann@example.com", "new@example.com"], "bob has confirmed"


def test_an_unconfirmed_account_is_told_nothing_until_it_is_confirmed(mug: Variant) -> None:
    user = make_user(email="eve@example.com")
    User.objects.filter(pk=user.pk).update(email_confirmed_at=None)
    wait(mug, user)
    stock(mug, 3)
    assert minute() == []

    User.objects.filter(pk=user.pk).update(email_confirmed_at=F("created_at"))

    assert minute() == ["eve@example.com"]


def test_all_are_told_the_oldest_first_in_batches(mug: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.services.waiting.BATCH", 2)
    emails = [f"guest{n}@example.com" for n in range(5)]
    for email in emails:
        guest(mug, email)
    stock(mug, 1)

    assert minute() == emails
    sizes = [len(event.payload["notification_ids"]) for event in Event.objects.filter(kind="product.back_in_stock")]
    assert sizes == [2, 2, 1]


def test_what_is_not_for_sale_is_not_available(mug: Variant) -> None:
    guest(mug, "bob@example.com")
    Product.objects.filter(pk=mug.product_id).update(status="draft")
    stock(mug, 3)
    assert minute() == []

    Product.objects.filter(pk=mug.product_id).update(status="active")

    assert minute() == ["bob@example.com"], "the status alone has made it available"


def test_who_is_mailed_too_late_waits_on(mug: Variant) -> None:
    row = guest(mug, "bob@example.com")
    stock(mug, 3)
    tasks.tell_waiting(timestamp=0)
    stock(mug, 0)
    assert mailed("product.back_in_stock") == []
    row.refresh_from_db()
    assert (row.claimed_at, row.told_at) == (None, None)

    stock(mug, 3)

    assert minute() == ["bob@example.com"]


def test_one_refused_mail_keeps_no_other_from_being_sent(mug: Variant, settings: Any) -> None:
    for email in ("ann@example.com", "bob@example.com"):
        guest(mug, email)
    stock(mug, 3)
    tasks.tell_waiting(timestamp=0)
    backend, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{Refusing.__module__}.{Refusing.__qualname__}"
    with pytest.raises(Exception, match=r"product\.back_in_stock"):
        mailed("product.back_in_stock")
    assert not StockNotification.objects.filter(told_at__isnull=False).exists()

    settings.EMAIL_BACKEND = backend

    assert mailed("product.back_in_stock") == ["ann@example.com", "bob@example.com"]
    assert mailed("product.back_in_stock") == []


def test_what_can_be_ordered_needs_no_waiting(api: Any, mug: Variant) -> None:
    stock(mug, 1)
    answer = api.post(path_of(mug), {"email": "bob@example.com"})
    assert (answer.status_code, answer.json()["code"]) == (409, "available_already")
    assert not StockNotification.objects.exists()


def test_what_is_not_shown_is_not_there(api: Any, mug: Variant) -> None:
    Product.objects.filter(pk=mug.product_id).update(status="draft")
    assert api.post(path_of(mug), {"email": "bob@example.com"}).status_code == 404


def test_a_guest_without_an_email_is_refused(api: Any, mug: Variant) -> None:
    answer = api.post(path_of(mug), {})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "email")


@pytest.mark.parametrize("verb", ["confirm", "cancel"])
@pytest.mark.parametrize("token", ["", "1", "1.x", "x.y", "é.1", "9" * 30 + ".a"])
def test_a_wrong_link_is_refused(api: Any, mug: Variant, verb: str, token: str) -> None:
    guest(mug, "bob@example.com", confirmed=False)
    answer = api.post(f"/api/v1/stock-notifications/{verb}", {"token": token})
    assert answer.status_code == 400
    assert StockNotification.objects.get().confirmed_at is None


def test_a_link_takes_the_wish_back(api: Any, mug: Variant) -> None:
    row = guest(mug, "bob@example.com")
    for _ in range(2):
        assert api.post("/api/v1/stock-notifications/cancel", {"token": token_of(row.pk)}).status_code == 200
    stock(mug, 3)
    assert minute() == []


def test_customers_list_and_take_back_their_own_alone(mug: Variant, ann: User) -> None:
    user = make_user()
    api = client_of(user)
    theirs, own = wait(mug, ann), wait(mug, user)
    listed = api.get("/api/v1/users/me/stock-notifications").json()["results"]
    assert [row["notification_id"] for row in listed] == [own.pk]
    assert api.delete(f"/api/v1/users/me/stock-notifications/{theirs.pk}").status_code == 404
    assert api.delete(f"/api/v1/users/me/stock-notifications/{own.pk}").status_code == 204
    assert list(StockNotification.objects.all()) == [theirs]


def test_a_customer_waits_for_so_many_articles(mug: Variant, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.services.waiting.MAX_OF_CUSTOMER", 1)
    wait(mug, ann)
    wait(mug, ann)
    with pytest.raises(TooManyNotifications):
        wait(make_article(stock=0), ann)


def test_waiting_ends_after_its_days(mug: Variant) -> None:
    rows = [guest(mug, f"{name}@example.com", confirmed=name != "new") for name in ("old", "kept", "new")]
    StockNotification.objects.filter(pk=rows[0].pk).update(expires_at=F("created_at"))
    StockNotification.objects.filter(pk=rows[2].pk).update(created_at=F("created_at") - timedelta(days=9))
    stock(mug, 3)
    assert minute() == ["kept@example.com"]

    tasks.delete_old_notifications(timestamp=0)

    assert [row.email for row in StockNotification.objects.all()] == ["kept@example.com"]
    StockNotification.objects.update(told_at=F("told_at") - timedelta(days=8))
    tasks.delete_old_notifications(timestamp=0)
    assert not StockNotification.objects.exists()


def test_who_is_forgotten_waits_for_nothing(mug: Variant, ann: User) -> None:
    wait(mug, ann)
    guest(mug, "ANN@example.com")
    other = guest(mug, "bob@example.com")

    anonymise_user(user_id=ann.pk, actor=COMMAND)

    assert list(StockNotification.objects.all()) == [other]


def test_one_email_asks_so_often(api: Any, mug: Variant, settings: Any) -> None:
    settings.RATE_LIMIT_STOCK_NOTIFICATIONS = (2, 60)
    codes = [api.post(path_of(mug), {"email": "bob@example.com"}).status_code for _ in range(3)]
    assert codes == [202, 202, 429]


def test_staff_see_how_many_people_wait(mug: Variant, ann: User, staff_pages: Any) -> None:
    wait(mug, ann)
    guest(mug, "bob@example.com")
    guest(mug, "eve@example.com", confirmed=False)
    pages = staff_pages()
    assert re.search(r'field-waiting"[^>]*>2<', pages.get("/admin/catalog/product/").content.decode())
    assert "<br>2 waiting" in pages.get(f"/admin/catalog/product/{mug.product_id}/change/").content.decode()


def test_the_mails_of_waiting_can_be_seen_before_they_are_sent(mug: Variant, staff_pages: Any) -> None:
    guest(mug, "bob@example.com")
    guest(mug, "eve@example.com", confirmed=False)
    stock(mug, 3)
    assert minute() == ["bob@example.com"]
    pages = staff_pages()
    said = {"product.back_in_stock": "Nothing is held for you", "product.notification_requested": "Yes, tell me"}
    for kind, words in said.items():
        body = pages.get(f"/admin/events/sentmail/previews/{kind}/0/")
        assert (body.status_code, words in body.content.decode()) == (200, True), kind
