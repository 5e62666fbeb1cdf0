"""The data that the shop keeps of a person: what an export hands out, and what happens when the person is forgotten.

Every model with a relation to a user has a row in POLICIES, and a test finds a model without one. The forgetting itself
is `accounts.leaving.forget`.
"""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Q

from accounts.models import StaffNote, User
from events.models import Event
from invoicing.models import Invoice
from orders.models import OrderEvent, OrderItem, Return, ReturnLine

PROFILE = (
    *("id", "email", "first_name", "last_name", "phone"),
    *("address_line1", "address_line2", "city", "state", "postal_code", "country"),
    *("is_active", "is_staff", "email_confirmed_at", "created_at", "updated_at", "last_login"),
)


@dataclass(frozen=True, slots=True)
class Policy:
    """The treatment of one model. `exported` are the fields that the person gets; none where none tells of a person."""

    exported: tuple[str, ...]
    when_forgotten: str


POLICIES = {
    "accounts.Session": Policy(
        (
            *("id", "channel", "user_agent", "otp_device", "created_at", "refreshed_at", "expires_at"),
            *("revoked_at", "revoked_reason"),
        ),
        "It ends at once, its user agent is erased, and the row goes with the next purge.",
    ),
    "accounts.FormerEmail": Policy(("email", "replaced_at"), "It is deleted, and with the purge a week after its end."),
    "accounts.Address": Policy(
        (
            *("recipient_name", "company", "vat_id", "phone", "address_line1", "address_line2", "city", "state"),
            *("postal_code", "country_code", "is_default_shipping", "is_default_billing", "created_at", "updated_at"),
        ),
        "It is deleted. Orders keep the address that they went to.",
    ),
    "accounts.StaffNote": Policy(
        (),
        "Notes about the person and about their orders are deleted, and with the account of a colleague the mentions of"
        " them. What a colleague wrote about others stays.",
    ),
    "accounts.ApiKey": Policy(
        (),
        "It stays, since a program works with it. Who made it is a number, which tells of nobody any more.",
    ),
    "orders.Order": Policy(
        (
            *("id", "number", "status", "total_amount", "currency", "order_date", "updated_at", "deleted_at"),
            *("recipient_name", "phone", "email", "company", "vat_id", "note"),
            *("shipping_address_line1", "shipping_address_line2", "shipping_city", "shipping_state"),
            *("shipping_postal_code", "shipping_country"),
            *("billing_name", "billing_company", "billing_address_line1", "billing_address_line2", "billing_city"),
            *("billing_state", "billing_postal_code", "billing_country"),
        ),
        "It stays: the books must say what was sold and where it went. Recipient, phone, email, company, note,"
        " and the name and company of the billing address are erased, and so is what was said about returns. While an"
        " order or a return is open its customer is not forgotten. Invoices and credit notes stay as they were issued,"
        " until INVOICE_YEARS are over: the law asks for them.",
    ),
    "checkout.Cart": Policy(
        (
            *("id", "state", "email", "phone", "shipping_address", "billing_address", "note", "created_at"),
            *("updated_at",),
        ),
        "It is deleted, as it is when nobody has touched it for CART_KEEP_DAYS.",
    ),
    "api.IdempotencyKey": Policy((), "It is deleted: it holds answers that the person has had."),
    "staff.PostedForm": Policy(
        (), "It goes with the next purge: it is a number, a moment, and the page that followed."
    ),
    "admin.LogEntry": Policy((), "Never written: the journal is the audit trail."),
    "otp_totp.TOTPDevice": Policy(("name", "confirmed", "created_at", "last_used_at"), "It is deleted."),
    "otp_static.StaticDevice": Policy(("name", "confirmed", "created_at", "last_used_at"), "It is deleted."),
}


def export(user: User) -> dict[str, Any]:
    """All data of a person, by model: the profile, orders with lines and history, notes, sessions, devices, journal."""
    data: dict[str, Any] = {"profile": User.objects.filter(pk=user.pk).values(*PROFILE).get()}
    for label, policy in POLICIES.items():
        if policy.exported:
            rows = apps.get_model(label)._default_manager.filter(user=user.pk).order_by("pk")
            data[label] = list(rows.values(*policy.exported))
    for order in data["orders.Order"]:
        lines = OrderItem.objects.filter(order=order["id"])
        order["items"] = list(lines.values("sku", "product_name", "quantity", "unit_price", "subtotal"))
        returns = Return.objects.filter(order=order["id"])
        order["returns"] = list(returns.values("kind", "state", "requested_at", "note", "answer"))
        reasons = ReturnLine.objects.filter(of__order=order["id"])
        order["returned"] = list(reasons.values("order_item__sku", "quantity", "reason"))
        invoices = Invoice.objects.filter(order=order["id"])
        order["invoices"] = list(invoices.values("kind", "number", "issued_at", "kept_until", "document"))
        order["history"] = list(OrderEvent.objects.filter(order=order["id"]).values("at", "event", "to_status", "note"))
    about = [f"user:{user.pk}", *(f"order:{order['id']}" for order in data["orders.Order"])]
    data["notes"] = list(StaffNote.objects.filter(subject__in=about).values("at", "subject", "text"))
    own = Q(subject=f"user:{user.pk}") | Q(actor__in=[f"customer:{user.pk}", f"staff:{user.pk}"])
    data["journal"] = list(Event.objects.filter(own).order_by("id").values("at", "kind", "subject", "payload"))
    return data
