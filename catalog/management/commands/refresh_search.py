"""`manage.py refresh_search`: finds the words of all products anew."""

from functools import partial
from typing import Any

from django.core.management.base import BaseCommand

from catalog.models import Product
from catalog.services.derived import all_products, refresh
from catalog.services.variants import share_tree
from database.transactions import run_unit


class Command(BaseCommand):
    """The command."""

    help = "Find the words and sort keys of all products anew: after a change of SEARCH_LANGUAGE, or of rows by hand."

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through all products, a batch in each transaction; a second run changes nothing."""
        total = 0
        for batch in all_products():
            run_unit(partial(refresh_batch, batch))
            total += len(batch)
        self.stdout.write(f"The words of {total} products are in line.")


def refresh_batch(batch: list[int]) -> None:
    """Bring a batch of products in line. Locks the products against other edits, and shares the tree."""
    share_tree()
    list(Product.objects.select_for_update(no_key=True).filter(pk__in=batch).order_by("pk").values_list("pk"))
    refresh(batch)
