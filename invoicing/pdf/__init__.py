"""The PDF of an invoice or a credit note. Other code imports this package, not its modules.

The same document makes the same bytes. It is made from the row alone: no database, no network, no clock.
"""

from invoicing.pdf.sheet import pdf_of

__all__ = ["pdf_of"]
