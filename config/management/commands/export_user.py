"""`manage.py export_user`: all data that the shop keeps of one person, as JSON, for a person who asks for them."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import User
from config.personal_data import export
from database.arguments import whole_number


class Command(BaseCommand):
    """The command."""

    help = "Print everything that is kept of a person as JSON: profile, orders, sessions, journal."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of the command."""
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--email")
        who.add_argument(
            "--id",
            type=whole_number(1, 2**63 - 1),
            help="Also of somebody who was forgotten: what the books have kept.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the data. Ends with an error when there is no such user."""
        found = (
            User.objects.filter(pk=options["id"])
            if options["email"] is None
            else User.objects.with_email(options["email"])
        )
        user = found.first()
        if user is None:
            raise CommandError("There is no such user.")
        self.stdout.write(json.dumps(export(user), cls=DjangoJSONEncoder, indent=2, ensure_ascii=False))
