"""What PayPal's orders and disputes say, as a Snapshot."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from payments.providers.notices import member, number
from payments.providers.paypal_amounts import amount_in
from payments.providers.snapshot import Captured, Disputed, Refunded, Snapshot, State

Json = dict[str, Any]
# A capture in one of these states took money, whatever went back later.
TAKEN = ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED")
AUTHORIZATIONS: dict[str, State] = {
    "CREATED": "authorized",
    "VOIDED": "cancelled",
    "EXPIRED": "cancelled",
    "DENIED": "failed",
}
REFUNDS: dict[str, Literal["pending", "done", "failed"]] = {
    "COMPLETED": "done",
    "FAILED": "failed",
    "CANCELLED": "failed",
}
# A dispute that is over and not named here was lost: PayPal sent the money back.
WON = ("RESOLVED_SELLER_FAVOUR", "CANCELED_BY_BUYER", "DENIED")


def read(order: Json, disputes: Sequence[Disputed] = ()) -> Snapshot:
    """An order at PayPal. Its disputes are asked for apart."""
    amount = member(order, "purchase_units", 0, "amount")
    authorization = authorization_in(order)
    state = state_of(order)
    approve_url = next((link["href"] for link in links(order) if link["rel"] in ("payer-action", "approve")), "")
    expires = authorization.get("expiration_time") if authorization else None
    return Snapshot(
        ref=order["id"],
        state=state,
        amount=amount_in(amount),
        currency=amount["currency_code"],
        captures=tuple(captured(capture) for capture in captures_in(order)),
        refunds=tuple(refunded(refund) for refund in payments_in(order, "refunds")),
        disputes=tuple(disputes),
        approved=is_approved(order),
        payment_id=payment_of(order),
        failure_code=failure_of(order),
        method_label="PayPal",
        expires_at=moment(expires) if expires and state == "authorized" else None,
        client={"approve_url": approve_url} if approve_url and state == "open" and not is_approved(order) else {},
    )


def state_of(order: Json) -> State:
    """How far the money of an order has come."""
    if captures_in(order):
        return "paid"
    waiting = [capture["status"] for capture in payments_in(order, "captures")]
    authorization = authorization_in(order)
    if authorization is not None and "PENDING" not in waiting:
        return AUTHORIZATIONS.get(authorization["status"], "open")
    if order["status"] == "VOIDED":
        return "cancelled"
    return "failed" if order["status"] == "COMPLETED" and "PENDING" not in waiting else "open"


def is_approved(order: Json) -> bool:
    """Whether the owner agreed, and nothing was done with it yet."""
    return bool(
        order["status"] == "APPROVED" and not payments_in(order, "captures") and authorization_in(order) is None
    )


def payments_in(order: Json, kind: str) -> list[Json]:
    """The captures, refunds or authorizations of an order."""
    return member(order, "purchase_units", 0, "payments", kind) or []


def captures_in(order: Json) -> list[Json]:
    """The captures that took money."""
    return [capture for capture in payments_in(order, "captures") if capture["status"] in TAKEN]


def authorization_in(order: Json) -> Json | None:
    """The authorization of an order, if it has one."""
    return next(iter(payments_in(order, "authorizations")), None)


def what_is_left(order: Json) -> list[tuple[str, Decimal]]:
    """The captures of an order, each with what did not go back yet."""
    left = {capture["id"]: amount_in(capture["amount"]) for capture in captures_in(order)}
    for refund in payments_in(order, "refunds"):
        if REFUNDS.get(refund["status"], "pending") != "failed":
            source = next((link["href"].rpartition("/")[2] for link in links(refund) if link["rel"] == "up"), "")
            left[source if source in left else next(iter(left))] -= amount_in(refund["amount"])
    return list(left.items())


def captured(capture: Json) -> Captured:
    """Money that was taken. The fee is told where it is in the same currency."""
    fee = member(capture, "seller_receivable_breakdown", "paypal_fee")
    same = fee is not None and fee["currency_code"] == capture["amount"]["currency_code"]
    return Captured(
        ref=capture["id"],
        amount=amount_in(capture["amount"]),
        at=moment(capture.get("create_time")),
        fee=amount_in(fee) if same else None,
    )


def refunded(refund: Json) -> Refunded:
    """Money that goes back. `custom_id` is "payment/operation" where we asked for it."""
    return Refunded(
        ref=refund["id"],
        amount=amount_in(refund["amount"]),
        state=REFUNDS.get(refund["status"], "pending"),
        at=moment(refund.get("create_time")),
        operation_id=number(str(refund.get("custom_id") or "").partition("/")[2]),
    )


def disputed(dispute: Json) -> Disputed:
    """One dispute. `due_by` is until when the shop may answer."""
    outcome = member(dispute, "dispute_outcome", "outcome_code")
    over: Literal["won", "lost"] = "won" if outcome in WON else "lost"
    return Disputed(
        ref=dispute["dispute_id"],
        status=over if dispute["status"] == "RESOLVED" else "open",
        amount=amount_in(dispute["dispute_amount"]),
        reason=str(dispute.get("reason") or "").lower(),
        due_by=moment(dispute.get("seller_response_due_date")),
    )


def failure_of(order: Json) -> str:
    """Why the latest capture took nothing, by PayPal's word for it."""
    captures = payments_in(order, "captures")
    if not captures or captures[-1]["status"] not in ("DECLINED", "FAILED"):
        return ""
    return str(member(captures[-1], "status_details", "reason") or captures[-1]["status"])[:64]


def payment_of(order: Json) -> int | None:
    """Our payment that an order is for."""
    return ours_in(member(order, "purchase_units", 0, "custom_id"))


def ours_in(custom: Any) -> int | None:
    """Our payment in a `custom_id`: all of it, or the part before the slash at a refund."""
    return number(custom.partition("/")[0]) if isinstance(custom, str) else None


def links(document: Json) -> list[Json]:
    """The links of an object."""
    return [link for link in document.get("links") or [] if {"rel", "href"} <= link.keys()]


def moment(text: str | None) -> datetime | None:
    """A time as PayPal writes it."""
    return datetime.fromisoformat(text) if text else None
