"""Background jobs that keep the queue in order."""

from procrastinate.contrib.django import app
from procrastinate.jobs import Status

# The queue of jobs that name none: everything but mails (events.mails.QUEUE).
HOUSEKEEPING = "default"
# A worker writes a heartbeat every HEARTBEAT_SECONDS. After STALLED_SECONDS without one the worker counts as dead.
HEARTBEAT_SECONDS = 5.0
STALLED_SECONDS = 30.0
# A job that this many workers have left behind probably kills its workers. Such a job stays in the table as failed.
MAX_ATTEMPTS = 20
KEEP_FAILED_JOBS_HOURS = 30 * 24


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="retry_stalled_jobs")
async def retry_stalled_jobs(timestamp: int) -> None:
    """Queue the jobs of dead workers again, and give up those that have been left behind MAX_ATTEMPTS times."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        if job.attempts < MAX_ATTEMPTS:
            await app.job_manager.retry_job(job)
        else:
            await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)


@app.periodic(cron="17 3 * * *")
@app.task(queueing_lock="remove_failed_jobs")
async def remove_failed_jobs(timestamp: int) -> None:
    """Delete old jobs that failed. The worker itself deletes a job that succeeds."""
    await app.job_manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_JOBS_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
