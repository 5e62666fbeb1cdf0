"""Attempts to log in: what strangers elsewhere cannot do to those whom an account knows."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from rest_framework.test import APIClient

from accounts import known_devices, passwords
from accounts.models import User
from accounts.tests.factories import PASSWORD, client_of, make_user
from accounts.tests.test_sessions import LOGIN, ME, REFRESH, race
from api.tests.servers import frozen_redis, no_redis, redis_not_configured
from api.throttles import account_key, local_counter
from database.refusals import Busy

pytestmark = pytest.mark.django_db
ELSEWHERE, HOME = "192.0.2.66", "192.0.2.1"
PAGE = "/admin/login/?next=/admin/"


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    local_counter.windows.clear()


def log_in(email: str, password: str = PASSWORD, *, address: str = HOME, device: str = "") -> Any:
    body = {"email": email, "password": password} | ({"device_token": device} if device else {})
    return APIClient().post(LOGIN, body, REMOTE_ADDR=address)


def guess(user: User, times: int, *, address: str = ELSEWHERE) -> list[int]:
    return [log_in(user.email, f"Guess {number}", address=address).status_code for number in range(times)]


def log_in_to_page(browser: Client, user: User, password: str = PASSWORD, address: str = HOME) -> bool:
    answer = browser.post(PAGE, {"username": user.email, "password": password}, REMOTE_ADDR=address)
    return answer.status_code == 302


@pytest.fixture
def admin() -> User:
    return make_user(password=PASSWORD, is_staff=True, is_superuser=True)


def test_guesses_from_elsewhere_end_and_do_not_keep_the_owner_out(admin: User) -> None:
    assert guess(admin, 12) == [401] * 10 + [429] * 2

    assert log_in(admin.email).status_code == 200
    assert log_in_to_page(Client(), admin)
    assert not log_in_to_page(Client(), admin, address=ELSEWHERE)


def test_what_is_refused_to_one_address_uses_up_nothing_of_the_account(admin: User, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT_TOTAL = (12, 60)

    assert guess(admin, 40).count(429) == 30
    assert log_in(admin.email).status_code == 200


def test_a_known_browser_comes_in_while_strangers_have_used_up_the_account(admin: User, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT_TOTAL = (4, 60)
    known = Client()
    assert log_in_to_page(known, admin)
    known.post("/admin/logout/")

    assert guess(admin, 5) == [401, 401, 401, 429, 429]
    assert not log_in_to_page(Client(), admin)
    assert log_in_to_page(known, admin)
    cookie = known.cookies[known_devices.COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/admin/", True, "Lax")


def test_a_known_device_comes_in_through_the_api_too(admin: User, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT_TOTAL = (4, 60)
    device = log_in(admin.email).data["device_token"]

    guess(admin, 5)
    assert log_in(admin.email).status_code == 429
    answer = log_in(admin.email, device=device)
    assert answer.status_code == 200
    assert log_in(admin.email, device=answer.data["device_token"]).status_code == 200


def test_a_known_device_comes_in_when_strangers_share_its_address(admin: User, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ADDRESS = (3, 60)
    device = log_in(admin.email).data["device_token"]

    assert guess(admin, 3, address=HOME) == [401, 401, 429]
    assert log_in(admin.email, device=device).status_code == 200


def test_a_known_device_has_a_limit_too(admin: User) -> None:
    device = log_in(admin.email).data["device_token"]

    statuses = [log_in(admin.email, "wrong", device=device).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    assert log_in(admin.email, address=ELSEWHERE).status_code == 200


def test_a_live_session_and_its_refresh_go_on_under_attack(admin: User, settings: Any) -> None:
    pair = log_in(admin.email).data
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT = settings.RATE_LIMIT_LOGIN_PER_ACCOUNT_TOTAL = (2, 60)
    guess(admin, 5)

    client = client_of(admin)
    assert APIClient().post(REFRESH, {"refresh_token": pair["refresh_token"]}).status_code == 200
    changed = client.patch(ME, {"password": "another long one 7", "current_password": PASSWORD})
    assert changed.status_code == 200


def test_another_accounts_device_is_a_stranger(admin: User, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT_TOTAL = (2, 60)
    theirs = log_in(make_user(password=PASSWORD).email).data["device_token"]
    guess(admin, 2)

    assert log_in(admin.email, device=theirs).status_code == 429


@pytest.mark.parametrize(
    "forge",
    [
        lambda user: "x",
        lambda user: known_devices.issue(user.pk)[:-1],
        lambda user: signing.dumps(["name", [user.pk]], salt="another"),
        lambda user: signing.dumps("name", salt=known_devices.SALT),
        lambda user: "",
    ],
)
def test_a_forged_device_is_a_stranger(admin: User, forge: Callable[[User], str]) -> None:
    assert known_devices.find(forge(admin), account_key(admin.email)) == ""
    assert log_in(admin.email, device=forge(admin)).status_code == 200


def test_a_device_is_known_by_its_account_under_another_email_and_for_a_year(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = known_devices.issue(admin.pk)
    User.objects.update(email="moved@example.com")
    assert known_devices.find(token, "moved@example.com")
    assert not known_devices.find(token, account_key(admin.email))
    monkeypatch.setattr(known_devices, "MAX_AGE_SECONDS", -1)
    assert not known_devices.find(token, "moved@example.com")


def test_people_who_share_a_browser_are_all_known_there() -> None:
    people = [make_user(password=PASSWORD, is_staff=True) for _ in range(known_devices.MOST_ACCOUNTS + 1)]
    browser = Client()
    for person in people:
        assert log_in_to_page(browser, person)
    token = browser.cookies[known_devices.COOKIE].value

    first, *others = (bool(known_devices.find(token, account_key(person.email))) for person in people)
    assert (first, others) == (False, [True] * known_devices.MOST_ACCOUNTS)
    assert len(token) <= 400


def test_attempts_are_counted_per_account_in_every_spelling(settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT = (2, 60)
    emails = ("ann@example.com", "ANN@example.com", "Ann@EXAMPLE.com")

    assert [log_in(email).status_code for email in emails] == [401, 401, 429]
    assert log_in("bob@example.com").status_code == 401


def test_attempts_are_counted_per_address_whatever_the_account(settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ADDRESS = (2, 60)

    assert [log_in(f"user{number}@example.com").status_code for number in range(3)] == [401, 401, 429]


@pytest.mark.parametrize("body", [{"x": 1}, {"email": 5}, {"email": ""}, {"email": "x", "device_token": 7}])
def test_a_body_that_means_nothing_counts_for_the_address(settings: Any, body: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ADDRESS = (1, 60)

    assert [APIClient().post(LOGIN, body, format="json").status_code for _ in range(2)] == [400, 429]


@pytest.mark.parametrize("unavailable", [no_redis, frozen_redis, redis_not_configured])
def test_without_redis_guessing_stays_limited_and_the_owner_comes_in(
    admin: User, settings: Any, unavailable: Any
) -> None:
    device = log_in(admin.email).data["device_token"]
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT_TOTAL = (2, 60)
    with unavailable():
        assert guess(admin, 3) == [401, 401, 429]
        assert log_in(admin.email, device=device).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_exactly_the_limit_is_evaluated(admin: User, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT, settings.RATE_LIMITS = (3, 60), True
    statuses: list[int] = []

    def one() -> None:
        # Who finds no place has lost no attempt, and comes again.
        while (status := log_in(admin.email, "wrong").status_code) == 503:
            pass
        statuses.append(status)

    race(8, one)
    assert sorted(statuses) == [401] * 3 + [429] * 5


@contextmanager
def crowd(strangers: int) -> Iterator[None]:
    """So many strangers log in at this moment."""
    with ExitStack() as places:
        for _ in range(strangers):
            places.enter_context(passwords.place_in(passwords._places, seconds=0))
        yield


def test_a_login_that_finds_no_place_costs_no_attempt(admin: User, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT = (2, 60)
    with crowd(passwords.PLACES):
        assert [log_in(admin.email).status_code for _ in range(5)] == [503] * 5
        assert [log_in_to_page(Client(), admin) for _ in range(5)] == [False] * 5
    assert [log_in(admin.email).status_code for _ in range(3)] == [200, 200, 429]


def test_a_registration_that_finds_no_place_costs_none_of_its_limit(api: Any, settings: Any) -> None:
    settings.RATE_LIMIT_REGISTER = (1, 60)
    body = {"first_name": "A", "last_name": "B", "email": "new@example.com", "password": PASSWORD}
    with crowd(passwords.PLACES):
        assert [api.post("/api/v1/users/", body).status_code for _ in range(3)] == [503] * 3
    assert api.post("/api/v1/users/", body).status_code == 201


def test_a_place_is_kept_for_known_devices_and_for_the_signed_in(admin: User) -> None:
    device = log_in(admin.email).data["device_token"]
    browser = Client()
    assert log_in_to_page(browser, admin)
    with crowd(passwords.PLACES):
        assert log_in(admin.email).status_code == 503
        assert log_in(admin.email, device=device).status_code == 200
        assert log_in_to_page(browser, admin)
        wrong = client_of(admin).patch(ME, {"password": "another long one 7", "current_password": "wrong"})
        assert wrong.status_code == 400


def test_of_four_threads_one_is_left_to_orders_in_any_crowd() -> None:
    """Whoever finds no place is refused without waiting, so that threads are taken by those alone who have one."""
    taken, finish = threading.Semaphore(0), threading.Event()

    def take(room: threading.Semaphore) -> None:
        with passwords.place_in(room, seconds=0):
            taken.release()
            finish.wait(30)

    rooms = [passwords._places] * passwords.PLACES + [passwords._kept_places] * passwords.KEPT_PLACES
    threads = [threading.Thread(target=take, args=[room]) for room in rooms]
    for thread in threads:
        thread.start()
    assert all(taken.acquire(timeout=10) for _ in rooms)
    began = time.monotonic()
    for known in (True, False) * 10:
        with pytest.raises(Busy), passwords.hashing(known=known):
            pass
    assert time.monotonic() - began < passwords.PATIENCE_SECONDS
    assert len(rooms) < 4
    finish.set()
    for thread in threads:
        thread.join()
    for known in (True, False):
        with passwords.hashing(known=known):
            pass
