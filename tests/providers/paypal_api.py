"""PayPal's endpoints: what their bodies are, and how things are shown and reported."""

import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.providers import paypal_machine as machine
from tests.providers.books import Books, Thing
from tests.providers.refusals import paypal_refusal

CLIENT_ID, CLIENT_SECRET = "the-fake", "secret-of-the-fake"  # it opens nothing
TOKEN = f"A21AA{secrets.token_hex(16)}"
ORDER, PLACE = r"/v2/checkout/orders/([A-Z0-9]+)", "/v2/checkout/orders"
AUTHORIZATION, CAPTURE = r"/v2/payments/authorizations/([A-Z0-9]+)", r"/v2/payments/captures/([A-Z0-9]+)"
REPORT = "/v1/reporting/transactions"


def found(books: Books, kind: str, ref: str) -> Thing:
    thing = books.get(kind, ref)
    if thing is None:
        raise paypal_refusal("INVALID_RESOURCE_ID", "The specified resource does not exist.", status=404)
    return thing


def known(body: Thing, *names: str) -> None:
    for name in body:
        if name not in names:
            raise paypal_refusal("MALFORMED_REQUEST_JSON", f"Unknown member: {name}", status=400)


def create(books: Books, body: Thing, base: str) -> Thing:
    known(body, "intent", "purchase_units", "payment_source")
    if body.get("intent") not in ("CAPTURE", "AUTHORIZE") or len(body.get("purchase_units", [])) != 1:
        raise paypal_refusal("MISSING_REQUIRED_PARAMETER", "intent, purchase_units", status=400)
    unit, source = body["purchase_units"][0], body["payment_source"]["paypal"]
    known(unit, "custom_id", "invoice_id", "description", "amount")
    known(source, "experience_context")
    context = source["experience_context"]
    known(context, "user_action", "shipping_preference", "brand_name", "return_url", "cancel_url")
    return machine.shown(books, machine.begin(books, body["intent"], unit, context), base)


def show_order(books: Books, body: Thing, base: str, ref: str) -> Thing:
    return machine.shown(books, found(books, "order", ref), base)


def capture_order(books: Books, body: Thing, base: str, ref: str) -> Thing:
    known(body)
    order = found(books, "order", ref)
    machine.capture_order(books, order)
    return machine.shown(books, order, base)


def authorize(books: Books, body: Thing, base: str, ref: str) -> Thing:
    known(body)
    order = found(books, "order", ref)
    machine.authorize(books, order)
    return machine.shown(books, order, base)


def capture_authorization(books: Books, body: Thing, base: str, ref: str) -> Thing:
    known(body, "amount", "final_capture", "invoice_id")
    authorization = found(books, "authorization", ref)
    return machine.capture_authorization(books, authorization, machine.value(body.get("amount")))


def void(books: Books, body: Thing, base: str, ref: str) -> Thing:
    known(body)
    authorization = found(books, "authorization", ref)
    machine.void(books, authorization)
    return authorization


def show_capture(books: Books, body: Thing, base: str, ref: str) -> Thing:
    return found(books, "capture", ref)


def refund(books: Books, body: Thing, base: str, ref: str) -> Thing:
    known(body, "amount", "custom_id", "note_to_payer")
    amount = machine.value(body["amount"]) if "amount" in body else None
    made = machine.refund(books, found(books, "capture", ref), amount, body.get("custom_id", ""), base)
    return machine.without(made, "capture")


def list_disputes(books: Books, query: Thing, base: str) -> Thing:
    known(query, "disputed_transaction_id", "page_size")
    disputes = books.of(query["disputed_transaction_id"], "paypal_dispute")
    # The list says little about each.
    shown = ("dispute_id", "reason", "status", "dispute_amount", "create_time")
    return {"items": [{name: one[name] for name in shown} for one in disputes]}


def show_dispute(books: Books, query: Thing, base: str, ref: str) -> Thing:
    return machine.without(found(books, "paypal_dispute", ref), "id")


def report(books: Books, query: Thing, base: str) -> Thing:
    """Transactions between two moments, in pages: captures (T0006) and refunds (T1107)."""
    known(query, "start_date", "end_date", "fields", "page_size", "page")
    start, end = (datetime.fromisoformat(query[name]).timestamp() for name in ("start_date", "end_date"))
    if not 0 <= end - start <= 31 * 86_400:
        raise paypal_refusal("INVALID_REQUEST", "Date range is greater than 31 days", status=400)
    # PayPal's seconds have no fractions: what happened within the last one is of it.
    rows = [row(one, "T0006") for one in books.all("capture", since=start, until=end + 1)]
    rows += [row(one, "T1107") for one in books.all("paypal_refund", since=start, until=end + 1)]
    size, page = int(query["page_size"]), int(query["page"])
    return {
        "transaction_details": rows[(page - 1) * size : page * size],
        "page": page,
        "total_items": len(rows),
        "total_pages": max(1, -(-len(rows) // size)),
    }


def row(thing: Thing, code: str) -> Thing:
    info: Thing = {
        "transaction_id": thing["id"],
        "transaction_event_code": code,
        "transaction_amount": thing["amount"],
        "transaction_status": "S",
        "custom_field": thing["custom_id"],
    }
    if "capture" in thing:
        info |= {"paypal_reference_id": thing["capture"], "paypal_reference_id_type": "TXN"}
    return {"transaction_info": info}


Endpoint = Callable[..., Any]
# By method and path: the name of the call, for faults, what answers it, and with which status.
ROUTES: list[tuple[str, str, str, Endpoint, int]] = [
    ("POST", PLACE, "paypal.create", create, 201),
    ("GET", ORDER, "paypal.fetch", show_order, 200),
    ("POST", f"{ORDER}/capture", "paypal.capture", capture_order, 201),
    ("POST", f"{ORDER}/authorize", "paypal.authorize", authorize, 201),
    ("POST", f"{AUTHORIZATION}/capture", "paypal.capture", capture_authorization, 201),
    ("POST", f"{AUTHORIZATION}/void", "paypal.cancel", void, 200),
    ("GET", CAPTURE, "paypal.show_capture", show_capture, 200),
    ("POST", f"{CAPTURE}/refund", "paypal.refund", refund, 201),
    ("GET", "/v1/customer/disputes", "paypal.list_disputes", list_disputes, 200),
    ("GET", r"/v1/customer/disputes/(PP-D-\d+)", "paypal.show_dispute", show_dispute, 200),
    ("GET", REPORT, "paypal.find", report, 200),
]


def matched(path: str, pattern: str) -> list[str] | None:
    """What a path names, when it is of this form."""
    match = re.fullmatch(pattern, path)
    return None if match is None else list(match.groups())
