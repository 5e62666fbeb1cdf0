"""The PDF of a document: made once, apart from any lock, and kept as it was made."""

import hashlib

from django.db.models.functions import Now

from database.refusals import NotFound
from invoicing.models import Invoice, InvoiceFile


def file_of(invoice_id: int) -> InvoiceFile:
    """The PDF of a document; it is made now if nobody has made it yet. Refuses NotFound.

    Two that make it at once make the same bytes, and the first that is written stays.
    """
    found = InvoiceFile.objects.filter(pk=invoice_id).first()
    return found or make_file(invoice_id)


def make_file(invoice_id: int) -> InvoiceFile:
    """Make and keep the PDF of a document."""
    # Most processes never make one, and reading fonts takes memory.
    from invoicing.pdf import pdf_of

    invoice = Invoice.objects.filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound("There is no such document.")
    content = pdf_of(invoice)
    file = InvoiceFile(
        invoice=invoice,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        made_at=Now(),
        kept_until=invoice.kept_until,
    )
    InvoiceFile.objects.bulk_create([file], ignore_conflicts=True)
    return InvoiceFile.objects.get(pk=invoice_id)
