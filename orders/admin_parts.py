"""What apps above orders show on the page of an order. Each registers its part when it is loaded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from orders.models import Order


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the page.

    `shown` answers what the template finds as `part`. None leaves the section out: there is nothing to show, or the
    member of staff may not see it.
    """

    template: str
    shown: Callable[[HttpRequest, Order], Mapping[str, Any] | None]


PARTS: list[Part] = []


def parts_of(request: HttpRequest, order: Order) -> list[tuple[str, Mapping[str, Any]]]:
    """The sections of one order for one member of staff: the template of each, and what it shows."""
    found = ((part.template, part.shown(request, order)) for part in PARTS)
    return [(template, shown) for template, shown in found if shown is not None]
