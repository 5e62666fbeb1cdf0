"""People: registering, profiles, passwords, leaving, and who may see whom."""

import re
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core.management import CommandError, call_command
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import Session, User
from accounts.services import save_new_user, set_access
from accounts.sessions import start_session
from accounts.tests.factories import PASSWORD, client_of, make_user
from api.problems import safety_net
from database.refusals import Refusal
from events.actors import COMMAND
from events.models import Event

USERS = "/api/v1/users"
ME = f"{USERS}/me"
ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "Ada@example.com", "password": PASSWORD}
FIELDS = (
    "user_id first_name last_name email phone address_line1 address_line2 city state postal_code country role "
    "email_confirmed_at version created_at updated_at"
)


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.json().get("errors", [])]


@pytest.mark.django_db
def test_registering_makes_a_customer_who_can_log_in(api: Any) -> None:
    answer = api.post(f"{USERS}/", ADA | {"city": "London"})
    assert answer.status_code == 201
    assert list(answer.data) == FIELDS.split()
    assert (answer.data["role"], answer.data["city"], answer.data["phone"]) == ("customer", "London", "")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", answer.json()["created_at"])
    assert api.post(f"{USERS}/login", {"email": "ada@EXAMPLE.com", "password": PASSWORD}).status_code == 200
    assert Event.objects.get(kind="user.registered").payload == {"user_id": answer.data["user_id"]}


@pytest.mark.django_db
def test_an_email_is_taken_in_any_case(api: Any) -> None:
    make_user(email="ADA@example.com")
    answer = api.post(USERS, ADA)
    assert (answer.status_code, answer.json()["code"], codes(answer)) == (
        409,
        "email_taken",
        [("email", "email_taken")],
    )
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_of_two_registrations_that_passed_the_check_one_is_refused() -> None:
    make_user(email="ada@example.com")
    with pytest.raises(Refusal) as refusal:
        save_new_user(User(email="Ada@example.com", first_name="a", last_name="b"))
    assert refusal.value.code == "email_taken"
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": None}, "email"),
        ({"first_name": ""}, "first_name"),
        ({"first_name": 1}, "first_name"),
        ({"first_name": "x" * 101}, "first_name"),
        ({"password": "short"}, "password"),
        ({"password": "1234567890123"}, "password"),
        ({"password": "Ada@example.com"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"role": "admin"}, "role"),
        ({"is_staff": True}, "is_staff"),
        ({"is_superuser": True}, "is_superuser"),
        ({"id": 1}, "id"),
        ({"version": 9}, "version"),
    ],
)
def test_a_bad_registration_is_refused_and_nobody_is_made(api: Any, change: dict[str, Any], field: str) -> None:
    answer = api.post(USERS, ADA | change)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert {name for name, _ in codes(answer)} == {field}
    assert not User.objects.exists()
    assert not safety_net


@pytest.mark.django_db
def test_only_staff_with_the_permission_see_others(api: Any, as_customer: Any, as_staff: Any) -> None:
    other = make_user()
    for client, of_list, of_one in (
        (api, 401, 401),
        (as_customer, 403, 404),
        (as_staff("stock keeper"), 403, 404),
        (as_staff("order desk"), 200, 200),
    ):
        assert client.get(USERS).status_code == of_list
        assert client.get(f"{USERS}/{other.pk}").status_code == of_one
        assert client.patch(f"{USERS}/{other.pk}", {"city": "X"}).status_code in (401, 404)
    other.refresh_from_db()
    assert other.city == ""


@pytest.mark.django_db
def test_a_strangers_profile_answers_like_a_missing_one(as_customer: Any) -> None:
    stranger = as_customer.get(f"{USERS}/{make_user().pk}").json()
    missing = as_customer.get(f"{USERS}/999999").json()
    assert stranger | {"request_id": ""} == missing | {"request_id": ""}


@pytest.mark.django_db
def test_one_edits_ones_own_profile_against_the_version_one_saw() -> None:
    user = make_user()
    client = client_of(user)
    etag = client.get(ME)["ETag"]
    answer = client.patch(f"{USERS}/{user.pk}", {"city": "Paris"}, headers={"If-Match": etag})
    assert (answer.status_code, answer.data["city"], answer.data["version"]) == (200, "Paris", 2)
    stale = client.patch(ME, {"city": "Rome"}, headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert client.patch(ME, {"city": "Rome"}, headers={"If-Match": "nonsense"}).status_code == 412
    assert client.get(ME).data["city"] == "Paris"
    assert client.get(ME, headers={"If-None-Match": client.get(ME)["ETag"]}).status_code == 304
    assert client.patch(ME, {"city": "Paris"}).data["version"] == 2


@pytest.mark.django_db
def test_put_takes_parts_as_patch_does() -> None:
    client = client_of(make_user(email="me@example.com", city="Rome"))
    for path in (ME, f"/api/v1/users/{client.get(ME).data['user_id']}"):
        answer = client.put(path, {"first_name": "A"})
        assert (answer.status_code, answer.data["first_name"], answer.data["city"]) == (200, "A", "Rome")
    assert codes(client.put(ME, {"first_name": ""})) == [("first_name", "blank")]


@pytest.mark.django_db
def test_another_password_needs_the_current_one_and_ends_the_other_sessions(api: Any) -> None:
    user = make_user(password=PASSWORD)
    client, elsewhere = client_of(user), client_of(user)
    new = "another good password"
    assert codes(client.patch(ME, {"password": new})) == [("current_password", "required")]
    assert codes(client.patch(ME, {"password": new, "current_password": "x"})) == [
        ("current_password", "wrong_password")
    ]
    assert elsewhere.get(ME).status_code == 200
    assert client.patch(ME, {"password": new, "current_password": PASSWORD}).status_code == 200
    assert client.get(ME).status_code == 200
    assert elsewhere.get(ME).status_code == 401
    assert api.post(f"{USERS}/login", {"email": user.email, "password": new}).status_code == 200
    assert api.post(f"{USERS}/login", {"email": user.email, "password": PASSWORD}).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["patch", "put"])
def test_guesses_of_ones_own_password_are_attempts_to_sign_in_on_either_path(settings: Any, verb: str) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT = (2, 60)
    user = make_user(password=PASSWORD)
    client = client_of(user)
    profile = {"first_name": "Ada", "last_name": "Young", "email": user.email}
    guess = profile | {"current_password": "Guess-1234567", "password": "Another-1234567"}
    paths = [f"{USERS}/{user.pk}", ME, f"{USERS}/{user.pk}"]
    answers = [getattr(client, verb)(path, guess) for path in paths]
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert getattr(client, verb)(f"{USERS}/{user.pk}", profile).status_code == 200
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.django_db
def test_another_email_needs_the_current_password_and_must_be_free() -> None:
    make_user(email="taken@example.com")
    client = client_of(make_user(password=PASSWORD))
    assert client.patch(ME, {"email": "new@example.com"}).status_code == 400
    taken = client.patch(ME, {"email": "TAKEN@example.com", "current_password": PASSWORD})
    assert taken.json()["code"] == "email_taken"
    assert client.patch(ME, {"email": "new@example.com", "current_password": PASSWORD}).status_code == 200


@pytest.mark.django_db
def test_staff_edit_customers_but_only_administrators_edit_staff(as_staff: Any, as_admin: Any) -> None:
    colleague, customer = make_user(is_staff=True), make_user()
    desk = as_staff("administrator")
    assert desk.patch(f"{USERS}/{customer.pk}", {"city": "Oslo"}).data["city"] == "Oslo"
    assert desk.patch(f"{USERS}/{colleague.pk}", {"email": "mine@example.com"}).status_code == 403
    assert (
        as_admin.put(
            f"{USERS}/{colleague.pk}", {"first_name": "C", "last_name": "D", "email": "c@example.com"}
        ).status_code
        == 200
    )
    assert as_admin.patch(f"{USERS}/999999", {"city": "X"}).status_code == 404


@pytest.mark.django_db
def test_the_last_administrator_cannot_lose_access() -> None:
    admin = make_user(is_staff=True, is_superuser=True)
    with pytest.raises(Refusal):
        set_access(user_id=admin.pk, actor=COMMAND, is_active=False, is_staff=True, is_superuser=True, groups=[])
    admin.refresh_from_db()
    assert admin.is_active


@pytest.mark.django_db
def test_taking_rights_away_ends_the_sessions() -> None:
    user = make_user(is_staff=True, groups=("order desk",))
    client = client_of(user)
    set_access(user_id=user.pk, actor=COMMAND, is_active=True, is_staff=False, is_superuser=False, groups=[])
    assert client.get(USERS).status_code == 401
    assert User.objects.get(pk=user.pk).groups.count() == 0


@pytest.mark.django_db
def test_asking_for_a_reset_says_the_same_for_everyone(api: Any) -> None:
    user = make_user()
    answers = [
        api.post(f"{USERS}/password-reset", {"email": email}).json() for email in (user.email, "nobody@example.com")
    ]
    assert answers[0] == answers[1]
    assert Event.objects.filter(kind="user.password_reset_requested").count() == 1


@pytest.mark.django_db
def test_a_reset_link_works_once_and_ends_all_sessions(api: Any) -> None:
    user = make_user(password=PASSWORD)
    start_session(user_id=user.pk)
    body = {
        "uid": urlsafe_base64_encode(force_bytes(user.pk)),
        "token": default_token_generator.make_token(user),
        "new_password": "a brand new password",
    }
    weak = api.post(f"{USERS}/password-reset/confirm", body | {"new_password": "short"})
    assert {field for field, _ in codes(weak)} == {"new_password"}
    assert api.post(f"{USERS}/password-reset/confirm", body).status_code == 200
    assert not Session.objects.live().exists()
    again = api.post(f"{USERS}/password-reset/confirm", body)
    assert (again.status_code, again.json()["code"]) == (400, "invalid_reset_token")
    assert api.post(f"{USERS}/login", {"email": user.email, "password": "a brand new password"}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("uid", ["", "x", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk", "é"])
def test_a_forged_reset_link_is_refused(api: Any, uid: str) -> None:
    body = {"uid": uid, "token": "x-y", "new_password": "a brand new password"}
    assert api.post(f"{USERS}/password-reset/confirm", body).status_code == 400


@pytest.mark.django_db
def test_an_operator_creates_an_administrator(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("sys.stdin", StringIO())
    with pytest.raises(CommandError, match="set ADMIN_PASSWORD"):
        call_command("create_admin", email="root@example.com")
    monkeypatch.setenv("ADMIN_PASSWORD", "weak")
    with pytest.raises(CommandError):
        call_command("create_admin", email="root@example.com")
    monkeypatch.setenv("ADMIN_PASSWORD", "a good long password")
    with pytest.raises(CommandError):
        call_command("create_admin", email="root")
    with pytest.raises(CommandError, match="cannot be seen"):
        call_command("create_admin", email="root@example.com", first_name="Ro\u200bot")
    call_command("create_admin", email="root@example.com")
    assert User.objects.get().is_superuser
    with pytest.raises(CommandError):
        call_command("create_admin", email="ROOT@example.com")
    call_command("create_admin", email="ROOT@example.com", if_missing=True)
    assert "nothing was changed" in capsys.readouterr().out
