"""The end of the keeping: documents that the law does not ask for any more are deleted."""

from database.days import today
from database.transactions import unit_of_work
from invoicing.models import Invoice, InvoiceFile


@unit_of_work
def delete_old() -> int:
    """Delete the documents whose years are over, with their PDFs, and answer how many there were.

    An invoice stays as long as one of its credit notes is kept.
    """
    day = today()
    notes = Invoice.objects.filter(kind=Invoice.Kind.CREDIT_NOTE, kept_until__lt=day)
    invoices = Invoice.objects.filter(kind=Invoice.Kind.INVOICE, kept_until__lt=day)
    invoices = invoices.exclude(credit_notes__kept_until__gte=day)
    deleted = 0
    for old in (notes, invoices):
        ids = list(old.values_list("pk", flat=True))
        InvoiceFile.objects.filter(pk__in=ids).delete()
        deleted += Invoice.objects.filter(pk__in=ids).delete()[0]
    return deleted
