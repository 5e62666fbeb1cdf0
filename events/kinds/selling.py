"""What happens to carts, orders, parcels, returns, money and invoices."""

from events.kinds.declaring import (
    CHANGES,
    COUNT,
    FLAG,
    ID,
    MONEY,
    TEXT,
    UUID,
    Kind,
    inner,
    kind,
    listed,
    made_of,
    optional,
)

ORDER = "order:{order_id}"
# Units by the id of their line.
UNITS = {"type": "object", "additionalProperties": COUNT}
# What left, and from where.
SENT = listed(made_of(parcel_id=ID, warehouse_id=ID, lines=UNITS))
PARCELS = {"order_id": ID, "parcel_ids": listed(ID)}
RETURN = {"order_id": ID, "return_id": ID}
ANSWER = {**RETURN, "message": TEXT}
PAYMENT = {"order_id": ID, "payment_id": ID}
CAME = {**PAYMENT, "amount": MONEY, "confirmed": FLAG}
DISPUTE = {**PAYMENT, "dispute_id": ID}
DOCUMENT = {"order_id": ID, "invoice_id": ID, "number": TEXT}

SELLING: list[Kind] = [
    kind("cart.abandoned", "cart:{cart_id}", "Nobody has touched a cart whose owner has an email.", cart_id=UUID),
    inner("cart.served", "cart:{cart_id}", "Staff did something to a customer's cart.", cart_id=UUID, did=TEXT),
    kind(
        "order.placed",
        ORDER,
        "An order was placed: by whom, at what total, and the hold that became its promise.",
        order_id=ID,
        number=optional(TEXT),
        user_id=optional(ID),
        total=optional(MONEY),
        currency=optional(TEXT),
        prices_include_tax=optional(FLAG),
        reverse_charge=optional(FLAG),
        tax_rounding=optional(TEXT),
        hold=optional(TEXT),
    ),
    kind("order.confirmed", ORDER, "An order was paid, or confirmed by staff.", order_id=ID),
    kind("order.changed", ORDER, "Addresses or the note of an order were edited.", order_id=ID, changed=listed(TEXT)),
    kind(
        "order.line_changed",
        ORDER,
        "A line has other units, was taken off or replaced: what is owed to the buyer by that.",
        order_id=ID,
        line=made_of(sku=TEXT, product_name=TEXT, before=COUNT, after=COUNT),
        owed=MONEY,
        message=TEXT,
        replaced_by=optional(made_of(sku=TEXT, product_name=TEXT, quantity=COUNT)),
    ),
    kind(
        "order.line_lost",
        ORDER,
        "The shop cannot deliver a line.",
        order_id=ID,
        line=made_of(sku=TEXT, product_name=TEXT, quantity=COUNT, subtotal=MONEY),
        message=TEXT,
    ),
    kind("order.parcel_shipped", ORDER, "A part of an order has left.", **PARCELS, parcels=optional(SENT)),
    kind(
        "order.shipped",
        ORDER,
        "All of an order has left.",
        order_id=ID,
        parcel_ids=optional(listed(ID)),
        parcels=optional(SENT),
    ),
    kind("order.parcel_tracked", ORDER, "How a parcel is followed was edited.", **PARCELS, changes=CHANGES),
    kind("order.parcel_cancelled", ORDER, "A parcel was taken back before it was handed over.", **PARCELS),
    kind("order.delivered", ORDER, "An order has arrived.", order_id=ID),
    kind("order.cancelled", ORDER, "An order was cancelled, by its buyer, by staff or by the clock.", order_id=ID),
    kind("order.deleted", ORDER, "Staff took an order out of the lists.", order_id=ID),
    kind("order.adopted", ORDER, "A guest's order belongs to an account now.", order_id=ID, user_id=ID),
    inner("order.cost_nothing", ORDER, "An order was placed that costs nothing, and so is never paid.", order_id=ID),
    inner(
        "order.noted",
        ORDER,
        "Staff wrote a note about an order.",
        order_id=ID,
        note_id=ID,
        about=TEXT,
        mentioned=listed(ID),
    ),
    kind("order.return_requested", ORDER, "A buyer asks to send goods back.", **RETURN, lines=UNITS),
    kind("order.return_approved", ORDER, "Staff agree to a return.", **ANSWER),
    kind("order.return_refused", ORDER, "Staff refuse a return.", **ANSWER),
    kind(
        "order.return_received",
        ORDER,
        "Goods of a return came in: how many, in which state, and what is proposed to be paid back.",
        **ANSWER,
        warehouse_id=ID,
        lines=listed(made_of(order_item_id=ID, quantity=COUNT, condition=TEXT, refund=MONEY)),
        refund_shipping=MONEY,
    ),
    kind("order.withdrawn", ORDER, "A buyer has withdrawn from an order or from a part of it.", **RETURN, lines=UNITS),
    kind("payment.authorized", ORDER, "Money was set apart for the shop.", **CAME),
    kind(
        "payment.paid",
        ORDER,
        "Money came. `confirmed`: that has confirmed the order.",
        **CAME,
    ),
    kind("payment.failed", ORDER, "A payment did not go through.", **PAYMENT, amount=MONEY, confirmed=optional(FLAG)),
    kind(
        "payment.refunded",
        ORDER,
        "Money went back: how much of it nobody was owed, and the units that it is for, by the id of their line.",
        **PAYMENT,
        operation_id=ID,
        amount=MONEY,
        goodwill=MONEY,
        lines=UNITS,
    ),
    kind("payment.disputed", ORDER, "A buyer's bank takes money back, or may.", **DISPUTE, status=TEXT, amount=MONEY),
    kind("payment.reinstated", ORDER, "A dispute was won.", **DISPUTE),
    inner(
        "payment.asked",
        ORDER,
        "A provider is asked for something. The first that is asked tells what is to be paid.",
        **PAYMENT,
        operation_id=ID,
        operation=TEXT,
        provider=optional(TEXT),
        amount=optional(MONEY),
        currency=optional(TEXT),
        capture_method=optional(TEXT),
    ),
    inner(
        "payment.changed",
        ORDER,
        "A payment has come further, is to be looked at by people, or costs another fee.",
        **PAYMENT,
        changes=CHANGES,
    ),
    inner("payment.dispute_changed", ORDER, "A dispute was decided.", **DISPUTE, changes=CHANGES),
    inner("payment.needs_review", ORDER, "A person has to look at a payment.", **PAYMENT, review=TEXT, operation_id=ID),
    inner(
        "payment.noticed",
        "notification:{notification_id}",
        "A provider has sent a notification.",
        notification_id=ID,
        provider=TEXT,
        notice=TEXT,
    ),
    kind("invoice.issued", ORDER, "An invoice was issued.", **DOCUMENT),
    kind("credit_note.issued", ORDER, "A credit note was issued.", **DOCUMENT),
]
