"""Finding the words of all products anew, after an upgrade that has other rules, or another SEARCH_LANGUAGE.

The rules by which the words that are stored were found stand in one row. The worker compares them with its own, and
goes through the products batch by batch, in as many jobs as it takes. Meanwhile the search works: a query means the
words of either rules, as far as they are alike.
"""

import time
from functools import partial

from django.conf import settings

from catalog.models import Product, WordRules
from catalog.services.derived import next_products, refresh
from catalog.services.variants import share_tree
from catalog.words import RULES
from database.transactions import run_unit


def find_words_anew(*, seconds: float) -> bool:
    """Bring products in line whose words may follow other rules, for so long at the most. Says whether all are done."""
    latest = time.monotonic() + seconds
    state, _ = WordRules.objects.get_or_create(pk=1)
    rules = f"{RULES} {settings.SEARCH_LANGUAGE}"
    if state.rules != rules:
        state.rules, state.done_to = rules, 0
    while state.done_to is not None and time.monotonic() < latest:
        batch = next_products(state.done_to)
        if batch:
            run_unit(partial(refresh_batch, batch))
        state.done_to = batch[-1] if batch else None
        state.save()
    return state.done_to is None


def refresh_batch(batch: list[int]) -> None:
    """Bring a batch of products in line. Locks the products against other edits, and shares the tree."""
    share_tree()
    list(Product.objects.select_for_update(no_key=True).filter(pk__in=batch).order_by("pk").values_list("pk"))
    refresh(batch)
