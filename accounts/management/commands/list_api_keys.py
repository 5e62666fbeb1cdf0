"""`manage.py list_api_keys`: which keys there are, and when each was last used."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.models import ApiKey


class Command(BaseCommand):
    """The command."""

    help = "List the API keys, newest first, without the keys themselves."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each key: prefix, kind, state, last use, scopes and name."""
        for key in ApiKey.objects.order_by("-pk"):
            used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
            scopes = ",".join(key.scopes) or "-"
            self.stdout.write("\t".join((key.prefix, key.kind, state_of(key), used, scopes, key.name)))


def state_of(key: ApiKey) -> str:
    """Whether a key is live, expired or revoked."""
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= timezone.now() else "live"
