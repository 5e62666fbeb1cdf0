import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from events import tasks


@pytest.fixture
def left_behind(db: None) -> int:
    """A job that a worker was at when it died."""
    with connection.cursor() as cursor:
        cursor.execute("insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 minute')")
        cursor.execute(
            "insert into procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
            " select 'default', 'events.tests.note', '{}', 'doing', max(id) from procrastinate_workers returning id"
        )
        return int(cursor.fetchone()[0])


def test_the_job_of_a_dead_worker_is_queued_again(left_behind: int) -> None:
    async_to_sync(tasks.retry_stalled_jobs.func)(timestamp=0)

    job = ProcrastinateJob.objects.get(pk=left_behind)
    assert (job.status, job.attempts) == ("todo", 1)


def test_the_job_of_a_live_worker_is_left_alone(left_behind: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_workers set last_heartbeat = now()")

    async_to_sync(tasks.retry_stalled_jobs.func)(timestamp=0)

    assert ProcrastinateJob.objects.get(pk=left_behind).status == "doing"


def test_a_job_that_keeps_killing_its_workers_is_given_up(left_behind: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set attempts = %s", [tasks.MAX_ATTEMPTS])

    async_to_sync(tasks.retry_stalled_jobs.func)(timestamp=0)

    assert ProcrastinateJob.objects.get(pk=left_behind).status == "failed"


def test_old_failures_are_forgotten_and_recent_ones_kept(left_behind: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set status = 'failed'")
    async_to_sync(tasks.remove_failed_jobs.func)(timestamp=0)
    assert ProcrastinateJob.objects.filter(pk=left_behind).exists()
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_events set at = now() - interval '31 days'")

    async_to_sync(tasks.remove_failed_jobs.func)(timestamp=0)

    assert not ProcrastinateJob.objects.filter(pk=left_behind).exists()
