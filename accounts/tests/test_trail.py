"""The trail: what is noted of log-ins, of what failed, of what was refused; and what is never in it."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from rest_framework.test import APIClient

from accounts.clients import pseudonym
from accounts.models import Session, User
from accounts.tests.factories import PASSWORD, client_of, code_of, give_phone, make_clerk, make_user, wrong_code_of
from accounts.tests.test_sessions import LOGIN, ME, REFRESH
from api.logs import JSONFormatter
from api.tests.servers import no_redis
from api.throttles import local_counter
from events.models import Event
from staff.tests.pages import send

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/admin/login/?next=/admin/"
RESET = "/api/v1/users/password-reset/confirm"
EMAIL = "zq7canary@example.com"
SECRETS = (EMAIL, "zq7canary", PASSWORD, "203.0.113.9", "wrong one", "another long one 7")


@pytest.fixture
def trail(caplog: pytest.LogCaptureFixture) -> Callable[[], list[tuple[str, str, dict[str, Any]]]]:
    """Calling it returns kind, actor and facts of all events so far, each of which was logged too."""
    caplog.set_level(logging.INFO, "accounts.trail")

    def noted() -> list[tuple[str, str, dict[str, Any]]]:
        events = list(Event.objects.filter(kind__startswith="user.").exclude(kind="user.registered").order_by("id"))
        lines = [json.loads(JSONFormatter().format(record)) for record in caplog.records]
        logged = [line for line in lines if line["logger"] == "accounts.trail"]
        assert [line["message"] for line in logged] == [event.kind for event in events]
        for line, event in zip(logged, events, strict=True):
            facts = {name: value for name, value in event.payload.items() if name != "user_id"}
            about = {"subject": event.subject, "actor": event.actor, "channel": event.channel}
            assert line["event"] == about | facts
        written = json.dumps([lines, [event.payload for event in events]])
        assert [secret for secret in SECRETS if secret in written] == []
        return [(event.kind, event.actor, event.payload) for event in events]

    return noted


@pytest.fixture
def person() -> User:
    return make_user(email=EMAIL, password=PASSWORD)


@pytest.fixture
def clerk() -> User:
    return make_clerk()


def log_in(email: str, password: str = PASSWORD, **more: str) -> Any:
    return APIClient().post(LOGIN, {"email": email, "password": password} | more, REMOTE_ADDR="203.0.113.9")


def test_a_login_says_which_session_from_where_and_with_what(trail: Any, person: User) -> None:
    device = log_in(EMAIL).data["device_token"]
    log_in(EMAIL, device_token=device)

    first, second = trail()
    session = Session.objects.earliest("created_at")
    assert first == (
        "user.logged_in",
        f"customer:{person.pk}",
        {
            "user_id": person.pk,
            "session_id": str(session.pk),
            "source": pseudonym("203.0.113.9"),
            "known_device": False,
            "second_factor": False,
        },
    )
    assert second[2]["known_device"] is True
    assert device not in str(first) + str(second)


@pytest.mark.parametrize(
    ("email", "active", "reason"),
    [(EMAIL, True, "wrong_password"), (EMAIL, False, "disabled"), ("zq7canary.nobody@example.com", True, "no_account")],
)
def test_a_failed_login_says_why(trail: Any, person: User, email: str, active: bool, reason: str) -> None:
    User.objects.update(is_active=active)
    assert log_in(email, "wrong one").status_code == 401
    assert Client().post(PAGE, {"username": email, "password": "wrong one"}).status_code == 200

    api, page = trail()
    assert [(kind, actor, facts["reason"]) for kind, actor, facts in (api, page)] == [
        ("user.login_failed", "visitor", reason)
    ] * 2
    assert ("account" in api[2]) == (reason == "no_account") == ("user_id" not in api[2])
    assert set(Event.objects.values_list("channel", flat=True)) == {"api", "admin"}


def test_noting_a_failure_costs_the_same_for_everyone(person: User) -> None:
    statements = []
    for email in (EMAIL, "nobody@example.com"):
        with CaptureQueriesContext(connection) as queries:
            log_in(email, "wrong one")
        statements.append([query["sql"].split()[0] for query in queries])
    assert statements[0] == statements[1]


def test_codes_that_are_missing_or_wrong_are_told_apart(trail: Any, clerk: User) -> None:
    phone = give_phone(clerk)
    log_in(clerk.email)
    log_in(clerk.email, otp_code=wrong_code_of(phone))
    log_in(clerk.email, otp_code=code_of(phone))
    form = {"username": clerk.email, "password": PASSWORD}
    Client().post(PAGE, form)
    Client().post(PAGE, form | {"otp_token": wrong_code_of(phone)})

    noted = [(kind, facts["reason"]) for kind, _, facts in trail() if kind != "user.throttled"]
    assert noted == [
        ("user.code_asked", "otp_required"),
        ("user.code_refused", "otp_invalid"),
        ("user.code_refused", "throttled"),
        ("user.code_asked", "otp_required"),
        ("user.code_refused", "otp_invalid"),
    ]


def test_staff_without_a_device_where_one_is_required_and_customers_on_the_page(
    trail: Any, clerk: User, person: User, settings: Any
) -> None:
    settings.ADMIN_REQUIRE_OTP = True
    log_in(clerk.email)
    Client().post(PAGE, {"username": clerk.email, "password": PASSWORD})
    Client().post(PAGE, {"username": EMAIL, "password": PASSWORD})

    assert [(kind, facts["reason"], facts["user_id"]) for kind, _, facts in trail()] == [
        ("user.login_failed", "otp_device_required", clerk.pk),
        ("user.login_failed", "otp_device_required", clerk.pk),
        ("user.login_failed", "no_staff", person.pk),
    ]


def test_a_wrong_current_password_and_a_dead_link_are_noted(trail: Any, person: User) -> None:
    client, actor = client_of(person), f"customer:{person.pk}"
    client.patch(ME, {"password": "another long one 7", "current_password": "wrong one"})
    client.delete(ME, {"current_password": "wrong one"})
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    for who in (uid, "x"):
        APIClient().post(RESET, {"uid": who, "token": "wrong one", "new_password": "another long one 7"})

    assert trail() == [
        ("user.login_failed", actor, {"user_id": person.pk, "reason": "current_password"}),
        ("user.login_failed", actor, {"user_id": person.pk, "reason": "current_password"}),
        ("user.reset_failed", "visitor", {"user_id": person.pk}),
        ("user.reset_failed", "visitor", {}),
    ]


def test_a_wrong_current_password_on_the_page_is_noted(trail: Any, staff_pages: Any) -> None:
    browser = staff_pages()
    new = {"new_password1": "another long one 7", "new_password2": "another long one 7"}
    send(browser, "/admin/password_change/", "old_password", old_password="wrong one", **new)

    kind, actor, facts = trail()[-1]
    assert (kind, actor, facts["reason"]) == ("user.login_failed", f"staff:{browser.user.pk}", "current_password")


def test_changed_credentials_are_in_the_log_too(trail: Any, person: User) -> None:
    client = client_of(person)
    client.patch(ME, {"password": "another long one 7", "current_password": PASSWORD})
    client.patch(ME, {"email": "zq7canary.new@example.com", "current_password": "another long one 7"})
    person.refresh_from_db()
    uid, token = urlsafe_base64_encode(force_bytes(person.pk)), default_token_generator.make_token(person)
    APIClient().post(RESET, {"uid": uid, "token": token, "new_password": PASSWORD})

    kinds = [kind for kind, _, _ in trail()]
    changed = ["user.password_changed", "user.updated", "user.email_changed", "user.password_changed"]
    # The link came by mail, so whoever follows it has the address.
    assert kinds == [*changed, "user.email_confirmed"]


def test_what_is_refused_is_noted_once_a_minute_and_without_the_path(trail: Any, person: User) -> None:
    client = client_of(person)
    for path in ("/api/v1/users?search=zq7canary", "/api/v1/users/", "/api/v1/inventory/items/zq7canary"):
        assert client.get(path).status_code == 403

    assert [(kind, actor, facts["method"], facts["route"]) for kind, actor, facts in trail()] == [
        ("user.refused", f"customer:{person.pk}", "GET", "api/v1/users"),
        ("user.refused", f"customer:{person.pk}", "GET", "api/v1/inventory/items/<sku:sku>"),
    ]


def test_a_page_that_is_refused_is_noted(trail: Any, staff_pages: Any) -> None:
    browser = staff_pages("stock keeper")
    assert browser.get("/admin/orders/order/").status_code == 403
    unsafe = Client(enforce_csrf_checks=True)
    unsafe.cookies = browser.cookies
    assert unsafe.post("/admin/logout/").status_code == 403

    assert [(kind, actor, facts["route"]) for kind, actor, facts in trail()[1:]] == [
        ("user.refused", f"staff:{browser.user.pk}", "admin/orders/order/"),
        ("user.refused", f"staff:{browser.user.pk}", "admin/logout/"),
    ]


@pytest.mark.parametrize("channel", ["api", "admin"])
def test_throttling_is_noted_once_a_minute(trail: Any, person: User, settings: Any, channel: str) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT = (1, 60)
    for _ in range(4):
        if channel == "api":
            log_in(EMAIL, "wrong one")
        else:
            Client().post(PAGE, {"username": EMAIL, "password": "wrong one"}, REMOTE_ADDR="203.0.113.9")

    failed, throttled = trail()
    assert failed[0] == "user.login_failed"
    assert (throttled[0], throttled[1]) == ("user.throttled", "visitor")
    assert (throttled[2]["source"], throttled[2]["user_id"]) == (pseudonym("203.0.113.9"), person.pk)
    assert Event.objects.latest("id").channel == channel


def test_the_general_limit_leaves_a_trace_and_without_redis_it_stays_bounded(
    trail: Any, person: User, settings: Any
) -> None:
    client = client_of(person)
    settings.RATE_LIMIT_USER = (1, 60)
    assert [client.get(ME).status_code for _ in range(4)] == [200, 429, 429, 429]
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT = (1, 60)
    with no_redis():
        local_counter.windows.clear()
        assert [log_in(EMAIL, "wrong one").status_code for _ in range(4)] == [401, 429, 429, 429]

    assert [kind for kind, _, _ in trail()] == ["user.throttled", "user.login_failed", "user.throttled"]


def test_a_refusal_that_cannot_be_noted_is_a_refusal_all_the_same(
    person: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = client_of(person)
    with connection.cursor() as cursor:
        cursor.execute("alter table events_event rename to elsewhere")
    try:
        assert client.get("/api/v1/users").status_code == 403
    finally:
        with connection.cursor() as cursor:
            cursor.execute("alter table elsewhere rename to events_event")
    assert "a refusal with 403 could not be noted" in caplog.text


def test_a_refresh_token_in_two_hands_is_a_warning(
    trail: Any, person: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REFRESH_GRACE_SECONDS = 0
    token = log_in(EMAIL).data["refresh_token"]
    assert [APIClient().post(REFRESH, {"refresh_token": token}).status_code for _ in range(2)] == [200, 401]

    kind, _, facts = trail()[-1]
    assert (kind, facts["reason"]) == ("user.session_ended", "refresh_reused")
    assert caplog.records[-1].levelname == "WARNING"


def test_coming_into_the_admin_and_leaving_it_are_noted(trail: Any, clerk: User) -> None:
    browser = Client()
    browser.post(PAGE, {"username": clerk.email, "password": PASSWORD})
    browser.post("/admin/logout/")

    assert [(kind, actor) for kind, actor, _ in trail()] == [
        ("user.logged_in", f"staff:{clerk.pk}"),
        ("user.session_ended", f"staff:{clerk.pk}"),
    ]
    assert trail()[1][2]["reason"] == "logout"


def test_staff_find_the_trail_in_the_journal(staff_pages: Any, person: User) -> None:
    log_in(EMAIL, "wrong one")
    page = staff_pages().get("/admin/events/event/?q=visitor&area=user").content.decode()
    assert "user.login_failed" in page
    assert f"user:{person.pk}" in page
