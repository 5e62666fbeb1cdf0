"""Which tables and columns of the four subjects are not rebuilt, and why. A test holds this against all models."""

# What is append-only: it is what the rest is rebuilt from. Triggers guard it, and verify_journal the journal.
LEDGERS = {
    "catalog.PriceHistory": "what was charged, and when",
    "inventory.StockMovement": "each change of a counter",
    "orders.Charge": "what an order costs beside its lines",
    "orders.OrderDiscount": "what promotions took off",
    "orders.OrderEvent": "an order's history; verify_stock holds it against the journal, step by step",
    "orders.OrderRevision": "what was changed of an order",
    "payments.Entry": "the books of a payment",
    "payments.Operation": "what a provider was asked for; what it answered is in the books and in the payment's state",
}
# Tables of which no row is rebuilt.
TABLES = {
    "catalog.Image": "files and their sequence: told by the journal, and nothing is sold by them",
    "catalog.OldSlug": "addresses of before, which lead on",
    "catalog.PlannedPrice": "a plan: what came of it is told by its variant",
    "catalog.Word": "follows from products",
    "catalog.WordKey": "follows from products",
    "catalog.WordRules": "follows from the code",
    "inventory.FormerName": "names of before, for the search",
    "inventory.StockAlert": "follows from counters and thresholds; each has events of its own",
    "orders.Figures": "added up anew",
    "payments.Notification": "an inbox: what came of it is in the payment",
}
WHEN = "when it was: the journal has a time of its own"
PERSONAL = "personal: it goes when the person is forgotten, and never stands in the journal"
DERIVED = "follows from other columns"
STANDS = "never changes, and the ledger hangs on it"
PROVIDER = "the provider's own"
# Columns of tables that are rebuilt.
COLUMNS = {
    **{
        f"catalog.{model}.{column}": WHEN
        for model in ("Category", "Product")
        for column in ("created_at", "updated_at")
    },
    "catalog.Product.description": "up to 20,000 letters: edits are told, and the first text is not",
    "catalog.Product.beside_price": DERIVED,
    "catalog.Product.option_axes": DERIVED,
    "catalog.Product.search_vector": DERIVED,
    "catalog.Product.sort_name": DERIVED,
    "catalog.Variant.lowest_price_30d": "follows from the history of prices and the day",
    "catalog.Variant.folded_options": DERIVED,
    "catalog.Variant.options_key": DERIVED,
    "catalog.Variant.position": "the others make room for one that is moved, and the journal tells that one",
    "inventory.StockItem.name": "a label: that of its variant, which is told",
    "inventory.StockItem.created_at": WHEN,
    "inventory.StockLevel.item_id": STANDS,
    "inventory.StockLevel.warehouse_id": STANDS,
    "inventory.Reservation.id": "a promise that moves is another row; it is known by its level and its reference",
    "inventory.Reservation.state": "the open ones are compared; the ledger says how the others ended",
    "inventory.Reservation.created_at": WHEN,
    "inventory.Reservation.resolved_at": WHEN,
    **dict.fromkeys(
        (
            *("orders.Order.email", "orders.Order.recipient_name", "orders.Order.phone", "orders.Order.company"),
            *("orders.Order.vat_id", "orders.Order.note", "orders.Order.folded_words", "orders.Order.country_code"),
            *(
                f"orders.Order.shipping_{part}"
                for part in ("address_line1", "address_line2", "city", "state", "postal_code", "country")
            ),
            *(
                f"orders.Order.billing_{part}"
                for part in (
                    *("name", "company", "address_line1", "address_line2", "city", "state", "postal_code"),
                    *("country", "country_code"),
                )
            ),
            *("orders.Return.note", "orders.Return.answer", "orders.ReturnLine.reason"),
        ),
        PERSONAL,
    ),
    "orders.Order.order_date": WHEN,
    "orders.Order.updated_at": WHEN,
    "orders.Order.payable_until": "a time after which the clock may cancel, which nothing is owed by",
    "orders.Order.terms_version": "what the buyer agreed to, with the moment",
    "orders.Order.terms_accepted_at": WHEN,
    "orders.Order.version": "counts what was written, of which money writes more than it tells",
    **{
        f"orders.OrderItem.{column}": "said once, which a trigger enforces; the total contradicts another price"
        for column in ("product_id", "variant_id", "sku", "product_name", "unit_price", "tax_rate", "tax_name")
    },
    "orders.Fulfilment.carrier": "how it is followed leads to an address; edits are told",
    "orders.Fulfilment.tracking_number": "how it is followed leads to an address; edits are told",
    "orders.Fulfilment.tracking_url": "how it is followed leads to an address; edits are told",
    "orders.Fulfilment.shipped_at": WHEN,
    "orders.FulfilmentLine.id": "known by its parcel and its line",
    "orders.Return.requested_at": WHEN,
    "orders.Return.updated_at": WHEN,
    "orders.ReturnLine.id": "known by its return and its line",
    "payments.Payment.provider_ref": PROVIDER,
    "payments.Payment.return_url": "where the browser goes back to",
    "payments.Payment.method_label": "personal: the last digits of a card",
    "payments.Payment.failure_code": PROVIDER,
    "payments.Payment.expiring_at": PROVIDER,
    "payments.Payment.next_check_at": "the clock's",
    "payments.Payment.checks": "the clock's",
    "payments.Payment.created_at": WHEN,
    "payments.Payment.updated_at": WHEN,
    "payments.Payment.version": "counts what was written, of which the clock writes more than it tells",
    "payments.Dispute.provider_ref": PROVIDER,
    "payments.Dispute.reason": PROVIDER,
    "payments.Dispute.due_by": PROVIDER,
    "payments.Dispute.opened_at": WHEN,
}
