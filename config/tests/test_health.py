from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.tests.servers import no_redis, redis_not_configured
from config import health
from events.models import Event
from orders.tests.factories import STAFF
from payments import services
from payments.models import Notification, Operation, Payment
from payments.providers.snapshot import Notice
from payments.tests.factories import begun


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    health._migrated = False
    yield
    health._migrated = False


@pytest.fixture
def worker(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")  # those of other tests
        cursor.execute("delete from procrastinate_workers")
        cursor.execute("select procrastinate_register_worker_v1()")


@pytest.fixture
def no_worker(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_workers")


def test_live_says_that_the_process_answers(client: Client) -> None:
    response = client.get("/health/live")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/health/ready", "/health/ready/"])
def test_ready_looks_at_what_the_shop_cannot_do_without(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"database": "ok", "migrations": "ok"}}


@pytest.mark.usefixtures("no_worker")
def test_a_shop_without_cache_and_worker_is_ready(client: Client) -> None:
    with no_redis():
        assert client.get("/health/ready").status_code == 200


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
        assert (name in document["detail"]) == (state != "ok")
    return checks


@pytest.mark.django_db
def test_a_migration_that_is_missing_makes_it_not_ready(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from django_migrations"
            " where id = (select id from django_migrations where app = 'events' order by name desc limit 1)"
        )

    assert missing(client) == {"database": "ok", "migrations": "pending"}


@contextmanager
def database_away() -> Iterator[None]:
    """The address of the database leads nowhere for a while."""
    connection.close()
    address = {name: connection.settings_dict[name] for name in ("PORT", "HOST")}
    connection.settings_dict |= {"PORT": "1", "HOST": "127.0.0.1"}
    try:
        yield
    finally:
        connection.settings_dict |= address


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_named_and_the_rest_is_unknown(client: Client, settings: Any) -> None:
    settings.STATUS_TOKEN = TOKEN
    with database_away():
        assert missing(client) == {"database": "unreachable", "migrations": "unknown"}
        status = client.get("/health/status", headers={"Authorization": f"Bearer {TOKEN}"}).json()

    assert status["status"] == "degraded"
    assert status["oldest_due_job_seconds"] is None
    assert status["oldest_due_job_seconds_by_queue"] is None
    assert status["payments"] is None
    assert status["checks"] == {
        "database": "unreachable",
        "migrations": "unknown",
        "worker": "unknown",
        "queue": "unknown",
        "jobs": "unknown",
        "payments": "unknown",
        "cache": "ok",
        "replica": "not configured",
    }


TOKEN = "a token of the monitoring"  # of this test


def status(client: Client) -> dict[str, Any]:
    """The status document, as monitoring reads it."""
    answer = client.get("/health/status", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    document: dict[str, Any] = answer.json()
    return document


@pytest.fixture
def monitored(settings: Any) -> None:
    settings.STATUS_TOKEN = TOKEN


@pytest.mark.usefixtures("worker", "monitored")
def test_the_status_of_a_shop_that_is_well(client: Client) -> None:
    document = status(client)

    assert document["status"] == "ok"
    assert document["oldest_due_job_seconds"] == 0
    assert document["oldest_due_job_seconds_by_queue"] == {"default": 0, "mail": 0, "payments": 0}
    assert set(document["payments"].values()) == {0}
    assert document["checks"] == {
        "database": "ok",
        "migrations": "ok",
        "worker": "ok",
        "queue": "ok",
        "jobs": "ok",
        "payments": "ok",
        "cache": "ok",
        "replica": "not configured",
    }


@pytest.mark.usefixtures("no_worker", "monitored")
def test_a_shop_without_worker_is_degraded(client: Client) -> None:
    assert (status(client)["status"], status(client)["checks"]["worker"]) == ("degraded", "missing")


@pytest.mark.usefixtures("worker", "monitored")
def test_a_worker_without_a_heartbeat_is_none(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_workers set last_heartbeat = now() - interval '31 seconds'")

    assert status(client)["checks"]["worker"] == "missing"


@pytest.mark.usefixtures("worker", "monitored")
@pytest.mark.parametrize(("channel", "state"), [("api", "behind"), ("backfill", "ok")])
def test_events_that_pile_up_are_told(client: Client, channel: str, state: str) -> None:
    Event.objects.create(
        kind="order.placed",
        subject="order:1",
        actor="system",
        channel=channel,
        at=timezone.now() - timedelta(seconds=61),
        payload={"order_id": 1},
    )

    assert status(client)["checks"]["queue"] == state


def add_job(queue: str, seconds: int) -> None:
    """A job that is due for so many seconds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into procrastinate_jobs (queue_name, task_name, priority, args, status, scheduled_at, attempts)"
            " values (%s, 'nothing', 0, '{}', 'todo', now() - make_interval(secs => %s), 0)",
            [queue, seconds],
        )
        cursor.execute("update procrastinate_events set at = now() - interval '3 hours'")


@pytest.mark.usefixtures("worker", "monitored")
def test_the_oldest_due_job_of_each_queue_is_told_and_a_job_of_tomorrow_is_not_due(client: Client) -> None:
    for seconds in (7200, 3600, -86_400):
        add_job("default", seconds)
    add_job("mail", 60)
    add_job("mail", -60)

    document = status(client)

    assert document["oldest_due_job_seconds"] == pytest.approx(7200, abs=60)
    assert document["oldest_due_job_seconds_by_queue"] == {
        "default": pytest.approx(7200, abs=60),
        "mail": pytest.approx(60, abs=30),
        "payments": 0,
    }


@pytest.mark.usefixtures("worker", "monitored")
@pytest.mark.parametrize("queue", ["default", "mail", "of an older release"])
def test_a_queue_that_stands_still_makes_the_shop_degraded(client: Client, queue: str, settings: Any) -> None:
    settings.STATUS_DUE_SECONDS = 300
    add_job(queue, 240)
    assert (status(client)["status"], status(client)["checks"]["jobs"]) == ("ok", "ok")

    add_job(queue, 301)

    assert (status(client)["status"], status(client)["checks"]["jobs"]) == ("degraded", "late")
    assert client.get("/health/ready").status_code == 200


@pytest.mark.usefixtures("worker", "monitored")
def test_an_operation_that_a_provider_does_not_answer_is_told_with_its_age(client: Client) -> None:
    payment = begun()
    services.capture_payment(order_id=payment.order_id, payment_id=payment.pk, actor=STAFF)
    Payment.objects.filter(pk=payment.pk).update(review="refund_refused")
    services.take_notice("stripe", Notice("evt_1", "payment_intent.succeeded"))
    Event.objects.update(position=F("id"))  # nobody dispatches them here

    def aged(minutes: int) -> dict[str, Any]:
        at = timezone.now() - timedelta(minutes=minutes)
        Operation.objects.unknown().update(created_at=at)
        Notification.objects.update(received_at=at)
        return status(client)

    young, old = aged(14), aged(16)
    assert (young["status"], young["checks"]["payments"]) == ("ok", "ok")
    assert (old["status"], old["checks"]["payments"]) == ("degraded", "stuck")
    assert old["payments"] == {
        "open_operations": 1,
        "oldest_operation_seconds": pytest.approx(960, abs=60),
        "unhandled_notifications": 1,
        "oldest_notification_seconds": pytest.approx(960, abs=60),
        "payments_to_review": 1,
        "open_disputes": 0,
    }
    assert client.get("/health/ready").status_code == 200
    with CaptureQueriesContext(connection) as asked:
        status(client)
    assert sum("payments_operation" in query["sql"] for query in asked) == 1


@pytest.mark.usefixtures("worker", "monitored")
def test_a_cache_that_is_gone_is_told_and_one_that_is_not_configured_is_fine(client: Client) -> None:
    with no_redis():
        assert status(client)["checks"]["cache"] == "unreachable"
    with redis_not_configured():
        document = status(client)
    assert (document["status"], document["checks"]["cache"]) == ("ok", "not configured")


@pytest.mark.usefixtures("worker", "monitored")
@pytest.mark.parametrize("token", ["", "Bearer wrong", "Basic eDp5", f"Bearer {TOKEN}\u00e9"])
def test_the_status_is_not_for_strangers(client: Client, token: str) -> None:
    answer = client.get("/health/status", headers={"Authorization": token} if token else {})

    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "checks" not in answer.json()


@pytest.mark.usefixtures("worker")
def test_without_a_token_of_its_own_the_status_is_for_staff(as_customer: Any, as_staff: Any, client: Client) -> None:
    assert client.get("/health/status", headers={"Authorization": "Bearer "}).status_code == 401
    assert as_customer.get("/health/status").status_code == 401
    assert as_staff("stock keeper").get("/health/status").status_code == 200


def test_health_answers_get_alone_and_never_html(client: Client) -> None:
    response = client.post("/health/live")

    assert response.status_code == 405
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Allow"] == "GET, HEAD"
