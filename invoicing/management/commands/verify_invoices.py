"""`manage.py verify_invoices`: the proof that invoices have no gap, add up, and are as they were issued."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inventory.invariants import snapshot, violations
from invoicing.invariants import invariants


class Command(BaseCommand):
    """Names the documents that violate an invariant."""

    help = "Check every invariant of invoices; name each offending document and exit with status 1 if there is one."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check. Exits with 1 when there is a violation."""
        count = 0
        checks = invariants()
        with snapshot():
            for violation in violations(checks):
                self.stdout.write(f"{violation.invariant}: {violation.row}")
                count += 1
        if count:
            raise CommandError(f"{count} violations.")
        if options["verbosity"]:
            self.stdout.write(f"0 violations: all {len(checks)} invariants hold.")
