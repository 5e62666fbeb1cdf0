"""The options of variants: when those of two are the same, and in which sequence a product shows them."""

import re
from collections.abc import Sequence
from typing import Any, TypedDict

from django.db import models

# What stands between the words of an option is one: `Off-White`, `off white` and `off/white` are the same value.
SEPARATORS = r"[-_/\u0020\u00a0\u2000-\u200a\u2010-\u2015\u202f\u2044\u2212\u2215\u3000]+"
# A text without regard to case, accents and separators, as an SQL expression that an index can keep.
FOLD = (
    r"regexp_replace(replace(translate(lower(regexp_replace(normalize({}, NFD), '[\u0300-\u036f]', '', 'g')), "
    rf"'øłđħı', 'oldhi'), 'ß', 'ss'), '{SEPARATORS}', ' ', 'g')"
)


def one_spelling(text: str) -> str:
    """A name or a value of an option as filters compare it, but for its accents: `shoe size` for `Shoe-Size`."""
    return re.sub(SEPARATORS, " ", text.casefold()).strip()


class Axis(TypedDict):
    """One thing by which the variants of a product differ, as a colour, and the values that it has."""

    name: str
    values: list[str]


class OptionsKey(models.Func):
    """One text for the same options in whatever sequence, case, form of letters and spacing; null for none."""

    template = r"""(select md5(string_agg(pair, e'\x1e' order by pair collate "C")) from (
        select upper(normalize(concat_ws(e'\x1f', regexp_replace(btrim(key), '\s+', ' ', 'g'),
                                         regexp_replace(btrim(value), '\s+', ' ', 'g')), nfkc)) as pair
        from jsonb_each_text(%(expressions)s)) as pairs)"""
    arity = 1
    output_field = models.CharField()


def axes_of(known: Sequence[Axis], live: Sequence[Any], posted: Sequence[Any] = ()) -> list[Axis]:
    """The axes of a product with these variants, which are in their sequence. `known` are those that it has had.

    The names stand as the first variant names them, then as they came; the values in the sequence of the variants.
    `live` and `posted` are variants. The latter have just been written: a column of JSON does not keep the sequence of
    names.
    """
    order = [axis["name"] for axis in known]
    for variant in posted:
        order = [*variant.options, *order] if live and variant.pk == live[0].pk else [*order, *variant.options]
    order += [name for variant in live for name in variant.options]
    values = {
        name: list(dict.fromkeys(variant.options[name] for variant in live if name in variant.options))
        for name in dict.fromkeys(order)
    }
    return [{"name": name, "values": found} for name, found in values.items() if found]


def in_sequence(options: dict[str, str], axes: Sequence[Axis]) -> dict[str, str]:
    """The options in the sequence of the axes."""
    return {axis["name"]: options[axis["name"]] for axis in axes if axis["name"] in options} | options
