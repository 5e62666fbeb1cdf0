"""`manage.py revoke_api_key`: end a key at once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.api_keys import PREFIX, is_key, revoke_key
from accounts.models import ApiKey
from events.actors import COMMAND


class Command(BaseCommand):
    """The command."""

    help = "Revoke an API key. From the next request on it opens nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of the command."""
        parser.add_argument("prefix", help="The first characters, as list_api_keys shows them; or the whole key.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke the key. Ends with 2 where there is none with this prefix."""
        prefix = options["prefix"][:PREFIX]
        found = ApiKey.objects.filter(prefix=prefix).first() if is_key(prefix) and prefix.isascii() else None
        if found is None:
            raise CommandError("There is no key with this prefix.", returncode=2)
        revoke_key(key_id=found.pk, actor=COMMAND)
        self.stdout.write(f"Key {found.prefix}… ({found.name}) is revoked.")
