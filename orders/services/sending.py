"""Goods of an order leave the building: the promise is kept, and a parcel is written for each warehouse they left."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError

import inventory.exceptions
from database.refusals import FieldError, Invalid
from database.rows import array, fetch_rows
from database.text import WEB_ADDRESS
from events.actors import Actor
from inventory import services as inventory_services
from inventory.services import Allocation
from orders.exceptions import MoreThanOpen, NotOnHand, ShippingBlocked
from orders.models import Order, OrderItem
from orders.services.placing import stock_issues

# Every unit that leaves lies in the parcel of its warehouse.
PARCELS = """
with gone as (
    select warehouse_id, line.id as order_item_id, gone.quantity
    from unnest(%(items)s::bigint[], %(warehouses)s::bigint[], %(quantities)s::int[])
        as gone (item_id, warehouse_id, quantity)
    join orders_orderitem line on line.order_id = %(order_id)s::bigint
    join catalog_variant variant on variant.id = line.variant_id and variant.stock_item_id = gone.item_id
), parcel as (
    insert into orders_fulfilment (order_id, warehouse_id, carrier, tracking_number, tracking_url, shipped_at)
    select %(order_id)s::bigint, warehouse_id, %(carrier)s::text, %(tracking_number)s::text, %(tracking_url)s::text,
           clock_timestamp()
    from (select distinct warehouse_id from gone) as place order by warehouse_id
    returning id, warehouse_id
), packed as (
    insert into orders_fulfilmentline (fulfilment_id, order_item_id, quantity)
    select parcel.id, order_item_id, quantity from gone join parcel using (warehouse_id)
    order by parcel.id, order_item_id
)
select parcel.id, warehouse_id, array_agg(order_item_id order by order_item_id),
       array_agg(quantity order by order_item_id)
from parcel join gone using (warehouse_id) group by parcel.id, warehouse_id order by parcel.id
"""


@dataclass(frozen=True, slots=True)
class Tracking:
    """Who carries a parcel, and how it is followed. All of it may be unknown.

    Mails show the address as a link, so it is that of a page: anything else is refused (Invalid).
    """

    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""

    def __post_init__(self) -> None:
        try:
            WEB_ADDRESS(self.tracking_url)
        except ValidationError as error:
            wrong = FieldError("tracking_url", WEB_ADDRESS.code, error.messages[0])
            raise Invalid(wrong.message, errors=[wrong]) from error


UNTRACKED = Tracking()


class Parcel(NamedTuple):
    """A parcel that was just written: the units in it by the id of their line."""

    id: int
    warehouse_id: int
    lines: dict[int, int]

    @property
    def told(self) -> dict[str, Any]:
        """What the journal is told of it."""
        lines = {str(line_id): units for line_id, units in self.lines.items()}
        return {"parcel_id": self.id, "warehouse_id": self.warehouse_id, "lines": lines}


def send(
    order: Order,
    actor: Actor,
    *,
    quantities: Mapping[int, int] | None = None,
    warehouse_id: int | None = None,
    tracking: Tracking = UNTRACKED,
) -> list[Parcel]:
    """Ship units of a locked order, and answer the new parcels: one for each warehouse.

    `quantities` has the units by item id; without it all that is open leaves. With `warehouse_id` it leaves that
    warehouse. Refuses NotOnHand for units that are promised and have not arrived yet, and MoreThanOpen where fewer are
    promised than are to leave, and ShippingBlocked while the payment is disputed. Locks the stock levels.
    """
    if order.shipping_blocked:
        raise ShippingBlocked("Answer the dispute first: its date stands with the payment.")
    try:
        gone = inventory_services.fulfil(
            reference=order.reference, actor=actor, quantities=quantities, warehouse_id=warehouse_id
        )
    except inventory.exceptions.NotOnHand as missing:
        lines = OrderItem.objects.filter(order=order).select_related("variant")
        by_item = {line.variant.stock_item_id: line for line in lines}
        raise NotOnHand(stock_issues(by_item, missing.shortages)) from missing
    except (inventory.exceptions.NothingReserved, inventory.exceptions.MoreThanReserved) as fewer:
        raise MoreThanOpen("Fewer units of the order are promised there.") from fewer
    return write_parcels(order.pk, gone, tracking)


def write_parcels(order_id: int, gone: Iterable[Allocation], tracking: Tracking) -> list[Parcel]:
    """Write what has left as parcels, and answer these."""
    gone = list(gone)
    rows = fetch_rows(
        PARCELS,
        {
            "order_id": order_id,
            "items": array(part.item_id for part in gone),
            "warehouses": array(part.warehouse_id for part in gone),
            "quantities": array(part.quantity for part in gone),
            "carrier": tracking.carrier,
            "tracking_number": tracking.tracking_number,
            "tracking_url": tracking.tracking_url,
        },
    )
    return [Parcel(id, place, dict(zip(lines, units, strict=True))) for id, place, lines, units in rows]
