"""What is stored beside a product because lists need an index over it, though it follows from other rows.

These are the words that a search finds the product by, the key that its name is sorted by, the lowest and highest
price that is charged, and what is said beside the lowest one. Every verb that changes what they are made of calls
`refresh` in its unit of work: names, details, prices, measures, options, which variants there are, SKUs, barcodes,
categories.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import orjson
from django.db import connection

from catalog.models import Word, WordKey
from catalog.stems import marked, stems
from catalog.words import MAX_LETTERS, can_be_misspelt, near_keys, sort_key, words_of
from database.rows import fetch_rows, texts_of

AT_ONCE = 500
# Members of products and variants that nothing here is made of. Edits of these alone need no `refresh`.
UNRELATED = frozenset({"stock_quantity", "status", "slug", "max_per_customer", "weight_g", "tax_class"})
# The last place that a tsvector can note. What stands behind it is found too.
LAST_PLACE = 16_383
SOURCES = """
    select p.id, p.name, p.brand, p.description, p.attributes::text, category.names, variant.texts
    from unnest(%(ids)s::bigint[]) as wanted(id)
    join catalog_product p on p.id = wanted.id
    left join lateral (
        with recursive path as (
            select name, parent_id from catalog_category where id = p.category_id
            union all
            select above.name, above.parent_id from path join catalog_category above on above.id = path.parent_id
        )
        select string_agg(name, ' ') as names from path
    ) category on true
    left join lateral (
        select json_agg(json_build_array(v.name, v.options, i.sku, i.barcode) order by v.position, v.id)::text as texts
        from catalog_variant v join inventory_stockitem i on i.id = v.stock_item_id
        where v.product_id = p.id and v.archived_at is null
    ) variant on true
"""
# A product without a live variant has its own price.
WRITE = """
    update catalog_product p
    set search_vector = fresh.vector::tsvector, sort_name = fresh.sort_name,
        price_from = charged.lowest, price_to = charged.highest, beside_price = charged.beside
    from unnest(%(ids)s::bigint[], %(vectors)s::text[], %(sort_names)s::text[]) as fresh(id, vector, sort_name)
    cross join lateral (
        select coalesce(min(one.price), own.price) as lowest, coalesce(max(one.price), own.price) as highest,
               (array_agg(one.beside order by one.price, one.position, one.id))[1] as beside
        from catalog_product own
        left join lateral (
            select v.id, v.position, charge.price,
                   case when reduced.compare_at_price is not null or v.unit_measure is not null then jsonb_build_object(
                       'compare_at_price', reduced.compare_at_price::text,
                       'lowest_price_30d', reduced.lowest_price_30d::text, 'unit_measure', v.unit_measure) end as beside
            from catalog_variant v
            cross join lateral (select coalesce(v.price, own.price) as price) charge
            left join lateral (select v.compare_at_price, v.lowest_price_30d) reduced
                on v.compare_at_price > charge.price
            where v.product_id = own.id and v.archived_at is null
        ) one on true
        where own.id = fresh.id group by own.id
    ) charged
    where p.id = fresh.id and (p.search_vector, p.sort_name, p.price_from, p.price_to, p.beside_price)
        is distinct from (fresh.vector::tsvector, fresh.sort_name, charged.lowest, charged.highest, charged.beside)
"""
BELOW = """
    with recursive below as (
        select %(id)s::bigint as id
        union select c.id from below join catalog_category c on c.parent_id = below.id
    )
    select p.id from below join catalog_product p on p.category_id = below.id order by p.id
"""
# Products are read in batches, by the primary key.
NEXT = "select id from catalog_product where id > %(after)s::bigint order by id limit %(most)s::bigint"


class Source(NamedTuple):
    """What the words of a product are made of. `attributes` and `variants` are JSON; the variants are the live ones."""

    id: int
    name: str
    brand: str
    description: str
    attributes: str
    categories: str | None
    variants: str | None

    def weighted(self) -> Iterator[tuple[str, str]]:
        """The texts, each behind its weight: the name is A, the articles and the brand B, headings C, the rest D."""
        yield "A", self.name
        yield "B", self.brand
        for name, options, sku, barcode in orjson.loads(self.variants or "[]"):
            yield from (("B", text) for text in (name, *options.values(), sku, barcode))
        yield "C", self.categories or ""
        for code, value in orjson.loads(self.attributes).items():
            # What is true of a product is called by the name of the attribute.
            if value is not False:
                yield "C", code.replace("_", " ") if value is True else str(value)
        yield "D", self.description

    def words(self) -> list[tuple[int, str, frozenset[str]]]:
        """The words in their sequence: place, weight, and all forms of each."""
        texts = [(weight, forms) for weight, text in self.weighted() for forms in words_of(text)]
        return [(min(place, LAST_PLACE), weight, forms) for place, (weight, forms) in enumerate(texts, start=1)]

    def lexemes(self) -> list[tuple[int, str, frozenset[str]]]:
        """The words, and each two neighbours in the name as one, as people may write them: a day pack is a daypack."""
        words = self.words()
        names = [word for word in words if word[1] == "A"]
        return words + [
            (place, "D", frozenset(f"{first}{second}"[:MAX_LETTERS] for first in forms for second in following))
            for (place, _, forms), (_, _, following) in pairwise(names)
        ]


def refresh(product_ids: Collection[int]) -> None:
    """Bring what is derived of these products in line. The caller has locked them, and shares the tree."""
    ids = sorted(set(product_ids))
    for start in range(0, len(ids), AT_ONCE):
        batch = ids[start : start + AT_ONCE]
        sources = [Source._make(row) for row in fetch_rows(SOURCES, {"ids": batch})]
        learn(sources)
        fresh = {
            "ids": [source.id for source in sources],
            "vectors": vectors_of(sources),
            "sort_names": [sort_key(source.name) for source in sources],
        }
        with connection.cursor() as cursor:
            cursor.execute(WRITE, texts_of(fresh))


def refresh_below(category_id: int) -> None:
    """Bring all products in line that are in a category or below it. The caller has locked the tree."""
    refresh([id for (id,) in fetch_rows(BELOW, {"id": category_id})])


def learn(sources: Iterable[Source]) -> None:
    """Note the words that a misspelt search may have meant. A word stays when no product has it any more."""
    words = {form for source in sources for _, _, forms in source.words() for form in forms}
    candidates = sorted(filter(can_be_misspelt, words))
    known = set(Word.objects.filter(word__in=candidates).values_list("word", flat=True))
    fresh = [word for word in candidates if word not in known]
    keys = [WordKey(key=key, word=word) for word in fresh for key in near_keys(word)]
    WordKey.objects.bulk_create(keys, ignore_conflicts=True, batch_size=AT_ONCE)
    Word.objects.bulk_create(map(Word, fresh), ignore_conflicts=True, batch_size=AT_ONCE)


def vectors_of(sources: Iterable[Source]) -> list[str]:
    """The words of each product as PostgreSQL reads a tsvector, with their places and weights.

    Each form stands as it is, and its stem is marked where it is another text.
    """
    vectors = []
    for source in sources:
        lexemes = source.lexemes()
        stem = stems({form for _, _, forms in lexemes for form in forms})
        vectors.append(
            " ".join(
                f"'{lexeme}':{place}{weight}"
                for place, weight, forms in lexemes
                for lexeme in sorted({*forms, *(marked(stem[form]) for form in forms if stem[form] not in ("", form))})
            )
        )
    return vectors


def all_products() -> Iterator[list[int]]:
    """The ids of all products, in batches."""
    after = 0
    while batch := next_products(after):
        yield batch
        after = batch[-1]


def next_products(after: int) -> list[int]:
    """The ids of some products that follow this one."""
    return [id for (id,) in fetch_rows(NEXT, {"after": after, "most": AT_ONCE})]
