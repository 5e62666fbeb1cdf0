"""The list of one's own sessions, the end of each, and the ends that no use puts off."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import F
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Session, User
from accounts.sessions import start_session
from accounts.tests.factories import PASSWORD, client_of, code_of, give_phone, make_user
from accounts.tests.test_sessions import LOGIN, ME, REFRESH, bearer
from accounts.views.sessions import OwnSessionViewSet
from api.pagination import Cursor, encode_cursor
from events.models import Event

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/users/me/sessions"
OWN = "/admin/sessions/"
MISSING = "There is no such session."
PAGE = "/admin/login/?next=/admin/"


def let_pass(**time: int) -> None:
    """As if all sessions had been begun and used so much earlier."""
    earlier = timedelta(**time)
    Session.objects.update(
        created_at=F("created_at") - earlier,
        refreshed_at=F("refreshed_at") - earlier,
        expires_at=F("expires_at") - earlier,
    )


@pytest.fixture
def clerk() -> User:
    return make_user(password=PASSWORD, is_staff=True, is_superuser=True)


@pytest.fixture
def browser(clerk: User) -> Client:
    browser = Client(headers={"User-Agent": "Browser of the office"})
    assert browser.post(PAGE, {"username": clerk.email, "password": PASSWORD}).status_code == 302
    return browser


def is_in(browser: Client) -> bool:
    return browser.get("/admin/").status_code == 200


def test_people_see_where_they_are_signed_in() -> None:
    user, other = make_user(password=PASSWORD), make_user()
    start_session(user_id=other.pk)
    body = {"email": user.email, "password": PASSWORD}
    token = APIClient(headers={"User-Agent": "An app"}).post(LOGIN, body).data["access_token"]
    start_session(user_id=user.pk)

    listed = APIClient().get(SESSIONS, **bearer(token)).json()["results"]

    assert [(row["user_agent"], row["current"], row["channel"]) for row in listed] == [
        ("", False, "api"),
        ("An app", True, "api"),
    ]
    assert set(listed[0]) == {
        *("session_id", "channel", "current", "user_agent", "second_factor"),
        *("created_at", "last_used_at", "expires_at"),
    }
    assert not any(str(jti) in str(listed) for jti in Session.objects.values_list("refresh_jti", flat=True))


def test_the_list_has_pages_and_a_cursor_is_checked() -> None:
    client = client_of(user := make_user())
    for _ in range(2):
        start_session(user_id=user.pk)
    first = client.get(f"{SESSIONS}?page_size=2").json()
    second = client.get(first["next"]).json()
    ids = [row["session_id"] for row in first["results"] + second["results"]]
    assert len(set(ids)) == 3
    forged = encode_cursor(OwnSessionViewSet.keyset, Cursor(False, ("2026-01-01T00:00:00+00:00", "no UUID")))
    assert client.get(f"{SESSIONS}?cursor={forged}").json()["code"] == "invalid_cursor"


def test_a_session_is_ended_from_another_and_its_tokens_with_it(api: Any) -> None:
    user = make_user()
    lost = start_session(user_id=user.pk)
    lost_id = Session.objects.get().pk
    client = client_of(user)

    assert client.delete(f"{SESSIONS}/{lost_id}").status_code == 204
    assert api.get(ME, **bearer(lost.access_token)).status_code == 401
    assert api.post(REFRESH, {"refresh_token": lost.refresh_token}).status_code == 401
    assert client.delete(f"{SESSIONS}/{lost_id}").status_code == 404
    assert client.delete(f"{SESSIONS}/{uuid4()}").status_code == 404
    assert client.get(ME).status_code == 200
    event = Event.objects.get(kind="user.session_ended")
    assert (event.actor, event.payload["reason"]) == (f"customer:{user.pk}", "ended_by_owner")


def test_the_session_of_somebody_else_is_not_there() -> None:
    start_session(user_id=make_user().pk)
    theirs = Session.objects.get()
    assert client_of(make_user()).delete(f"{SESSIONS}/{theirs.pk}").status_code == 404
    assert Session.objects.live().filter(pk=theirs.pk).exists()


def test_all_other_sessions_end_at_once(browser: Client, clerk: User) -> None:
    client = client_of(clerk)
    elsewhere = client_of(clerk)
    stranger = client_of(make_user())

    assert client.delete(SESSIONS).status_code == 204
    assert (client.get(ME).status_code, elsewhere.get(ME).status_code) == (200, 401)
    assert not is_in(browser)
    assert stranger.get(ME).status_code == 200
    assert Event.objects.get(kind="user.sessions_ended").payload["number"] == 2


def test_staff_see_their_sessions_of_pages_and_api_and_end_them(browser: Client, clerk: User) -> None:
    client = client_of(clerk)
    page = browser.get(OWN).content.decode()
    assert "Browser of the office" in page
    assert page.count(">End<") == 2
    assert page.count("this one") == 1 + 1  # the row, and the button that spares it

    lost = Session.objects.get(channel="api")
    for session, message in ((lost.pk, "The session has ended."), (lost.pk, MISSING), ("x", MISSING)):
        browser.post(OWN, {"session": session})
        assert message in browser.get(OWN).content.decode()
        assert client.get(ME).status_code == 401


def test_whoever_ends_all_others_stays(browser: Client, clerk: User) -> None:
    other = Client()
    other.post(PAGE, {"username": clerk.email, "password": PASSWORD})
    assert is_in(other)
    browser.post(OWN)
    assert (is_in(browser), is_in(other)) == (True, False)


def test_a_stock_keeper_has_the_page_too_and_ends_nobody_elses(staff_pages: Any, browser: Client) -> None:
    keeper = staff_pages("stock keeper")
    theirs = Session.objects.exclude(user=keeper.user).get()
    assert keeper.get(OWN).status_code == 200
    keeper.post(OWN, {"session": theirs.pk})
    assert is_in(browser)


def test_an_administrator_ends_a_session_of_a_colleague(staff_pages: Any, browser: Client, clerk: User) -> None:
    boss = staff_pages()
    session = Session.objects.get(user=clerk)
    assert "Browser of the office" in boss.get(f"/admin/accounts/user/{clerk.pk}/change/").content.decode()
    boss.post(f"/admin/accounts/user/{clerk.pk}/sessions/{session.pk}/end/")
    assert not is_in(browser)
    session.refresh_from_db()
    assert session.revoked_reason == "ended_by_staff"


def test_a_session_of_the_admin_ends_when_nobody_uses_it(browser: Client, settings: Any) -> None:
    let_pass(seconds=settings.ADMIN_IDLE_LIFETIME.total_seconds() - 60)
    assert is_in(browser)
    let_pass(seconds=settings.ADMIN_IDLE_LIFETIME.total_seconds() - 60)
    assert is_in(browser)
    let_pass(seconds=settings.ADMIN_IDLE_LIFETIME.total_seconds() + 1)
    assert not is_in(browser)


def test_a_session_of_the_admin_ends_however_it_is_used(browser: Client, settings: Any) -> None:
    for _ in range(11):
        let_pass(hours=1)
        assert is_in(browser)
    session = Session.objects.get()
    assert session.expires_at == session.created_at + settings.ADMIN_SESSION_LIFETIME
    let_pass(hours=1)
    assert not is_in(browser)


def test_ends_that_are_drawn_in_count_for_open_sessions(browser: Client, settings: Any) -> None:
    let_pass(minutes=30)
    settings.ADMIN_IDLE_LIFETIME = timedelta(minutes=15)
    assert not is_in(browser)


def test_a_used_page_writes_its_use_down_once_a_minute(browser: Client, django_assert_num_queries: Any) -> None:
    before = Session.objects.get().refreshed_at
    is_in(browser)
    assert Session.objects.get().refreshed_at == before
    let_pass(minutes=2)
    is_in(browser)
    assert Session.objects.get().refreshed_at > before


def test_a_session_of_the_api_ends_however_often_it_is_refreshed(api: Any, settings: Any) -> None:
    settings.SESSION_LIFETIME = timedelta(days=30)
    token = start_session(user_id=make_user().pk).refresh_token
    for _ in range(2):
        let_pass(days=13)
        answer = api.post(REFRESH, {"refresh_token": token})
        assert answer.status_code == 200
        token = answer.data["refresh_token"]
    session = Session.objects.get()
    assert session.expires_at == session.created_at + timedelta(days=30)
    let_pass(days=4)
    assert api.post(REFRESH, {"refresh_token": token}).status_code == 401


def test_a_session_from_before_its_end_was_drawn_in_is_no_theft(api: Any, settings: Any) -> None:
    token = start_session(user_id=make_user().pk).refresh_token
    let_pass(days=3)
    settings.SESSION_LIFETIME = timedelta(days=2)
    assert api.post(REFRESH, {"refresh_token": token}).status_code == 401
    assert Session.objects.get().revoked_reason == "too_old"


def test_a_session_that_no_row_stands_behind_is_none(browser: Client) -> None:
    session = browser.session
    del session["session_id"]
    session.save()
    assert not is_in(browser)


def test_logging_in_again_ends_the_session_before(browser: Client, clerk: User) -> None:
    browser.post(PAGE, {"username": clerk.email, "password": PASSWORD})
    assert is_in(browser)
    assert sorted(Session.objects.values_list("revoked_reason", flat=True)) == ["", "logged_in_again"]


def test_a_session_from_before_the_device_has_no_rights_any_more(browser: Client, clerk: User) -> None:
    phone = give_phone(clerk)
    assert not is_in(browser)
    assert browser.post("/admin/accounts/user/add/", {}).status_code == 302
    assert Session.objects.get().revoked_reason == "second_factor"

    form = {"username": clerk.email, "password": PASSWORD, "otp_token": code_of(phone)}
    assert browser.post(PAGE, form).status_code == 302
    assert is_in(browser)


def test_a_session_ends_with_the_device_whose_code_began_it(clerk: User) -> None:
    phone = give_phone(clerk)
    browser = Client()
    browser.post(PAGE, {"username": clerk.email, "password": PASSWORD, "otp_token": code_of(phone)})
    assert is_in(browser)
    phone.delete()
    assert not is_in(browser)


def test_a_new_password_ends_the_sessions_of_pages_elsewhere(browser: Client, clerk: User) -> None:
    changed = {"password": "another long one 7", "current_password": PASSWORD}
    assert client_of(clerk).patch(ME, changed).status_code == 200
    assert not is_in(browser)
    assert Session.objects.get(channel="admin").revoked_reason == "password_changed"
