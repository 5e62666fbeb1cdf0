"""`manage.py load_demo`: fills an empty shop with the demo."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from demo.loading import NotEmpty, is_empty, load_demo
from orders import figures


class Command(BaseCommand):
    """The command."""

    help = "Fill an empty shop with 300 products, 50 customers and 500 orders. Its logins are public."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options of the command."""
        parser.add_argument("--if-empty", action="store_true", help="Do nothing, quietly, when there is data already.")
        parser.add_argument("--force", action="store_true", help="Load it in production too, with its public logins.")

    def handle(self, *args: Any, if_empty: bool, force: bool, **options: Any) -> None:
        """Load the demo and verify the stock. Ends with an error in production and in a shop that is not empty."""
        if if_empty and not is_empty():
            return
        if settings.PRODUCTION and not force:
            raise CommandError("The demo's logins are public. In production this needs --force.")
        started = time.monotonic()
        try:
            load_demo(lambda text: self.stdout.write(f"    {text}"))
        except NotEmpty as error:
            if if_empty:
                return
            raise CommandError("There are products or orders already; the demo is for an empty shop.") from error
        call_command("verify_stock", verbosity=0, stdout=self.stdout)
        figures.refresh()
        self.stdout.write(f"    demo shop loaded in {time.monotonic() - started:.1f} s")
