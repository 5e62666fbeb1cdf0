"""`manage.py verify_stock`: the proof that the records of stock and of orders agree."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

import inventory.invariants
import orders.invariants
from events.actors import COMMAND
from inventory import services
from inventory.invariants import snapshot, violations

INVARIANTS = {**inventory.invariants.INVARIANTS, **orders.invariants.INVARIANTS}


class Command(BaseCommand):
    """Names the rows that violate an invariant, and repairs counters on demand."""

    help = "Check every invariant of stock and orders; name each offending row and exit with status 1 if there is one."

    def add_arguments(self, parser: CommandParser) -> None:
        """The option of the command."""
        parser.add_argument(
            "--repair",
            action="store_true",
            help="Set counters to what the ledger (on hand) and open reservations (reserved) say, end overdue holds, "
            "and check again.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, repair if that was asked for, and check again. Exits with 1 when a violation is left."""
        count = self.name_violations()
        if count and options["repair"]:
            while services.expire_holds(actor=COMMAND):
                pass
            for repair in services.repair_stock(actor=COMMAND):
                self.stdout.write(f"repaired {repair}")
            count = self.name_violations()
        if count:
            raise CommandError(f"{count} violations.")
        if options["verbosity"]:
            self.stdout.write(f"0 violations: all {len(INVARIANTS)} invariants hold.")

    def name_violations(self) -> int:
        """Print every offending row. Returns how many there are."""
        count = 0
        with snapshot():
            for violation in violations(INVARIANTS):
                self.stdout.write(f"{violation.invariant}: {violation.row}")
                count += 1
        return count
