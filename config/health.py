"""Health for load balancers and operators: `/health/live` says that this process answers, `/health/ready` that the
whole shop works behind it.

Ready names each part: the database, its migrations, the cache (when one is configured) and the queue (a worker has a
heartbeat, and events do not pile up). What is missing makes it 503, although the shop may still do a part of its work:
orders go on without cache and worker.
"""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from procrastinate.contrib.django.models import ProcrastinateWorker

from api import cache
from api.problems import respond
from database.refusals import Busy
from events.models import Event
from events.tasks import STALLED_SECONDS

# An event that waits longer than this for its place shows that the dispatcher stands still.
DISPATCH_LAG = timedelta(seconds=60)
_migrated = False


class NotReady(Busy):
    code = "not_ready"
    title = "Not ready"
    retry_after = 5


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    checks = {"cache": check_cache()}
    for name, check in DATABASE_CHECKS.items():
        try:
            checks[name] = check()
        except (DatabaseError, InterfaceError):
            checks[name] = "unreachable"
            break  # each further attempt would wait for the same time-out
    checks |= {name: "unknown" for name in DATABASE_CHECKS if name not in checks}
    missing = [name for name, state in checks.items() if state not in ("ok", "not configured")]
    if missing:
        return respond(NotReady(f"Missing: {', '.join(sorted(missing))}.", checks=checks))
    return JsonResponse({"status": "ok", "checks": checks})


def check_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return "ok"


def check_migrations() -> str:
    """Whether the database is as new as this code; once it is, this process need not look again."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return "ok" if _migrated else "pending"


def check_cache() -> str:
    if not settings.REDIS_URL:
        return "not configured"
    try:
        cache.ask(lambda redis: redis.ping())
    except cache.CacheUnavailable:
        return "unreachable"
    return "ok"


def check_queue() -> str:
    now = timezone.now()
    if not ProcrastinateWorker.objects.filter(last_heartbeat__gt=now - timedelta(seconds=STALLED_SECONDS)).exists():
        return "no worker"
    oldest = Event.objects.filter(position=None).order_by("id").values_list("at", "channel").first()
    if oldest and oldest[1] != "backfill" and oldest[0] < now - DISPATCH_LAG:
        return "behind"
    return "ok"


DATABASE_CHECKS: dict[str, Callable[[], str]] = {
    "database": check_database,
    "migrations": check_migrations,
    "queue": check_queue,
}
