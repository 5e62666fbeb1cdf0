"""How a search is answered: by the newest products or by an index, and the best of them first.

One of two ways is taken, each of them bad where the other is good. PostgreSQL cannot choose: a prepared statement does
not know how frequent a word is. So the newest RECENT products are looked at first. A word that many of them have is met
soon in every order, and the products are walked through in theirs; for a rarer word the full-text index is asked.
Either way the cost hardly depends on how large the shop is.
"""

from catalog.listing.conditions import Selection

RECENT = 2000
NEWEST = "(select * from catalog_product p where {status} order by p.created_at desc, p.id desc limit {recent}) p"
FREQUENT = 20
SAMPLE = "sample as materialized (select from {newest} where {match} limit {frequent})"
HITS = "hits as materialized (select p.id from catalog_product p where {match} and {rare})"
ROWS_OF_HITS = "select p.* from hits join catalog_product p on p.id = hits.id where {where} {window}"
EITHER = "select p.* from (({few}) union all ({many})) p {window}"

# Ranking looks at the newest CANDIDATES matches only.
CANDIDATES = 500
RECENT_MATCHES = """recent as materialized (
    select p.id, {rank} as rank from {newest}
    where {where} order by p.created_at desc, p.id desc limit {candidates}
)"""
WORD_CANDIDATES = """candidate as materialized (
    select id, rank from recent where (select count(*) from recent) = {candidates}
    union all (
        select p.id, {rank} from catalog_product p where {where} and (select count(*) from recent) < {candidates}
        order by p.created_at desc, p.id desc limit {candidates}
    )
)"""
# The same where it must not take long: of more than MOST_MET matches it says nothing.
MOST_MET = 2000
MET = """met as materialized (
    select p.id from catalog_product p where {where} and (select count(*) from recent) < {candidates}
    limit {most_met} + 1
)"""
MET_CANDIDATES = """candidate as materialized (
    select id, rank from recent where (select count(*) from recent) = {candidates}
    union all (
        select p.id, {rank} from met join catalog_product p on p.id = met.id
        where (select count(*) from met) <= {most_met} order by p.created_at desc, p.id desc limit {candidates}
    )
)"""
FUZZY_CANDIDATES = """candidate as materialized (
    select p.id, {rank} as rank from catalog_product p where {where}
    order by p.created_at desc, p.id desc limit {candidates}
)"""
# What a word counts in the description, in headings and attributes, in articles, and in the name; and what each query
# counts in the rank. A word as it was typed counts twice: as itself, and as one of those with its stem.
WEIGHTS = "{0.05, 0.3, 0.6, 1}"
CERTAINTY = {"whole": 4, "exact": 8, "half": 2, "near": 1}
# Many words of a name that begin with what was typed are no better than one: 1 / (pi ** 2 / 6), as ts_rank has it.
MOST = {"whole": 1, "exact": 1, "half": 0.61, "near": 1}
# By steps of eight letters, so that a number at the end does not count.
SHORTER = "0.01 * greatest(0, 10 - length(p.sort_name) / 8)"
RANK = "{weight} * least({most}, ts_rank('{weights}', p.search_vector, (select {name} from words)))"
RANKED_PAGE = "page as materialized (select id, rank from candidate p where true{after} {window})"
RANKED_ROWS = "select p.*, page.rank from page join catalog_product p on p.id = page.id"


def ranked_rows(selection: Selection, after: str, window: str, *, bounded: bool) -> tuple[list[str], str]:
    """The statement that reads the best matches, and the WITH parts that it relies on.

    A `bounded` one finds none where there are too many to be ranked quickly.
    """
    if selection.fuzzy:
        parts = [FUZZY_CANDIDATES]
    else:
        parts = [RECENT_MATCHES, MET, MET_CANDIDATES] if bounded else [RECENT_MATCHES, WORD_CANDIDATES]
    names = {
        "rank": rank(selection),
        "where": selection.where,
        "newest": newest(selection),
        "candidates": CANDIDATES,
        "most_met": MOST_MET,
    }
    candidates = [part.format(**names) for part in parts]
    return [*selection.prelude, *candidates, RANKED_PAGE.format(after=after, window=window)], RANKED_ROWS


def found_rows(selection: Selection, after: str, order: str, limit: str) -> tuple[list[str], str]:
    """The statement that reads the matches in the order of a column, and the WITH parts that it relies on."""
    window = f"{order} {limit}"
    hits = ROWS_OF_HITS.format(where=selection.filters + after, window=window)
    if selection.fuzzy:
        return [*selection.prelude, HITS.format(match=selection.match, rare="true")], hits
    sample = SAMPLE.format(newest=newest(selection), match=selection.match, frequent=FREQUENT)
    frequency = "(select count(*) from sample)"
    few = HITS.format(match=selection.match, rare=f"{frequency} < {FREQUENT}")
    # Inside a function, the match does not invite PostgreSQL to ask the full-text index here.
    frequent = f" and coalesce({selection.match}, false) and {frequency} = {FREQUENT}"
    many = selection.walk(frequent + after, order, limit)
    return [*selection.prelude, sample, few], EITHER.format(few=hits, many=many, window=window)


def rank(selection: Selection) -> str:
    """How well a product answers the search, rounded so that a cursor can say it exactly.

    A word counts most in the name, and much more as it was typed than as the beginning of another one, or misspelt.
    Of two products with the same words that with the shorter name comes first.
    """
    found = [
        RANK.format(weight=weight, most=MOST[name], weights=WEIGHTS, name=name)
        for name, weight in CERTAINTY.items()
        if getattr(selection.query, name)
    ]
    return f"round(({' + '.join([*found, SHORTER])})::numeric, 6)"


def newest(selection: Selection) -> str:
    """The newest products, as far as they are looked at first."""
    return NEWEST.format(status=selection.by_status, recent=RECENT)
