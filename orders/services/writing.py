"""The statement that writes an order before its stock, and what is asked about its buyer.

An order with its lines, charges, discounts and history, the journal's event, and the answer under an idempotency key
are written by one statement. Most orders have neither figures nor words of their own. They are written by the short
form of the statement, since each column costs.
"""

from collections.abc import Mapping

from database.rows import hidden
from orders.models import Order

ADDRESS = (
    "recipient_name",
    "phone",
    "shipping_address_line1",
    "shipping_address_line2",
    "shipping_city",
    "shipping_state",
    "shipping_postal_code",
    "shipping_country",
    "country_code",
)
"""What an order says of whom and where it goes to, in the short form too."""
WORDS = (
    "email",
    "company",
    "vat_id",
    "note",
    "billing_name",
    "billing_company",
    "billing_address_line1",
    "billing_address_line2",
    "billing_city",
    "billing_state",
    "billing_postal_code",
    "billing_country",
    "billing_country_code",
    "terms_version",
)
"""What a buyer may say besides."""
FIGURES = {
    "discount_total": "numeric",
    "shipping_total": "numeric",
    "tax_total": "numeric",
    "prices_include_tax": "boolean",
    "reverse_charge": "boolean",
    "tax_rounding": "text",
}
"""How the total of an order came about, with the types of the columns."""
LINE = {
    "id": "bigint",
    "product_id": "bigint",
    "variant_id": "bigint",
    "item_id": "bigint",
    "sku": "text",
    "product_name": "text",
    "quantity": "int",
    "unit_price": "numeric",
    "most": "int",
}
FIGURES_OF_LINE = {"discount": "numeric", "tax": "numeric", "tax_rate": "numeric", "tax_name": "text"}
CHARGE = {"kind": "text", "code": "text", "name": "text", "amount": "numeric", **FIGURES_OF_LINE}
DISCOUNT = {"promotion_id": "bigint", "code": "text", "name": "text", "amount": "numeric"}

OPEN = f"o.status in {tuple(map(str, Order.OPEN))} and o.deleted_at is null"
# The buyer `u`, who must be there; and which orders `o` are the buyer's. Nobody can forget a guest.
CUSTOMER = f"accounts_user u where u.id = {hidden('user_id', 'bigint')} and u.anonymised_at is null"
OF_CUSTOMER = "o.user_id = u.id"
GUEST = f"(select null::bigint as id, {hidden('email', 'text')} as email) u where true"
OF_GUEST = "o.user_id is null and o.email = u.email"

# The units of each article in a buyer's open orders.
HELD = f"""
select l.variant_id, sum(l.quantity)
from (select %(user_id)s::bigint as id, %(email)s::text as email) u
join orders_order o on {{mine}}
join orders_orderitem l on l.order_id = o.id
where {OPEN} and l.variant_id = any(%(variant_ids)s::bigint[])
group by l.variant_id
"""  # noqa: S608  # no value goes into the statements of this file, only pieces of SQL
# Whether a buyer is there, and how many of the buyer's orders are pending.
BUYER = """
select exists (select from {buyer}),
       (select count(*) from orders_order o, (select %(user_id)s::bigint as id, %(email)s::text as email) u
        where {mine} and o.status = 'pending' and o.deleted_at is null)
"""
# Whether the buyer `u` has, with this order, more units of an article in open orders than a buyer may have.
#
# A customer's open orders can be many, so they are looked at last. Their units are among those that are promised of the
# article to anybody, and mostly these alone are few enough.
TOO_MANY_UNITS = f"""
    select from line
    where case when quantity + (
            select coalesce(sum(level.reserved), 0) from inventory_stocklevel level where level.item_id = line.item_id
        ) > most then quantity + (
            select coalesce(sum(l.quantity), 0)
            from orders_order o join orders_orderitem l on l.order_id = o.id and l.variant_id = line.variant_id
            where {{mine}} and {OPEN}
        ) > most end"""  # noqa: S608  # as above


def parts(*, is_guest: bool, is_long: bool, is_folded: bool) -> str:
    """One named part for each table that an order is written to before its stock.

    Nothing is written if the customer is gone, or has too much already. The short form knows no WORDS and no FIGURES,
    and only that of an order with folded words knows these.
    """
    mine = OF_GUEST if is_guest else OF_CUSTOMER
    values = {name: f"%({name})s::text" for name in (*ADDRESS, *(["folded_words"] if is_folded else []))}
    # The line in the sequence of its columns, and what of it is written.
    of_line = dict(LINE)
    more = ""
    if is_long:
        values |= {name: f"%({name})s::text" for name in WORDS}
        values |= {name: f"%({name})s::{type_}" for name, type_ in FIGURES.items()}
        values["terms_accepted_at"] = "case when %(terms_version)s::text <> '' then %(order_date)s::timestamptz end"
        of_line |= FIGURES_OF_LINE
        more = f", {rows_of('charge', CHARGE)}, {rows_of('orderdiscount', DISCOUNT)}"
    written = "".join(f", {name}" for name in FIGURES_OF_LINE) if is_long else ""
    return f"""
line as (
    select * from unnest({arrays("line", of_line)}) as l ({", ".join(of_line)})
), new_order as (
    insert into orders_order (
        id, number, user_id, status, total_amount, currency, order_date, updated_at, version, {", ".join(values)})
    select %(order_id)s::bigint, %(number)s::text, u.id, 'pending', %(total)s::numeric, %(currency)s::text,
           %(order_date)s::timestamptz, %(order_date)s::timestamptz, 1, {", ".join(values.values())}
    from {GUEST if is_guest else CUSTOMER}
        and ({hidden("cap", "int")} = 0 or {hidden("cap", "int")} > (
            select count(*) from orders_order o where {mine} and o.status = 'pending' and o.deleted_at is null))
        and not exists ({TOO_MANY_UNITS.format(mine=mine)})
    returning id, order_date
), new_lines as (
    insert into orders_orderitem (
        id, order_id, product_id, variant_id, sku, product_name, quantity, unit_price, subtotal{written})
    select l.id, o.id, l.product_id, l.variant_id, l.sku, l.product_name, l.quantity, l.unit_price,
           l.unit_price * l.quantity{written}
    from new_order o, line l
), first_step as (
    insert into orders_orderevent (order_id, at, event, from_status, to_status, actor, note)
    select id, order_date, 'placed', '', 'pending', %(actor)s::text, '' from new_order
), new_event as (
    insert into events_event (kind, subject, payload, actor, channel)
    select 'order.placed', 'order:' || id, %(told)s::jsonb, %(actor)s::text, %(channel)s::text
    from new_order
){more}"""  # noqa: S608  # as above


def arrays(table: str, columns: Mapping[str, str]) -> str:
    """A parameter with an array for each column, by the name of the table and the column."""
    return ", ".join(hidden(f"{table}_{name}", f"{type_}[]") for name, type_ in columns.items())


def rows_of(table: str, columns: Mapping[str, str]) -> str:
    """The part that writes what else belongs to the new order, in the sequence in which it is given."""
    names = ", ".join(columns)
    return f"""new_{table} as (
    insert into orders_{table} (order_id, {names})
    select o.id, {names} from new_order o, unnest({arrays(table, columns)}) with ordinality as r ({names}, place)
    order by place
)"""  # noqa: S608  # as above


PARTS = {
    (is_guest, is_long, is_folded): parts(is_guest=is_guest, is_long=is_long, is_folded=is_folded)
    for is_guest in (False, True)
    for is_long in (False, True)
    for is_folded in (False, True)
}
WRITE = "with {parts} select exists (select from new_order), {condition}"
