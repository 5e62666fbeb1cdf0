"""The second factor of staff at the login: no staff rights for the password alone."""

import threading
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Session, User
from accounts.second_factor import use_code
from accounts.tests.factories import (
    PASSWORD,
    code_of,
    give_paper,
    give_phone,
    make_clerk,
    make_user,
    wrong_code_of,
)
from accounts.tests.test_sessions import LOGIN, bearer, race
from database.refusals import Refusal

STAFF_ONLY = "/api/v1/users"
FORM = "application/x-www-form-urlencoded"


def open_devices() -> None:
    """Let the wait after wrong codes be over; how many there were stays."""
    for model in (TOTPDevice, StaticDevice):
        model.objects.update(throttling_failure_timestamp=None)


def log_in(api: Any, user: User, **more: str) -> Any:
    return api.post(LOGIN, {"email": user.email, "password": PASSWORD} | more)


def refusal_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.django_db
def test_staff_with_a_device_are_asked_for_its_code_and_come_in_with_it(api: Any) -> None:
    clerk = make_clerk()
    phone = give_phone(clerk)

    asked = log_in(api, clerk)
    blank = log_in(api, clerk, otp_code="")
    assert refusal_of(asked) == refusal_of(blank) == (401, "otp_required")
    assert asked["WWW-Authenticate"] == "Bearer"
    assert not Session.objects.exists()

    answer = log_in(api, clerk, otp_code=code_of(phone))
    assert answer.status_code == 200
    assert Session.objects.get().otp_device == phone.persistent_id
    assert api.get(STAFF_ONLY, **bearer(answer.data["access_token"])).status_code == 200


@pytest.mark.django_db
def test_the_oauth2_form_asks_for_the_code_too(api: Any) -> None:
    clerk = make_clerk()
    phone = give_phone(clerk)
    form = {"grant_type": "password", "username": clerk.email, "password": PASSWORD}

    asked = api.generic("POST", LOGIN, urlencode(form), content_type=FORM)
    assert refusal_of(asked) == (401, "otp_required")
    assert not Session.objects.exists()

    answer = api.generic("POST", LOGIN, urlencode(form | {"otp_code": code_of(phone)}), content_type=FORM)
    assert answer.status_code == 200


@pytest.mark.django_db
def test_a_wrong_code_begins_no_session_and_makes_the_next_one_wait(api: Any) -> None:
    clerk = make_clerk()
    phone = give_phone(clerk)

    assert refusal_of(log_in(api, clerk, otp_code=wrong_code_of(phone))) == (401, "otp_invalid")
    too_soon = log_in(api, clerk, otp_code=code_of(phone))
    assert (refusal_of(too_soon), too_soon["Retry-After"]) == ((429, "throttled"), "1")
    phone.refresh_from_db()
    assert (phone.throttling_failure_count, phone.last_t) == (1, -1)
    assert not Session.objects.exists()

    open_devices()
    assert log_in(api, clerk, otp_code=code_of(phone)).status_code == 200


@pytest.mark.django_db
def test_wrong_codes_keep_the_owner_out_for_minutes_and_not_for_days(api: Any, client: Any) -> None:
    clerk = make_clerk()
    phone = give_phone(clerk)
    page = {"username": clerk.email, "password": PASSWORD}
    for ago, status in ((500, 429), (520, 200)):
        failed_at = timezone.now() - timedelta(seconds=ago)
        TOTPDevice.objects.update(throttling_failure_count=40, throttling_failure_timestamp=failed_at, last_t=-1)
        on_page = client.post("/admin/login/?next=/admin/", page | {"otp_token": code_of(phone)})
        assert on_page.status_code == (302 if status == 200 else 200)
        TOTPDevice.objects.update(throttling_failure_count=40, throttling_failure_timestamp=failed_at, last_t=-1)
        assert log_in(api, clerk, otp_code=code_of(phone)).status_code == status


@pytest.mark.django_db
def test_wrong_codes_count_as_attempts_to_log_in(api: Any, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT = (2, 60)
    clerk = make_clerk()
    phone = give_phone(clerk)
    for _ in range(2):
        assert refusal_of(log_in(api, clerk, otp_code=wrong_code_of(phone))) == (401, "otp_invalid")
        open_devices()

    assert refusal_of(log_in(api, clerk, otp_code=code_of(phone))) == (429, "throttled")
    phone.refresh_from_db()
    assert (phone.throttling_failure_count, phone.last_t) == (2, -1)
    assert not Session.objects.exists()


@pytest.mark.django_db
def test_a_code_is_good_once(api: Any) -> None:
    clerk = make_clerk()
    code = code_of(give_phone(clerk))
    assert log_in(api, clerk, otp_code=code).status_code == 200

    assert refusal_of(log_in(api, clerk, otp_code=code)) == (401, "otp_invalid")
    assert Session.objects.count() == 1


@pytest.mark.django_db
def test_a_code_on_paper_is_good_once_and_is_no_wrong_guess_at_the_phone(api: Any) -> None:
    clerk = make_clerk()
    phone, paper = give_phone(clerk), give_paper(clerk, "abcdefgh", "hgfedcba")

    assert log_in(api, clerk, otp_code="abcdefgh").status_code == 200
    phone.refresh_from_db()
    assert (phone.throttling_failure_count, phone.throttling_failure_timestamp) == (0, None)
    assert [left.token for left in paper.token_set.all()] == ["hgfedcba"]

    assert refusal_of(log_in(api, clerk, otp_code="abcdefgh")) == (401, "otp_invalid")
    for device in (phone, paper):
        device.refresh_from_db()
        assert device.throttling_failure_count == 1
    assert Session.objects.count() == 1


@pytest.mark.django_db
def test_each_of_two_phones_brings_its_owner_in_and_stays_open_for_the_other(api: Any) -> None:
    clerk = make_clerk()
    first, second = give_phone(clerk), give_phone(clerk)

    assert log_in(api, clerk, otp_code=code_of(second)).status_code == 200
    assert log_in(api, clerk, otp_code=code_of(first)).status_code == 200
    assert set(TOTPDevice.objects.values_list("throttling_failure_count", flat=True)) == {0}


@pytest.mark.django_db
def test_a_wrong_password_says_nothing_of_the_device_and_uses_no_code(api: Any) -> None:
    clerk, customer = make_clerk(), make_user(password=PASSWORD)
    phone = give_phone(clerk)

    wrong = [
        api.post(LOGIN, {"email": user.email, "password": "wrong", "otp_code": code})
        for user, code in ((clerk, code_of(phone)), (clerk, wrong_code_of(phone)), (clerk, ""), (customer, ""))
    ]

    answers = [(answer.status_code, answer.json() | {"request_id": ""}) for answer in wrong]
    assert answers[0][0] == 401
    assert answers[0][1]["code"] == "invalid_credentials"
    assert all(answer == answers[0] for answer in answers)
    phone.refresh_from_db()
    assert (phone.last_t, phone.throttling_failure_count) == (-1, 0)
    assert not Session.objects.exists()


@pytest.mark.django_db
def test_an_unconfirmed_device_is_not_asked_for(api: Any) -> None:
    clerk = make_clerk()
    TOTPDevice.objects.create(user=clerk, name="phone", confirmed=False)
    token = log_in(api, clerk).data["access_token"]
    assert api.get(STAFF_ONLY, **bearer(token)).status_code == 200


@pytest.mark.django_db
def test_where_codes_are_required_staff_without_a_device_stay_outside_and_customers_do_not(
    api: Any, settings: Any
) -> None:
    settings.ADMIN_REQUIRE_OTP = True
    clerk, customer = make_clerk(), make_user(password=PASSWORD)

    assert refusal_of(log_in(api, clerk)) == (403, "otp_device_required")
    assert refusal_of(log_in(api, clerk, otp_code="123456")) == (403, "otp_device_required")
    assert not Session.objects.exists()
    assert log_in(api, customer).status_code == 200
    assert log_in(api, clerk, otp_code=code_of(give_phone(clerk))).status_code == 200


CROWD = 8


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["phone", "paper"])
def test_of_many_uses_of_one_code_at_once_one_succeeds(kind: str) -> None:
    clerk = make_clerk()
    code = code_of(give_phone(clerk)) if kind == "phone" else "abcdefgh"
    if kind == "paper":
        give_paper(clerk, code)

    results = race(CROWD, lambda: use_code(user=clerk, code=code))

    assert sum(isinstance(result, str) for result in results) == 1
    assert {result.code for result in results if isinstance(result, Refusal)} <= {"throttled"}
    assert len(results) == CROWD


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_one_code_is_used_many_times() -> None:
    phone = give_phone(make_clerk())
    code, read = code_of(phone), threading.Barrier(CROWD)

    def naive() -> Any:
        device = TOTPDevice.objects.get(pk=phone.pk)
        read.wait()
        return device.verify_token(code)

    assert sum(race(CROWD, naive)) > 1
