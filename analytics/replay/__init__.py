"""The replay: what the shop's tables say, made anew from the journal and the ledgers. Import this package alone.

`tables` has how a subject is declared, and `orders`, `stock`, `payments` and `catalog` are the four. `rebuilding` runs
one and compares, `baseline` tells the journal where it has to begin, and `left_out` says which columns are not rebuilt,
and why.
"""

from analytics.replay.baseline import tell_baseline
from analytics.replay.catalog import CATALOG
from analytics.replay.orders import ORDERS_SUBJECT
from analytics.replay.payments import PAYMENTS_SUBJECT
from analytics.replay.rebuilding import Busy, Compared, Difference, NoSchema, Result, rebuilt, verified
from analytics.replay.stock import STOCK
from analytics.replay.tables import Subject

SUBJECTS: dict[str, Subject] = {subject.name: subject for subject in (ORDERS_SUBJECT, STOCK, PAYMENTS_SUBJECT, CATALOG)}

__all__ = [
    "SUBJECTS",
    "Busy",
    "Compared",
    "Difference",
    "NoSchema",
    "Result",
    "Subject",
    "rebuilt",
    "tell_baseline",
    "verified",
]
