"""The clock of jobs that run at a time of day. Procrastinate itself reads cron expressions in UTC."""

from datetime import datetime

from croniter import croniter
from procrastinate.contrib.django import app

from database.days import zone


def go_by_shop_time() -> None:
    """Read the cron expressions of all periodic jobs in SHOP_TIME_ZONE, also on the days on which clocks change.

    The worker does this before it begins. The iterator of a job keeps the zone of the moment that it was made with.
    """
    for job in app.periodic_registry.periodic_tasks.values():
        vars(job)["croniter"] = croniter(job.cron, datetime.now(zone()))
