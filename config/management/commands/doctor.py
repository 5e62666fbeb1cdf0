"""`manage.py doctor`: what can be lost with the settings and servers as they are, and what is broken."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from config.doctor import State, findings

STATUS: dict[State, int] = {"ok": 0, "can be lost": 1, "broken": 2}


class Command(BaseCommand):
    """The command."""

    help = "Say what can be lost and what is broken. Exits with 0 for neither, 1 for the first, 2 for the second."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each finding, and exit with the status of the worst."""
        worst = 0
        for found in findings():
            worst = max(worst, STATUS[found.state])
            self.stdout.write(f"{found.state:12} {found.name}: {found.meaning}")
        sys.exit(worst)
