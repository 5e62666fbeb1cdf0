"""`manage.py create_api_key`: a key for a program, printed once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework.exceptions import ValidationError

from accounts.api_keys import create_key
from accounts.models import ApiKey
from accounts.serializers_api_keys import ApiKeyBody
from api.problems import flatten
from api.serializers import kept
from database.refusals import Invalid
from events.actors import COMMAND


class Command(BaseCommand):
    """The command."""

    help = "Make an API key. It is printed this once, alone on standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of the command."""
        parser.add_argument("name", help="What it is for.")
        parser.add_argument("--scopes", nargs="*", default=[], help="What a secret key may do, such as stock:read.")
        parser.add_argument("--publishable", action="store_true", help="A key that names a storefront, without scopes.")
        parser.add_argument("--expires-at", help="RFC 3339, such as 2027-01-31T12:00:00Z.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key. Ends with 2 for what makes no sense."""
        kind = ApiKey.Kind.PUBLISHABLE if options["publishable"] else ApiKey.Kind.SECRET
        body = {"name": options["name"], "kind": kind, "scopes": options["scopes"]}
        try:
            checked = kept(ApiKeyBody).run_validation(body | {"expires_at": options["expires_at"]})
            row, key = create_key(**checked, actor=COMMAND)
        except ValidationError as error:
            wrong = [f"{one.field}: {one.message}" for one in flatten(error.get_full_details())]
            raise CommandError(" ".join(wrong), returncode=2) from error
        except Invalid as error:
            raise CommandError(error.detail, returncode=2) from error
        self.stderr.write(f"Key {row.prefix}… made. It is not shown again.")
        self.stdout.write(key)
