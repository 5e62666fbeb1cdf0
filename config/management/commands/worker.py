"""`manage.py worker`: sends mails, expires overdue reservations, and dispatches events, until a signal ends it."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config.worker import run_worker
from database.arguments import whole_number


class Command(BaseCommand):
    """The command."""

    help = "Run background jobs and dispatch events until SIGTERM or Ctrl-C; running jobs are finished first."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of the command."""
        parser.add_argument(
            "--concurrency",
            type=whole_number(1, 100),
            default=settings.WORKER_CONCURRENCY,
            help="Jobs at the same time, mails and payments not counted (default: %(default)s).",
        )
        parser.add_argument(
            "--mail-concurrency",
            type=whole_number(1, 100),
            default=settings.WORKER_MAIL_CONCURRENCY,
            help="Mails at the same time (default: %(default)s).",
        )
        parser.add_argument(
            "--payment-concurrency",
            type=whole_number(1, 100),
            default=settings.WORKER_PAYMENT_CONCURRENCY,
            help="Jobs of payments at the same time (default: %(default)s).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the worker until a signal ends it."""
        self.stdout.write("The worker is running.")
        self.stdout.flush()
        run_worker(options["concurrency"], options["mail_concurrency"], options["payment_concurrency"])
        self.stdout.write("The worker has stopped.")
