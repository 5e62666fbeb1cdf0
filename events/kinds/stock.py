"""What happens to stock."""

from events.kinds.declaring import CHANGES, COUNT, ID, TEXT, Kind, inner, kind, listed, made_of, optional, or_null

LINES = listed(made_of(sku=TEXT, warehouse=TEXT, on_hand_delta=COUNT))
# Promises that went to other warehouses: under which reference, how many, from where to where.
MOVED = listed(made_of(reference=TEXT, sku=TEXT, quantity=COUNT, **{"from": TEXT, "to": TEXT}))
POSTING = {"reference": TEXT, "reason": TEXT, "lines": LINES, "moved": optional(MOVED)}
# What an item or a warehouse says at first, by the names of its columns.
VALUES = {"type": "object"}
ALERT = {"alert_id": ID, "sku": TEXT, "available": COUNT}

STOCK: list[Kind] = [
    kind("stock.received", "stock:{reference}", "Goods came in.", **POSTING),
    kind("stock.returned", "stock:{reference}", "Goods came back.", **POSTING),
    kind("stock.counted", "stock:{reference}", "Goods were counted.", **POSTING),
    kind("stock.transferred", "stock:{reference}", "Goods went to another warehouse.", **POSTING),
    kind(
        "stock.adjusted",
        "stock:{reference}",
        "What lies there was corrected: by a posting, or for one item (`item:{item_id}`), with what is unsold now.",
        **{name: optional(schema) for name, schema in POSTING.items()},
        item_id=optional(ID),
        difference=optional(COUNT),
        unsold=optional(COUNT),
    ),
    kind(
        "stock.reallocated",
        "stock:{reference}",
        "Promises went to other warehouses.",
        reference=TEXT,
        reason=TEXT,
        moved=MOVED,
    ),
    kind(
        "stock.written_off",
        "sku:{sku}",
        "Goods are missing: how many, the promises that were given up, and those that went to other warehouses.",
        missing=COUNT,
        given_up=listed(TEXT),
        moved=MOVED,
    ),
    kind("stock.alert_opened", "sku:{sku}", "An item became low or sold out.", **ALERT, band=TEXT),
    kind("stock.alert_worsened", "sku:{sku}", "A low item became lower, or sold out.", **ALERT, band=TEXT),
    kind(
        "stock.alert_closed", "sku:{sku}", "An item is neither low nor sold out any more.", **ALERT, band=or_null(TEXT)
    ),
    kind("stock.item_created", "sku:{sku}", "An item was made.", sku=TEXT, item_id=ID, values=VALUES),
    kind(
        "stock.item_updated",
        "sku:{sku}",
        "An item was edited: its thresholds too.",
        item_id=ID,
        sku=TEXT,
        changes=CHANGES,
    ),
    kind("stock.sku_changed", "sku:{sku}", "An item has another SKU.", item_id=ID, sku=TEXT, changes=CHANGES),
    kind(
        "stock.backorder_limit_set",
        "item:{item_id}",
        "More or less of an item may be promised than lies in a warehouse.",
        item_id=ID,
        warehouse_id=ID,
        changes=CHANGES,
    ),
    kind(
        "stock.warehouse_created",
        "warehouse:{code}",
        "A warehouse was made.",
        warehouse_id=ID,
        code=TEXT,
        values=VALUES,
    ),
    kind(
        "stock.warehouse_updated",
        "warehouse:{code}",
        "A warehouse was edited.",
        warehouse_id=ID,
        code=TEXT,
        changes=CHANGES,
    ),
    inner(
        "stock.corrected", "sku:{sku}", "`verify_stock --repair` set a counter to what the ledger says.", repair=TEXT
    ),
    inner("stock.holds_expired", "stock:holds", "Holds ended.", references=listed(TEXT)),
]
