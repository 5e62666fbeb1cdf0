"""`manage.py worker`: sends mails and webhooks, expires holds, and dispatches events, until a signal ends it."""

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
            help="Jobs at the same time, mails and calls of providers not counted (default: %(default)s).",
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
            help="Calls of providers of payments at the same time (default: %(default)s).",
        )
        parser.add_argument(
            "--webhook-concurrency",
            type=whole_number(2, 100),
            default=settings.WORKER_WEBHOOK_CONCURRENCY,
            help="Webhooks at the same time (default: %(default)s).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the worker until a signal ends it."""
        self.stdout.write("The worker is running.")
        self.stdout.flush()
        names = ("concurrency", "mail_concurrency", "payment_concurrency", "webhook_concurrency")
        run_worker(*(options[name] for name in names))
        self.stdout.write("The worker has stopped.")
