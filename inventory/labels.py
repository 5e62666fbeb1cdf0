"""Barcodes of items, for apps that find by them what they make of items."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

# Each takes the id of an item whose barcode is about to change, and wraps the change: before it the app locks what it
# must, and after it the app brings in line what it derives. An app adds its own when it is loaded.
WATCHERS: list[Callable[[int], AbstractContextManager[None]]] = []


@contextmanager
def watched(item_id: int) -> Iterator[None]:
    """Change the barcode of an item inside of the block, before any lock on the item and its stock."""
    with ExitStack() as stack:
        for watch in WATCHERS:
            stack.enter_context(watch(item_id))
        yield
