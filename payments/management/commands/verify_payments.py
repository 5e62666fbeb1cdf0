"""`manage.py verify_payments`: the proof that the money, the orders and the providers agree."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from database.arguments import whole_number
from inventory.invariants import Violation, snapshot, violations
from payments import services
from payments.invariants import INVARIANTS
from payments.models import Payment
from payments.providers.snapshot import ProviderRefused, ProviderUnknown


class Command(BaseCommand):
    """Names what violates an invariant, and with `--providers` what a provider has otherwise than we do."""

    help = "Check every invariant of money; name each offending row and exit with status 1 if there is one."

    def add_arguments(self, parser: CommandParser) -> None:
        """The option of the command."""
        parser.add_argument(
            "--providers",
            action="store_true",
            help="First ask the providers for all that is under way and for the last days, and join what they say.",
        )
        parser.add_argument(
            "--patience",
            type=whole_number(0, 600),
            default=5,
            help="What the worker is about to put right is no violation: what was found is looked for again so many"
            " seconds later (default: %(default)s).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask the providers if that is wanted, and check. Exits with 1 when there is a violation."""
        count = 0
        if options["providers"]:
            try:
                count = self.ask_providers()
            except (ProviderUnknown, ProviderRefused) as error:
                raise CommandError(f"A provider did not answer: {error}") from error
        found = self.look()
        if found and options["patience"]:
            time.sleep(options["patience"])
            again = set(self.look())
            found = [violation for violation in found if violation in again]
        for violation in found:
            self.stdout.write(f"{violation.invariant}: {violation.row}")
        count += len(found)
        if count:
            raise CommandError(f"{count} violations.")
        if options["verbosity"]:
            self.stdout.write(f"0 violations: all {len(INVARIANTS)} invariants hold.")

    def look(self) -> list[Violation]:
        """What violates an invariant at one moment."""
        with snapshot():
            return list(violations(INVARIANTS))

    def ask_providers(self) -> int:
        """Join what the providers say. Returns how many of their objects are not ours."""
        for payment_id in Payment.objects.live().values_list("pk", flat=True):
            services.look(payment_id)
        unknown = services.compare()
        if unknown:
            self.stdout.write(f"{unknown} objects of the providers belong to no payment of ours.")
        return unknown
