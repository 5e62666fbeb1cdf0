"""`manage.py refresh_search`: finds the words of all products anew."""

from functools import partial
from typing import Any

from django.core.management.base import BaseCommand

from catalog.services.derived import all_products
from catalog.services.words_anew import refresh_batch
from database.transactions import run_unit


class Command(BaseCommand):
    """The command."""

    help = "Find the words and sort keys of all products anew, after a change of rows by hand."

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through all products, a batch in each transaction; a second run changes nothing."""
        total = 0
        for batch in all_products():
            run_unit(partial(refresh_batch, batch))
            total += len(batch)
        self.stdout.write(f"The words of {total} products are in line.")
