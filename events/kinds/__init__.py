"""Every kind of event that there is, declared once. `publish` refuses any other, and tests hold payloads to theirs.

docs/events.md and the description of the API are made from here.
"""

from events.kinds.catalog import CATALOG, PRICING
from events.kinds.declaring import Kind
from events.kinds.journal import JOURNAL
from events.kinds.people import PEOPLE
from events.kinds.selling import SELLING
from events.kinds.stock import STOCK
from events.kinds.webhooks import WEBHOOKS

# By subject, as docs/events.md has them.
CHAPTERS: dict[str, list[Kind]] = {
    "Carts, orders and money": SELLING,
    "Stock": STOCK,
    "Catalog": CATALOG,
    "Prices, taxes and promotions": PRICING,
    "People": PEOPLE,
    "Webhooks": WEBHOOKS,
    "The journal": JOURNAL,
}
KINDS: dict[str, Kind] = {kind.name: kind for kinds in CHAPTERS.values() for kind in kinds}
PUBLIC = frozenset(kind.name for kind in KINDS.values() if kind.public)


def public_kinds() -> frozenset[str]:
    """The kinds that receivers of webhooks may be told of."""
    return PUBLIC
