"""The current invoice of a locked order, and what its credit notes have left of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from database.days import day_of
from database.money import places_of
from events.actors import Actor
from invoicing.documents import Json, credit_note_of, fixed
from invoicing.models import Invoice
from invoicing.services.writing import write
from invoicing.shares import Left, Share, Wish, shares_of
from orders.models import Order
from orders.services.verbs import locked
from pricing.amounts import money, rounded, units


@dataclass(frozen=True)
class Account:
    """An invoice of a locked order with its credit notes. Amounts are whole numbers of the smallest unit."""

    order: Order
    invoice: Invoice
    notes: list[Invoice]

    @property
    def places(self) -> int:
        """The decimals of the invoice's currency."""
        return places_of(self.invoice.currency)

    @cached_property
    def references(self) -> set[str]:
        """What credit notes were issued for."""
        return {note.reference for note in self.notes}

    @cached_property
    def left(self) -> list[Left]:
        """What is left of each line."""
        totals: Counter[str] = Counter()
        taxes: Counter[str] = Counter()
        for note in self.notes:
            for line in note.document["lines"]:
                totals[line["key"]] += self.counted(line["total"])
                taxes[line["key"]] += self.counted(line["tax"])
        return [
            Left(
                line["key"],
                self.counted(line["total"]) - totals[line["key"]],
                self.counted(line["tax"]) - taxes[line["key"]],
            )
            for line in self.invoice.document["lines"]
        ]

    @cached_property
    def credited(self) -> int:
        """What the credit notes come to."""
        return sum(self.counted(note.total) for note in self.notes)

    @cached_property
    def rest(self) -> int:
        """What is left of the invoice."""
        return self.counted(self.invoice.total) - self.credited

    def counted(self, amount: Decimal | str) -> int:
        """An amount as a whole number of the smallest unit."""
        return units(Decimal(amount), self.places)

    def everything(self) -> dict[str, Wish]:
        """All that is left, with the units of the lines of which nothing was taken back."""
        lines = {line["key"]: line for line in self.invoice.document["lines"]}
        return {
            left.key: Wish(
                left.total,
                left.tax,
                lines[left.key]["quantity"] if left.total == self.counted(lines[left.key]["total"]) else None,
            )
            for left in self.left
        }

    def cost_of(self, units_of: Mapping[str, int]) -> dict[str, Wish]:
        """What so many units of lines cost by the invoice. It may not have a line any more, or fewer units of it."""
        wishes = {}
        for line in self.invoice.document["lines"]:
            if count := min(units_of.get(line["key"], 0), line["quantity"]):
                part = rounded(self.counted(line["total"]) * count, line["quantity"])
                wishes[line["key"]] = Wish(part, units=count)
        return wishes

    def credit(self, reference: str, amount: int, wishes: Mapping[str, Wish], *, reason: str, actor: Actor) -> int:
        """Write a credit note over an amount that is not above the rest, and answer its id. Locks the counter."""
        lines = {line["key"]: line for line in self.invoice.document["lines"]}
        shares = shares_of(amount, self.left, wishes)
        document = credit_note_of(
            self.invoice.document,
            self.invoice.number,
            day_of(self.invoice.issued_at),
            [self.credited_line(lines[share.key], share) for share in shares],
            self.invoice.currency,
            reason,
        )
        kind = Invoice.Kind.CREDIT_NOTE
        return write(self.order, kind, document, reference=reference, actor=actor, credits=self.invoice)

    def credited_line(self, line: Json, share: Share) -> Json:
        """A line of the invoice as a credit note has it. Without units it is about money alone."""
        total, tax = money(share.total, self.places), money(share.tax, self.places)
        currency = self.invoice.currency
        return {
            **line,
            "quantity": share.units,
            "unit_price": line["unit_price"] if share.units else None,
            "discount": fixed(Decimal(0), currency),
            "net": fixed(total - tax, currency),
            "tax": fixed(tax, currency),
            "total": fixed(total, currency),
        }


def locked_order(order_id: int) -> Order:
    """Lock an order, also one that was deleted. All documents of an order are written under its lock.

    Refuses NotFound.
    """
    return locked(Order.objects.all(), order_id)


def account_of(order: Order) -> Account | None:
    """The newest invoice of a locked order with its credit notes; None without one."""
    documents = list(Invoice.objects.of(order.pk))
    invoices = [document for document in documents if not document.is_credit_note]
    if not invoices:
        return None
    newest = invoices[-1]
    return Account(order, newest, [document for document in documents if document.credits_id == newest.pk])
