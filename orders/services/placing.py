"""The fast path of `place_order`: what a basket's lines mean, and what of an order is written before its stock.

This is the hottest code of the shop, so it is SQL (services/statements.py, services/writing.py) where the rest is ORM.
The plain way of doing the same stands in orders/tests/plain.py, and a property test compares what the two write, row by
row.

No lock on stock is taken here, and nothing here decides about stock for good: `inventory.services.reserve` does both.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from django.conf import settings

from database.refusals import FieldError
from database.rows import Alongside, array, fetch_rows
from events.actors import Actor
from inventory.exceptions import Shortage
from orders.exceptions import InsufficientStock, UnknownArticle
from orders.models import OrderItem
from orders.search import COLUMNS, folded_words_of
from orders.services.drafts import NOTHING, Basket, Buyer, Line, PlacedOrder, Shipping, UnitsLeft, Wanted
from orders.services.statements import NAMED_BY, RESOLVE, RESOLVE_FOR_GUEST, STILL_SHORT
from orders.services.writing import ADDRESS, CHARGE, DISCOUNT, FIGURES, FIGURES_OF_LINE, LINE, PARTS, WORDS, WRITE
from pricing.figures import Totals


def resolve(buyer: Buyer, lines: Sequence[Wanted]) -> list[list[Line]]:
    """The articles that each line may mean: one, none, or the several variants of a product.

    Locks the buyer, so that no other order of the buyer comes before this one is there, and nobody forgets the customer
    meanwhile.
    """
    names = {line.named_by for line in lines}
    named = " union all ".join(sql for name, sql in NAMED_BY.items() if name in names)
    found: list[list[Line]] = [[] for _ in lines]
    params = {
        "product_ids": array(line.product_id for line in lines),
        "variant_ids": array(line.variant_id for line in lines),
        "skus": array(line.sku for line in lines),
        "most": settings.MAX_UNITS_PER_CUSTOMER,
        **buyer.params,
    }
    statement = RESOLVE_FOR_GUEST if buyer.is_guest else RESOLVE
    for row in fetch_rows(statement.format(named=named), params):
        line = Line(*row)
        found[line.place].append(line)
    return found


def choose(lines: Sequence[Wanted], found: Sequence[Sequence[Line]]) -> Basket:
    """The basket with each article once. Refuses UnknownArticle with all lines that mean no article, or several."""
    basket: Basket = {}
    errors = []
    for place, (line, articles) in enumerate(zip(lines, found, strict=True)):
        if len(articles) != 1:
            field = f"order_items.{place}.{line.named_by}"
            errors.append(not_one(field, articles))
            continue
        article = articles[0]
        basket.setdefault(article.variant_id, article).quantity += line.quantity
    if errors:
        raise UnknownArticle(errors)
    return basket


def not_one(field: str, found: Sequence[object]) -> FieldError:
    """What is wrong with a name that means no article, or several."""
    if found:
        return FieldError(field, "variant_required", "This product has several variants: name one of them.")
    return FieldError(field, "unknown_article", "There is no such article for sale.")


def refuse_early(basket: Basket) -> None:
    """Refuse a basket that is short without queueing for the lock: after a sell-out this is what most requests get.

    A basket that the locked check would grant is never refused here: where overdue holds could give units back, the
    locked check decides. Overdue holds may have given units back since `resolve`, so the units are read once more,
    together with the holds. Refuses InsufficientStock.
    """
    short = [line for line in basket.values() if line.quantity > line.available]
    if not short:
        return
    left = [UnitsLeft(*row) for row in fetch_rows(STILL_SHORT, {"items": array(line.item_id for line in short)})]
    available = {units.item_id: units.available for units in left}
    still_short = [line for line in short if line.quantity > available[line.item_id]]
    if still_short and not left[0].overdue_holds:
        raise InsufficientStock(stock_issue(line, line.quantity, available[line.item_id]) for line in still_short)


def stock_issue(line: Line | OrderItem, requested: int, available: int) -> dict[str, Any]:
    """A line that is short of units, for a problem document."""
    return {
        "product_id": line.product_id,
        "sku": line.sku,
        "product_name": line.product_name,
        "requested": requested,
        "available": available,
    }


def stock_issues(
    by_item: Mapping[int, Line] | Mapping[int, OrderItem], shortages: Iterable[Shortage]
) -> list[dict[str, Any]]:
    """The shortages of stock items as lines of an order. `by_item` holds the lines by stock item."""
    return [stock_issue(by_item[short.item_id], short.requested, short.available) for short in shortages]


def draft(buyer: Buyer, basket: Basket, shipping: Shipping, totals: Totals | None = None) -> PlacedOrder:
    """The order as it will stand. Without `totals` it costs what its lines cost.

    No total has more than 14 digits before its decimals: 100 lines of 10,000 units at the highest price have 13.
    """
    lines = list(basket.values())
    # Lines are read in the sequence of their ids.
    for line, id in zip(lines, sorted(line.id for line in lines), strict=True):
        line.id = id
    first = lines[0]
    return PlacedOrder(
        id=first.order_id,
        number=first.number,
        user_id=buyer.user_id,
        order_date=first.order_date,
        updated_at=first.order_date,
        total_amount=sum((line.subtotal for line in lines), NOTHING) if totals is None else totals.total,
        currency=settings.CURRENCY,
        order_items=lines,
        **shipping,
        **({} if totals is None else figures_of(totals)),
    )


def figures_of(totals: Totals) -> dict[str, Any]:
    """The figures of totals by the names that an order has for them."""
    return {
        "discount_total": totals.discount,
        "shipping_total": totals.shipping,
        "tax_total": totals.tax,
        "prices_include_tax": totals.prices_include_tax,
        "reverse_charge": totals.reverse_charge,
        "tax_rounding": totals.tax_rounding,
        "charges": totals.charges,
        "discounts": totals.discounts,
    }


def told_of(order: PlacedOrder, hold: str = "") -> dict[str, Any]:
    """What the journal is told of a new order: what its lines and charges do not say, and the hold that it had."""
    told: dict[str, Any] = {"order_id": order.id, "number": order.number}
    if order.user_id is not None:
        told["user_id"] = order.user_id
    told |= {"total": str(order.total_amount), "currency": order.currency}
    if order.tax_rounding:
        told |= {name: getattr(order, name) for name in ("prices_include_tax", "reverse_charge", "tax_rounding")}
    if hold:
        told["hold"] = hold
    return told


def write(buyer: Buyer, order: PlacedOrder, actor: Actor, beside: Alongside | None = None, *, hold: str = "") -> bool:
    """Write the order with lines, charges, discounts, history and event, and what `beside` adds, in one statement.

    False if nothing was written because of the buyer: customers.refuse says why. Refuses what `beside` refuses.
    """
    is_long = buyer.is_guest or order.tax_rounding != "" or any(getattr(order, name) for name in WORDS)
    folded = folded_words_of(getattr(order, name) for name in COLUMNS)
    parts = PARTS[buyer.is_guest, is_long, bool(folded)]
    params = {
        "order_id": order.id,
        "number": order.number,
        "order_date": order.order_date,
        "user_id": order.user_id,
        "total": order.total_amount,
        "currency": order.currency,
        "cap": settings.MAX_PENDING_ORDERS_PER_CUSTOMER,
        "actor": str(actor),
        "channel": actor.channel,
        "told": orjson.dumps(told_of(order, hold)).decode(),
        **{name: getattr(order, name) for name in ADDRESS},
        **arrays_of("line", LINE, order.order_items),
    }
    if folded:
        params["folded_words"] = folded
    if is_long:
        params |= {name: getattr(order, name) for name in (*WORDS, *FIGURES)}
        params |= arrays_of("line", FIGURES_OF_LINE, order.order_items)
        params |= arrays_of("charge", CHARGE, order.charges) | arrays_of("orderdiscount", DISCOUNT, order.discounts)
    if beside is None:
        [(placed, _)] = fetch_rows(WRITE.format(parts=parts, condition="true"), params)
    else:
        sql = WRITE.format(parts=f"{parts}, {beside.part}", condition=beside.condition)
        [(placed, held)] = fetch_rows(sql, params | beside.params)
        if not held:
            raise beside.refusal
    return bool(placed)


def arrays_of(table: str, columns: Iterable[str], rows: Sequence[object]) -> dict[str, object]:
    """The parameters of a table's rows: an array for each column."""
    return {f"{table}_{name}": array(getattr(row, name) for row in rows) for name in columns}
