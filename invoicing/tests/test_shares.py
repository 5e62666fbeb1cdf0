"""How amounts are split over lines: exactly, never more than there is, and with the tax of the goods."""

from hypothesis import given
from hypothesis import strategies as st

from invoicing.shares import Left, Share, Wish, shares_of

counts = st.integers(0, 100_000)
lines = st.lists(st.tuples(counts, st.integers(0, 100)), min_size=1, max_size=5)


def test_what_is_wished_comes_off_its_line_and_the_rest_off_all_lines() -> None:
    left = [Left("line:1", 1190, 190), Left("line:2", 1070, 70)]
    assert shares_of(119, left, {"line:1": Wish(119, units=1)}) == [Share("line:1", 119, 19, 1)]
    assert shares_of(226, left, {}) == [Share("line:1", 119, 19, None), Share("line:2", 107, 7, None)]
    assert shares_of(1500, left, {"line:2": Wish(1070, units=1)}) == [
        Share("line:1", 430, 69, None),
        Share("line:2", 1070, 70, 1),
    ]


def test_a_wish_for_more_than_the_amount_is_met_in_proportion() -> None:
    left = [Left("line:1", 600, 0), Left("line:2", 300, 0), Left("line:3", 300, 0)]
    assert shares_of(300, left, {"line:1": Wish(600), "line:2": Wish(300)}) == [
        Share("line:1", 200, 0, None),
        Share("line:2", 100, 0, None),
    ]


def test_the_tax_that_is_wished_counts_as_far_as_it_is_there() -> None:
    left = [Left("line:1", 100, 16)]
    assert shares_of(50, left, {"line:1": Wish(50, tax=9)}) == [Share("line:1", 50, 9, None)]
    assert shares_of(50, left, {"line:1": Wish(50, tax=20)}) == [Share("line:1", 50, 16, None)]
    assert shares_of(90, left, {"line:1": Wish(90, tax=0)}) == [Share("line:1", 90, 6, None)]


@given(lines=lines, cuts=st.lists(st.tuples(st.integers(1, 100), st.integers(0, 4), counts), max_size=8))
def test_over_any_credits_nothing_is_lost_and_nothing_too_much(
    lines: list[tuple[int, int]], cuts: list[tuple[int, int, int]]
) -> None:
    left = {
        f"line:{place}": Left(f"line:{place}", total, total * part // 100) for place, (total, part) in enumerate(lines)
    }
    whole, tax = sum(line.total for line in left.values()), sum(line.tax for line in left.values())
    taken = []
    for percent, place, wished in [*cuts, (100, 0, 0)]:
        rest = sum(line.total for line in left.values())
        amount = -(-rest * percent // 100)
        shares = shares_of(amount, list(left.values()), {f"line:{place}": Wish(wished, tax=wished // 3)})
        assert sum(share.total for share in shares) == amount
        for share in shares:
            line = left[share.key]
            assert 0 <= share.tax <= min(line.tax, share.total)
            assert share.total - share.tax <= line.total - line.tax
            left[share.key] = Left(share.key, line.total - share.total, line.tax - share.tax)
        taken += shares
    assert sum(share.total for share in taken) == whole
    assert sum(share.tax for share in taken) == tax
