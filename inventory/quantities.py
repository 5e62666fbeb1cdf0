"""The figures of a level that are computed and never stored, for SQL and for the ORM. The model has them as properties.

In SQL the row of inventory_stocklevel is called `level`.
"""

from django.db.models import F

# Units that can still be promised.
AVAILABLE = "level.on_hand + level.backorder_limit - level.reserved"
available_units = F("on_hand") + F("backorder_limit") - F("reserved")
# Units that lie there and are promised to nobody; negative when more is promised than is there.
UNSOLD = "level.on_hand - level.reserved"
