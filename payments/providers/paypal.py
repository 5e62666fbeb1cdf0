"""PayPal, by its Orders API (v2): one order at PayPal for each payment, whose owner approves it on PayPal's page.

PayPal has no library that checks notifications or knows disputes, so its endpoints are called by hand. An order that
nobody approved cannot be cancelled: PayPal forgets it after some hours. Until then its buyer may approve it, which
takes no money, and the shop does not capture it.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.conf import settings

from payments.providers.notices import member, word
from payments.providers.paypal_amounts import money
from payments.providers.paypal_calls import Json, ask
from payments.providers.paypal_objects import (
    authorization_in,
    captures_in,
    disputed,
    ours_in,
    payment_of,
    read,
    what_is_left,
)
from payments.providers.paypal_signatures import check
from payments.providers.snapshot import (
    BadSignature,
    Disputed,
    Notice,
    ProviderRefused,
    ProviderUnknown,
    Request,
    Snapshot,
)

BY_HAND, CANCELS = False, False
# An order that nobody approves is forgotten by PayPal after three hours.
PAYABLE_FOR = timedelta(hours=3)
# PayPal forgets the key of an order after six hours, and others later.
KEY_LIFETIME = timedelta(hours=5)
# A report of transactions covers so many days at most.
WINDOW = timedelta(days=31)
# Transactions by which money came, and by which it went back: payments, reversals and refunds, chargebacks.
CAME, WENT_BACK = ("T00",), ("T11", "T12")


def name() -> str:
    """What buyers read."""
    return "PayPal"


def publishable_key() -> str:
    """What PayPal's script in the browser needs: the account's id is no secret."""
    return str(settings.PAYPAL_CLIENT_ID)


def create(request: Request, key: str) -> Snapshot:
    """Begin a payment. The buyer is sent to `client["approve_url"]`, and comes back to `return_url`."""
    context = {"user_action": "PAY_NOW", "shipping_preference": "NO_SHIPPING", "brand_name": settings.SHOP_NAME[:127]}
    if request.return_url:
        context |= {"return_url": request.return_url, "cancel_url": request.return_url}
    unit = {
        "custom_id": str(request.payment_id),
        # It has to be another one for each order at PayPal, and a buyer may begin anew for the same order of ours.
        "invoice_id": f"{request.order_number}-{request.payment_id}",
        "description": request.order_number,
        "amount": money(request.amount, request.currency),
    }
    body = {
        "intent": "AUTHORIZE" if request.capture_method == "manual" else "CAPTURE",
        "purchase_units": [unit],
        "payment_source": {"paypal": {"experience_context": context}},
    }
    return read(ask("POST", "/v2/checkout/orders", key=key, body=body))


def fetch(ref: str) -> Snapshot:
    """The payment as PayPal has it now, with the disputes of its captures."""
    order = order_of(ref)
    return read(order, [dispute for capture in captures_in(order) for dispute in disputes_of(capture["id"])])


def authorize(ref: str, key: str) -> Snapshot:
    """Set the money of an approved order apart, without taking it. For payments that are captured later alone."""
    if authorization_in(order_of(ref)) is None:
        ask("POST", f"/v2/checkout/orders/{ref}/authorize", key=key, body={})
    return fetch(ref)


def capture(ref: str, amount: Decimal, currency: str, key: str) -> Snapshot:
    """Take money: the whole of an approved order, or so much of what was authorized (and let the rest go).

    An order that is to be authorized first, and was not, is authorized and captured. One that was captured already
    answers what it is.
    """
    order = order_of(ref)
    if captures_in(order):
        return fetch(ref)
    if order["intent"] == "AUTHORIZE":
        authorization = authorization_in(order)
        if authorization is None:
            answer = ask("POST", f"/v2/checkout/orders/{ref}/authorize", key=f"{key}-authorize", body={})
            authorization = authorization_in(answer) or authorization_in(order_of(ref))
        if authorization is None:
            raise ProviderUnknown("PayPal shows no authorization.")
        body = {"amount": money(amount, currency), "final_capture": True}
        ask("POST", f"/v2/payments/authorizations/{authorization['id']}/capture", key=key, body=body)
        return fetch(ref)
    if amount != read(order).amount:
        raise ProviderRefused("AMOUNT_NOT_WHOLE", "PayPal takes the whole amount of an order that was approved.")
    ask("POST", f"/v2/checkout/orders/{ref}/capture", key=key, body={})
    return fetch(ref)


def cancel(ref: str, key: str) -> Snapshot:
    """Let go of what was authorized. An order without an authorization cannot be cancelled, and stays as it is."""
    order = order_of(ref)
    authorization = authorization_in(order)
    if authorization is not None and authorization["status"] in ("CREATED", "PENDING") and not captures_in(order):
        ask("POST", f"/v2/payments/authorizations/{authorization['id']}/void", key=key, body={})
    return fetch(ref)


def refund(ref: str, amount: Decimal, currency: str, key: str, operation_id: int) -> Snapshot:
    """Send so much back, from one capture after another where one alone has too little left.

    What an earlier try of this operation sent already counts, so that a repetition sends the rest alone.
    """
    order = order_of(ref)
    rest = amount - sum(
        (done.amount for done in read(order).refunds if done.operation_id == operation_id and done.state != "failed"),
        Decimal(0),
    )
    sources = what_is_left(order)
    if rest > sum(left for _, left in sources):
        raise ProviderRefused("REFUND_AMOUNT_EXCEEDED", f"PayPal has less than {rest} {currency} left to send back.")
    for capture_ref, left in sources:
        part = min(rest, left)
        if part > 0:
            body = {"amount": money(part, currency), "custom_id": f"{payment_of(order) or ''}/{operation_id}"}
            ask("POST", f"/v2/payments/captures/{capture_ref}/refund", key=f"{key}-{capture_ref}", body=body)
            rest -= part
    return fetch(ref)


def find(*, payment_id: int | None = None, since: datetime | None = None) -> list[Snapshot]:
    """The payments of one of ours, or all for which money moved since then (without a time: for 31 days).

    PayPal has no search for orders. Its report of transactions is asked, which is up to three hours behind and knows no
    order without money. That is enough: such an order can be approved by nobody whom the shop did not send there.
    """
    now = datetime.now(UTC)
    start, captures = since or now - WINDOW, list[str]()
    while start < now:
        end = min(start + WINDOW, now)
        captures += captures_between(start, end, payment_id)
        start = end
    refs = [word(capture_of(ref), "supplementary_data", "related_ids", "order_id") for ref in dict.fromkeys(captures)]
    found = [fetch(ref) for ref in dict.fromkeys(refs) if ref]
    return [snapshot for snapshot in found if payment_id in (None, snapshot.payment_id)]


def captures_between(start: datetime, end: datetime, payment_id: int | None) -> list[str]:
    """The captures by which money came between two moments, and those of which money went back then."""
    found, page, pages = list[str](), 1, 1
    while page <= pages:
        query = {
            "start_date": start.isoformat(timespec="seconds"),
            "end_date": end.isoformat(timespec="seconds"),
            "fields": "transaction_info",
            "page_size": "500",
            "page": str(page),
        }
        report = ask("GET", "/v1/reporting/transactions", query=query)
        for row in report.get("transaction_details") or []:
            code, ours = word(row, "transaction_info", "transaction_event_code"), payment_of_row(row)
            if payment_id is not None and ours not in (None, payment_id):
                continue
            if code.startswith(CAME):
                found.append(word(row, "transaction_info", "transaction_id"))
            elif code.startswith(WENT_BACK) and word(row, "transaction_info", "paypal_reference_id_type") == "TXN":
                found.append(word(row, "transaction_info", "paypal_reference_id"))
        page, pages = page + 1, int(report.get("total_pages") or 1)
    return [ref for ref in found if ref]


def payment_of_row(row: Json) -> int | None:
    """Our payment that a row of the report is about."""
    return ours_in(member(row, "transaction_info", "custom_field"))


def capture_of(ref: str) -> Json:
    """A capture; an empty one for money that came to the account by another way."""
    try:
        return ask("GET", f"/v2/payments/captures/{ref}")
    except ProviderRefused:
        return {}


def disputes_of(capture_ref: str) -> list[Disputed]:
    """The disputes about a capture. The list says little about each, so each is asked for."""
    listed = ask("GET", "/v1/customer/disputes", query={"disputed_transaction_id": capture_ref, "page_size": "50"})
    refs = [word(row, "dispute_id") for row in listed.get("items") or []]
    return [disputed(ask("GET", f"/v1/customer/disputes/{ref}")) for ref in refs if ref]


def parse_notification(headers: Mapping[str, str], body: bytes) -> Notice:
    """What an event of PayPal is about. Raises BadSignature, and ProviderUnknown when no certificate can be had.

    PayPal signs no more than a CRC32 of the body, and other bodies with the same one are easily made. So nothing of it
    is believed but that something may have happened.
    """
    check({name.lower(): value for name, value in headers.items()}, body)
    try:
        event = json.loads(body)
    except ValueError as error:
        raise BadSignature("The body is no JSON.") from error
    if not word(event, "id"):
        raise BadSignature("The body is no event.")
    resource = member(event, "resource")
    dispute = word(resource, "dispute_id")
    is_order = word(event, "resource_type") == "checkout-order"
    custom = (
        member(resource, "custom_id")
        or member(resource, "purchase_units", 0, "custom_id")
        or member(resource, "disputed_transactions", 0, "custom")
    )
    return Notice(
        event_id=word(event, "id"),
        kind=word(event, "event_type", longest=64),
        ref=word(resource, "id") if is_order else word(resource, "supplementary_data", "related_ids", "order_id"),
        object_ref=dispute or word(resource, "id"),
        payment_id=ours_in(custom),
    )


def order_of(ref: str) -> Json:
    """An order as PayPal has it."""
    return ask("GET", f"/v2/checkout/orders/{ref}")
