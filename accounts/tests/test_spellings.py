"""One password in several spellings: a keyboard may write é as one character or as two, and A as a wide letter."""

import unicodedata
from typing import Any

import pytest
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher, make_password
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import Session, User
from accounts.passwords import is_password_of
from accounts.tests.factories import client_of, make_user

pytestmark = pytest.mark.django_db
USERS = "/api/v1/users"
COMPOSED = "crème brûlée ﬁne"
TYPED = {form: unicodedata.normalize(form, COMPOSED) for form in ("NFC", "NFD", "NFKC", "NFKD")}


def log_in(api: Any, user: User, password: str) -> int:
    status: int = api.post(f"{USERS}/login", {"email": user.email, "password": password}).status_code
    return status


@pytest.mark.parametrize("registered", TYPED)
@pytest.mark.parametrize("typed", TYPED)
def test_a_password_is_the_same_in_every_spelling(api: Any, settings: Any, registered: str, typed: str) -> None:
    settings.RATE_LIMITS = False
    body = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com", "password": TYPED[registered]}
    assert api.post(USERS, body).status_code == 201
    user = User.objects.get()
    assert log_in(api, user, TYPED[typed]) == 200
    assert log_in(api, user, "creme brulee fine") == 401


def test_a_changed_a_current_and_a_reset_password_too(api: Any, settings: Any) -> None:
    settings.RATE_LIMITS = False
    user = make_user(password=TYPED["NFD"])
    changes = {"password": f"{TYPED['NFD']} 2", "current_password": TYPED["NFC"]}
    assert client_of(user).patch(f"{USERS}/me", changes).status_code == 200
    assert log_in(api, user, f"{TYPED['NFKC']} 2") == 200
    user.refresh_from_db()
    link = {"uid": urlsafe_base64_encode(force_bytes(user.pk)), "token": default_token_generator.make_token(user)}
    assert api.post(f"{USERS}/password-reset/confirm", link | {"new_password": TYPED["NFKD"]}).status_code == 200
    assert log_in(api, user, TYPED["NFC"]) == 200


def test_staff_sign_in_to_the_pages_in_any_spelling() -> None:
    user = make_user(password=TYPED["NFC"], is_staff=True)
    client = Client()
    client.post("/admin/login/", {"username": user.email, "password": TYPED["NFD"]})
    assert client.session["_auth_user_id"] == str(user.pk)


def test_a_hash_of_earlier_days_still_works_and_is_renewed(api: Any, settings: Any) -> None:
    settings.RATE_LIMITS = False
    user = make_user()
    User.objects.filter(pk=user.pk).update(password=make_password(TYPED["NFD"]))
    assert log_in(api, user, TYPED["NFKC"]) == 401
    assert log_in(api, user, TYPED["NFD"]) == 200
    assert log_in(api, user, TYPED["NFKC"]) == 200
    assert Session.objects.count() == 2


def test_a_wrong_password_takes_as_long_for_nobody_as_for_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    known, hashes = make_user(password="another good password"), []
    encode = BCryptSHA256PasswordHasher.encode

    def counted(self: Any, password: str, salt: str) -> str:
        hashes.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(BCryptSHA256PasswordHasher, "encode", counted)
    seen = []
    for user in (known, None):
        hashes.clear()
        assert not is_password_of(user, TYPED["NFD"])
        seen.append(len(hashes))
    assert seen == [2, 2]
