"""The lines of a cart: added, changed, taken off. The hold of a cart that has one follows."""

from typing import Any
from uuid import UUID

from checkout.callers import Caller
from checkout.exceptions import QuantityTooHigh, TooManyLines, UnknownArticle
from checkout.facts import Facts
from checkout.models import MAX_LINE_QUANTITY, MAX_LINES
from checkout.services.changing import EDIT, change
from checkout.services.holding import follow
from database.refusals import Expected, NotFound
from database.transactions import unit_of_work
from inventory.skus import KEY
from orders.articles import PRICE

# The article that a line names: one, none, or the several variants of a product. What another change of the cart has
# done to the line while the cart was waited for is seen by ON CONFLICT.
ADD = f"""
with cart as ({EDIT}), article as (
    select v.id, {PRICE} as price
    from ({{named}}) v join catalog_product p on p.id = v.product_id and p.status = 'active'
    where v.archived_at is null
), line as (
    insert into checkout_cartline as line (cart_id, variant_id, quantity, seen_price)
    select cart.id, article.id, %(quantity)s::int, article.price from cart, article
    where (select count(*) from article) = 1
    on conflict (cart_id, variant_id) do update
    set quantity = line.quantity + excluded.quantity, seen_price = excluded.seen_price
    where line.quantity + excluded.quantity <= {MAX_LINE_QUANTITY}
    returning line.id
)
select exists (select from cart), (select count(*) from article), exists (select from line)
"""  # noqa: S608  # no value goes into the statements of this file but as a parameter
NAMED_BY = {
    "product_id": "select * from catalog_variant where product_id = %(article)s::bigint",
    "variant_id": "select * from catalog_variant where id = %(article)s::bigint",
    "sku": f"""select variant.* from inventory_stockitem i join catalog_variant variant on variant.stock_item_id = i.id
        where {KEY.format(sku="i.sku")} = {KEY.format(sku="%(article)s::text")}""",  # noqa: S608  # as above
}
SET = f"""
with cart as ({EDIT}), line as (
    update checkout_cartline as line
    set quantity = coalesce(%(quantity)s::int, line.quantity), seen_price = {PRICE}
    from cart, catalog_variant v join catalog_product p on p.id = v.product_id
    where line.id = %(line_id)s::bigint and line.cart_id = cart.id and v.id = line.variant_id
    returning line.id
)
select exists (select from cart), exists (select from line)
"""  # noqa: S608  # as above
REMOVE = f"""
with cart as ({EDIT}), line as (
    delete from checkout_cartline as line using cart
    where line.id = %(line_id)s::bigint and line.cart_id = cart.id
    returning line.id
)
select exists (select from cart), exists (select from line)
"""  # noqa: S608  # as above


@unit_of_work
def add_line(
    *,
    cart_id: UUID,
    caller: Caller,
    named_by: str,
    article: int | str,
    quantity: int,
    expected_version: Expected = None,
) -> Facts:
    """Put units of an article into a cart; those of an article that is there already add up. Answers the cart.

    `named_by` says what `article` is: "product_id", "variant_id" or "sku". Refuses UnknownArticle, QuantityTooHigh,
    TooManyLines, and NotEnoughToHold where the cart has a hold and stock is short. Locks the cart, then the stock
    levels of what it holds.
    """
    sql = ADD.format(named=NAMED_BY[named_by])
    row, cart = change(sql, cart_id, caller, expected_version, article=article, quantity=quantity)
    _, articles, is_added = row
    if articles != 1:
        raise UnknownArticle(named_by, several=articles > 1)
    if not is_added:
        raise QuantityTooHigh
    if len(cart.lines) > MAX_LINES:
        raise TooManyLines
    return follow(cart, caller)


@unit_of_work
def set_quantity(
    *, cart_id: UUID, line_id: int, caller: Caller, quantity: int | None, expected_version: Expected = None
) -> Facts:
    """Let a line have exactly so many units, or as many as it has (None); answers the cart. Its price counts as seen.

    Refuses NotFound and NotEnoughToHold. Locks as add_line.
    """
    return _of_line(*change(SET, cart_id, caller, expected_version, line_id=line_id, quantity=quantity), caller)


@unit_of_work
def remove_line(*, cart_id: UUID, line_id: int, caller: Caller, expected_version: Expected = None) -> Facts:
    """Take a line off a cart; answers the cart. Refuses NotFound. Locks as add_line."""
    return _of_line(*change(REMOVE, cart_id, caller, expected_version, line_id=line_id), caller)


def _of_line(row: Any, cart: Facts, caller: Caller) -> Facts:
    """The cart after a change of one line. Refuses NotFound where the cart has no such line."""
    if not row[1]:
        raise NotFound("There is no such line.")
    return follow(cart, caller)
