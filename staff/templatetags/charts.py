"""Small charts, drawn as SVG without script and inline style. Each carries words for readers who cannot see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, log10
from typing import Any

from django import template
from django.utils.timesince import timesince

register = template.Library()

WIDTH, HEIGHT = 720, 200
WIDE = 1180
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 10, 22


@dataclass(frozen=True, slots=True)
class Bar:
    """A column of a chart. `text` is shown when somebody points at the column, `mark` is the label below."""

    value: float
    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A row of a chart of parts. `value` is the length of the bar, `text` stands beside the bar, `more` explains.

    `url` is the address that the name leads to. `look` is the class that gives the bar its colour.
    """

    name: str
    value: float
    text: str
    more: str = ""
    url: str = ""
    look: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """The values that hold from a moment on, one for each line of the chart."""

    at: datetime
    values: tuple[int, ...]


@register.inclusion_tag("admin/charts/bars.html")
def bar_chart(title: str, bars: Sequence[Bar]) -> dict[str, Any]:
    """Columns side by side, from left to right."""
    top = ceiling(max((bar.value for bar in bars), default=0))
    slot = (WIDTH - LEFT - RIGHT) / max(len(bars), 1)
    columns = [
        {
            "x": round(LEFT + slot * place + slot * 0.15, 1),
            "y": round(y_of(bar.value, top), 1),
            "width": round(slot * 0.7, 1),
            "height": round(HEIGHT - BOTTOM - y_of(bar.value, top), 1),
            "middle": round(LEFT + slot * (place + 0.5), 1),
            "bar": bar,
        }
        for place, bar in enumerate(bars)
    ]
    return frame(title, top) | {"columns": columns}


@register.inclusion_tag("admin/charts/parts.html")
def part_chart(title: str, parts: Sequence[Part], unit: str = "") -> dict[str, Any]:
    """Rows with bars of comparable length. A screen reader reads a table."""
    most = max((part.value for part in parts), default=0) or 1
    rows = [{"part": part, "width": round(max(part.value, 0) / most * 100, 1)} for part in parts]
    return {"title": title, "rows": rows, "unit": unit}


@register.inclusion_tag("admin/charts/steps.html")
def step_chart(title: str, names: Sequence[str], steps: Sequence[Step]) -> dict[str, Any]:
    """Lines that change in steps. The steps are given oldest first, and each line ends at the last one."""
    top = ceiling(max((value for step in steps for value in step.values), default=0))
    first, last = (steps[0].at, steps[-1].at) if steps else (None, None)
    seconds = ((last - first).total_seconds() if first and last else 0) or 1
    lines = []
    for index, name in enumerate(names):
        path: list[str] = []
        for step in steps:
            x = LEFT + (WIDE - LEFT - RIGHT) * (step.at - steps[0].at).total_seconds() / seconds
            y = y_of(max(step.values[index], 0), top)
            path.append(f"H{x:.1f}V{y:.1f}" if path else f"M{x:.1f} {y:.1f}")
        lines.append({"name": name, "path": "".join(path), "number": index})
    return frame(title, top, WIDE) | {"lines": lines, "first": first, "last": last}


@register.filter
def age(moment: datetime) -> str:
    """How long ago a moment was, in one unit: "2 days"."""
    return timesince(moment, depth=1)


def frame(title: str, top: float, width: int = WIDTH) -> dict[str, Any]:
    """The parts that all charts with axes share: the size, and lines to read values from, the axis among them."""
    grid = [{"y": round(y_of(top * part / 4, top), 1), "value": short(top * part / 4)} for part in range(5)]
    return {
        "title": title,
        "width": width,
        "height": HEIGHT,
        "left": LEFT,
        "grid": grid,
        "right": width - RIGHT,
        "below": HEIGHT - 6,
    }


def y_of(value: float, top: float) -> float:
    """The distance of a value from the upper edge of the chart, where `top` is the value of the uppermost line."""
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def ceiling(value: float) -> float:
    """A round number at or above the value whose quarters are round too."""
    if value <= 4:
        return 4
    step = 10.0 ** int(log10(value))
    return next(step * factor for factor in (1, 2, 4, 6, 8, 10, 20) if step * factor >= ceil(value))


def short(value: float) -> str:
    """A number short enough to stand beside an axis: 1.5k, 20k, 3M."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:.1f}".removesuffix(".0") + unit
    return f"{value:.1f}".removesuffix(".0")
