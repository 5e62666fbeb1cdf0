"""PayPal's state machines: orders, authorizations, captures, refunds and disputes, and the events that tell of them."""

import secrets
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.providers.books import Books, Thing
from tests.providers.notices import tell
from tests.providers.refusals import paypal_refusal

OVER = ("VOIDED", "COMPLETED")
WITHOUT_DECIMALS = {"JPY", "HUF", "TWD"}


def new() -> str:
    return secrets.token_hex(9).upper()[:17]


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def money(amount: Decimal, currency: str) -> Thing:
    places = 0 if currency in WITHOUT_DECIMALS else 2
    return {"currency_code": currency, "value": f"{amount:.{places}f}"}


def value(sent: Any) -> Decimal:
    """An amount that was sent. PayPal refuses what has more decimals than it knows."""
    if not isinstance(sent, dict) or set(sent) != {"currency_code", "value"}:
        raise paypal_refusal("MISSING_REQUIRED_PARAMETER", "amount", status=400)
    amount = Decimal(sent["value"])
    if sent != money(amount, sent["currency_code"]):
        raise paypal_refusal("DECIMAL_PRECISION", "Too many or too few decimals.")
    if amount <= 0:
        raise paypal_refusal("CANNOT_BE_ZERO_OR_NEGATIVE", "Must be greater than zero.")
    return amount


def begin(books: Books, intent: str, unit: Thing, context: Thing) -> Thing:
    value(unit["amount"])
    # An invoice id is taken by the payment that used it, so that nobody pays twice by mistake.
    if any(unit["invoice_id"] == one["purchase_units"][0]["invoice_id"] for one in paid(books, unit["custom_id"])):
        raise paypal_refusal("DUPLICATE_INVOICE_ID", "Duplicate invoice id.")
    order = {
        "id": new(),
        "intent": intent,
        "status": "PAYER_ACTION_REQUIRED",
        "purchase_units": [{"reference_id": "default"} | unit],
        "payment_source": {"paypal": {}},
        "create_time": now(),
        "return_url": context.get("return_url", ""),
        "declines": False,
    }
    return books.add("order", order, payment=unit["custom_id"])


def paid(books: Books, payment: str) -> list[Thing]:
    return [order for order in books.all("order", payment=payment) if order["status"] == "COMPLETED"]


def approve(books: Books, order: Thing, declines: bool = False) -> None:
    """The buyer agrees on PayPal's page. With `declines` their bank will refuse the capture."""
    if order["status"] in OVER:
        raise paypal_refusal("ORDER_ALREADY_COMPLETED", f"The order is {order['status']}.")
    order |= {"status": "APPROVED", "declines": declines}
    books.save(order)
    tell(books, "paypal", "CHECKOUT.ORDER.APPROVED", shown(books, order), "checkout-order")


def check_approved(order: Thing, intent: str) -> None:
    if order["intent"] != intent:
        raise paypal_refusal("ACTION_DOES_NOT_MATCH_INTENT", "The order has another intent.")
    if order["status"] == "COMPLETED":
        done = "CAPTURED" if intent == "CAPTURE" else "AUTHORIZED"
        raise paypal_refusal(f"ORDER_ALREADY_{done}", "The order was completed before.")
    if order["status"] != "APPROVED":
        raise paypal_refusal("ORDER_NOT_APPROVED", "Payer has not yet approved the order for payment.")
    if order["declines"]:
        # PayPal asks the buyer for another instrument.
        raise paypal_refusal("INSTRUMENT_DECLINED", "The instrument presented was declined.")


def capture_order(books: Books, order: Thing) -> None:
    check_approved(order, "CAPTURE")
    order["status"] = "COMPLETED"
    books.save(order)
    unit = order["purchase_units"][0]
    add_capture(books, order, value(unit["amount"]), unit["amount"]["currency_code"])


def authorize(books: Books, order: Thing) -> None:
    check_approved(order, "AUTHORIZE")
    order["status"] = "COMPLETED"
    books.save(order)
    unit = order["purchase_units"][0]
    authorization = {
        "id": new(),
        "status": "CREATED",
        "amount": unit["amount"],
        "custom_id": unit["custom_id"],
        "invoice_id": unit["invoice_id"],
        "create_time": now(),
        "expiration_time": (datetime.now(UTC) + timedelta(29)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "supplementary_data": {"related_ids": {"order_id": order["id"]}},
    }
    books.add("authorization", authorization, parent=order["id"])
    tell(books, "paypal", "PAYMENT.AUTHORIZATION.CREATED", authorization, "authorization")


def order_of(books: Books, thing: Thing) -> Thing:
    """The order to which an authorization or a capture belongs."""
    order = books.get("order", thing["supplementary_data"]["related_ids"]["order_id"])
    assert order is not None
    return order


def capture_authorization(books: Books, authorization: Thing, amount: Decimal) -> Thing:
    if authorization["status"] == "VOIDED":
        raise paypal_refusal("AUTHORIZATION_VOIDED", "A voided authorization cannot be captured.")
    if authorization["status"] != "CREATED":
        raise paypal_refusal("AUTHORIZATION_ALREADY_CAPTURED", "Authorization has been previously captured.")
    if amount > value(authorization["amount"]):
        raise paypal_refusal("MAX_CAPTURE_AMOUNT_EXCEEDED", "Capture amount exceeds allowable limit.")
    authorization["status"] = "CAPTURED"
    books.save(authorization)
    return add_capture(books, order_of(books, authorization), amount, authorization["amount"]["currency_code"])


def void(books: Books, authorization: Thing) -> None:
    if authorization["status"] != "CREATED":
        raise paypal_refusal("PREVIOUSLY_CAPTURED", f"The authorization is {authorization['status']}.")
    authorization["status"] = "VOIDED"
    books.save(authorization)
    tell(books, "paypal", "PAYMENT.AUTHORIZATION.VOIDED", authorization, "authorization")


def add_capture(books: Books, order: Thing, amount: Decimal, currency: str) -> Thing:
    """Money is taken. PayPal's fee: 3.49 % and 0.49."""
    fee = amount * Decimal("0.0349") + Decimal("0.49")
    unit = order["purchase_units"][0]
    capture = {
        "id": new(),
        "status": "COMPLETED",
        "amount": money(amount, currency),
        "final_capture": True,
        "custom_id": unit["custom_id"],
        "invoice_id": unit["invoice_id"],
        "create_time": now(),
        "seller_receivable_breakdown": {
            "gross_amount": money(amount, currency),
            "paypal_fee": money(fee, currency),
            "net_amount": money(amount - fee, currency),
        },
        "supplementary_data": {"related_ids": {"order_id": order["id"]}},
    }
    books.add("capture", capture, parent=order["id"], payment=unit["custom_id"])
    tell(books, "paypal", "PAYMENT.CAPTURE.COMPLETED", capture, "capture")
    return capture


def left(books: Books, capture: Thing) -> Decimal:
    """What of a capture did not go back."""
    refunds = books.of(order_of(books, capture)["id"], "paypal_refund")
    back = [value(one["amount"]) for one in refunds if one["capture"] == capture["id"] and one["status"] != "FAILED"]
    return value(capture["amount"]) - sum(back)


def refund(books: Books, capture: Thing, amount: Decimal | None, custom: str, base: str) -> Thing:
    """Send money back: what the shop asks for, or somebody at the dashboard."""
    rest = left(books, capture)
    if rest == 0:
        raise paypal_refusal("CAPTURE_FULLY_REFUNDED", "The capture has already been fully refunded.")
    amount = rest if amount is None else amount
    if amount > rest:
        raise paypal_refusal("REFUND_AMOUNT_EXCEEDED", "The refund amount must be less than or equal to what is left.")
    made = {
        "id": new(),
        "status": "PENDING" if books.setting("refunds_wait") else "COMPLETED",
        "amount": money(amount, capture["amount"]["currency_code"]),
        "custom_id": custom or capture["custom_id"],
        "capture": capture["id"],
        "create_time": now(),
        "links": [{"rel": "up", "href": f"{base}/v2/payments/captures/{capture['id']}", "method": "GET"}],
    }
    books.add("paypal_refund", made, parent=order_of(books, capture)["id"], payment=capture["custom_id"])
    capture["status"] = "REFUNDED" if amount == rest else "PARTIALLY_REFUNDED"
    books.save(capture)
    tell(books, "paypal", "PAYMENT.CAPTURE.REFUNDED", without(made, "capture"), "refund")
    return made


def settle_refund(books: Books, refund: Thing, succeeds: bool) -> None:
    refund["status"] = "COMPLETED" if succeeds else "FAILED"
    books.save(refund)
    kind = "PAYMENT.CAPTURE.REFUNDED" if succeeds else "PAYMENT.REFUND.FAILED"
    tell(books, "paypal", kind, without(refund, "capture"), "refund")


def dispute(books: Books, capture: Thing, reason: str) -> Thing:
    """The buyer asks PayPal for the money back."""
    amount = left(books, capture)
    if amount == 0:
        raise paypal_refusal("NOTHING_TO_DISPUTE", "Nothing is left to dispute.")
    made = {
        "id": f"PP-D-{secrets.randbelow(10**6)}",
        "create_time": now(),
        "reason": reason or "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        "status": "WAITING_FOR_SELLER_RESPONSE",
        "dispute_amount": money(amount, capture["amount"]["currency_code"]),
        "seller_response_due_date": (datetime.now(UTC) + timedelta(10)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "disputed_transactions": [{"seller_transaction_id": capture["id"], "custom": capture["custom_id"]}],
    }
    made["dispute_id"] = made["id"]
    books.add("paypal_dispute", made, parent=capture["id"], payment=capture["custom_id"])
    tell(books, "paypal", "CUSTOMER.DISPUTE.CREATED", without(made, "id"), "dispute")
    return made


def close_dispute(books: Books, dispute: Thing, won: bool) -> None:
    outcome = "RESOLVED_SELLER_FAVOUR" if won else "RESOLVED_BUYER_FAVOUR"
    dispute |= {"status": "RESOLVED", "dispute_outcome": {"outcome_code": outcome}}
    books.save(dispute)
    tell(books, "paypal", "CUSTOMER.DISPUTE.RESOLVED", without(dispute, "id"), "dispute")


def shown(books: Books, order: Thing, base: str = "") -> Thing:
    """An order as PayPal shows it, with its payments."""
    kinds = {"authorizations": "authorization", "captures": "capture", "refunds": "paypal_refund"}
    payments = {name: [without(one, "capture") for one in books.of(order["id"], kind)] for name, kind in kinds.items()}
    payments = {name: found for name, found in payments.items() if found}
    unit = order["purchase_units"][0] | ({"payments": payments} if payments else {})
    links = [{"rel": "self", "href": f"{base}/v2/checkout/orders/{order['id']}", "method": "GET"}]
    if order["status"] == "PAYER_ACTION_REQUIRED":
        page = f"{base.removesuffix('/paypal')}/customer/{order['id']}"
        links.append({"rel": "payer-action", "href": page, "method": "GET"})
    return without(order, "return_url", "declines") | {"purchase_units": [unit], "links": links}


def without(thing: Thing, *names: str) -> Thing:
    """A thing without what the fake alone knows of it."""
    return {name: value for name, value in thing.items() if name not in names}
