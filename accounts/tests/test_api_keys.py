"""API keys: who makes them, what they open, and that they end at once."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.api_keys import create_key, mark_used, revoke_key
from accounts.exceptions import AdministratorsOnly, ScopeNotYours
from accounts.leaving import anonymise_user
from accounts.models import ApiKey, User
from accounts.names import names_of
from accounts.rights import check_administrator
from accounts.scopes import SCOPES, scope_for
from accounts.tests.factories import client_of, make_user
from api.logs import JSONFormatter
from api.models import IdempotencyKey
from database.refusals import Invalid
from events.actors import COMMAND, Actor
from events.models import Event
from inventory.models import StockMovement
from orders.tests.factories import make_article

pytestmark = pytest.mark.django_db
KEYS = "/api/v1/api-keys"
ITEMS = "/api/v1/inventory/items"
RECEIPTS = "/api/v1/inventory/receipts"


def program(*scopes: str, **fields: Any) -> tuple[APIClient, ApiKey]:
    row, key = create_key(name="Till", kind="secret", scopes=list(scopes), actor=COMMAND, **fields)
    return shows(key), row


def shows(key: str, **more: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}", **more)
    return client


@pytest.fixture
def boss() -> User:
    return make_user(is_staff=True, groups=("administrator",))


def test_an_administrator_makes_lists_and_revokes_a_key(boss: User) -> None:
    client = client_of(boss)

    answer = client.post(KEYS, {"name": "Warehouse", "scopes": ["stock:write", "stock:read"]})

    assert answer.status_code == 201
    made = answer.json()
    key = made.pop("key")
    assert key.startswith(made["prefix"])
    assert (made["kind"], made["scopes"], made["created_by"]) == ("secret", ["stock:read", "stock:write"], boss.pk)
    assert shows(key).get(ITEMS).status_code == 200

    [listed] = client.get(KEYS).json()["results"]
    assert listed.pop("last_used_at") is not None
    made.pop("last_used_at")
    assert listed == made
    assert client.delete(f"{KEYS}/{made['key_id']}").status_code == 204
    assert shows(key).get(ITEMS).status_code == 401
    assert client.delete(f"{KEYS}/{made['key_id']}").status_code == 204  # and nothing happens
    events = Event.objects.filter(kind__startswith="api_key.").order_by("pk")
    assert [(event.kind, event.actor, event.subject) for event in events] == [
        ("api_key.created", f"staff:{boss.pk}", f"api_key:{made['key_id']}"),
        ("api_key.revoked", f"staff:{boss.pk}", f"api_key:{made['key_id']}"),
    ]
    assert key not in str([event.payload for event in events])
    assert key not in str(ApiKey.objects.values())
    assert client.get(f"{KEYS}?state=revoked").json()["results"] != []
    assert client.get(f"{KEYS}?state=live").json()["results"] == []
    assert client.get(f"{KEYS}?state=expired").json()["results"] == []
    assert client.delete(f"{KEYS}/999999").status_code == 404


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"name": "X"}, "scopes", "required"),
        ({"name": "X", "scopes": []}, "scopes", "required"),
        ({"name": "X", "scopes": ["root"]}, "scopes.0", "invalid_choice"),
        ({"name": "X", "kind": "publishable", "scopes": ["orders:read"]}, "scopes", "not_allowed"),
        ({"name": "X", "scopes": ["orders:read"], "expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "in_the_past"),
        ({"name": "", "scopes": ["orders:read"]}, "name", "blank"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused(boss: User, body: dict[str, Any], field: str, code: str) -> None:
    answer = client_of(boss).post(KEYS, body)

    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert not ApiKey.objects.exists()


def test_nobody_gives_a_key_more_than_they_may_do(boss: User) -> None:
    group = boss.groups.get()
    group.permissions.remove(group.permissions.get(codename="change_stocklevel"))

    answer = client_of(boss).post(KEYS, {"name": "Warehouse", "scopes": ["stock:write"]})

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_not_yours")
    for actor in (Actor(None, "api", is_visitor=True), Actor(None, "api", key_id=1), Actor(make_user().pk, "api")):
        with pytest.raises(ScopeNotYours):
            create_key(name="X", kind="secret", scopes=["orders:read"], actor=actor)


def test_a_key_is_no_administrator() -> None:
    with pytest.raises(AdministratorsOnly):
        check_administrator(Actor(None, "api", is_staff=True, key_id=1))
    check_administrator(COMMAND)


def test_a_key_that_has_expired_opens_nothing() -> None:
    client, row = program("stock:read", expires_at=timezone.now() + timedelta(hours=1))
    assert client.get(ITEMS).status_code == 200

    ApiKey.objects.filter(pk=row.pk).update(expires_at=timezone.now())

    answer = client.get(ITEMS)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("change", [lambda key: key[:-1] + "!", lambda key: key + "x", lambda key: key[:15]])
def test_what_is_nearly_a_key_opens_nothing_not_even_what_visitors_see(change: Any) -> None:
    _, key = create_key(name="Till", kind="secret", scopes=["stock:read"], actor=COMMAND)

    assert shows(key).get("/api/v1/products").status_code == 200
    assert shows(change(key)).get("/api/v1/products").status_code == 401


def test_a_key_counts_in_its_header_alone() -> None:
    _, key = create_key(name="Till", kind="secret", scopes=["stock:read"], actor=COMMAND)

    for name in ("key", "api_key", "access_token", "token"):
        assert APIClient().get(f"{ITEMS}?{name}={key}").status_code == 401
    assert APIClient().get(ITEMS, headers={"X-API-Key": key}).status_code == 401
    assert APIClient().get(ITEMS, headers={"Authorization": f"Basic {key}"}).status_code == 401
    # Nor is a key a means to see the state of the machine, which staff may see.
    assert shows(key).get("/health/status").status_code in (401, 403)


def test_the_journal_and_the_ledger_name_the_key() -> None:
    make_article(sku="MUG", stock=1)
    client, row = program("stock:write")

    answer = client.post(RECEIPTS, {"reference": "DN-1", "lines": [{"sku": "MUG", "quantity": 3}]})

    assert answer.status_code == 201
    movement = StockMovement.objects.order_by("-pk")[0]
    assert movement.actor == f"key:{row.pk}"


def test_an_idempotency_key_belongs_to_the_api_key() -> None:
    make_article(sku="MUG", stock=0)
    first, _ = program("stock:write")
    other, _ = program("stock:write")

    def receive(client: APIClient, reference: str) -> Any:
        body = {"reference": reference, "lines": [{"sku": "MUG", "quantity": 3}]}
        return client.post(RECEIPTS, body, headers={"Idempotency-Key": "1"})

    answers = [receive(first, "DN-1"), receive(first, "DN-1"), receive(other, "DN-2")]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true", None]
    assert answers[0].content == answers[1].content


def test_what_a_key_is_refused_is_noted_under_its_name() -> None:
    client, row = program("stock:read")

    assert client.get("/api/v1/orders").json()["required_scope"] == "orders:read"

    event = Event.objects.get(kind="user.refused")
    assert (event.actor, event.channel, event.subject) == (f"key:{row.pk}", "api", "user:unknown")


def test_a_key_is_found_by_one_statement_and_marked_once_a_minute() -> None:
    client, row = program("stock:read")

    def about_keys() -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(ITEMS).status_code == 200
        return [query["sql"].split()[0].upper() for query in queries if "accounts_apikey" in query["sql"]]

    assert about_keys() == ["SELECT", "UPDATE"]
    assert about_keys() == ["SELECT"]
    ApiKey.objects.filter(pk=row.pk).update(last_used_at=timezone.now() - timedelta(seconds=61))
    stale = ApiKey.objects.get(pk=row.pk)
    assert about_keys() == ["SELECT", "UPDATE"]
    used = ApiKey.objects.get(pk=row.pk).last_used_at
    mark_used(stale)  # which another request has marked meanwhile
    assert ApiKey.objects.get(pk=row.pk).last_used_at == used


def test_many_wrong_keys_from_one_address_have_to_wait(settings: Any) -> None:
    settings.RATE_LIMITS, settings.RATE_LIMIT_LOGIN_PER_ADDRESS = True, (3, 60)
    client, _ = program("stock:read")
    wrong = shows("sk_" + 40 * "x")

    assert [wrong.get(ITEMS).status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    assert client.get(ITEMS).status_code == 200


def test_each_key_has_a_limit_of_its_own(settings: Any) -> None:
    settings.RATE_LIMITS, settings.RATE_LIMIT_USER = True, (2, 60)
    first, _ = program("stock:read")
    other, _ = program("stock:read")

    assert [first.get(ITEMS).status_code for _ in range(3)] == [200, 200, 429]
    assert other.get(ITEMS).status_code == 200


def test_a_key_outlives_whoever_made_it(boss: User) -> None:
    row, key = create_key(name="Till", kind="secret", scopes=["stock:read"], actor=Actor(boss.pk, "api", is_staff=True))
    User.objects.filter(pk=boss.pk).update(is_staff=False)
    make_user(is_staff=True, is_superuser=True)

    anonymise_user(user_id=boss.pk, actor=COMMAND)

    assert shows(key).get(ITEMS).status_code == 200
    row.refresh_from_db()
    assert row.created_by is not None
    assert row.created_by.anonymised_at is not None


def test_staff_read_the_name_of_a_key() -> None:
    _, row = program("stock:write")
    request: Any = RequestFactory().get("/")
    request.user = make_user(is_staff=True)

    assert names_of(request, [f"key:{row.pk}", "key:999999", "system"]) == {f"key:{row.pk}": "API key Till"}


def test_commands_make_list_and_revoke_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_api_key", "Till", "--scopes", "stock:read", "stock:write")
    key = capsys.readouterr().out.strip()
    assert shows(key).get(ITEMS).status_code == 200

    call_command("list_api_keys")
    [line] = capsys.readouterr().out.splitlines()
    assert line.split("\t")[0:3] == [key[:15], "secret", "live"]
    assert key not in line

    call_command("revoke_api_key", key[:15])
    assert shows(key).get(ITEMS).status_code == 401
    with pytest.raises(CommandError):
        call_command("revoke_api_key", "sk_nobody")


def test_logs_show_the_beginning_of_a_key_alone() -> None:
    _, key = create_key(name="Till", kind="secret", scopes=["stock:read"], actor=COMMAND)
    record = logging.LogRecord("shop", logging.INFO, "", 0, "asked with %s", (f"Bearer {key}",), None)

    line = JSONFormatter().format(record)

    assert key[:8] in line
    assert key[15:] not in line


def test_a_version_is_compared_for_keys_too() -> None:
    make_article(sku="MUG", stock=1)
    client, _ = program("stock:write")

    answer = client.patch(f"{ITEMS}/MUG", {"reorder_point": 3}, headers={"If-Match": '"999.x"'})

    assert answer.status_code == 412


def test_a_revoked_key_is_none_for_a_service_either() -> None:
    _, row = program("stock:read")
    revoke_key(key_id=row.pk, actor=COMMAND)
    assert not ApiKey.objects.live().exists()
    with pytest.raises(Invalid):
        create_key(name="X", kind="secret", scopes=["unheard:of"], actor=COMMAND)


def test_the_least_scope_stands_for_a_permission() -> None:
    assert scope_for("orders.view_order") == "orders:read"
    assert scope_for("inventory.change_stocklevel") == "stock:write"
    assert scope_for("accounts.change_user") is None
    assert set(SCOPES) == {
        *("products:write", "orders:read", "orders:write", "stock:read", "stock:write"),
        *("events:read", "webhooks:write", "reports:read"),
    }


def test_a_repeated_request_makes_no_second_key_and_has_no_key_to_show(boss: User) -> None:
    client, body = client_of(boss), {"name": "Till", "scopes": ["stock:read"]}
    first = client.post(KEYS, body, HTTP_IDEMPOTENCY_KEY="till-1")
    again = client.post(KEYS, body, HTTP_IDEMPOTENCY_KEY="till-1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json() | {"key": None}
    assert again.headers["Idempotent-Replayed"] == "true"
    assert ApiKey.objects.count() == 1
    assert first.json()["key"] not in str([bytes(row.body) for row in IdempotencyKey.objects.all()])
    other = client.post(KEYS, body | {"name": "Shelf"}, HTTP_IDEMPOTENCY_KEY="till-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_command_revokes_with_a_reason() -> None:
    _, row = program("stock:read")
    with pytest.raises(CommandError, match="reason"):
        call_command("revoke_api_key", row.prefix, reason="x" * 201)
    call_command("revoke_api_key", row.prefix, reason="It leaked.")
    row.refresh_from_db()
    assert (row.state, row.revoked_reason) == ("revoked", "It leaked.")
