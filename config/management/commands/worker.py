"""`manage.py worker`: sends mails, expires what is overdue, and dispatches events, until it is stopped."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config.worker import run_worker


class Command(BaseCommand):
    help = "Run background jobs and dispatch events until SIGTERM or Ctrl-C; running jobs are finished first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--concurrency",
            type=int,
            default=settings.WORKER_CONCURRENCY,
            help="Jobs at the same time (default: %(default)s).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("The worker is running.")
        self.stdout.flush()
        run_worker(options["concurrency"])
        self.stdout.write("The worker has stopped.")
