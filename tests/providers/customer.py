"""What people do at the providers: buyers pay, decline and dispute; somebody refunds at the dashboard; time goes by."""

from collections.abc import Callable
from decimal import Decimal

from tests.providers import paypal_machine, stripe_machine
from tests.providers.books import Books, Thing
from tests.providers.refusals import Refused

GOOD_CARD = "4242424242424242"


def act(books: Books, action: str, sent: Thing, base: str) -> Thing:
    """Carry out one action at the payment `sent["ref"]`, and answer what it is about. Called within a unit."""
    do = ACTIONS.get(action)
    if do is None:
        raise Refused(404, {"error": f"There is no action {action!r}."})
    return do(books, sent, base)


def stripe_of(books: Books, sent: Thing) -> Thing | None:
    return books.get("intent", sent["ref"])


def paypal_of(books: Books, sent: Thing) -> Thing:
    order = books.get("order", sent["ref"])
    if order is None:
        raise Refused(404, {"error": f"There is no payment {sent['ref']!r}."})
    return order


def pay(books: Books, sent: Thing, base: str) -> Thing:
    """Pay with a card (Stripe), or approve (PayPal)."""
    intent = stripe_of(books, sent)
    if intent is None:
        return approve(books, sent, base)
    stripe_machine.pay(books, intent, sent.get("card", GOOD_CARD))
    return intent


def authenticate(books: Books, sent: Thing, base: str) -> Thing:
    intent = stripe_of(books, sent)
    assert intent is not None
    stripe_machine.authenticate(books, intent, sent.get("succeeds", True) not in (False, "", "no"))
    return intent


def approve(books: Books, sent: Thing, base: str) -> Thing:
    order = paypal_of(books, sent)
    paypal_machine.approve(books, order, declines=bool(sent.get("declines")))
    return order


def go_back(books: Books, sent: Thing, base: str) -> Thing:
    """Leave the provider's page without paying."""
    return stripe_of(books, sent) or paypal_of(books, sent)


def latest_capture(books: Books, order: Thing) -> Thing:
    captures = books.of(order["id"], "capture")
    if not captures:
        raise Refused(422, {"error": "Nothing was captured."})
    return captures[-1]


def dispute(books: Books, sent: Thing, base: str) -> Thing:
    intent = stripe_of(books, sent)
    if intent is not None:
        return stripe_machine.dispute(books, intent, sent.get("reason", ""))
    return paypal_machine.dispute(books, latest_capture(books, paypal_of(books, sent)), sent.get("reason", ""))


def close_dispute(books: Books, sent: Thing, base: str) -> Thing:
    won = sent.get("won", False) not in (False, "", "no")
    for kind, machine in (("dispute", stripe_machine), ("paypal_dispute", paypal_machine)):
        found = books.get(kind, sent["dispute"])
        if found is not None:
            machine.close_dispute(books, found, won)
            return found
    raise Refused(404, {"error": "There is no such dispute."})


def refund(books: Books, sent: Thing, base: str) -> Thing:
    """Refund at the dashboard: what is left, or `amount` (Stripe's in its smallest units)."""
    intent = stripe_of(books, sent)
    if intent is not None:
        amount = int(sent["amount"]) if sent.get("amount") else None
        return stripe_machine.refund(books, intent, amount, {})
    amount_there = Decimal(sent["amount"]) if sent.get("amount") else None
    capture = latest_capture(books, paypal_of(books, sent))
    return paypal_machine.refund(books, capture, amount_there, "", base)


def settle_refund(books: Books, sent: Thing, base: str) -> Thing:
    succeeds = sent.get("succeeds", True) not in (False, "", "no")
    for kind, machine in (("refund", stripe_machine), ("paypal_refund", paypal_machine)):
        found = books.get(kind, sent["refund"])
        if found is not None:
            machine.settle_refund(books, found, succeeds)
            return found
    raise Refused(404, {"error": "There is no such refund."})


def expire(books: Books, sent: Thing, base: str) -> Thing:
    """Time goes by: an authorization lapses, and PayPal forgets an order that nobody approved."""
    intent = stripe_of(books, sent)
    if intent is not None:
        stripe_machine.cancel(books, intent)
        return intent
    order = paypal_of(books, sent)
    if order["status"] != "COMPLETED":
        books.rows("delete from thing where id = ?", order["id"])
    for authorization in books.of(order["id"], "authorization"):
        paypal_machine.void(books, authorization)
    return order


ACTIONS: dict[str, Callable[[Books, Thing, str], Thing]] = {
    "pay": pay,
    "authenticate": authenticate,
    "approve": approve,
    "go_back": go_back,
    "dispute": dispute,
    "close_dispute": close_dispute,
    "refund": refund,
    "settle_refund": settle_refund,
    "expire": expire,
}
