"""Invoices and credit notes: what the shop has told a buyer about an order, kept as it was told."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q, Sum

from database.money import MoneyField, places_of
from orders.models import Order

NOTHING = Decimal(0)


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    """Sets of invoices and credit notes."""

    def of(self, order_id: int) -> Self:
        """The documents of an order, in the sequence in which they were issued."""
        return self.filter(order=order_id).order_by("id")

    def credited(self) -> Decimal:
        """What these credit notes come to."""
        found: Decimal = self.aggregate(sum=Sum("total", default=NOTHING))["sum"]
        return found


class Invoice(models.Model):
    """An invoice, or a credit note that takes a part of an invoice back. Rows are only added, which a trigger enforces.

    `document` is all that is printed but the number and the day of issue, which columns keep. The amounts of a credit
    note are positive: its kind says in which direction they go. A row may be deleted once the law does not ask for it
    any more (`kept_until`).
    """

    class Kind(models.TextChoices):
        """In which direction its amounts go."""

        INVOICE = "invoice"
        CREDIT_NOTE = "credit_note"

    PREFIX: ClassVar[dict[str, str]] = {Kind.INVOICE: "", Kind.CREDIT_NOTE: "C"}

    kind = models.CharField(max_length=11, choices=Kind)
    year = models.IntegerField()
    serial = models.IntegerField(help_text="From 1 in each year, without gaps.")
    number = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="invoices", db_index=False)
    # The invoice that a credit note belongs to.
    credits = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="credit_notes", null=True, blank=True, db_index=False
    )
    reference = models.CharField(max_length=64, help_text='What it was issued for: "order", "return:3", "refund:17".')
    # The last change of the order that an invoice contains, by the id of its revision.
    revision_id = models.BigIntegerField(default=0)
    issued_at = models.DateTimeField()
    supplied_on = models.DateField()
    kept_until = models.DateField()
    currency = models.CharField(max_length=3)
    net = MoneyField()
    tax = MoneyField()
    total = MoneyField()
    document = models.JSONField()

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "year", "serial"], name="invoice_serial"),
            # A job that runs twice writes nothing twice.
            models.UniqueConstraint(fields=["order", "reference"], condition=Q(kind="invoice"), name="invoice_once"),
            models.UniqueConstraint(
                fields=["credits", "reference"], condition=Q(kind="credit_note"), name="credit_note_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="invoice", credits=None, total__gte=0)
                | Q(kind="credit_note", credits__isnull=False, total__gt=0),
                name="invoice_kind",
            ),
            models.CheckConstraint(
                condition=Q(total=F("net") + F("tax"), net__gte=0, tax__gte=0), name="invoice_figures"
            ),
        ]
        indexes = [
            models.Index(fields=["order", "id"], name="invoice_of_order"),
            models.Index(fields=["issued_at", "id"], name="invoice_issued"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_credit_note(self) -> bool:
        """Whether it takes a part of an invoice back."""
        return self.kind == self.Kind.CREDIT_NOTE

    @property
    def file_name(self) -> str:
        """What its PDF is called."""
        return f"{self.kind.replace('_', '-')}-{self.number}.pdf"

    @property
    def shown_total(self) -> str:
        """The total for people: "1,234.50 EUR"."""
        return f"{self.total:,.{places_of(self.currency)}f} {self.currency}"


class InvoiceFile(models.Model):
    """The PDF of a document, as it was made first. Rows are only added.

    It has the number in it, which is taken last and under a lock, so it is made after the document and apart from it.
    """

    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, primary_key=True, related_name="file")
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    kept_until = models.DateField()

    def __str__(self) -> str:
        return f"PDF of {self.invoice_id}"


class Counter(models.Model):
    """The last number of a kind and a year. It is locked from when a number is taken until that is on disk."""

    kind = models.CharField(max_length=11, choices=Invoice.Kind)
    year = models.IntegerField()
    last = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "year"], name="counter_of_year")]

    def __str__(self) -> str:
        return f"{self.kind} {self.year}: {self.last}"


def end_of_keeping(issued_on: date, years: int) -> date:
    """The last day for which a document is kept: the end of a year, since the law counts from the end of a year."""
    return date(issued_on.year + years, 12, 31)
