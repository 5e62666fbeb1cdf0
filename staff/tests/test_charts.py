"""What a chart says of its numbers."""

import pytest

from staff.templatetags import charts


@pytest.mark.parametrize(("value", "top"), [(0, 4), (3, 4), (5, 6), (13, 20), (101, 200), (6000, 6000), (99, 100)])
def test_the_axis_of_a_chart_ends_at_a_round_number(value: float, top: float) -> None:
    assert charts.ceiling(value) == top


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (1.5, "1.5"), (1500, "1.5k"), (20_000, "20k"), (3_000_000, "3M")]
)
def test_numbers_beside_an_axis_are_short(value: float, text: str) -> None:
    assert charts.short(value) == text


def test_a_chart_of_nothing_is_empty() -> None:
    assert charts.bar_chart("None", [])["columns"] == []
    assert charts.step_chart("None", ["a"], [])["lines"] == [{"name": "a", "path": "", "number": 0}]
