"""Coming into the admin: email, password, code, one's own password, and leaving."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import passwords
from accounts.models import User
from accounts.tests.factories import PASSWORD, make_user
from config.admin import login as admin_login
from events.models import Event
from staff.tests.pages import errors_of, messages_of, send

pytestmark = pytest.mark.django_db
NEW = "another long one 7"


@pytest.fixture
def worker(db: None) -> User:
    return make_user(password=PASSWORD, is_staff=True, email="staff@example.com")


def log_in(client: Client, **more: str) -> Any:
    return client.post("/admin/login/?next=/admin/", {"username": "STAFF@example.com", "password": PASSWORD} | more)


def code_of(device: TOTPDevice) -> str:
    return f"{totp(device.bin_key, device.step, device.t0, device.digits, device.drift):06}"


def test_staff_come_in_with_email_and_password(client: Client, worker: User) -> None:
    assert log_in(client).headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_wrong_password_and_a_customer_are_refused_alike(client: Client, worker: User) -> None:
    make_user(password=PASSWORD, email="customer@example.com")

    wrong = log_in(client, password="wrong")
    customer = log_in(client, username="customer@example.com")

    assert "Please enter the correct" in wrong.content.decode()
    assert "Please enter the correct" in customer.content.decode()
    assert client.get("/admin/").status_code == 302


def test_guessing_ends_after_some_attempts(client: Client, worker: User, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT = (2, 60)
    for _ in range(2):
        log_in(client, password="wrong")

    assert "Too many attempts" in log_in(client).content.decode()


@contextmanager
def crowd_at_the_gate() -> Iterator[None]:
    """As many people sign in as there are places for, and somebody known takes the place that is kept."""
    with ExitStack() as places:
        for room in [passwords._places] * passwords.PLACES + [passwords._kept_places] * passwords.KEPT_PLACES:
            places.enter_context(passwords.place_in(room, seconds=0))
        yield


def test_in_a_crowd_staff_are_told_to_try_again(client: Client, worker: User) -> None:
    with crowd_at_the_gate():
        turned_away = log_in(client)

    assert "Too many people are signing in" in turned_away.content.decode()
    assert client.get("/admin/").status_code == 302
    assert log_in(client).status_code == 302


def test_in_a_crowd_ones_own_password_stays_as_it_is(client: Client, worker: User) -> None:
    log_in(client)
    url, new = "/admin/password_change/", {"new_password1": "another long one 7", "new_password2": "another long one 7"}

    with crowd_at_the_gate():
        turned_away = send(client, url, "old_password", old_password=PASSWORD, **new)

    assert "Too many people are signing in" in errors_of(turned_away)
    worker.refresh_from_db()
    assert worker.check_password(PASSWORD)


def test_a_crowd_that_comes_between_old_and_new_password_is_told(
    client: Client, worker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(client)
    new = {"old_password": PASSWORD, "new_password1": "another long one 7", "new_password2": "another long one 7"}
    crowd = crowd_at_the_gate()
    valid = admin_login.PasswordForm.is_valid

    def valid_then_crowded(form: Any) -> bool:
        answer = valid(form)
        crowd.__enter__()
        return answer

    monkeypatch.setattr(admin_login.PasswordForm, "is_valid", valid_then_crowded)
    answer = send(client, "/admin/password_change/", "old_password", **new)
    crowd.__exit__(None, None, None)

    assert messages_of(answer) == ["Too many people are signing in at this moment; try again."]
    worker.refresh_from_db()
    assert worker.check_password(PASSWORD)


def test_a_wrong_old_password_is_refused(client: Client, worker: User) -> None:
    log_in(client)
    new = {"old_password": "wrong", "new_password1": "another long one 7", "new_password2": "another long one 7"}

    assert "incorrectly" in errors_of(send(client, "/admin/password_change/", "old_password", **new))


def test_guesses_of_ones_own_password_are_attempts_to_sign_in(client: Client, worker: User, settings: Any) -> None:
    log_in(client)
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT = (3, 60)
    page, new = "/admin/password_change/", {"new_password1": NEW, "new_password2": NEW}

    guesses = [errors_of(send(client, page, "old_password", old_password=f"Guess {n}", **new)) for n in range(2)]
    third = errors_of(send(client, page, "old_password", old_password="Guess 3", **new))
    right = errors_of(send(client, page, "old_password", old_password=PASSWORD, **new))
    at_the_login = log_in(Client())

    assert all("incorrectly" in errors for errors in guesses)
    assert "incorrectly" in third
    assert "Too many attempts. Try again in" in right
    assert at_the_login.status_code == 302  # who guesses on an open page keeps nobody out elsewhere
    worker.refresh_from_db()
    assert worker.check_password(PASSWORD)


def test_leaving_asks_for_the_password_and_counts_its_guesses(client: Client, worker: User, settings: Any) -> None:
    User.objects.filter(pk=worker.pk).update(is_superuser=True)
    make_user(is_staff=True, is_superuser=True)
    log_in(client)
    page = f"/admin/accounts/user/{worker.pk}/anonymise/"
    assert page in client.get(f"/admin/accounts/user/{worker.pk}/change/").content.decode()

    empty = send(client, page, "current_password", sure="on")
    wrong = send(client, page, "current_password", current_password="wrong one", sure="on")
    worker.refresh_from_db()
    assert "This field is required" in errors_of(empty)
    assert "not the current password" in errors_of(wrong)
    assert (worker.leaving_at, worker.anonymised_at) == (None, None)

    right = send(client, page, "current_password", current_password=PASSWORD)
    worker.refresh_from_db()
    assert messages_of(right) == ["Your account will be erased. You can take that back below until then."]
    assert worker.leaving_at is not None
    assert (worker.anonymised_at, worker.is_active) == (None, True)

    client.post(f"/admin/accounts/user/{worker.pk}/restore/")
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT = (1, 60)
    throttled = send(client, page, "current_password", current_password=PASSWORD)
    worker.refresh_from_db()
    assert "Too many attempts" in errors_of(throttled)
    assert worker.leaving_at is None


def test_browsers_find_an_icon_where_they_look_for_one(client: Client) -> None:
    assert client.get("/favicon.ico").headers["Location"] == "/static/shop/icon.svg"
    assert 'rel="icon" href="/static/shop/icon.svg"' in client.get("/admin/login/").content.decode()


def test_whoever_has_a_device_needs_its_code(client: Client, worker: User) -> None:
    device = TOTPDevice.objects.create(user=worker, name="phone")

    asked = log_in(client)
    wrong = log_in(client, otp_token="000000")
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    right = log_in(client, otp_token=code_of(device))

    assert "Code from your device" in asked.content.decode()
    assert "Invalid token" in wrong.content.decode()
    assert right.status_code == 302


def test_with_several_devices_one_is_chosen(client: Client, worker: User) -> None:
    phone = TOTPDevice.objects.create(user=worker, name="phone")
    StaticDevice.objects.create(user=worker, name="paper").token_set.create(token="abcdef")

    asked = log_in(client)
    unsaid = log_in(client, otp_token="abcdef")
    right = log_in(client, otp_token=code_of(phone), otp_device=phone.persistent_id)

    assert "paper" in asked.content.decode()
    assert unsaid.status_code == 200
    assert right.status_code == 302


def test_where_codes_are_required_nobody_comes_in_without(client: Client, worker: User, settings: Any) -> None:
    client.force_login(worker)
    settings.ADMIN_REQUIRE_OTP = True

    assert client.get("/admin/").status_code == 302
    assert "you have no device for it yet" in log_in(client).content.decode()

    device = TOTPDevice.objects.create(user=worker, name="phone")
    assert log_in(client, otp_token=code_of(device)).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_ones_own_password_is_changed_through_the_service(client: Client, worker: User) -> None:
    log_in(client)
    new = {"old_password": PASSWORD, "new_password1": "another long one 7", "new_password2": "another long one 7"}

    answer = send(client, "/admin/password_change/", "old_password", **new)

    assert answer.headers["Location"] == "/admin/password_change/done/"
    assert client.get("/admin/").status_code == 200
    worker.refresh_from_db()
    assert worker.check_password("another long one 7")
    event = Event.objects.get(kind="user.password_changed")
    assert (event.actor, event.channel) == (f"staff:{worker.pk}", "admin")


def test_logging_out_ends_it(client: Client, worker: User) -> None:
    log_in(client)

    client.post("/admin/logout/")

    assert client.get("/admin/").status_code == 302
