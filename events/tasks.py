"""The queue's own hygiene."""

from procrastinate.contrib.django import app
from procrastinate.jobs import Status

# A worker writes its heartbeat every HEARTBEAT_SECONDS; without one for STALLED_SECONDS it is taken for dead.
HEARTBEAT_SECONDS = 5.0
STALLED_SECONDS = 30.0
# A job that was left behind this often probably kills its workers; it stays in the table as failed.
MAX_ATTEMPTS = 20
KEEP_FAILED_JOBS_HOURS = 30 * 24


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="retry_stalled_jobs")
async def retry_stalled_jobs(timestamp: int) -> None:
    """Queue the jobs of dead workers again."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        if job.attempts < MAX_ATTEMPTS:
            await app.job_manager.retry_job(job)
        else:
            await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)


@app.periodic(cron="17 3 * * *")
@app.task(queueing_lock="remove_failed_jobs")
async def remove_failed_jobs(timestamp: int) -> None:
    """Forget old failures; a job that succeeds is removed by the worker at once."""
    await app.job_manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_JOBS_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
