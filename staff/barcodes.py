"""Barcodes of pages that are printed: Code 128 as ISO/IEC 15417 has it, drawn as SVG without script and inline style.

A text of an even number of digits is written in set C, two digits in each symbol. Every other text of printable ASCII
is written in set B.
"""

# The widths of bars and spaces of each symbol, by its value. The last three begin the sets A, B and C.
TABLE = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 "
    "123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 "
    "232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 "
    "313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 "
    "111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 "
    "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 "
    "114311 411113 411311 113141 114131 311141 411131 211412 211214 211232"
)
WIDTHS = TABLE.split()
STOP = "2331112"
START_B, START_C = 104, 105
# The white on each side of the bars that a scanner needs, in widths of the thinnest bar.
QUIET = 10
# What fits on paper and is still read: set B needs 11 widths for a character.
LONGEST = 40


def can_be_barcode(text: str) -> bool:
    """Whether Code 128 can write a text here: printable ASCII, not too long for a slip."""
    return 0 < len(text) <= LONGEST and all(" " <= letter <= "~" for letter in text)


def values_of(text: str) -> list[int]:
    """The values of the symbols of a text: the start, the text, and the check."""
    if text.isdigit() and not len(text) % 2:
        values = [START_C, *(int(text[at : at + 2]) for at in range(0, len(text), 2))]
    else:
        values = [START_B, *(ord(letter) - 32 for letter in text)]
    return [*values, check_of(values)]


def check_of(values: list[int]) -> int:
    """The value of the symbol that proves the others: the start counts once, and each other one by its place."""
    return (values[0] + sum(place * value for place, value in enumerate(values))) % 103


def bars_of(text: str) -> list[tuple[int, int]]:
    """The bars of a text, each with where it begins and its width, in widths of the thinnest bar."""
    at, bars = QUIET, []
    for place, width in enumerate("".join([*(WIDTHS[value] for value in values_of(text)), STOP])):
        if not place % 2:
            bars.append((at, int(width)))
        at += int(width)
    return bars


def svg_of(text: str, height: int = 40) -> str:
    """The barcode of a text as an SVG picture of this height, or "" for a text that has none (`can_be_barcode`).

    The text itself stands beside it on the page, so that the picture is hidden from readers of the screen.
    """
    if not can_be_barcode(text):
        return ""
    bars = bars_of(text)
    width = sum(bars[-1]) + QUIET
    path = "".join(f"M{at} 0h{wide}v{height}h-{wide}z" for at, wide in bars)
    return (
        f'<svg class="barcode" viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true">'
        f'<rect class="paper" width="{width}" height="{height}"/><path d="{path}"/></svg>'
    )
