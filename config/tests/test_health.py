from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from api.tests.servers import no_redis, redis_not_configured
from config import health
from events.models import Event


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    health._migrated = False
    yield
    health._migrated = False


@pytest.fixture
def worker(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_workers")
        cursor.execute("select procrastinate_register_worker_v1()")


@pytest.fixture
def no_worker(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_workers")


def test_live_says_that_the_process_answers(client: Client) -> None:
    response = client.get("/health/live")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("path", ["/health/ready", "/health/ready/"])
def test_ready_names_what_it_looked_at(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "checks": {"cache": "ok", "database": "ok", "migrations": "ok", "queue": "ok"},
    }


def missing(client: Client) -> dict[str, Any]:
    """The checks of a shop that is not ready."""
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Retry-After"] == "5"
    document = response.json()
    assert document["code"] == "not_ready"
    checks: dict[str, Any] = document["checks"]
    for name, state in checks.items():
        assert (name in document["detail"]) == (state not in ("ok", "not configured"))
    return checks


@pytest.mark.usefixtures("no_worker")
def test_a_shop_without_worker_is_not_ready(client: Client) -> None:
    assert missing(client)["queue"] == "no worker"


@pytest.mark.usefixtures("worker")
def test_a_worker_without_a_heartbeat_is_none(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_workers set last_heartbeat = now() - interval '31 seconds'")

    assert missing(client)["queue"] == "no worker"


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(("channel", "status"), [("api", 503), ("backfill", 200)])
def test_events_that_pile_up_make_it_not_ready(client: Client, channel: str, status: int) -> None:
    Event.objects.create(
        kind="order.placed",
        subject="order:1",
        actor="system",
        channel=channel,
        at=timezone.now() - timedelta(seconds=61),
    )

    assert client.get("/health/ready").status_code == status


@pytest.mark.usefixtures("worker")
def test_a_migration_that_is_missing_makes_it_not_ready(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from django_migrations where app = 'events' and name like '0003%%'")

    assert missing(client)["migrations"] == "pending"


@pytest.mark.usefixtures("worker")
def test_a_cache_that_is_configured_and_gone_makes_it_not_ready(client: Client) -> None:
    with no_redis():
        assert missing(client)["cache"] == "unreachable"


@pytest.mark.usefixtures("worker")
def test_a_shop_that_has_no_cache_by_choice_is_ready(client: Client) -> None:
    with redis_not_configured():
        response = client.get("/health/ready")

    assert (response.status_code, response.json()["checks"]["cache"]) == (200, "not configured")


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_named_and_the_rest_is_unknown(client: Client) -> None:
    connection.close()
    address, connection.settings_dict["PORT"] = connection.settings_dict["PORT"], "1"
    host, connection.settings_dict["HOST"] = connection.settings_dict["HOST"], "127.0.0.1"
    try:
        checks = missing(client)
    finally:
        connection.settings_dict |= {"PORT": address, "HOST": host}

    assert checks == {"cache": "ok", "database": "unreachable", "migrations": "unknown", "queue": "unknown"}


def test_health_answers_get_alone_and_never_html(client: Client) -> None:
    response = client.post("/health/live")

    assert response.status_code == 405
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Allow"] == "GET, HEAD"
