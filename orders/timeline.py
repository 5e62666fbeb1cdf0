"""What happened to an order, in words for staff: its steps with their parcels, changes and returns, and the notes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.notes import notes_about
from database.money import places_of
from orders.models import Fulfilment, Order, OrderRevision, Return

# What the events of the history are called. Others are told by their own names.
STEPS = {
    "placed": "Ordered",
    "line_lost": "A line was lost",
    "parcel_shipped": "A part was shipped",
    "parcel_cancelled": "A parcel stays",
    "parcel_tracked": "The tracking was changed",
    "return_requested": "A return was asked for",
    "return_approved": "The return was approved",
    "return_received": "The return has come",
    "return_refused": "The return was refused",
    "adopted": "Brought to an account",
}
# A row of the same unit of work as a step is written at most so long before or after it.
SAME = timedelta(seconds=5)


@dataclass(slots=True)
class Moment:
    """A step of an order in words. `note` is what the buyer reads, `reason` what staff alone read.

    `details` say what it was about. `who` is put there by accounts.names.
    """

    at: datetime
    words: str
    actor: str
    note: str = ""
    reason: str = ""
    details: list[str] = field(default_factory=list)
    who: str = ""


def timeline_of(order: Order) -> list[Moment]:
    """The life of an order, oldest first, in seven statements."""
    steps = [
        (step.event, Moment(step.at, words_of(step.event), step.actor, step.note, step.reason))
        for step in order.history.all()
    ]
    moments = [moment for _, moment in steps]
    for at, kinds, actor, text in [*parcels(order), *changes(order), *returns(order)]:
        near = [moment for event, moment in steps if abs(moment.at - at) < SAME and (not kinds or event in kinds)]
        if near:
            min(near, key=lambda moment: abs(moment.at - at)).details.append(text)
        else:
            moments.append(Moment(at, text, actor))
    moments += [
        Moment(note.at, "Note of staff", f"staff:{note.author_id}", details=[note.text])
        for note in notes_about(f"order:{order.pk}")
    ]
    return sorted(moments, key=lambda moment: moment.at)


def words_of(event: str) -> str:
    """What a step of the history is called."""
    return STEPS.get(event, event.replace("_", " ").capitalize())


def units(lines: Any) -> str:
    """The lines of a parcel or a return: "2 x MUG, 1 x POT"."""
    return ", ".join(f"{line.quantity} x {line.order_item.sku}" for line in lines)


# When something was, the steps that it may belong to (none: any), who did it if it belongs to none, and its words.
Told = tuple[datetime, tuple[str, ...], str, str]


def parcels(order: Order) -> list[Told]:
    """What left in which parcel, and which parcels stayed after all."""
    told: list[Told] = []
    for parcel in order.fulfilments.select_related("warehouse").prefetch_related("lines__order_item"):
        travels = " ".join(filter(None, (parcel.carrier, parcel.tracking_number)))
        by = f", {travels}" if travels else ""
        text = f"Parcel {parcel.pk} from {parcel.warehouse.name}{by}: {units(parcel.lines.all())}"
        told.append((parcel.shipped_at, ("shipped", "parcel_shipped"), "system", text))
        if parcel.state == Fulfilment.State.CANCELLED and parcel.cancelled_at:
            text = f"Parcel {parcel.pk} did not go: {units(parcel.lines.all())} are to be shipped again"
            told.append((parcel.cancelled_at, ("parcel_cancelled",), "system", text))
    return told


def changes(order: Order) -> list[Told]:
    """What was changed after the order was placed."""
    return [(change.at, (), change.actor, words_of_change(order, change)) for change in order.revisions.all()]


def words_of_change(order: Order, change: OrderRevision) -> str:
    """A change of a line with what is owed for it, or the fields that say something else now."""
    if change.sku:
        words = f"{change.sku}: {change.quantity_before} ordered before, {change.quantity_after} now"
        if change.owed:
            what = "owed to the buyer" if change.owed > 0 else "to be paid"
            words += f"; {abs(change.owed):,.{places_of(order.currency)}f} {order.currency} {what}"
        return words
    told = [
        (name.replace("_", " "), change.before.get(name) or "nothing", now or "nothing")
        for name, now in change.after.items()
        if change.before.get(name) != now
    ]
    return "; ".join(f"{name}: {before} before, {now} now" for name, before, now in told)


def returns(order: Order) -> list[Told]:
    """What was asked to come back. How far a return has come, the steps of the history tell."""
    told: list[Told] = []
    for back in order.returns.prefetch_related("lines__order_item"):
        reasons = ", ".join(dict.fromkeys(line.reason for line in back.lines.all() if line.reason))
        kind = "Withdrawal" if back.kind == Return.Kind.WITHDRAWAL else "Return"
        text = f"{kind} {back.pk}: {units(back.lines.all())}{f' ({reasons})' if reasons else ''}"
        told.append((back.requested_at, (), "system", text))
    return told
