"""The second factor of staff: no road leads to staff rights with the password alone."""

import threading
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Session, User
from accounts.second_factor import use_code
from accounts.sessions import start_session
from accounts.tests.factories import PASSWORD, client_of, make_user
from accounts.tests.test_sessions import LOGIN, ME, REFRESH, bearer, race
from accounts.tokens import TokenPair, read_refresh_token
from api import cache
from database.refusals import Refusal

STAFF_ONLY = "/api/v1/users"
FORM = "application/x-www-form-urlencoded"


def make_clerk() -> User:
    """A member of staff who may see people."""
    return make_user(password=PASSWORD, is_staff=True, groups=("administrator",))


def give_phone(user: User) -> TOTPDevice:
    return TOTPDevice.objects.create(user=user, name="phone")


def give_paper(user: User, *codes: str) -> StaticDevice:
    paper = StaticDevice.objects.create(user=user, name="paper")
    for code in codes:
        paper.token_set.create(token=code)
    return paper


def code_of(phone: TOTPDevice) -> str:
    return f"{totp(phone.bin_key, phone.step, phone.t0, phone.digits, phone.drift):06}"


def wrong_code_of(phone: TOTPDevice) -> str:
    """A code that is none of this time, and none of the times beside it."""
    near = {totp(phone.bin_key, phone.step, phone.t0, phone.digits, drift) for drift in range(-3, 4)}
    return next(f"{guess:06}" for guess in range(10) if guess not in near)


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


def assert_dead(api: Any, pair: TokenPair) -> None:
    """The tokens of the pair open nothing, and the session has ended for gateways too."""
    claims = read_refresh_token(pair.refresh_token)
    assert claims is not None
    session = Session.objects.get(pk=claims.session_id)
    assert refusal_of(api.get(ME, **bearer(pair.access_token))) == (401, "invalid_token")
    assert refusal_of(api.post(REFRESH, {"refresh_token": pair.refresh_token})) == (401, "invalid_token")
    session.refresh_from_db()
    assert (session.revoked_reason, session.refresh_jti) == ("second_factor", claims.jti)
    assert cache.read(f"denied:{session.id.hex}") == b"1"


@pytest.mark.django_db(transaction=True)
def test_a_session_from_before_the_device_ends_with_it(api: Any) -> None:
    clerk = make_clerk()
    pair = start_session(user_id=clerk.pk)
    assert api.get(STAFF_ONLY, **bearer(pair.access_token)).status_code == 200

    give_phone(clerk)
    assert_dead(api, pair)


@pytest.mark.django_db(transaction=True)
def test_a_refresh_alone_does_not_carry_a_session_past_a_new_device(api: Any) -> None:
    clerk = make_clerk()
    pair = start_session(user_id=clerk.pk)
    give_paper(clerk, "abcdefgh")

    assert refusal_of(api.post(REFRESH, {"refresh_token": pair.refresh_token})) == (401, "invalid_token")
    assert_dead(api, pair)


@pytest.mark.django_db(transaction=True)
def test_a_customers_session_does_not_become_one_of_staff_who_have_a_device(api: Any) -> None:
    user = make_user()
    give_phone(user)
    pair = start_session(user_id=user.pk)
    assert api.get(ME, **bearer(pair.access_token)).status_code == 200

    User.objects.update(is_staff=True)  # past the service, which would end the session by itself
    assert_dead(api, pair)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", ["deleted", "unconfirmed"])
def test_a_session_ends_with_the_device_whose_code_began_it(api: Any, change: str) -> None:
    clerk = make_clerk()
    phone = give_phone(clerk)
    pair = start_session(user_id=clerk.pk, otp_device=phone.persistent_id)
    give_phone(clerk)
    assert api.get(STAFF_ONLY, **bearer(pair.access_token)).status_code == 200

    if change == "deleted":
        phone.delete()
    else:
        TOTPDevice.objects.filter(pk=phone.pk).update(confirmed=False)
    assert_dead(api, pair)


@pytest.mark.django_db(transaction=True)
def test_requiring_codes_ends_the_sessions_of_staff_that_showed_none(api: Any, settings: Any) -> None:
    customer, pair = client_of(make_user()), start_session(user_id=make_clerk().pk)
    assert api.get(STAFF_ONLY, **bearer(pair.access_token)).status_code == 200

    settings.ADMIN_REQUIRE_OTP = True
    assert_dead(api, pair)
    assert customer.get(ME).status_code == 200


@pytest.mark.django_db
def test_a_session_that_showed_a_code_lives_on_through_refresh_and_a_new_password(api: Any, settings: Any) -> None:
    settings.ADMIN_REQUIRE_OTP = True
    clerk = make_clerk()
    first = log_in(api, clerk, otp_code=code_of(give_phone(clerk))).data

    second = api.post(REFRESH, {"refresh_token": first["refresh_token"]}).data
    mine = bearer(second["access_token"])
    changed = {"password": "another long one 7", "current_password": PASSWORD}
    assert api.patch(ME, changed, **mine).status_code == 200
    assert api.get(STAFF_ONLY, **mine).status_code == 200
    assert Session.objects.get().otp_device.startswith("otp_totp.totpdevice/")


@pytest.mark.django_db
def test_whoever_is_signed_in_to_the_admin_is_nobody_to_the_api() -> None:
    browser = Client()
    browser.force_login(make_clerk())
    assert browser.get("/admin/").status_code == 200
    assert refusal_of(browser.get(STAFF_ONLY)) == (401, "not_authenticated")


@pytest.mark.django_db
def test_the_devices_of_staff_are_one_statement_and_customers_are_not_asked(django_assert_num_queries: Any) -> None:
    clerk, customer = client_of(make_clerk()), client_of(make_user())
    with django_assert_num_queries(2):
        clerk.get(ME)
    with django_assert_num_queries(1):
        customer.get(ME)


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
