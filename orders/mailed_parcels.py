"""What a mail says of parcels: what is in each, who carries it, and where it is followed.

The link comes from what staff have said of the parcel, which is the address of a page (orders.services.Tracking).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orders.models import Fulfilment, Order, OrderItem

FOLLOWED = ("tracking_number", "tracking_url")


@dataclass(frozen=True, slots=True)
class MailedParcel:
    """A parcel as a mail shows it: the units of each line, and how it is followed."""

    carrier: str
    tracking_number: str
    tracking_url: str
    contents: Sequence[tuple[int, OrderItem]]

    @property
    def is_followed(self) -> bool:
        """Whether the mail can say how it is followed."""
        return bool(self.tracking_number or self.tracking_url)


def parcels_in_mail(
    kind: str, payload: Mapping[str, Any], order: Order, lines: Iterable[OrderItem]
) -> list[MailedParcel] | None:
    """The parcels that the mail about an event shows, as they are now; None where there is nothing to tell any more.

    A part that has left is told with its own parcels, and the last part with all of them. A parcel that was cancelled
    is in no mail. That the carrier alone has become known is nothing to be told.
    """
    parcels = parcels_of(order, lines)
    named = [parcel for parcel_id, parcel in parcels.items() if parcel_id in payload.get("parcel_ids", ())]
    if kind == "order.parcel_tracked":
        told = any(name in payload["changes"] for name in FOLLOWED)
        return [parcel for parcel in named if told and parcel.is_followed] or None
    if kind == "order.parcel_shipped":
        return named or None
    everything = list(parcels.values())
    # One parcel without a number is all of the order, which the mail lists anyway.
    return everything if len(everything) > 1 or any(parcel.is_followed for parcel in everything) else []


def parcels_of(order: Order, lines: Iterable[OrderItem]) -> dict[int, MailedParcel]:
    """The parcels of an order that have left, by their ids."""
    by_id = {line.pk: line for line in lines}
    left = order.fulfilments.filter(state=Fulfilment.State.SHIPPED).prefetch_related("lines")
    return {
        parcel.pk: MailedParcel(
            parcel.carrier,
            parcel.tracking_number,
            parcel.tracking_url,
            [(packed.quantity, by_id[packed.order_item_id]) for packed in parcel.lines.all()],
        )
        for parcel in left
    }
