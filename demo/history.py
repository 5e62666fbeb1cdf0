"""Twelve months of invented orders: their customers, lines and times, their steps, and the receipts before them."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from accounts.models import User
from catalog.models import Variant
from demo.people import People
from events.actors import Actor
from inventory.backfill import PastReceipt
from inventory.models import Warehouse
from orders.backfill import PastLine, PastOrder, PastStep
from orders.models import Order
from orders.services import Shipping

ORDERS = 500
# The numbers of orders from the last 18 hours, 3 days and 7 days. The other orders are spread over the year.
RECENT = ((6, 18), (8, 72), (14, 168))
# Orders older than EARLY are moved further back by STRETCH of the distance, since the first months would be empty.
EARLY, STRETCH = timedelta(days=200), 0.55
CANCELLED = 0.08
REASONS = ("Ordered twice by mistake", "Found it in another colour", "Delivery would be too late", "")
# The share of articles in each band, and the least and most units of such an article that are unsold.
BANDS = ((0.05, (0, 0)), (0.08, (1, 5)), (0.09, (6, 10)), (0.40, (11, 50)), (0.38, (51, 180)))


def past_orders(
    dice: random.Random, now: datetime, people: People, variants: Sequence[Variant], warehouses: Sequence[Warehouse]
) -> list[PastOrder]:
    """The orders, oldest first. As in any shop, a few articles and a few customers account for many of the orders."""
    articles = list(variants)
    dice.shuffle(articles)
    popularity = list(accumulate(1 / (place + 8) for place in range(len(articles))))
    loyalty = list(accumulate(1 / (place + 4) for place in range(len(people.customers))))
    orders = []
    for drawn_at in sorted(order_times(dice, now)):
        [user] = dice.choices(people.customers, cum_weights=loyalty)
        [warehouse] = dice.choices(warehouses, weights=[3, 1])
        basket: set[Variant] = set()
        while not basket:  # nobody buys a product before it is in the shop
            drawn = dice.choices(articles, cum_weights=popularity, k=dice.choice((1, 1, 2, 2, 3, 4)))
            basket = {variant for variant in drawn if variant.product.created_at <= drawn_at}
        placed_at = spread(drawn_at, now, max(variant.product.created_at for variant in basket))
        lines = [PastLine(variant.pk, dice.choice((1, 1, 1, 2, 3)), warehouse.pk) for variant in by_id(basket)]
        steps = [step for step in what_follows(dice, placed_at, user, people) if step.at < now]
        orders.append(PastOrder(user.pk, placed_at, shipping_of(user), lines, steps))
    return sorted(orders, key=lambda order: order.placed_at)


def by_id(basket: set[Variant]) -> list[Variant]:
    """The variants of a basket, in the order of their ids."""
    return sorted(basket, key=lambda variant: variant.pk)


def order_times(dice: random.Random, now: datetime) -> Iterator[datetime]:
    """A moment for each order, before the early ones are spread."""
    for count, hours in RECENT:
        for _ in range(count):
            yield now - timedelta(hours=dice.uniform(0.2, hours))
    for _ in range(ORDERS - sum(count for count, _ in RECENT)):
        # Business grows: the cube root makes later months sell more than earlier ones.
        yield now - timedelta(days=7 + 350 * (1 - dice.random() ** (1 / 3)), minutes=dice.randint(0, 600))


def spread(drawn_at: datetime, now: datetime, newest: datetime) -> datetime:
    """The moment at which an order is placed, so that each of the last twelve months has orders.

    An early moment is moved back, but not before the arrival of the order's newest article.
    """
    if now - drawn_at <= EARLY:
        return drawn_at
    return max(drawn_at - STRETCH * (now - EARLY - drawn_at), newest + timedelta(hours=1))


def what_follows(dice: random.Random, placed_at: datetime, user: User, people: People) -> Iterator[PastStep]:
    """The steps of an order after its placing, future steps included."""
    desk = str(Actor(people.order_desk.pk, "backfill", is_staff=True))
    at = placed_at + timedelta(hours=dice.uniform(1, 16))
    if dice.random() < CANCELLED:
        yield PastStep(Order.Status.CANCELLED, at, str(Actor(user.pk, "backfill")), dice.choice(REASONS))
        return
    yield PastStep(Order.Status.CONFIRMED, at, desk)
    at += timedelta(hours=dice.uniform(8, 48))
    yield PastStep(Order.Status.SHIPPED, at, desk)
    yield PastStep(Order.Status.DELIVERED, at + timedelta(hours=dice.uniform(40, 120)), desk)


def shipping_of(user: User) -> Shipping:
    """The customer's own name, phone and address, as those of an order."""
    return {
        "recipient_name": user.full_name,
        "phone": user.phone,
        "shipping_address_line1": user.address_line1,
        "shipping_address_line2": user.address_line2,
        "shipping_city": user.city,
        "shipping_state": user.state,
        "shipping_postal_code": user.postal_code,
        "shipping_country": user.country,
    }


def past_receipts(
    dice: random.Random,
    now: datetime,
    variants: Sequence[Variant],
    warehouses: Sequence[Warehouse],
    orders: Sequence[PastOrder],
) -> Iterator[PastReceipt]:
    """The receipts by which every order could be filled, and every band has articles after the last order.

    The units that orders took came on the first day. Of the units that are left, a part came later.
    """
    promised: Counter[tuple[int, int]] = Counter()
    kept: Counter[tuple[int, int]] = Counter()
    for order in orders:
        units = {(line.variant_id, line.warehouse_id): line.quantity for line in order.lines}
        promised.update(units)
        if not order.steps or order.steps[-1].status != Order.Status.CANCELLED:
            kept.update(units)
    shares, ranges = [share for share, _ in BANDS], [bounds for _, bounds in BANDS]
    for variant in variants:
        [(low, high)] = dice.choices(ranges, weights=shares)
        unsold = dice.randint(low, high)
        elsewhere = round(unsold * dice.choice((0, 0.2, 0.3, 0.5)))
        for warehouse, left in zip(warehouses, (unsold - elsewhere, elsewhere), strict=True):
            later = left // 3 if left > 20 else 0
            place = (variant.pk, warehouse.pk)
            first = max(kept[place] + left - later, promised[place])
            for quantity, at in ((first, opening(now)), (later, now - timedelta(days=dice.randint(20, 200)))):
                if quantity:
                    yield PastReceipt(
                        variant.stock_item_id,
                        warehouse.pk,
                        quantity,
                        at,
                        reference=f"PO-{at:%y%m}",
                        unit_cost=variant.stock_item.unit_cost,
                    )


def opening(now: datetime) -> datetime:
    """The day on which the shop got its first stock, before the first order."""
    return now - timedelta(days=400)
