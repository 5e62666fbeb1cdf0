"""The page of background jobs: the library's own, whose verbs say what became of each job."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from procrastinate.contrib.django.admin import ProcrastinateJobAdmin
from procrastinate.contrib.django.models import ProcrastinateJob

from database.refusals import Refusal
from database.transactions import unit_of_work
from staff.bulk import carry_out

admin.site.unregister(ProcrastinateJob)


class NotForThisJob(Refusal):
    """The verb does not fit the status of the job."""

    status = 409
    code = "wrong_status"
    title = "The job is not in a status for this"


@admin.register(ProcrastinateJob)
class JobAdmin(ProcrastinateJobAdmin):
    """Background jobs."""

    actions = ["retry", "cancel", "abort"]

    @admin.display(description="Args")
    def pretty_args(self, instance: Any) -> str:
        """The arguments, up to 2,000 characters. The library's style is refused by the content security policy."""
        return format_html('<pre class="payload">{}</pre>', json.dumps(instance.args, indent=2)[:2000])

    @admin.action(description="Retry Job")
    def retry(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Run failed jobs again, and those whose worker is gone."""
        self.each(request, queryset, "queued again", super().retry, ("failed", "doing"))

    @admin.action(description="Cancel Job (only 'todo' jobs)")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Take jobs out of the queue that have not begun."""
        self.each(request, queryset, "cancelled", super().cancel, ("todo",))

    @admin.action(description="Abort Job (includes 'todo' & 'doing' jobs)")
    def abort(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Take jobs out of the queue, and ask those that run to stop."""
        self.each(request, queryset, "aborted", super().abort, ("todo", "doing"))

    def each(
        self, request: HttpRequest, queryset: QuerySet[Any], done: str, verb: Any, statuses: tuple[str, ...]
    ) -> None:
        """Carry a verb of the library out on each job that has one of these statuses. Locks the job."""

        @unit_of_work
        def one(job: Any) -> bool:
            rows = ProcrastinateJob.objects.select_for_update().filter(pk=job.pk)
            status = rows.values_list("status", flat=True).first()
            if status not in statuses:
                raise NotForThisJob(f"It is {status}.")
            verb(request, ProcrastinateJob.objects.filter(pk=job.pk))
            return True

        carry_out(request, queryset.order_by("pk"), done, one, name=lambda job: f"Job {job.pk}")
