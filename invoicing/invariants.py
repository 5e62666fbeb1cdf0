"""The invariants of invoices, which hold at every moment, and those that hold once the worker is through."""

from collections.abc import Mapping

from django.conf import settings

# Each query returns a text for each offending row, and no row when the invariant holds.
INVARIANTS: Mapping[str, str] = {
    "a number is made of its kind, year and serial": """
        select format('%s: %s, year %s, serial %s', number, kind, year, serial)
        from invoicing_invoice
        where number <> case kind when 'credit_note' then 'C' else '' end || year || '-' || lpad(serial::text, 6, '0')
    """,
    "numbers and moments rise together": """
        select format('%s was issued before the number before it', number)
        from (
            select number, issued_at, lag(issued_at) over (partition by kind, year order by serial) as before
            from invoicing_invoice
        ) one
        where issued_at < before
    """,
    "a document says what its columns say": """
        select format('%s: columns %s + %s = %s, document %s + %s = %s', number, net, tax, total, document->>'net',
                      document->>'tax', document->>'total')
        from invoicing_invoice
        where (net, tax, total) is distinct from
            ((document->>'net')::numeric, (document->>'tax')::numeric, (document->>'total')::numeric)
            or supplied_on::text <> document->>'supplied_on'
    """,
    "totals are those of the lines, and of the tax rates": """
        select format('%s: %s %s + %s = %s, document %s + %s = %s', number, part, said.net, said.tax, said.total,
                      i.net, i.tax, i.total)
        from invoicing_invoice i
        cross join lateral (
            select part, sum((row->>'net')::numeric) as net, sum((row->>'tax')::numeric) as tax,
                   sum((row->>'total')::numeric) as total
            from (values ('lines'), ('taxes')) as name (part), jsonb_array_elements(i.document->part) as row
            group by part
        ) said
        where (said.net, said.tax, said.total) is distinct from (i.net, i.tax, i.total)
    """,
    "credit notes are within their invoice": """
        select format('%s: %s with a tax of %s, credited %s with %s', i.number, i.total, i.tax, sum(c.total),
                      sum(c.tax))
        from invoicing_invoice i join invoicing_invoice c on c.credits_id = i.id
        group by i.id having sum(c.total) > i.total or sum(c.tax) > i.tax or sum(c.net) > i.net
    """,
    "credit notes are within each line of their invoice": """
        with credited as (
            select c.credits_id, row->>'key' as key, sum((row->>'total')::numeric) as total,
                   sum((row->>'tax')::numeric) as tax
            from invoicing_invoice c, jsonb_array_elements(c.document->'lines') as row
            where c.kind = 'credit_note' group by 1, 2
        )
        select format('%s, %s: %s, credited %s', i.number, d.key, coalesce(row->>'total', 'no such line'), d.total)
        from credited d join invoicing_invoice i on i.id = d.credits_id
        left join lateral (
            select row from jsonb_array_elements(i.document->'lines') as row where row->>'key' = d.key
        ) line on true
        where row is null or d.total > (row->>'total')::numeric or d.tax > (row->>'tax')::numeric
    """,
    "a credit note is of the order and the currency of its invoice": """
        select format('%s of %s', c.number, i.number)
        from invoicing_invoice c join invoicing_invoice i on i.id = c.credits_id
        where c.order_id <> i.order_id or c.currency <> i.currency or i.kind <> 'invoice' or c.issued_at < i.issued_at
    """,
    "an invoice whose place another has taken is credited in full": """
        select format('%s: %s, credited %s', i.number, i.total, coalesce(c.total, 0))
        from invoicing_invoice i
        left join (select credits_id, sum(total) as total from invoicing_invoice group by credits_id) c
            on c.credits_id = i.id
        where i.kind = 'invoice' and i.total <> coalesce(c.total, 0) and exists (
            select from invoicing_invoice later where later.order_id = i.order_id and later.kind = 'invoice'
                and later.id > i.id)
    """,
    "a PDF is the one that was made": """
        select format('PDF of %s', i.number)
        from invoicing_invoicefile f join invoicing_invoice i on i.id = f.invoice_id
        where encode(sha256(f.content), 'hex') <> f.sha256
    """,
    # The mail of a document makes its PDF. Whoever asks for it makes it too, so it may be late and is never lost.
    "each document has its PDF an hour later": """
        select format('%s has none', i.number)
        from invoicing_invoice i
        where i.issued_at < clock_timestamp() - interval '1 hour'
            and not exists (select from invoicing_invoicefile where invoice_id = i.id)
    """,
}
# Once the years of a document are over it may be gone, so older years are not looked at.
NO_GAP = """
    select format('%s %s: counted to %s, %s numbers from %s to %s', c.kind, c.year, c.last, count(i.id), min(i.serial),
                  max(i.serial))
    from invoicing_counter c left join invoicing_invoice i on i.kind = c.kind and i.year = c.year
    where c.year >= extract(year from clock_timestamp()) - {years}
    group by c.id having count(i.id) <> c.last or coalesce(max(i.serial), 0) <> c.last
    union all
    select format('%s: nobody has counted %s of %s', i.number, i.kind, i.year)
    from invoicing_invoice i
    where not exists (select from invoicing_counter c where c.kind = i.kind and c.year = i.year)
"""


def invariants() -> dict[str, str]:
    """All invariants, for the years for which this shop keeps its documents."""
    return {"numbers have no gap": NO_GAP.format(years=settings.INVOICE_YEARS), **INVARIANTS}
