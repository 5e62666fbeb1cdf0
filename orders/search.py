"""Finding orders by what stands on them: the statement behind the search of staff, in the admin and the API.

Each word has to be found, in any sequence: in the number, the recipient, the phone, the address, the email, the company
or the note of the order, where accents do not count; in the name or the email of its customer; in the name or the SKU
of a line, as it was then or as it is now; in the whole tracking number of a parcel. Each of these ways has an index. A
condition over all of them would read every order, so each way finds ids.

The ways that start from articles use the index of lines by variant: an order writes nothing for them. What an article
was called before is kept when it is renamed (inventory.former_names).
"""

import re
from collections.abc import Iterable
from typing import Any

from django.db.models import BooleanField, Func
from django.db.models.expressions import RawSQL

from catalog.words import fold, spelt
from inventory.skus import kept_sku

MOST_WORDS = 12
# Words that are shorter stand for themselves, since three letters are what the indexes know.
SHORTEST_PART = 3
NUMBER = re.compile("[0-9]{1,18}")
PHONE = re.compile(r"\+?[0-9][0-9()./-]{4,}")
# What can only be a phone, with blanks in it or not, and what can only be an order's number.
SURELY_PHONE = re.compile(r"\+[0-9][0-9 ()./-]{4,}")
SURELY_NUMBER = re.compile("#([0-9]{1,18})")
BY_NUMBER = "select id from orders_order where number = any(%s::text[])"
# The index `order_folded_words` is over these columns.
COLUMNS = (
    "recipient_name",
    "phone",
    "shipping_address_line1",
    "shipping_address_line2",
    "shipping_city",
    "shipping_state",
    "shipping_postal_code",
    "shipping_country",
    "email",
    "company",
    "note",
)
WORD = """(
    select id from orders_order where number = %s or {on_order}
    union all
    select id from orders_order where folded_words <> '' and {on_words}
    {by_phone}
    union all
    select o.id from accounts_user u join orders_order o on o.user_id = u.id where {on_customer}
    union all
    select l.order_id from (
        select id, true as is_called_so from inventory_stockitem where {now}
        union all
        select item_id, false from inventory_formername where {before}
    ) i
    join catalog_variant v on v.stock_item_id = i.id
    join orders_orderitem l on l.variant_id = v.id
    where i.is_called_so or {on_line}
    union all
    select order_id from orders_fulfilment where tracking_number <> '' and tracking_number in (%s, upper(%s))
)"""


# A phone may be divided in any way, which no index knows: all phones are read, unless the word is an order's number.
BY_PHONE = """union all
    select id from orders_order
    where phone ~ %s::text and not exists (select from orders_order where number = %s)"""


class Among(Func):
    """Whether the first expression is among the rows that the second one, a statement, finds.

    They are found once, as an array. In a sub-select of `in`, PostgreSQL looked up each order of a frequent word by
    itself, since it thinks that few orders have a word.
    """

    template = "%(expressions)s)"
    arg_joiner = " = any(array"
    output_field = BooleanField()


class Condition:
    """Alternatives of a WHERE, with their parameters."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.params: list[Any] = []

    def add(self, part: str, value: Any) -> "Condition":
        """One more alternative, with its one parameter."""
        self.parts.append(part)
        self.params.append(value)
        return self

    def contains(self, word: str, *columns: str) -> "Condition":
        """The alternatives that one of these expressions contains the word, in any case."""
        for column in columns:
            for pattern in patterns(word):
                self.add(f"{column} like upper(%s::text)", pattern)
        return self

    def is_sku(self, word: str, column: str) -> "Condition":
        """The alternatives that the word is this SKU, or a beginning of it up to a hyphen."""
        self.add(f"{column} = upper(%s::text)", word)
        return self.add(f"{column} like upper(%s::text)", f"{escaped(word)}-%")

    def __str__(self) -> str:
        return f"({' or '.join(self.parts)})"


def escaped(word: str) -> str:
    """A word for LIKE. Wildcards in it stand for themselves."""
    return re.sub(r"([\\%_])", r"\\\1", word)


def patterns(word: str) -> list[str]:
    """The patterns for LIKE that find a word: anywhere, or as a word of its own where it is short."""
    text = escaped(word)
    return [f"%{text}%"] if len(word) >= SHORTEST_PART else [text, f"{text} %", f"% {text}", f"% {text} %"]


def digits_of(phone: str) -> str:
    """The regular expression that finds a phone however it is divided."""
    return "[^0-9]*".join(re.sub("[^0-9]", "", phone))


def orders_found_by(search: str) -> RawSQL | None:
    """The ids of the orders that a search finds; None where it has no word in it."""
    search = kept_sku(search.strip())
    if SURELY_PHONE.fullmatch(search):
        return RawSQL("select id from orders_order where phone ~ %s::text", [digits_of(search)])  # as below
    parts = [part.strip("()") for part in re.split(r"[\s,;]+", search)][:MOST_WORDS]
    words = [word for part in parts if (word := part.strip("#"))]
    if not words:
        return None
    if all(map(SURELY_NUMBER.fullmatch, filter(None, parts))):
        return RawSQL(BY_NUMBER, [words])  # noqa: S611  # as below
    found = [found_by_word(word) for word in words]
    ways = [(" intersect ".join(sql for sql, _ in found), [param for _, params in found for param in params])]
    if len(words) > 1:
        ways.append(found_by_word(search))  # a SKU with blanks in it
        if all(NUMBER.fullmatch(word) for word in words):
            ways.append((BY_NUMBER, [words]))
    sql = " union all ".join(f"({way})" for way, _ in ways)
    return RawSQL(sql, [param for _, params in ways for param in params])  # noqa: S611  # words travel as parameters


def folded_words_of(texts: Iterable[str]) -> str:
    """What stands on an order in letters that not everybody types, as an order keeps it: `munoz` for Muñoz.

    Nothing where all texts are ASCII, as most are: their order writes no such words, and none into an index.
    """
    text = " ".join(text for text in texts if not text.isascii())
    return "" if not text else " ".join(dict.fromkeys([fold(text), spelt(text)]))


def found_by_word(word: str) -> tuple[str, list[Any]]:
    """The statement that finds the ids of the orders with a word on them, and its parameters."""
    plain = dict.fromkeys([fold(word), spelt(word)])
    on_order, on_words = Condition(), Condition()
    for form in [word] if word.isascii() else [word, *plain]:
        for column in COLUMNS:
            for pattern in patterns(form):
                on_order.add(f"{column} ilike %s::text", pattern)
    for form in plain:
        for pattern in patterns(form):
            on_words.add("folded_words like %s::text", pattern)
    by_phone = [digits_of(word), word] if PHONE.fullmatch(word) else []
    on_customer = Condition().contains(word, "upper(u.email)", "upper(u.first_name)", "upper(u.last_name)")
    now = Condition().is_sku(word, "upper(sku)").contains(word, "upper(name)")
    before = Condition().is_sku(word, "upper(name)").contains(word, "upper(name)")
    on_line = Condition().is_sku(word, "upper(l.sku)").contains(word, "upper(l.product_name)")
    sql = WORD.format(
        on_order=on_order,
        on_words=on_words,
        by_phone=BY_PHONE if by_phone else "",
        on_customer=on_customer,
        now=now,
        before=before,
        on_line=on_line,
    )
    others = (param for condition in (on_customer, now, before, on_line) for param in condition.params)
    return sql, [word, *on_order.params, *on_words.params, *by_phone, *others, word, word]
