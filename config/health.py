"""Health for load balancers and operators.

`/health/live` says that this process answers. `/health/ready` says that it can serve: the database is there, and its
migrations are those of this code. `/health/status` tells operators how the parts behind it are: cache, replica, queue,
worker, and the providers of money. Orders go on without any of these, so none of them makes the shop not ready.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from procrastinate.contrib.django.models import ProcrastinateWorker

from accounts.authentication import BearerAuthentication
from api import cache
from api.problems import Problem, respond
from config.jobs import QUEUES
from database import replica
from database.refusals import Busy
from events.models import Event
from events.tasks import STALLED_SECONDS
from payments.attention import open_work, state_of_providers

# An event that waits longer than this for its place shows that the dispatcher stands still.
DISPATCH_LAG = timedelta(seconds=60)
# A job is due from its time, or from its last event when it has none. A job of tomorrow is not due.
WAITING = """
select j.queue_name, max(extract(epoch from now() - greatest(j.scheduled_at, e.at)))::float8
from procrastinate_jobs j
cross join lateral (select max(at) as at from procrastinate_events where job_id = j.id) e
where j.status = 'todo'
group by j.queue_name
"""
FINE = ("ok", "not configured")
_migrated = False


class NotReady(Busy):
    """The database is away, or is not as new as this code."""

    code = "not_ready"
    title = "Not ready"
    retry_after = 5


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answer, and look at nothing."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when this process can serve; 503 `not_ready` names what is missing.

    Without its replica it can serve: the status is `degraded` then, and reports read the primary.
    """
    checks = run({"database": check_database, "migrations": check_migrations})
    missing = [name for name, state in checks.items() if state != "ok"]
    if missing:
        return respond(NotReady(f"Missing: {', '.join(missing)}.", checks=checks))
    if settings.REPORTS_DATABASE != "default":
        checks["replica"] = check_replica()
    fine = all(state in FINE for state in checks.values())
    return JsonResponse({"status": "ok" if fine else "degraded", "checks": checks})


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """The state of all parts, for staff and for clients that show STATUS_TOKEN: `ok`, or `degraded` with the others."""
    if not may_see_status(request):
        refused = respond(Problem(401, "Show the token of a member of staff, or STATUS_TOKEN."))
        refused.headers["WWW-Authenticate"] = "Bearer"
        return refused
    work: dict[str, Any] = {}

    def check_payments() -> str:
        work.update(open_work())
        return state_of_providers(work)

    checks = run(CHECKS | {"payments": check_payments})
    waiting = oldest_due_jobs() if checks["jobs"] in ("ok", "late") else None
    document: dict[str, Any] = {
        "status": "ok" if all(state in FINE for state in checks.values()) else "degraded",
        "checks": checks,
        "oldest_due_job_seconds": None if waiting is None else max(waiting.values()),
        "oldest_due_job_seconds_by_queue": waiting,
        "payments": work or None,
        "timestamp": timezone.now(),
    }
    return JsonResponse(document, headers={"Cache-Control": "no-store"})


def may_see_status(request: HttpRequest) -> bool:
    """Whether the request shows STATUS_TOKEN, or the access token of a member of staff."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.STATUS_TOKEN and compare_digest(token.encode(), settings.STATUS_TOKEN.encode()):
        return True
    try:
        found = BearerAuthentication().authenticate(request)  # type: ignore[arg-type]  # reads its META alone
    except (DatabaseError, InterfaceError):
        return False
    return found is not None and found[0].is_staff


def run(checks: Mapping[str, Callable[[], str]]) -> dict[str, str]:
    """The state of each part. After the database has failed once, nothing else is asked of it."""
    states: dict[str, str] = {}
    database_is_away = False
    for name, check in checks.items():
        try:
            states[name] = "unknown" if database_is_away and name not in BESIDE_THE_DATABASE else check()
        except (DatabaseError, InterfaceError):
            states[name] = "unreachable"
            database_is_away |= name not in BESIDE_THE_DATABASE  # each attempt would wait for the same time-out
    return states


def check_database() -> str:
    """Whether the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return "ok"


def check_migrations() -> str:
    """Whether the database is as new as this code. Once it is, this process does not look again."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return "ok" if _migrated else "pending"


def check_cache() -> str:
    """Whether Redis answers."""
    if not settings.REDIS_URL:
        return "not configured"
    try:
        cache.ask(lambda redis: redis.ping())
    except cache.CacheUnavailable:
        return "unreachable"
    return "ok"


def check_replica() -> str:
    """Whether the database of reports answers. While this process leaves it alone, it does not."""
    if settings.REPORTS_DATABASE == "default":
        return "not configured"
    return "ok" if replica.answers() else "unreachable"


def check_worker() -> str:
    """Whether a worker has a heartbeat."""
    alive = timezone.now() - timedelta(seconds=STALLED_SECONDS)
    return "ok" if ProcrastinateWorker.objects.filter(last_heartbeat__gt=alive).exists() else "missing"


def check_queue() -> str:
    """Whether events get their place in the feed in time."""
    oldest = Event.objects.filter(position=None).order_by("id").values_list("at", "channel").first()
    if oldest and oldest[1] != "backfill" and oldest[0] < timezone.now() - DISPATCH_LAG:
        return "behind"
    return "ok"


def check_jobs() -> str:
    """Whether no queue has a job that is due for longer than STATUS_DUE_SECONDS."""
    return "late" if max(oldest_due_jobs().values()) > settings.STATUS_DUE_SECONDS else "ok"


def oldest_due_jobs() -> dict[str, float]:
    """For how many seconds the oldest job of each queue that could run has waited; 0 when none waits."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        waiting = dict(cursor.fetchall())
    queues = sorted({*QUEUES, *waiting})
    return {queue: max(0.0, round(waiting.get(queue, 0.0), 1)) for queue in queues}


BESIDE_THE_DATABASE = ("cache", "replica")
CHECKS: dict[str, Callable[[], str]] = {
    "database": check_database,
    "migrations": check_migrations,
    "worker": check_worker,
    "queue": check_queue,
    "jobs": check_jobs,
    "payments": state_of_providers,
    "cache": check_cache,
    "replica": check_replica,
}
