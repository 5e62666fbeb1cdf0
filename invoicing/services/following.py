"""The documents of an order follow the order: an invoice once it is due, and a credit note for what becomes owed.

What is due follows from the records alone, not from the event that was heard of. So events may come twice, late and in
any sequence. Each document is written in a unit of work of its own, since its number is taken last. docs/invoices.md
and decision 0013 say what a credit note follows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

from django.conf import settings
from django.db.models import Max

from database.days import day_of
from database.transactions import unit_of_work
from events.actors import Actor
from events.models import Event
from invoicing.documents import buyer_of, invoice_of, key_of_line
from invoicing.models import Invoice
from invoicing.services.accounts import Account, account_of, locked_order
from invoicing.services.writing import write
from invoicing.shares import Wish
from orders.models import Fulfilment, Order, OrderRevision, Return

ENDED, REPLACED = "ended", "replaced"
REFUNDED = "payment.refunded"
REASONS = {
    ENDED: "The order was cancelled.",
    REPLACED: "A new invoice takes the place of this one.",
    "line_lost": "An article cannot be delivered.",
    "return": "Goods have come back.",
    REFUNDED: "Money was paid back.",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that has become owed to the buyer: how much, of which lines, and why."""

    reference: str
    amount: int
    wishes: dict[str, Wish]
    reason: str


def follow_order(*, order_id: int, actor: Actor, due_since: date | None = None) -> list[int]:
    """Issue all documents that an order is due for, and answer their ids.

    `due_since` is the day on which it was paid or its first goods left; without it no first invoice is issued. Refuses
    NotFound. Locks the order, then the counter, for each document.
    """
    issue = partial(issue_next, order_id=order_id, actor=actor, due_since=due_since)
    return list(iter(issue, 0))


@unit_of_work
def issue_next(*, order_id: int, actor: Actor, due_since: date | None) -> int:
    """Issue the next document that an order is due for, and answer its id; 0 when there is none."""
    order = locked_order(order_id)
    account = account_of(order)
    if account is None:
        if due_since is None or order.is_given_up or not settings.INVOICES:
            return 0
        return issue_invoice(order, "order", due_since, actor)
    if order.is_given_up:
        return take_all_back(account, ENDED, actor)
    if REPLACED in account.references or is_outdated(account):
        return take_all_back(account, REPLACED, actor) or issue_invoice(
            order, f"replaces:{account.invoice.number}", account.invoice.supplied_on, actor
        )
    return credit_next(account, actor)


def issue_invoice(order: Order, reference: str, otherwise: date, actor: Actor) -> int:
    """Write the invoice of a locked order as it is now. `otherwise` is its day of supply while nothing has left."""
    left = order.fulfilments.filter(state=Fulfilment.State.SHIPPED).aggregate(at=Max("shipped_at"))["at"]
    document = invoice_of(order, supplied_on=day_of(left) if left else otherwise, is_supplied=left is not None)
    last = order.revisions.aggregate(id=Max("id"))["id"]
    return write(order, Invoice.Kind.INVOICE, document, reference=reference, actor=actor, revision_id=last or 0)


def take_all_back(account: Account, reference: str, actor: Actor) -> int:
    """Credit all that is left of an invoice; 0 where nothing is left."""
    if not account.rest:
        return 0
    return account.credit(reference, account.rest, account.everything(), reason=REASONS[reference], actor=actor)


def is_outdated(account: Account) -> bool:
    """Whether the order has changed in a way that its invoice cannot follow: another article, or another buyer."""
    for revision in new_revisions(account):
        if revision.kind == "line_added":
            return True
        if revision.kind == OrderRevision.CHANGED and buyer_of(account.order) != account.invoice.document["buyer"]:
            return True
    return False


def new_revisions(account: Account) -> list[OrderRevision]:
    """The changes of an order that its invoice does not contain."""
    return list(account.order.revisions.filter(pk__gt=account.invoice.revision_id))


def credit_next(account: Account, actor: Actor) -> int:
    """Credit the next thing that is owed and not credited yet, as far as the invoice goes; 0 when there is none."""
    for cause in [*owed(account), *given(account)]:
        if cause.reference not in account.references and (amount := min(cause.amount, account.rest)):
            return account.credit(cause.reference, amount, cause.wishes, reason=cause.reason, actor=actor)
    return 0


def owed(account: Account) -> Iterator[Cause]:
    """All that has become owed to the buyer since the invoice: lines that became fewer, and goods that came back."""
    for revision in new_revisions(account):
        if revision.owed > 0:
            amount = account.counted(revision.owed)
            tax = account.counted(Decimal(revision.before["tax"]) - Decimal(revision.after["tax"]))
            wish = Wish(amount, tax, revision.quantity_before - revision.quantity_after)
            reason = REASONS.get(revision.kind, "The order was changed.")
            yield Cause(f"revision:{revision.pk}", amount, {key_of_line(revision.order_item_id or 0): wish}, reason)
    for back in account.order.returns.filter(state=Return.State.RECEIVED).prefetch_related("lines"):
        amount = account.counted(back.refund_items + back.refund_shipping)
        if amount:
            yield Cause(f"return:{back.pk}", amount, wishes_of(account, back), REASONS["return"])


def wishes_of(account: Account, back: Return) -> dict[str, Wish]:
    """What of each line a return is about, and what of the charges its delivery takes."""
    wishes = {
        key_of_line(line.order_item_id): Wish(account.counted(line.refund), units=line.quantity)
        for line in back.lines.all()
        if line.refund
    }
    delivery = account.counted(back.refund_shipping)
    for left in account.left:
        if left.key.startswith("charge:") and (part := min(delivery, left.total)):
            wishes[left.key] = Wish(part)
            delivery -= part
    return wishes


def given(account: Account) -> Iterator[Cause]:
    """The money that went back without being owed. Payments are made above invoices: the journal tells of refunds."""
    refunds = Event.objects.filter(kind=REFUNDED, subject=f"order:{account.order.pk}").order_by("id")
    for refund in refunds.values_list("payload", flat=True):
        if amount := account.counted(refund["goodwill"]):
            units = {key_of_line(int(line_id)): count for line_id, count in refund["lines"].items()}
            yield Cause(f"refund:{refund['operation_id']}", amount, account.cost_of(units), REASONS[REFUNDED])
