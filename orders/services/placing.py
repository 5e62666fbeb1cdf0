"""The fast path of `place_order`: what a basket's lines mean, and what of an order is written before its stock.

This is the hottest code of the shop, so it is SQL (services/statements.py) where the rest is ORM. The plain way of
doing the same stands in orders/tests/plain.py, and a property test compares what the two write, row by row.

No lock on stock is taken here, and nothing here decides about stock for good: `inventory.services.reserve` does both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict

from django.conf import settings

from database.refusals import FieldError
from database.rows import Alongside, array, fetch_rows
from events.actors import Actor
from orders.exceptions import InsufficientStock, UnknownArticle
from orders.models import Order, OrderItem
from orders.services.statements import NAMED_BY, PARTS, RESOLVE, STILL_SHORT, WRITE


class Shipping(TypedDict):
    """Whom and where an order goes to. The name is there, and the phone may be empty."""

    recipient_name: str
    phone: str
    shipping_address_line1: str
    shipping_address_line2: str
    shipping_city: str
    shipping_state: str
    shipping_postal_code: str
    shipping_country: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as a customer asks for it: one of the three names of an article."""

    quantity: int
    product_id: int = 0
    variant_id: int = 0
    sku: str = ""

    @property
    def named_by(self) -> str:
        """The member of a request's line that names the article."""
        return "product_id" if self.product_id else "variant_id" if self.variant_id else "sku"


@dataclass(slots=True)
class Line:
    """An article and how much of it is ordered, with the attributes of an OrderItem. The fields are those of RESOLVE.

    `place` is where the customer named the article. `available` was read without a lock: it may refuse, and never
    grants. `most` is how many units a customer may have in open orders, None for any number. The id, the number and the
    time of the order to be come with each line, and `locked` says nothing.
    """

    place: int
    product_id: int
    variant_id: int
    item_id: int
    sku: str
    product_name: str
    unit_price: Decimal
    available: int
    most: int | None
    id: int
    order_id: int
    number: str
    order_date: datetime
    locked: str | None
    quantity: int = 0

    @property
    def subtotal(self) -> Decimal:
        """The price of all units of the line."""
        return self.unit_price * self.quantity


Basket = dict[int, Line]
"""The lines of an order by variant, in the order in which the customer first named them."""


class PlacedOrder(NamedTuple):
    """An order as it is written, with the attributes of an Order: nothing is read again for the answer."""

    id: int
    number: str
    user_id: int
    order_date: datetime
    updated_at: datetime
    total_amount: Decimal
    currency: str
    order_items: Sequence[Line]
    recipient_name: str
    phone: str
    shipping_address_line1: str
    shipping_address_line2: str
    shipping_city: str
    shipping_state: str
    shipping_postal_code: str
    shipping_country: str
    status: str = Order.Status.PENDING
    version: int = 1

    @property
    def reference(self) -> str:
        """The name by which inventory knows the order."""
        return f"order:{self.number}"


class UnitsLeft(NamedTuple):
    """What can be promised of an item. `overdue_holds` says whether any item of the basket has some to give back."""

    item_id: int
    available: int
    overdue_holds: bool


def resolve(user_id: int, lines: Sequence[Wanted]) -> list[list[Line]]:
    """The articles that each line may mean: one, none, or the several variants of a product.

    Locks the customer, so that no other order of the customer comes before this one is there, and nobody forgets the
    customer meanwhile.
    """
    names = {line.named_by for line in lines}
    named = " union all ".join(sql for name, sql in NAMED_BY.items() if name in names)
    found: list[list[Line]] = [[] for _ in lines]
    params = {
        "product_ids": array(line.product_id for line in lines),
        "variant_ids": array(line.variant_id for line in lines),
        "skus": array(line.sku for line in lines),
        "most": settings.MAX_UNITS_PER_CUSTOMER,
        "user_id": user_id,
    }
    for row in fetch_rows(RESOLVE.format(named=named), params):
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
            errors.append(
                FieldError(field, "variant_required", "This product has several variants: name one of them.")
                if articles
                else FieldError(field, "unknown_article", "There is no such article for sale.")
            )
            continue
        article = articles[0]
        basket.setdefault(article.variant_id, article).quantity += line.quantity
    if errors:
        raise UnknownArticle(errors)
    return basket


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


def draft(user_id: int, basket: Basket, shipping: Shipping) -> PlacedOrder:
    """The order as it will stand.

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
        user_id=user_id,
        order_date=first.order_date,
        updated_at=first.order_date,
        total_amount=sum((line.subtotal for line in lines), Decimal(0)),
        currency=settings.CURRENCY,
        order_items=lines,
        **shipping,
    )


def write(order: PlacedOrder, shipping: Shipping, actor: Actor, beside: Alongside | None = None) -> bool:
    """Write the order with lines, history and event, and what `beside` adds, in one statement.

    False if nothing was written because of the customer: customers.refuse says why. Refuses what `beside` refuses.
    """
    lines = order.order_items
    params = {
        "order_id": order.id,
        "number": order.number,
        "order_date": order.order_date,
        "user_id": order.user_id,
        "total": order.total_amount,
        "currency": order.currency,
        "cap": settings.MAX_PENDING_ORDERS_PER_CUSTOMER,
        "line_ids": array(line.id for line in lines),
        "product_ids": array(line.product_id for line in lines),
        "variant_ids": array(line.variant_id for line in lines),
        "item_ids": array(line.item_id for line in lines),
        "most": array(line.most for line in lines),
        "skus": array(line.sku for line in lines),
        "names": array(line.product_name for line in lines),
        "quantities": array(line.quantity for line in lines),
        "prices": array(line.unit_price for line in lines),
        "actor": str(actor),
        "channel": actor.channel,
        **shipping,
    }
    if beside is None:
        [(placed, _)] = fetch_rows(WRITE.format(parts=PARTS, condition="true"), params)
    else:
        sql = WRITE.format(parts=f"{PARTS}, {beside.part}", condition=beside.condition)
        [(placed, held)] = fetch_rows(sql, params | beside.params)
        if not held:
            raise beside.refusal
    return bool(placed)
