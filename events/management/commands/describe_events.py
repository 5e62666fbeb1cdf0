"""`manage.py describe_events`: docs/events.md, written from the declarations of events/kinds."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from events.description import page


class Command(BaseCommand):
    """Writes the page that tells readers of the feed and receivers of webhooks what they get."""

    help = "Write docs/events.md anew."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the page goes."""
        parser.add_argument("--file", type=Path, default=Path("docs/events.md"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it."""
        options["file"].write_text(page(), encoding="utf-8")
