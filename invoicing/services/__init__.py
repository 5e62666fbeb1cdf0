"""The verbs of invoices: issue what an order has become due for, make the PDF, end the keeping.

Other code imports this package, not its modules.
"""

from invoicing.services.files import file_of
from invoicing.services.following import follow_order
from invoicing.services.keeping import delete_old

__all__ = ["delete_old", "file_of", "follow_order"]
