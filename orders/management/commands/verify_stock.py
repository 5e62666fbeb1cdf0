"""`manage.py verify_stock`: the proof that stock and orders are what they should be."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

import inventory.invariants
import orders.invariants
from inventory.invariants import violations


class Command(BaseCommand):
    help = "Check every invariant of stock and orders; name each offending row and exit with status 1 if there is one."

    def handle(self, *args: Any, **options: Any) -> None:
        invariants = {**inventory.invariants.INVARIANTS, **orders.invariants.INVARIANTS}
        count = 0
        with snapshot():
            for violation in violations(invariants):
                self.stdout.write(f"{violation.invariant}: {violation.row}")
                count += 1
        if count:
            raise CommandError(f"{count} violations.")
        if options["verbosity"]:
            self.stdout.write(f"0 violations: all {len(invariants)} invariants hold.")


@contextmanager
def snapshot() -> Iterator[None]:
    """One moment for all statements, so that the work of an open shop is seen whole or not at all.

    Within somebody's transaction it is that one's.
    """
    first = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if first:
            cursor.execute(
                "set transaction isolation level repeatable read, read only; set local statement_timeout = 0"
            )
        yield
