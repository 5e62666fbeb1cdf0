"""Fixtures of the tests of stock. Models can be imported in fixtures only: this file is read before the settings."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A number for each time that statements travelled together."""
    from database.backend import base

    times: list[int] = []
    execute_together = base.execute_together

    def count(wire: Any, calls: Any) -> Any:
        times.append(len(calls))
        return execute_together(wire, calls)

    monkeypatch.setattr(base, "execute_together", count)
    return times


@pytest.fixture
def keeper(staff_pages: Callable[..., Any]) -> Any:
    """A stock keeper's browser."""
    return staff_pages("stock keeper")


@pytest.fixture
def mug() -> Any:
    """An item with a barcode, of which five lie in the main warehouse."""
    from inventory.tests.factories import StockItemFactory

    return StockItemFactory(sku="MUG", name="Mug", barcode="4006381", stock=5)
