"""Placing an order: what it costs, what is written, and the promise of its stock.

Locks are taken in one sequence everywhere: the buyer, then the order's row, then coupons, then stock levels, then
reservations.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from django.db import transaction

import inventory.exceptions
from database.rows import Alongside
from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish
from inventory import services as inventory_services
from inventory.exceptions import HoldDiffers
from orders.exceptions import InsufficientStock, TotalChanged
from orders.services import customers, placing
from orders.services.drafts import Buyer, Line, PlacedOrder, Shipping, Wanted
from orders.services.terms import NO_TERMS, Terms, priced
from pricing.limits import open_to
from pricing.rulebook import rules_of
from pricing.services import redeem

Drafted = Callable[[PlacedOrder], Alongside | None]


@unit_of_work
def place_order(
    *,
    buyer: Buyer,
    lines: Sequence[Wanted],
    shipping: Shipping,
    actor: Actor,
    terms: Terms = NO_TERMS,
    drafted: Drafted = lambda order: None,
) -> PlacedOrder:
    """Place an order, and promise all its units to it. If one unit is missing, nothing happens. As `write_order`."""
    return write_order(buyer=buyer, lines=lines, shipping=shipping, actor=actor, terms=terms, drafted=drafted)


def write_order(
    *,
    buyer: Buyer,
    lines: Sequence[Wanted],
    shipping: Shipping,
    actor: Actor,
    terms: Terms = NO_TERMS,
    drafted: Drafted = lambda order: None,
) -> PlacedOrder:
    """Place an order at today's prices, taxes and promotions, as a part of the caller's unit of work.

    `drafted` is called with the order as it will stand, and returns what the caller writes beside the order. Both are
    written before stock is locked, so that others who want the same article do not wait for them. If stock is short,
    both are undone.

    Refuses UnknownArticle, InsufficientStock and QuantityLimitExceeded (every such line at once), TooManyPendingOrders,
    and InvalidToken for somebody who was forgotten meanwhile; on `terms` TotalChanged, CouponNotValid and
    ShippingNotAvailable. Locks the buyer (against another order of the same buyer), then limited coupons, then the
    stock levels. Stock is locked last, and for one more statement only.
    """
    basket = placing.choose(lines, placing.resolve(buyer, lines))
    if not terms.hold:  # units that the hold keeps are not available to anybody, but to this order
        placing.refuse_early(basket)
    if buyer.is_guest:
        shipping = {**shipping, "email": buyer.email}
    first = next(iter(basket.values()))
    rules = open_to(rules_of(first.revision), buyer.key)
    totals = priced(basket, shipping=shipping, terms=terms, rules=rules, at=first.order_date)
    order = placing.draft(buyer, basket, shipping, totals)
    refuse_change(order, terms.expected_total)
    if not placing.write(buyer, order, actor, drafted(order), hold=terms.hold):
        customers.refuse(buyer, order.order_items)
    if order.discounts:
        redeem(reference=order.reference, discounts=order.discounts, customer=buyer.key)
        if not order.total_amount:
            publish("order.cost_nothing", {"order_id": order.id}, subject=f"order:{order.id}", actor=actor)
    take_stock(order, terms.hold, totals.pickup_warehouse_id if totals else None, actor)
    return order


def refuse_change(order: PlacedOrder, expected: Decimal | None) -> None:
    """Refuse TotalChanged for an order of another total than the buyer was shown."""
    if expected is not None and expected != order.total_amount:
        prices = [
            {"variant_id": line.variant_id, "sku": line.sku, "unit_price": str(line.unit_price)}
            for line in order.order_items
        ]
        raise TotalChanged(order.total_amount, prices)


def take_stock(order: PlacedOrder, hold: str, warehouse_id: int | None, actor: Actor) -> None:
    """Promise the units of an order to it: those of a hold, or whatever is free.

    With `warehouse_id` they all come from there, where the buyer picks them up. Refuses InsufficientStock.
    """
    by_item: dict[int, Line] = {line.item_id: line for line in order.order_items}
    quantities = {item_id: line.quantity for item_id, line in by_item.items()}
    try:
        if hold:
            promise_hold(order, hold, quantities, warehouse_id, actor)
        else:
            inventory_services.reserve(
                reference=order.reference, quantities=quantities, actor=actor, warehouse_id=warehouse_id
            )
    except inventory.exceptions.InsufficientStock as short:
        raise InsufficientStock(placing.stock_issues(by_item, short.shortages)) from short


def promise_hold(
    order: PlacedOrder, hold: str, quantities: Mapping[int, int], warehouse_id: int | None, actor: Actor
) -> None:
    """Turn a hold into the promise of an order. What it lacks, or holds elsewhere, is made up for.

    A hold of just these units becomes the promise without a lock on stock. If it differs, the savepoint gives back the
    locks on reservations, since `replace_hold` takes those on stock first.
    """
    if warehouse_id is None:
        try:
            with transaction.atomic():
                inventory_services.promise(reference=hold, new_reference=order.reference, quantities=quantities)
        except HoldDiffers:
            pass
        else:
            return
    inventory_services.replace_hold(
        reference=hold,
        quantities=quantities,
        actor=actor,
        expires_at=None,
        new_reference=order.reference,
        warehouse_id=warehouse_id,
    )
