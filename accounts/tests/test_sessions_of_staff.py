"""Sessions of staff: what becomes of them when devices come and go, and when codes are required."""

from typing import Any

import pytest
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Session, User
from accounts.sessions import start_session
from accounts.tests.factories import (
    PASSWORD,
    client_of,
    code_of,
    give_paper,
    give_phone,
    make_clerk,
    make_user,
)
from accounts.tests.test_second_factor import STAFF_ONLY, log_in, refusal_of
from accounts.tests.test_sessions import ME, REFRESH, bearer
from accounts.tokens import TokenPair, read_refresh_token
from api import cache


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
