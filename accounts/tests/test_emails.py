"""Emails: one account for all forms of one address, and none with characters that cannot be seen."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.services import save_new_user
from accounts.tests.factories import PASSWORD, client_of, make_user
from database.refusals import Refusal
from database.text import forms_of_email, normalised_email
from events.models import Event

USERS = "/api/v1/users"
ADA = {"first_name": "Ada", "last_name": "Lovelace", "password": PASSWORD}
LETTERS, ASCII = "ada@bücher.example", "ada@xn--bcher-kva.example"
# One address, as keyboards, copies and mail programs write it.
FORMS = (
    LETTERS,
    ASCII,
    "ada@BÜCHER.example",
    "ada@bu\u0308cher.example",
    "ada@XN--BCHER-KVA.example",
    "ada@\uff42ücher\uff0eexample",
    "ada@bücher\u3002example",
    "ADA@xn--Bcher-kva.example",
)
HIDDEN = (
    "a@exam\u200bple.com",
    "a@example.com\u200b",
    "a\u202e@example.com",
    "a@example\u00ad.com",
    "a@exam\u2066ple.com",
    "a@\ufeffexample.com",
    "a@exa\u034fmple.com",
    "a@example.com\U000e0041",
    '"a\u0001b"@example.com',
    '"a\tb"@example.com',
)


@pytest.mark.parametrize("email", FORMS)
def test_every_form_of_an_address_is_kept_as_one(email: str) -> None:
    assert normalised_email(email).lower() == ASCII
    assert normalised_email(normalised_email(email)) == normalised_email(email)


@pytest.mark.parametrize("email", ["Ada@Example.com", "ada@straße.example", "a@пример.example", "a@☃.example"])
def test_an_address_keeps_its_meaning(email: str) -> None:
    kept = normalised_email(email)
    assert kept.isascii()
    assert email in forms_of_email(kept)
    assert (kept == email) is email.isascii()


@pytest.mark.parametrize(
    "email", [*HIDDEN, "a@xn--abc\u00e9.example", "a@xn--99999999.example", f"a@{'ü' * 60}.example"]
)
def test_no_account_has_an_address_that_nobody_can_read(email: str) -> None:
    with pytest.raises(ValidationError):
        normalised_email(email)


@pytest.mark.django_db
@pytest.mark.parametrize("email", HIDDEN)
def test_hidden_characters_are_refused_at_every_way_in(api: Any, as_admin: Any, staff_pages: Any, email: str) -> None:
    user = make_user(password=PASSWORD)
    before = User.objects.count()
    answer = api.post(USERS, ADA | {"email": email})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "hidden_character")
    assert answer.json()["errors"][0]["field"] == "email"
    assert api.post(f"{USERS}/password-reset", {"email": email}).status_code == 400
    changes = {"email": email, "current_password": PASSWORD}
    assert client_of(user).patch(f"{USERS}/me", changes).status_code == 400
    assert as_admin.patch(f"{USERS}/{user.pk}", {"email": email}).status_code == 400
    with pytest.raises(CommandError):
        call_command("create_admin", email=email)
    page = staff_pages()
    for path in ("add/", f"{user.pk}/change/"):
        form = {"email": email, "first_name": "A", "last_name": "B", "password": PASSWORD, "seen_version": "1"}
        answer = page.post(f"/admin/accounts/user/{path}", form)
        assert answer.status_code == 200
        assert list(answer.context["adminform"].form.errors) == ["email"]
    assert User.objects.count() == before + 1  # the superuser of the pages
    user.refresh_from_db()
    assert user.version == 1


@pytest.mark.django_db
@pytest.mark.parametrize("first", [LETTERS, ASCII])
def test_both_forms_of_a_domain_are_one_account(api: Any, settings: Any, first: str) -> None:
    settings.RATE_LIMITS = False
    made = api.post(USERS, ADA | {"email": first})
    assert (made.status_code, made.data["email"]) == (201, ASCII)
    for email in FORMS:
        again = api.post(USERS, ADA | {"email": email})
        assert (again.status_code, again.json()["code"]) == (409, "email_taken"), email
        assert api.post(f"{USERS}/login", {"email": email, "password": PASSWORD}).status_code == 200, email
        assert api.post(f"{USERS}/password-reset", {"email": email}).status_code == 202
    assert Event.objects.filter(kind="user.password_reset_requested").count() == len(FORMS)
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_an_account_from_before_there_was_one_form_is_found_and_keeps_its_address(api: Any) -> None:
    user = make_user(email=LETTERS, password=PASSWORD)
    assert api.post(f"{USERS}/login", {"email": ASCII, "password": PASSWORD}).status_code == 200
    assert api.post(USERS, ADA | {"email": ASCII}).status_code == 409
    other = make_user(password=PASSWORD)
    taken = client_of(other).patch(f"{USERS}/me", {"email": ASCII, "current_password": PASSWORD})
    assert taken.json()["code"] == "email_taken"
    with pytest.raises(Refusal):
        save_new_user(User(email=ASCII, first_name="a", last_name="b"))
    # Its own address in another form is no other address, and needs no password.
    edited = client_of(user).put(f"{USERS}/me", {"first_name": "Ada", "last_name": "L", "email": LETTERS})
    assert (edited.status_code, edited.data["email"], edited.data["last_name"]) == (200, LETTERS, "L")


@pytest.mark.django_db
def test_staff_make_and_edit_people_in_the_one_form(staff_pages: Any) -> None:
    page = staff_pages()
    form = {"email": LETTERS, "first_name": "A", "last_name": "B", "password": PASSWORD}
    assert page.post("/admin/accounts/user/add/", form).status_code == 302
    user = User.objects.get(email=ASCII)
    form = {"email": "ada@müller.example", "first_name": "A", "last_name": "B", "is_active": "on", "seen_version": "1"}
    assert page.post(f"/admin/accounts/user/{user.pk}/change/", form).status_code == 302
    user.refresh_from_db()
    assert user.email == "ada@xn--mller-kva.example"


@pytest.mark.django_db
def test_attempts_on_all_forms_of_an_address_are_counted_together(api: Any, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN_PER_ACCOUNT = (3, 60)
    make_user(email=ASCII, password=PASSWORD)
    answers = [api.post(f"{USERS}/login", {"email": email, "password": "wrong"}) for email in FORMS[:5]]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
