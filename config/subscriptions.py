"""Every side effect of the shop, on one page: what happens, and which job follows.

The dispatcher defers these jobs after the event's transaction has committed, at least once each. A job takes
`event_id`, `kind` and `payload`, and a second call with the same event must do no harm. Events without side effects
(edits of the catalog, postings of stock, logins) stand in the journal and not here. Jobs that run by the clock are
marked `@app.periodic` in the `tasks.py` of their app.
"""

import accounts.tasks
import checkout.tasks
import events.webhooks.tasks
import invoicing.tasks
import orders.tasks
import payments.tasks
from events.dispatcher import Subscriptions

SUBSCRIPTIONS: Subscriptions = {
    "cart.abandoned": [checkout.tasks.mail_cart_reminder],
    "credit_note.issued": [invoicing.tasks.mail_document],
    "invoice.issued": [invoicing.tasks.mail_document],
    "order.noted": [accounts.tasks.mail_mentioned],
    "order.placed": [orders.tasks.mail_customer],
    "order.confirmed": [orders.tasks.mail_customer],
    "order.changed": [orders.tasks.mail_customer, invoicing.tasks.follow_order],
    "order.cost_nothing": [payments.tasks.settle_order],
    "order.line_changed": [orders.tasks.mail_customer, payments.tasks.settle_order, invoicing.tasks.follow_order],
    "order.line_lost": [orders.tasks.mail_customer, payments.tasks.settle_order, invoicing.tasks.follow_order],
    "order.parcel_shipped": [orders.tasks.mail_customer, payments.tasks.settle_order, invoicing.tasks.follow_order],
    "order.parcel_tracked": [orders.tasks.mail_customer],
    "order.return_approved": [orders.tasks.mail_about_return],
    "order.return_received": [
        orders.tasks.mail_about_return,
        payments.tasks.settle_order,
        invoicing.tasks.follow_order,
    ],
    "order.return_refused": [orders.tasks.mail_about_return],
    "order.return_requested": [orders.tasks.mail_about_return],
    "order.shipped": [orders.tasks.mail_customer, payments.tasks.settle_order, invoicing.tasks.follow_order],
    "order.delivered": [orders.tasks.mail_customer],
    "order.cancelled": [orders.tasks.mail_customer, payments.tasks.settle_order, invoicing.tasks.follow_order],
    "order.deleted": [orders.tasks.mail_customer, payments.tasks.settle_order, invoicing.tasks.follow_order],
    "order.withdrawn": [orders.tasks.mail_about_return],
    "payment.asked": [payments.tasks.carry_out],
    "payment.failed": [payments.tasks.mail_buyer],
    "payment.noticed": [payments.tasks.look_into],
    "payment.paid": [payments.tasks.mail_buyer, invoicing.tasks.follow_order],
    "payment.refunded": [payments.tasks.mail_buyer, invoicing.tasks.follow_order],
    "user.confirmation_requested": [accounts.tasks.mail_email_confirmation],
    "user.email_changed": [accounts.tasks.mail_changed_credentials, accounts.tasks.mail_email_confirmation],
    "user.email_confirmed": [orders.tasks.adopt_orders],
    "user.leaving": [accounts.tasks.mail_leaving],
    "user.noted": [accounts.tasks.mail_mentioned],
    "user.password_changed": [accounts.tasks.mail_changed_credentials],
    "user.password_reset_requested": [accounts.tasks.mail_password_reset],
    "user.registered": [accounts.tasks.mail_email_confirmation],
    "webhook.disabled": [events.webhooks.tasks.mail_disabled_webhook],
}
