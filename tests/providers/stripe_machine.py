"""Stripe's state machines: PaymentIntents, charges, refunds and disputes, and the events that tell of them."""

import secrets
import time

from tests.providers.books import Books, Thing
from tests.providers.notices import tell
from tests.providers.refusals import stripe_refusal

# What the test cards of Stripe do.
DECLINED = {"4000000000000002": "generic_decline", "4000000000009995": "insufficient_funds"}
ASKS_FOR_MORE = ("4000002500003155", "4000000000003220")
CANCELLABLE = ("requires_payment_method", "requires_action", "requires_capture")
AUTHORIZED_FOR = 7 * 86_400


def new(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def begin(books: Books, amount: int, currency: str, capture_method: str, metadata: Thing, description: str) -> Thing:
    ref = new("pi")
    intent = {
        "id": ref,
        "object": "payment_intent",
        "amount": amount,
        "amount_received": 0,
        "currency": currency,
        "capture_method": capture_method,
        "status": "requires_payment_method",
        "metadata": metadata,
        "description": description,
        "client_secret": f"{ref}_secret_{secrets.token_hex(8)}",
        "created": int(time.time()),
        "latest_charge": None,
        "last_payment_error": None,
        "livemode": False,
    }
    books.add("intent", intent, payment=metadata.get("payment_id", ""))
    tell(books, "stripe", "payment_intent.created", intent)
    return intent


def pay(books: Books, intent: Thing, card: str) -> None:
    """The buyer's try to pay with a card."""
    if intent["status"] not in ("requires_payment_method", "requires_action"):
        raise stripe_refusal("payment_intent_unexpected_state", f"This PaymentIntent is {intent['status']}.")
    if card in DECLINED:
        fail(books, intent, DECLINED[card])
    elif card in ASKS_FOR_MORE:
        intent["status"] = "requires_action"
        intent["card"] = card
        books.save(intent)
        tell(books, "stripe", "payment_intent.requires_action", intent)
    else:
        succeed(books, intent, card)


def authenticate(books: Books, intent: Thing, succeeds: bool) -> None:
    """The buyer's answer to their bank (3-D Secure)."""
    if intent["status"] != "requires_action":
        raise stripe_refusal("payment_intent_unexpected_state", f"This PaymentIntent is {intent['status']}.")
    if succeeds:
        succeed(books, intent, intent["card"])
    else:
        fail(books, intent, "payment_intent_authentication_failure")


def fail(books: Books, intent: Thing, code: str) -> None:
    intent["status"] = "requires_payment_method"
    intent["last_payment_error"] = {"type": "card_error", "code": "card_declined", "decline_code": code}
    books.save(intent)
    tell(books, "stripe", "payment_intent.payment_failed", intent)


def succeed(books: Books, intent: Thing, card: str) -> None:
    """The bank agrees: money is taken, or set apart for a capture."""
    brand = {"3": "amex", "4": "visa", "5": "mastercard"}.get(card[0], "unknown")
    details: Thing = {"brand": brand, "last4": card[-4:]}
    manual = intent["capture_method"] == "manual"
    if manual:
        details["capture_before"] = int(time.time()) + AUTHORIZED_FOR
    charge = {
        "id": new("ch"),
        "object": "charge",
        "payment_intent": intent["id"],
        "amount": intent["amount"],
        "amount_captured": 0,
        "captured": False,
        "currency": intent["currency"],
        "created": int(time.time()),
        "disputed": False,
        "status": "succeeded",
        "metadata": {},
        "balance_transaction": None,
        "payment_method_details": {"type": "card", "card": details},
    }
    books.add("charge", charge, parent=intent["id"])
    intent |= {"latest_charge": charge["id"], "last_payment_error": None}
    if manual:
        intent["status"] = "requires_capture"
        books.save(intent)
        tell(books, "stripe", "payment_intent.amount_capturable_updated", intent)
    else:
        take(books, intent, charge, intent["amount"])


def take(books: Books, intent: Thing, charge: Thing, amount: int) -> None:
    """Take so much of a charge. Stripe's fee: 2.9 % and 30 of the smallest units."""
    charge |= {
        "captured": True,
        "amount_captured": amount,
        "balance_transaction": {
            "id": new("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "currency": charge["currency"],
            "fee": round(amount * 0.029) + 30,
        },
    }
    books.save(charge)
    intent |= {"status": "succeeded", "amount_received": amount}
    books.save(intent)
    if amount < charge["amount"]:
        let_go(books, charge, charge["amount"] - amount)
    tell(books, "stripe", "payment_intent.succeeded", intent)


def let_go(books: Books, charge: Thing, amount: int) -> None:
    """What was authorized and is not taken stands among the refunds, with no money moved."""
    add_refund(books, charge, amount, {}, "succeeded")


def capture(books: Books, intent: Thing, amount: int) -> None:
    if intent["status"] != "requires_capture":
        raise stripe_refusal(
            "payment_intent_unexpected_state",
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}.",
        )
    if not 0 < amount <= intent["amount"]:
        raise stripe_refusal("amount_too_large", "The amount to capture is above the amount that was authorized.")
    charge = books.get("charge", intent["latest_charge"])
    assert charge is not None
    take(books, intent, charge, amount)


def cancel(books: Books, intent: Thing) -> None:
    if intent["status"] not in CANCELLABLE:
        raise stripe_refusal(
            "payment_intent_unexpected_state",
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
        )
    charge = books.get("charge", intent["latest_charge"] or "")
    if charge is not None and intent["status"] == "requires_capture":
        let_go(books, charge, charge["amount"])
    intent["status"] = "canceled"
    books.save(intent)
    tell(books, "stripe", "payment_intent.canceled", intent)


def refund(books: Books, intent: Thing, amount: int | None, metadata: Thing) -> Thing:
    """Send money back: what the shop asks for, or somebody at the dashboard."""
    charge = books.get("charge", intent["latest_charge"] or "")
    if charge is None or not charge["captured"]:
        raise stripe_refusal("charge_not_refundable", "This PaymentIntent has no charge that could be refunded.")
    if any(one["status"] != "won" for one in books.of(intent["id"], "dispute")):
        raise stripe_refusal("charge_disputed", "The charge is disputed.")
    left = charge["amount_captured"] - refunded(books, charge)
    if left == 0:
        raise stripe_refusal("charge_already_refunded", "The charge has already been refunded.")
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        raise stripe_refusal(
            "amount_too_large", f"Refund amount ({amount}) is greater than unrefunded amount ({left})."
        )
    state = "pending" if books.setting("refunds_wait") else "succeeded"
    made = add_refund(books, charge, amount, metadata, state, moved=new("txn"))
    tell(books, "stripe", "refund.created", made)
    tell(books, "stripe", "charge.refunded", charge)
    return made


def add_refund(
    books: Books, charge: Thing, amount: int, metadata: Thing, state: str, moved: str | None = None
) -> Thing:
    refund = {
        "id": new("re"),
        "object": "refund",
        "amount": amount,
        "currency": charge["currency"],
        "charge": charge["id"],
        "payment_intent": charge["payment_intent"],
        "metadata": metadata,
        "status": state,
        "created": int(time.time()),
        "balance_transaction": moved,
    }
    return books.add("refund", refund, parent=charge["payment_intent"])


def refunded(books: Books, charge: Thing) -> int:
    """What of the money that was taken went back, or is on its way."""
    found = books.of(charge["payment_intent"], "refund")
    return sum(one["amount"] for one in found if one["balance_transaction"] and one["status"] != "failed")


def settle_refund(books: Books, refund: Thing, succeeds: bool) -> None:
    """A refund that waited, or one that was thought done, ends."""
    refund["status"] = "succeeded" if succeeds else "failed"
    books.save(refund)
    tell(books, "stripe", "refund.updated" if succeeds else "refund.failed", refund)


def dispute(books: Books, intent: Thing, reason: str) -> Thing:
    """The buyer asks their bank for the money back."""
    charge = books.get("charge", intent["latest_charge"] or "")
    if charge is None or not charge["captured"] or charge["disputed"]:
        raise stripe_refusal("charge_not_disputable", "There is nothing to dispute.")
    charge["disputed"] = True
    books.save(charge)
    made = {
        "id": new("du"),
        "object": "dispute",
        "amount": charge["amount_captured"] - refunded(books, charge),
        "currency": charge["currency"],
        "charge": charge["id"],
        "payment_intent": intent["id"],
        "reason": reason or "fraudulent",
        "status": "needs_response",
        "created": int(time.time()),
        "metadata": {},
        "evidence_details": {"due_by": int(time.time()) + AUTHORIZED_FOR, "has_evidence": False},
    }
    books.add("dispute", made, parent=intent["id"])
    tell(books, "stripe", "charge.dispute.created", made)
    return made


def close_dispute(books: Books, dispute: Thing, won: bool) -> None:
    dispute["status"] = "won" if won else "lost"
    books.save(dispute)
    tell(books, "stripe", "charge.dispute.closed", dispute)
