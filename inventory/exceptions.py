"""The refusals of inventory, with the data that a caller needs to give the reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from database.refusals import Conflict, FieldError, Invalid, Refusal


@dataclass(frozen=True, slots=True)
class Shortage:
    """An item with fewer units than were asked for."""

    item_id: int
    sku: str
    requested: int
    available: int


def sorry(shortages: Iterable[Shortage]) -> str:
    """The short items in words."""
    return " ".join(f"{line.sku}: {line.requested} requested, {line.available} available." for line in shortages)


class InsufficientStock(Refusal):
    """Too little of some items; all of them are in `shortages`. Nothing was changed."""

    code = "insufficient_stock"
    problem = "ShortPosting"
    title = "Not enough stock"

    def __init__(self, shortages: Sequence[Shortage], *, errors: Iterable[FieldError] = (), **extra: Any) -> None:
        super().__init__(sorry(shortages), errors=errors, **extra)
        self.shortages = list(shortages)


class NotOnHand(Refusal):
    """Promised, but not in the building yet: backordered units cannot be shipped."""

    code = "not_on_hand"
    title = "Not on hand yet"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        super().__init__(sorry(shortages))
        self.shortages = list(shortages)


class UnknownItem(Invalid):
    """A SKU or an id that no item has. `errors` names every one of a request."""

    code = "unknown_item"
    title = "No such stock item"


class UnknownWarehouse(Invalid):
    """A code that no warehouse has. `errors` names every one of a request."""

    code = "unknown_warehouse"
    title = "No such warehouse"


class StaleCount(Refusal):
    """A quantity has changed since it was looked at. `errors` names every refused line with its current value."""

    code = "stale_count"
    members = {
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "line": {"type": "integer"},
                    "sku": {"type": "string"},
                    "expected": {"type": "integer"},
                    "on_hand": {"type": "integer"},
                },
                "required": ["line", "sku", "expected", "on_hand"],
            },
        }
    }
    title = "The quantity has changed since"


class AlreadyReceived(Conflict):
    """The same units of the same items came in under the same reference before."""

    code = "already_received"
    title = "This delivery was received already"
    members = {"received_at": {"type": "string", "format": "date-time"}}


class LastWarehouse(Conflict):
    """The shop would be left without an active warehouse."""

    code = "last_warehouse"
    title = "This is the last active warehouse"


class StockLimit(Conflict):
    """A level would count more units than it can."""

    code = "stock_limit"
    title = "More than one place can count"


class NoWarehouse(Conflict):
    """Goods have nowhere to go: no warehouse is active."""

    code = "no_warehouse"
    title = "There is no active warehouse"


class AlreadyReserved(Conflict):
    """The reference holds other units than those that are asked for."""

    code = "already_reserved"
    title = "This reference holds other units already"


class HoldExpired(Conflict):
    """The hold, or a part of it, is gone."""

    code = "hold_expired"
    title = "The hold has expired"


class HoldDiffers(HoldExpired):
    """The hold has other units than those that are to be promised: it has changed, or a part of it is gone."""

    code = "hold_differs"
    title = "The hold has other units"


class NothingReserved(Conflict):
    """The reference holds nothing."""

    code = "nothing_reserved"
    title = "Nothing is reserved under this reference"


class MoreThanReserved(Conflict):
    """The reference holds fewer units of some items than are asked for; all of them are in `shortages`."""

    code = "more_than_reserved"
    title = "Fewer units are reserved under this reference"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        super().__init__(sorry(shortages))
        self.shortages = list(shortages)


class MoreThanShipped(Conflict):
    """Fewer units of some items were shipped and are still away; all of them are in `shortages`."""

    code = "more_than_shipped"
    title = "Fewer units were shipped under this reference"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        super().__init__(sorry(shortages))
        self.shortages = list(shortages)


class SkuTaken(Conflict):
    """Another item has this SKU."""

    code = "sku_taken"
    title = "This SKU is taken"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("sku", self.code, "This SKU is taken.")])


class CodeTaken(Conflict):
    """Another warehouse has this code."""

    code = "code_taken"
    title = "This code is taken"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("code", self.code, "This code is taken.")])
