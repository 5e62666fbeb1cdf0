"""Passwords that are guessed at once are refused wherever a password is set; those that are not are taken."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import User
from accounts.tests.factories import PASSWORD, client_of, make_user
from accounts.weak_passwords import WORDS, WeakPasswordValidator, is_made_of
from staff.tests.pages import errors_of, send

USERS = "/api/v1/users"
GUESSABLE = (
    *("Passw0rd!!", "P@$$w0rd2026", "Pa55word1234", "1Password1234", "MyPassword2026", "\uff30assw0rd\uff01\uff01"),
    *("Summer2026!", "$ummer2026!", "Winter24Summer25", "October2025!", "Fr1day2026!!", "summer-2026-summer"),
    *("WelcomeAdmin1!", "LetMeIn2026!!", "Dragon12345!", "Sunshine#1999", "iloveyou2026", "!!!monkey!!!", "Ch4ng3M3!!"),
    *("abc123def456!", "passwordpassword", "Passwort2026!", "Willkommen#1"),
)
REGULAR = (
    "aaaaaaaaaaaa",
    "abcabcabcabc",
    "k7#mQ2k7#mQ2",
    "1q1q1q1q1q1q",
    "zxcvbnmasdfghj",
    "poiuytrewq",
    "fghjkl98765",
)
SHOP = ("AcmeLamps2026", "Acme-Lamps!!", "4cm3 L4mps 1", "acme2026!!", "MyAcmeShop1")
GOOD = (
    *("correct horse battery", "another good password 7", "k7#mQ2xP9!vz", "a8$l9#e2!x7@", "tr0ub4dor&3xyz"),
    *(
        "bluefish-tango-88",
        "my cat loves winter mornings",
        "Rainer1975Hof!",
        "crème brûlée twice",
        "陽光明媚的早晨真好啊啊",
    ),
    *("1f3a9c27e04b", "93.81-44.07-16", "summer is when ada swims"),
)


def code_of(password: str, user: Any = None) -> str:
    """Why the validator refuses a password; "" when it does not."""
    try:
        WeakPasswordValidator().validate(password, user)
    except ValidationError as error:
        return str(error.code)
    return ""


@pytest.mark.parametrize("password", GUESSABLE)
def test_a_common_word_in_disguise_is_refused(password: str) -> None:
    assert code_of(password) in ("password_too_guessable", "password_too_common", "password_too_regular")


@pytest.mark.parametrize("password", REGULAR)
def test_what_repeats_itself_or_runs_along_the_keys_is_refused(password: str) -> None:
    assert code_of(password) in ("password_too_regular", "password_too_common", "password_too_guessable")


@pytest.mark.parametrize("password", SHOP)
def test_the_name_of_the_shop_is_refused(settings: Any, password: str) -> None:
    settings.SHOP_NAME = "Nobody & Sons"
    other = code_of(password)
    settings.SHOP_NAME = "Acme Lamps"
    assert (other, code_of(password)) == ("", "password_too_guessable")


def test_ones_own_name_is_refused() -> None:
    ada = User(first_name="Ada", last_name="Lovelace", email="countess@example.com")
    for password in ("Lovelace-2026!!", "Ada.L0vel4ce.1", "Countess#12345", "AdaLovelace1815"):
        assert code_of(password, ada) == "password_too_guessable"
        assert code_of(password, User(first_name="Bob", last_name="Young", email="bob@else.test")) == ""


@pytest.mark.parametrize("password", GOOD)
def test_what_nobody_guesses_is_taken(password: str) -> None:
    assert code_of(password, User(first_name="Ada", last_name="Lovelace", email="ada@example.com")) == ""


def test_a_text_is_made_of_words_only_if_nothing_is_left() -> None:
    assert is_made_of("mypassword", WORDS)
    assert not is_made_of("mypasswordx", WORDS)
    assert not is_made_of("xmypassword", WORDS)


@pytest.mark.django_db
@pytest.mark.parametrize("password", ["Passw0rd!!", "Summer2026!", "shopshop-1", "Shop2026!!"])
def test_a_weak_password_is_refused_wherever_one_is_set(
    api: Any, staff_pages: Any, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    user, page = make_user(password=PASSWORD), staff_pages()
    page.user.set_password(PASSWORD)
    page.user.save()
    page.force_login(page.user)
    hashes = list(User.objects.order_by("pk").values_list("password", flat=True))
    person = {"first_name": "Eve", "last_name": "Young", "email": "eve@example.com", "password": password}
    link = {"uid": urlsafe_base64_encode(force_bytes(user.pk)), "token": default_token_generator.make_token(user)}
    answers = [
        api.post(USERS, person),
        client_of(user).patch(f"{USERS}/me", {"password": password, "current_password": PASSWORD}),
        api.post(f"{USERS}/password-reset/confirm", link | {"new_password": password}),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert [answer.json()["errors"][0]["field"] for answer in answers] == ["password", "password", "new_password"]
    new = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
    for path, name, fields in (
        ("/admin/accounts/user/add/", "email", person),
        (f"/admin/accounts/user/{user.pk}/password/", "password", {"password": password}),
        ("/admin/password_change/", "old_password", new),
    ):
        assert errors_of(send(page, path, name, **fields)), path
    monkeypatch.setenv("ADMIN_PASSWORD", password)
    with pytest.raises(CommandError):
        call_command("create_admin", email="eve@example.com", stdout=StringIO())
    assert list(User.objects.order_by("pk").values_list("password", flat=True)) == hashes


@pytest.mark.django_db
def test_a_password_in_the_admin_is_judged_in_the_spelling_that_is_kept(staff_pages: Any) -> None:
    page = staff_pages()
    page.user.set_password(PASSWORD)
    page.user.save()
    page.force_login(page.user)
    five = "e\u0301" * 5  # ten characters as typed, five as kept
    answer = send(
        page, "/admin/password_change/", "old_password", old_password=PASSWORD, new_password1=five, new_password2=five
    )
    assert "too short" in errors_of(answer)
    page.user.refresh_from_db()
    assert page.user.check_password(PASSWORD)
