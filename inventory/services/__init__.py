"""The verbs of stock: the only writer of levels, reservations and the ledger. Import this package, not its files.

`engine` locks and writes (its SQL is in `statements`), `allocation` decides, `alerts` watches the low lines; `records`,
`postings` and `promises` hold the verbs for items and warehouses, for goods, and for reservations; `holds` those for
reservations that end; `resolving` keeps promises or gives them back, and `unshipping` undoes a parcel; `moving` and
`reallocation` let promises come from other warehouses, and `shortfalls` breaks them; `repair` mends the counters that
`verify_stock` finds wrong.
"""

from inventory.services.holds import expire_holds, extend_hold, promise, replace_hold
from inventory.services.lines import (
    AdjustmentLine,
    Condition,
    CountLine,
    Moved,
    PostedLine,
    Posting,
    ReceiptLine,
    ReturnLine,
    TransferLine,
)
from inventory.services.moving import move_promise
from inventory.services.postings import (
    adjust_stock,
    count_stock,
    receive_stock,
    return_stock,
    set_stock,
    transfer_stock,
)
from inventory.services.promises import Allocation, reserve
from inventory.services.records import (
    change_sku,
    create_item,
    create_warehouse,
    rename_item,
    set_backorder_limit,
    set_sold,
    settle_alerts_of_all,
    update_item,
    update_warehouse,
)
from inventory.services.repair import repair_stock
from inventory.services.resolving import fulfil, release
from inventory.services.shortfalls import Outlook, outlook, write_off
from inventory.services.unshipping import unship

__all__ = [
    "AdjustmentLine",
    "Allocation",
    "Condition",
    "CountLine",
    "Moved",
    "Outlook",
    "PostedLine",
    "Posting",
    "ReceiptLine",
    "ReturnLine",
    "TransferLine",
    "adjust_stock",
    "change_sku",
    "count_stock",
    "create_item",
    "create_warehouse",
    "expire_holds",
    "extend_hold",
    "fulfil",
    "move_promise",
    "outlook",
    "promise",
    "receive_stock",
    "release",
    "rename_item",
    "repair_stock",
    "replace_hold",
    "reserve",
    "return_stock",
    "set_backorder_limit",
    "set_sold",
    "set_stock",
    "settle_alerts_of_all",
    "transfer_stock",
    "unship",
    "update_item",
    "update_warehouse",
    "write_off",
]
