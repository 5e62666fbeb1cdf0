"""Code 128 as its standard has it: the table of symbols, the check, and what is drawn."""

import re

import pytest

from staff.barcodes import LONGEST, QUIET, STOP, WIDTHS, bars_of, can_be_barcode, check_of, svg_of, values_of


def test_each_symbol_is_eleven_wide_and_unlike_all_others() -> None:
    assert len(WIDTHS) == len(set(WIDTHS)) == 106
    for symbol in WIDTHS:
        widths = [int(width) for width in symbol]
        assert (len(widths), sum(widths), max(widths) <= 4) == (6, 11, True)
        assert not sum(widths[::2]) % 2, f"{symbol} has an odd number of dark widths"
    assert sum(int(width) for width in STOP) == 13


def test_the_checks_are_those_of_published_examples() -> None:
    assert check_of([103, 48, 42, 42, 17, 18, 19, 35]) == 54  # "PJJ123C" in set A
    assert values_of("Wikipedia") == [104, 55, 73, 75, 73, 80, 69, 68, 73, 65, 88]


def test_digits_in_pairs_take_half_the_room() -> None:
    assert values_of("100501") == [105, 10, 5, 1, check_of([105, 10, 5, 1])]
    assert values_of("00501")[0] == 104


def test_the_bars_begin_after_the_quiet_zone_and_end_with_the_stop() -> None:
    bars = bars_of("MUG")

    assert bars[0] == (QUIET, 2)
    assert [width for _, width in bars[:3]] == [2, 1, 1]  # of the start of set B, 211214
    assert bars[-1] == (QUIET + 5 * 11 + 11, 2)
    assert sum(bars[-1]) == QUIET + 5 * 11 + 13


@pytest.mark.parametrize("text", ["", "Мир", "naïve", "a\nb", "x" * (LONGEST + 1)])
def test_a_text_that_no_scanner_would_read_has_no_barcode(text: str) -> None:
    assert not can_be_barcode(text)
    assert svg_of(text) == ""


def test_nothing_of_the_text_itself_is_in_the_picture() -> None:
    picture = svg_of('"><script>')

    assert "script" not in picture
    assert re.fullmatch(r'<svg [^<>]*><rect [^<>]*/><path d="[Mhvz0-9 -]+"/></svg>', picture)
