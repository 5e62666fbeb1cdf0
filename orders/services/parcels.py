"""The verbs of parcels: send a part of an order, take a parcel back, and say how it travels.

An order is shipped when the last of its units has left. Locks are taken in one sequence everywhere: the order's row,
then stock levels, then reservations.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict

from django.db.models import F, Sum

from database.refusals import Conflict, Expected, FieldError, Invalid, NotFound, check_version
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import differences
from inventory import services as inventory_services
from inventory.models import ClockTimestamp, Warehouse
from orders.exceptions import IllegalTransition, MoreThanOpen, ParcelGone
from orders.models import Fulfilment, FulfilmentLine, Order, OrderItem, Return, ReturnLine
from orders.services.sending import UNTRACKED, Tracking, send
from orders.services.verbs import Status, locked, record, write_columns

# Units by the id of their line.
Units = Mapping[int, int]


@unit_of_work
def ship_parcel(
    *,
    order_id: int,
    actor: Actor,
    lines: Units | None = None,
    warehouse: str | None = None,
    tracking: Tracking = UNTRACKED,
    expected_version: Expected = None,
) -> list[int]:
    """Send units of a confirmed order, and answer the ids of the new parcels: one for each warehouse they left.

    `lines` has the units by line; without it all that is open leaves, or all that is promised in `warehouse` (a code).
    With the last units the order becomes shipped. Refuses NotFound, IllegalTransition, VersionMismatch, Invalid for
    lines that the order does not have and for an unknown warehouse, MoreThanOpen, and NotOnHand. Locks the order, then
    its stock levels.
    """
    order = locked(Order.objects.visible(), order_id)
    check_version(order.version, expected_version)
    if Status.SHIPPED not in order.allowed:
        raise IllegalTransition(order.status, Status.SHIPPED, order.allowed)
    warehouse_id = warehouse_with(warehouse)
    quantities = None
    if lines is not None:
        refuse_more_than(order, lines, open_units(order), MoreThanOpen, "are still to be shipped.")
        quantities = by_item(order, lines)
    parcels = send(order, actor, quantities=quantities, warehouse_id=warehouse_id, tracking=tracking)
    leaves_last = not open_units(order)
    status = Status.SHIPPED if leaves_last else Status(order.status)
    write_columns(order, status=status, partly_shipped=not leaves_last)
    ids = [parcel.id for parcel in parcels]
    event = "shipped" if leaves_last else "parcel_shipped"
    record(order, event, status, actor, parcel_ids=ids, parcels=[parcel.told for parcel in parcels])
    return ids


@unit_of_work
def cancel_parcel(
    *, order_id: int, parcel_id: int, actor: Actor, reason: str = "", expected_version: Expected = None
) -> bool:
    """Take a parcel back that was not handed over. Tells whether it did: a cancelled one stays as it is.

    Its units lie where they left, and are promised to the order again. A shipped order is confirmed again: this is the
    only way back. Refuses NotFound, VersionMismatch (the parcel's), and ParcelGone once the order is delivered or goods
    of the parcel come back as a return. Locks the order, then its stock levels.
    """
    order = locked(Order.objects.visible(), order_id)
    parcel = parcel_of(order, parcel_id)
    if parcel.state == Fulfilment.State.CANCELLED:
        return False
    check_version(parcel.version, expected_version)
    if order.status == Status.DELIVERED:
        raise ParcelGone("The order has been delivered.")
    lines = list(parcel.lines.select_related("order_item__variant"))
    left, coming_back = shipped_units(order), returned_units(order)
    if any(left[line.order_item_id] - line.quantity < coming_back[line.order_item_id] for line in lines):
        raise ParcelGone("Goods of this parcel come back as a return.")
    Fulfilment.objects.filter(pk=parcel.pk).update(
        state=Fulfilment.State.CANCELLED, cancelled_at=ClockTimestamp(), version=F("version") + 1
    )
    places = {(line.order_item.variant.stock_item_id, parcel.warehouse_id): line.quantity for line in lines}
    inventory_services.unship(reference=order.reference, quantities=places, actor=actor, reason="parcel cancelled")
    write_columns(order, status=Status.CONFIRMED, partly_shipped=bool(+shipped_units(order)))
    record(order, "parcel_cancelled", Status.CONFIRMED, actor, reason=reason, parcel_ids=[parcel.pk])
    return True


@unit_of_work
def track_parcel(
    *,
    order_id: int,
    parcel_id: int,
    actor: Actor,
    carrier: str | None = None,
    tracking_number: str | None = None,
    tracking_url: str | None = None,
    expected_version: Expected = None,
) -> bool:
    """Say who carries a parcel and how it is followed; what is None stays. Tells whether anything was changed.

    Refuses NotFound, VersionMismatch (the parcel's), Invalid for an address that is none, and ParcelGone for a parcel
    that is cancelled. Locks the order.
    """
    order = locked(Order.objects.visible(), order_id)
    parcel = parcel_of(order, parcel_id)
    check_version(parcel.version, expected_version)
    if parcel.state == Fulfilment.State.CANCELLED:
        raise ParcelGone("This parcel is cancelled.")
    before = asdict(Tracking(parcel.carrier, parcel.tracking_number, parcel.tracking_url))
    said = {"carrier": carrier, "tracking_number": tracking_number, "tracking_url": tracking_url}
    after = asdict(Tracking(**before | {name: text for name, text in said.items() if text is not None}))
    changes = differences(before, after)
    if not changes:
        return False
    Fulfilment.objects.filter(pk=parcel.pk).update(**after, version=F("version") + 1)
    write_columns(order)
    record(order, "parcel_tracked", order.status, actor, parcel_ids=[parcel.pk], changes=changes)
    return True


def parcel_of(order: Order, parcel_id: int) -> Fulfilment:
    """A parcel of a locked order. Refuses NotFound."""
    parcel = order.fulfilments.filter(pk=parcel_id).first()
    if parcel is None:
        raise NotFound("There is no such parcel.")
    return parcel


def shipped_units(order: Order) -> Counter[int]:
    """The units of each line that have left in parcels which are not cancelled."""
    lines = FulfilmentLine.objects.filter(fulfilment__order=order, fulfilment__state=Fulfilment.State.SHIPPED)
    return Counter(dict(lines.values_list("order_item_id").annotate(units=Sum("quantity")).order_by()))


def returned_units(order: Order) -> Counter[int]:
    """The units of each line that have come back, or are to."""
    lines = ReturnLine.objects.filter(of__order=order).exclude(of__state=Return.State.REFUSED)
    return Counter(dict(lines.values_list("order_item_id").annotate(units=Sum("quantity")).order_by()))


def open_units(order: Order) -> Counter[int]:
    """The units of each line that are still to leave. Lines without any are left out."""
    return Counter(dict(order.order_items.values_list("pk", "quantity"))) - shipped_units(order)


def refuse_more_than(order: Order, lines: Units, left: Units, refusal: type[Conflict], words: str) -> None:
    """Refuse (Invalid) lines that the order does not have, and with `refusal` those of which fewer units are left."""
    known = set(order.order_items.values_list("pk", flat=True))
    unknown = [
        FieldError(f"lines.{place}.order_item_id", "unknown_line", "The order has no such line.")
        for place, line_id in enumerate(lines)
        if line_id not in known
    ]
    if unknown or not lines:
        raise Invalid("These are no lines of the order.", code="unknown_line", errors=unknown)
    errors = [
        FieldError(f"lines.{place}.quantity", refusal.code, f"{left.get(line_id, 0)} {words}")
        for place, (line_id, units) in enumerate(lines.items())
        if units > left.get(line_id, 0)
    ]
    if errors:
        raise refusal(errors[0].message, errors=errors)


def by_item(order: Order, lines: Units) -> dict[int, int]:
    """Units of lines as units of stock items."""
    items = OrderItem.objects.filter(order=order, pk__in=lines).values_list("pk", "variant__stock_item_id")
    return {item_id: lines[line_id] for line_id, item_id in items}


def warehouse_with(code: str | None) -> int | None:
    """The id of the warehouse with this code; None without one. Refuses (Invalid) a code that none has."""
    if code is None:
        return None
    warehouse_id = Warehouse.objects.with_codes(code).values_list("pk", flat=True).first()
    if warehouse_id is None:
        error = FieldError("warehouse", "unknown_warehouse", "No warehouse has this code.")
        raise Invalid("No warehouse has this code.", code="unknown_warehouse", errors=[error])
    return warehouse_id
