"""The pages of second factors: one's own first device, and what the journal tells."""

from typing import Any

import pytest
from django.test import Client
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Session
from accounts.tests.factories import PASSWORD, client_of, code_of, give_phone, make_user, wrong_code_of
from events.models import Event
from staff.tests.pages import errors_of, send

pytestmark = pytest.mark.django_db
APPS = "/admin/otp_totp/totpdevice/"
PAPER = "/admin/otp_static/staticdevice/"


@pytest.fixture
def boss(staff_pages: Any) -> Any:
    browser = staff_pages()
    browser.user.set_password(PASSWORD)
    browser.user.save()
    browser.force_login(browser.user)
    return browser


def add(browser: Any, user: Any, **more: str) -> tuple[Any, TOTPDevice]:
    answer = send(browser, f"{APPS}add/", "name", user=str(user.pk), name="phone", confirmed="on", **more)
    return answer, TOTPDevice.objects.latest("pk")


def test_ones_own_first_device_is_switched_on_by_its_code_and_the_session_goes_on(boss: Any) -> None:
    elsewhere, api = Client(), client_of(boss.user)
    elsewhere.force_login(boss.user)
    answer, phone = add(boss, boss.user)
    page = f"{APPS}{phone.pk}/confirm/"
    assert (answer["Location"], phone.confirmed) == (page, False)
    assert f"{APPS}{phone.pk}/qrcode/" in boss.get(page).content.decode()
    assert boss.get(f"{APPS}{phone.pk}/qrcode/").status_code == 200

    wrong = send(boss, page, "code", code=wrong_code_of(phone))
    assert "not a code of the device" in errors_of(wrong)
    assert "Too many wrong codes" in errors_of(send(boss, page, "code", code=code_of(phone)))
    TOTPDevice.objects.update(throttling_failure_timestamp=None)
    assert send(boss, page, "code", code=code_of(phone)).status_code == 302

    phone.refresh_from_db()
    assert phone.confirmed
    assert boss.get("/admin/").status_code == 200
    assert boss.get(page).status_code == 404
    assert elsewhere.get("/admin/").status_code == 302
    assert api.get("/api/v1/users/me").status_code == 401
    kinds = list(Event.objects.filter(kind__contains="device").order_by("id").values_list("kind", flat=True))
    assert kinds == ["user.device_added", "user.device_confirmed"]


def test_a_box_that_is_ticked_does_not_switch_it_on(boss: Any) -> None:
    _, phone = add(boss, boss.user)
    answer = send(boss, f"{APPS}{phone.pk}/change/", "name", confirmed="on")
    phone.refresh_from_db()
    assert (answer["Location"], phone.confirmed) == (f"{APPS}{phone.pk}/confirm/", False)


def test_codes_on_paper_are_switched_on_by_one_of_them(boss: Any) -> None:
    paper = StaticDevice.objects.create(user=boss.user, name="paper", confirmed=False)
    paper.token_set.create(token="abcdef")
    assert send(boss, f"{PAPER}{paper.pk}/confirm/", "code", code="abcdef").status_code == 302
    paper.refresh_from_db()
    assert paper.confirmed
    assert boss.get("/admin/").status_code == 200


def test_a_colleague_is_given_a_device_that_is_on_and_whose_sessions_end(boss: Any, staff_pages: Any) -> None:
    colleague = staff_pages("stock keeper")
    _, phone = add(boss, colleague.user)
    assert phone.confirmed
    assert colleague.get("/admin/").status_code == 302
    assert boss.get(f"{APPS}{phone.pk}/confirm/").status_code == 404
    assert Session.objects.get(user=colleague.user).revoked_reason == "second_factor"
    event = Event.objects.get(kind="user.device_added")
    assert (event.subject, event.actor) == (f"user:{colleague.user.pk}", f"staff:{boss.user.pk}")
    assert phone.key not in str(event.payload)


def test_nobody_switches_on_the_device_of_somebody_else(boss: Any) -> None:
    theirs = TOTPDevice.objects.create(user=make_user(is_staff=True), name="phone", confirmed=False)
    assert boss.post(f"{APPS}{theirs.pk}/confirm/", {"code": code_of(theirs)}).status_code == 404
    assert not TOTPDevice.objects.get().confirmed


def test_taking_devices_away_is_in_the_journal(boss: Any) -> None:
    first, second = (give_phone(make_user(is_staff=True)) for _ in range(2))
    boss.post(f"{APPS}{first.pk}/delete/", {"post": "yes"})
    boss.post(APPS, {"action": "delete_selected", "_selected_action": [second.pk], "post": "yes"})
    assert not TOTPDevice.objects.exists()
    subjects = list(Event.objects.filter(kind="user.device_removed").order_by("id").values_list("subject", flat=True))
    assert subjects == [f"user:{first.user_id}", f"user:{second.user_id}"]
