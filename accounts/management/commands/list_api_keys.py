"""`manage.py list_api_keys`: which keys there are, and when each was last used."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import ApiKey


class Command(BaseCommand):
    """The command."""

    help = "List the API keys, newest first, without the keys themselves."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each key: prefix, kind, state, last use, scopes and name."""
        for key in ApiKey.objects.order_by("-pk"):
            used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
            scopes = ",".join(key.scopes) or "-"
            self.stdout.write("\t".join((key.prefix, key.kind, key.state, used, scopes, key.name)))
