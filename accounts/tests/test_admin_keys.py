"""The pages of staff about API keys: what each may do, a key that is shown once, and revoking one with a reason."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.api_keys import create_key, find_key, revoke_key
from accounts.models import ApiKey
from accounts.scopes import SCOPES, WORDS
from events.actors import COMMAND
from events.models import Event
from staff.models import PostedForm
from staff.once import TOKEN

pytestmark = pytest.mark.django_db
PAGES = "/admin/accounts/apikey/"
KEY = re.compile(r'<code id="key">([^<]+)</code>')


def a_key(**words: Any) -> tuple[ApiKey, str]:
    how: dict[str, Any] = {"name": "Till", "kind": "secret", "scopes": ["stock:read"], "actor": COMMAND}
    return create_key(**how | words)


def test_each_scope_is_there_in_words() -> None:
    assert set(WORDS) == set(SCOPES)


def test_a_new_key_is_shown_once_and_works(staff_pages: Any) -> None:
    boss = staff_pages()
    made = boss.post(f"{PAGES}new/", {"name": "ERP", "kind": "secret", "scopes": ["orders:read", "stock:write"]})
    row = ApiKey.objects.get()
    [key] = KEY.findall(made.content.decode())
    assert find_key(key, "secret") == row
    assert (row.name, row.scopes, row.created_by) == ("ERP", ["orders:read", "stock:write"], boss.user)
    assert made.status_code == 200
    assert "no-store" in made.headers["Cache-Control"]

    page = boss.get(f"{PAGES}{row.pk}/change/").content.decode()
    assert key not in page
    assert row.prefix in page
    assert key not in str(list(Event.objects.values())) + str(list(PostedForm.objects.values()))
    assert key not in str(dict(boss.session))


def test_the_page_of_a_new_key_loaded_again_makes_no_other_key_and_shows_none(staff_pages: Any) -> None:
    signed_in = staff_pages()
    boss = Client(enforce_csrf_checks=True)
    boss.cookies = signed_in.cookies
    token = re.findall(rf'name="{TOKEN}" value="(\w+)"', boss.get(f"{PAGES}new/").content.decode())[-1]
    form = {"name": "ERP", "kind": "secret", "scopes": ["orders:read"], TOKEN: token}
    [key] = KEY.findall(boss.post(f"{PAGES}new/", form).content.decode())

    again = boss.post(f"{PAGES}new/", form, follow=True)

    row = ApiKey.objects.get()
    assert again.redirect_chain[0][0] == f"{PAGES}{row.pk}/change/"
    assert "It took effect once." in again.content.decode()
    assert key not in again.content.decode()


def test_what_is_refused_stays_in_the_form_and_may_be_posted_again(staff_pages: Any) -> None:
    boss = staff_pages()
    page = boss.post(f"{PAGES}new/", {"name": "ERP", "kind": "secret"}).content.decode()
    assert "A secret key has at least one scope." in page
    page = boss.post(f"{PAGES}new/", {"name": "Window", "kind": "publishable", "scopes": ["stock:read"]}).content
    assert "A publishable key has no scopes." in page.decode()
    past = {"name": "ERP", "kind": "secret", "scopes": ["stock:read"], "expires_at": "2020-01-01T00:00"}
    assert "The key would have expired already." in boss.post(f"{PAGES}new/", past).content.decode()
    assert not ApiKey.objects.exists()
    assert boss.post(f"{PAGES}new/", {"name": "Window", "kind": "publishable"}).status_code == 200
    assert ApiKey.objects.get().scopes == []


def test_nobody_is_offered_or_gives_what_they_may_not_do(staff_pages: Any) -> None:
    clerk = staff_pages("administrator")
    clerk.user.groups.clear()
    give(clerk.user, "accounts.add_apikey", "accounts.view_apikey", "inventory.view_stockitem")
    page = clerk.get(f"{PAGES}new/").content.decode()
    assert 'value="stock:read"' in page
    assert 'value="stock:write"' not in page
    form = {"name": "ERP", "kind": "secret", "scopes": ["stock:write"]}
    assert "is not one of the available choices" in clerk.post(f"{PAGES}new/", form).content.decode()
    assert not ApiKey.objects.exists()
    row, _ = a_key()
    assert "Revoke" not in clerk.get(f"{PAGES}{row.pk}/change/").content.decode()
    assert clerk.post(f"{PAGES}{row.pk}/revoke/", {"reason": "x"}).status_code == 403


def give(user: Any, *permissions: str) -> None:
    for permission in permissions:
        app, _, codename = permission.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))


def test_a_key_is_revoked_with_a_reason_that_the_page_and_the_journal_tell(staff_pages: Any) -> None:
    boss, (row, key) = staff_pages(), a_key()
    page = boss.post(f"{PAGES}{row.pk}/revoke/", {"reason": ""}).content.decode()
    assert "This field is required." in page
    assert find_key(key, "secret") is not None

    told = boss.post(f"{PAGES}{row.pk}/revoke/", {"reason": "It stood in a <b>log</b>."}, follow=True).content.decode()

    assert find_key(key, "secret") is None
    assert "It stood in a &lt;b&gt;log&lt;/b&gt;." in told
    assert "Revoke the key" not in told
    event = Event.objects.get(kind="api_key.revoked")
    assert (event.payload["reason"], event.actor) == ("It stood in a <b>log</b>.", f"staff:{boss.user.pk}")
    boss.post(f"{PAGES}{row.pk}/revoke/", {"reason": "Again"})
    row.refresh_from_db()
    assert row.revoked_reason == "It stood in a <b>log</b>."


def test_the_list_says_what_each_may_do_and_how_it_is_doing(staff_pages: Any) -> None:
    boss = staff_pages()
    a_key(name="Shelf", scopes=["stock:read"])
    used, _ = a_key(name="Cron", scopes=["reports:read"], expires_at=timezone.now() + timedelta(hours=1))
    ApiKey.objects.filter(pk=used.pk).update(last_used_at="2026-11-01T10:00Z")
    gone, _ = a_key(name="Old", kind="publishable", scopes=[])
    revoke_key(key_id=gone.pk, actor=COMMAND)
    expired, _ = a_key(name="Trial")
    ApiKey.objects.filter(pk=expired.pk).update(expires_at="2026-01-01T10:00Z")

    page = boss.get(PAGES).content.decode()
    for words in ("read stock and its movements", "name a storefront", "never", "a command", 'badge out">revoked'):
        assert words in page
    names = {"live": {"Shelf", "Cron"}, "expired": {"Trial"}, "revoked": {"Old"}}
    for state, expected in names.items():
        page = boss.get(PAGES, {"state": state}).content.decode()
        assert {name for name in ("Shelf", "Cron", "Old", "Trial") if f">{name}</a>" in page} == expected
    assert "Shelf" in boss.get(PAGES, {"q": ApiKey.objects.get(name="Shelf").prefix}).content.decode()


def test_home_and_the_journal_lead_to_keys(staff_pages: Any) -> None:
    boss = staff_pages()
    ending, _ = a_key(name="Cron", expires_at=timezone.now() + timedelta(days=13))
    a_key(name="Later", expires_at=timezone.now() + timedelta(days=15))
    home = boss.get("/admin/").content.decode()
    part = home[home.index('id="ending-keys"') :].partition("</section>")[0]
    assert f"{PAGES}{ending.pk}/change/" in part
    assert "Later" not in part
    assert boss.get(f"/admin/subject/api_key:{ending.pk}").url == f"{PAGES}{ending.pk}/change/"
    assert "ending-keys" not in staff_pages("order desk").get("/admin/").content.decode()
    assert boss.get(f"{PAGES}999999/change/").status_code == 404
