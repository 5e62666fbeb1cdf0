"""`manage.py revoke_api_key`: end a key at once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework.exceptions import ValidationError

from accounts.api_keys import PREFIX, is_key, revoke_key
from accounts.key_rows import MAX_REASON
from accounts.models import ApiKey
from api.fields import Text
from api.problems import flatten
from events.actors import COMMAND


class Command(BaseCommand):
    """The command."""

    help = "Revoke an API key. From the next request on it opens nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of the command."""
        parser.add_argument("prefix", help="The first characters, as list_api_keys shows them; or the whole key.")
        parser.add_argument("--reason", default="", help="Why, for the journal: up to 200 characters.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke the key. Ends with 2 where there is none with this prefix, and for a reason that makes no sense."""
        prefix = options["prefix"][:PREFIX]
        found = ApiKey.objects.filter(prefix=prefix).first() if is_key(prefix) and prefix.isascii() else None
        if found is None:
            raise CommandError("There is no key with this prefix.", returncode=2)
        try:
            reason = Text(max_length=MAX_REASON, allow_blank=True).run_validation(options["reason"])
        except ValidationError as error:
            raise CommandError(f"reason: {flatten(error.get_full_details())[0].message}", returncode=2) from error
        revoke_key(key_id=found.pk, reason=reason, actor=COMMAND)
        self.stdout.write(f"Key {found.prefix}… ({found.name}) is revoked.")
