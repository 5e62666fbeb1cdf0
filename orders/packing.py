"""What can leave now, and what is taken from where for it: for the list of orders, and for papers of many orders."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.files.storage import default_storage
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Sum, Value
from django.db.models.functions import Concat

from catalog.models import Image, Variant
from inventory.models import Reservation
from orders.models import Fulfilment, FulfilmentLine, Order, OrderItem, OrderQuerySet

READY, IN_PART, WAITS = "ready", "in_part", "waits"
# What a promise needs that lies there in full, and one of which some units lie there.
ALL_THERE = Q(level__on_hand__gte=F("quantity"))
SOME_THERE = Q(level__on_hand__gt=0)
LINES = Prefetch("lines", FulfilmentLine.objects.select_related("order_item__variant__stock_item"))


def open_promises(orders: Iterable[Order]) -> QuerySet[Reservation]:
    """The promises to these orders that are still to be kept."""
    references = [order.reference for order in orders]
    return Reservation.objects.filter(reference__in=references, state=Reservation.State.OPEN)


def readiness(orders: Iterable[Order]) -> dict[int, str]:
    """Whether orders can leave now, by their ids: READY, IN_PART, or WAITS for goods. Reads in one statement.

    An order is READY when `ship_order` would not be refused at this moment. Goods that lie there once may be promised
    to two orders, and then both are ready until one of them leaves. Only confirmed orders are to leave.
    """
    confirmed = [order for order in orders if order.status == Order.Status.CONFIRMED and not order.deleted_at]
    counts = open_promises(confirmed).order_by().values_list("reference")
    counted = counts.annotate(
        missing=Count("pk", filter=~ALL_THERE),
        some=Count("pk", filter=SOME_THERE),
    )
    found = {reference: (missing, some) for reference, missing, some in counted}
    return {
        order.pk: READY if not found[order.reference][0] else IN_PART if found[order.reference][1] else WAITS
        for order in confirmed
        if order.reference in found
    }


def still_to_leave(orders: Iterable[Order]) -> dict[str, tuple[int, int]]:
    """How many articles and units of orders are still to leave, by the reference of each. Reads in one statement."""
    by_order = open_promises(orders).order_by().values_list("reference")
    counted = by_order.annotate(articles=Count("level__item", distinct=True), units=Sum("quantity"))
    return {reference: (articles, units) for reference, articles, units in counted}


def by_readiness(orders: OrderQuerySet, state: str) -> OrderQuerySet:
    """Those of the orders that are READY, IN_PART or WAITS, as `readiness` tells it."""
    promises = Reservation.objects.filter(
        reference=Concat(Value("order:"), OuterRef("number")), state=Reservation.State.OPEN
    )
    confirmed = orders.visible().filter(Exists(promises), status=Order.Status.CONFIRMED)
    missing, some = Exists(promises.exclude(ALL_THERE)), Exists(promises.filter(SOME_THERE))
    conditions = {READY: ~missing, IN_PART: missing & some, WAITS: missing & ~some}
    return confirmed.filter(conditions[state])


@dataclass(slots=True)
class Pick:
    """Units of an article that are taken from one warehouse, for whichever orders. `missing` do not lie there yet."""

    warehouse: str
    sku: str
    name: str
    barcode: str
    picture: str
    quantity: int = 0
    on_hand: int = 0
    orders: list[tuple[str, int]] = field(default_factory=list)

    @property
    def missing(self) -> int:
        """The units that are to be taken and are not there."""
        return max(self.quantity - self.on_hand, 0)


def picks_of(orders: Sequence[Order]) -> list[Pick]:
    """What is to be taken for orders that are confirmed, by warehouse and then by SKU. Reads in three statements."""
    numbers = {order.reference: order.number for order in orders}
    promises = list(open_promises(orders).select_related("level__item", "level__warehouse").order_by("reference"))
    names = names_of(promise.level.item_id for promise in promises)
    picks: dict[int, Pick] = {}
    for promise in promises:
        level = promise.level
        name, picture = names.get(level.item_id, (level.item.name, ""))
        pick = picks.setdefault(
            level.pk,
            Pick(
                level.warehouse.name,
                level.item.sku,
                name,
                level.item.barcode or level.item.sku,
                picture,
                on_hand=level.on_hand,
            ),
        )
        pick.quantity += promise.quantity
        pick.orders.append((numbers[promise.reference], promise.quantity))
    places = {level.pk: level.warehouse for level in (promise.level for promise in promises)}
    return [picks[pk] for pk in sorted(picks, key=lambda pk: (places[pk].priority, picks[pk].warehouse, picks[pk].sku))]


def names_of(item_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """The name and the address of a small picture of each item that is a variant of a product, in two statements.

    A picture of the variant comes before one of the product. The address is empty without one.
    """
    variants = list(Variant.objects.filter(stock_item__in=set(item_ids)).select_related("product"))
    images = list(Image.objects.filter(product__in={variant.product_id for variant in variants}))
    found = {}
    for variant in variants:
        mine = [image for image in images if image.product_id == variant.product_id]
        fitting = [image for image in mine if image.variant_id == variant.pk] or [
            image for image in mine if image.variant_id is None
        ]
        picture = default_storage.url(fitting[0].files["small"]) if fitting else ""
        found[variant.stock_item_id] = (" ".join(filter(None, (variant.product.name, variant.name))), picture)
    return found


@dataclass(frozen=True, slots=True)
class Packed:
    """A line of a slip: what of it is still to be packed, and from where it is taken."""

    line: OrderItem
    quantity: int
    picture: str
    code: str
    places: list[tuple[str, int, int]]


def to_pack(orders: Sequence[Order]) -> dict[int, list[Packed]]:
    """What is still to be packed of confirmed orders, by the id of each, in four statements.

    A place is the name of a warehouse, the units that are taken there, and how many of them do not lie there yet.
    """
    promises: dict[tuple[str, int], list[Reservation]] = {}
    for promise in open_promises(orders).select_related("level__warehouse").order_by("pk"):
        promises.setdefault((promise.reference, promise.level.item_id), []).append(promise)
    names = names_of(item_id for _, item_id in promises)
    lines: dict[int, list[Packed]] = {order.pk: [] for order in orders}
    references: Mapping[int, str] = {order.pk: order.reference for order in orders}
    rows = OrderItem.objects.filter(order__in=orders).select_related("variant__stock_item")
    for line in rows.order_by("order_id", "pk"):
        item_id = line.variant.stock_item_id
        mine = promises.get((references[line.order_id], item_id), [])
        if not mine:
            continue
        places = [(one.level.warehouse.name, one.quantity, max(one.quantity - one.level.on_hand, 0)) for one in mine]
        item = line.variant.stock_item
        units = sum(one.quantity for one in mine)
        lines[line.order_id].append(Packed(line, units, names[item_id][1], item.barcode or item.sku, places))
    return lines


@dataclass(frozen=True, slots=True)
class Sheet:
    """A packing slip. `notice` says why there is nothing to pack, or why to wait; `parcel_id` is that of what left."""

    order: Order
    lines: list[Packed]
    notice: str = ""
    parcel_id: int | None = None


def sheets_of(orders: Sequence[Order]) -> list[Sheet]:
    """The slips of orders as they are now: what is still to be packed of each."""
    lines = to_pack([order for order in orders if order.status == Order.Status.CONFIRMED and not order.deleted_at])
    return [Sheet(order, lines.get(order.pk, []), notice_of(order)) for order in orders]


def notice_of(order: Order) -> str:
    """Why an order is not to be packed; empty for one that is."""
    if order.deleted_at:
        return "This order is deleted. There is nothing to pack."
    if order.status == Order.Status.PENDING:
        return "This order is not confirmed yet."
    return "" if order.status == Order.Status.CONFIRMED else f"This order is {order.status}. There is nothing to pack."


def sheets_of_parcels(parcel_ids: Sequence[int]) -> list[Sheet]:
    """The slips of parcels that have left, for the paper that goes into each."""
    parcels = Fulfilment.objects.filter(pk__in=parcel_ids, state=Fulfilment.State.SHIPPED)
    found = list(parcels.select_related("order__user", "warehouse").prefetch_related(LINES).order_by("pk"))
    names = names_of(line.order_item.variant.stock_item_id for parcel in found for line in parcel.lines.all())
    return [
        Sheet(
            parcel.order,
            [
                Packed(
                    line.order_item,
                    line.quantity,
                    names[line.order_item.variant.stock_item_id][1],
                    line.order_item.variant.stock_item.barcode or line.order_item.variant.stock_item.sku,
                    [(parcel.warehouse.name, line.quantity, 0)],
                )
                for line in parcel.lines.all()
            ],
            parcel_id=parcel.pk,
        )
        for parcel in found
    ]
