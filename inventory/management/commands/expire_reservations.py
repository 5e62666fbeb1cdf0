"""`manage.py expire_reservations`: end overdue holds now, for shops that run no worker."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from database.arguments import whole_number
from events.actors import COMMAND
from inventory import services


class Command(BaseCommand):
    """Ends overdue holds."""

    help = "End all holds that are past their time. Hygiene: when stock is short, overdue holds do not count anyway."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare `--batch`."""
        parser.add_argument(
            "--batch", type=whole_number(1, 100_000), default=500, help="How many to end in one transaction."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """End overdue holds, a batch in each transaction, and say how many they were."""
        total = 0
        while expired := services.expire_holds(actor=COMMAND, limit=options["batch"]):
            total += expired
        self.stdout.write(f"{total} holds expired.")
