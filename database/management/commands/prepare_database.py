"""`manage.py prepare_database`: what a database needs before `migrate`, on the embedded server or one's own."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from database.prepare import PreparationFailed, prepare


class Command(BaseCommand):
    """The command."""

    help = "Create the schema and the extension, and set the role's search path and time-outs. Safe to repeat."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare the default database. Ends with a CommandError when the role lacks a right."""
        try:
            prepare()
        except PreparationFailed as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            self.stdout.write("The database is prepared.")
