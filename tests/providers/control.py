"""What a test tells the fake, and what the books say: faults, settings, notifications, and every movement of money."""

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.providers import notices
from tests.providers.books import Books, Thing

if TYPE_CHECKING:
    from tests.providers.server import Fake

FAULTS = ("drop_before", "drop_after", "hang", "500_before", "500_after", "429")


def act(fake: "Fake", what: str, sent: Thing) -> Any:
    books = fake.books
    if what == "fault":
        assert sent["kind"] in FAULTS, sent
        with books.unit():
            books.add_fault(sent["call"], sent["kind"], sent.get("times", 1), sent.get("seconds", 0))
    elif what == "set":
        with books.unit():
            for name, value in sent.items():
                books.set(name, value)
    elif what == "forget_keys":
        with books.unit():
            books.forget_keys()
    elif what == "reset":  # of what goes wrong: the payments stay
        with books.unit():
            books.rows("delete from fault")
            books.rows("delete from setting")
    elif what == "notify":
        fake.messenger.notify = sent["address"]
    elif what == "notices":
        return notices.listed(books)
    elif what == "deliver":  # all that was lost or given up comes after all, with what was delivered once more
        with books.unit():
            books.rows("update notice set state = 'waiting', tries = 0, due = 0 where signed = 'well'")
    elif what == "signed":  # an event as it would be delivered: body and headers
        body = json.dumps(sent["event"]).encode()
        return {"body": body.decode(), "headers": fake.messenger.headers(sent["provider"], body)}
    else:
        return {"error": f"There is no {what!r}."}
    return {}


def all_books(books: Books, since: float = 0) -> list[Thing]:
    """Every payment at both providers that was begun since a moment (in seconds of the epoch), with what came, went
    back and is disputed, in whole units as texts."""
    intents, orders = books.all("intent", since=since), books.all("order", since=since)
    return [of_stripe(books, one) for one in intents] + [of_paypal(books, one) for one in orders]


def of_stripe(books: Books, intent: Thing) -> Thing:
    charges = [one for one in books.of(intent["id"], "charge") if one["captured"]]
    return {
        "provider": "stripe",
        "ref": intent["id"],
        "payment_id": intent["metadata"].get("payment_id"),
        "state": intent["status"],
        "currency": intent["currency"].upper(),
        "amount": whole(intent["amount"], intent),
        "charges": [{"ref": one["id"], "amount": whole(one["amount_captured"], intent)} for one in charges],
        "refunds": [
            {
                "ref": one["id"],
                "amount": whole(one["amount"], intent),
                "operation_id": one["metadata"].get("operation_id"),
                "state": one["status"],
            }
            for one in books.of(intent["id"], "refund")
            if one["balance_transaction"]
        ],
        "disputes": [
            {"ref": one["id"], "amount": whole(one["amount"], intent), "state": one["status"]}
            for one in books.of(intent["id"], "dispute")
        ],
    }


def whole(units: int, intent: Thing) -> str:
    from tests.providers.stripe_api import THREE_DECIMALS, WITHOUT_DECIMALS

    currency = intent["currency"]
    places = 0 if currency in WITHOUT_DECIMALS else 3 if currency in THREE_DECIMALS else 2
    return str(Decimal(units).scaleb(-places))


def of_paypal(books: Books, order: Thing) -> Thing:
    unit = order["purchase_units"][0]
    captures = books.of(order["id"], "capture")
    return {
        "provider": "paypal",
        "ref": order["id"],
        "payment_id": unit["custom_id"],
        "state": order["status"],
        "currency": unit["amount"]["currency_code"],
        "amount": unit["amount"]["value"],
        "authorizations": [one["status"] for one in books.of(order["id"], "authorization")],
        "charges": [{"ref": one["id"], "amount": one["amount"]["value"]} for one in captures],
        "refunds": [
            {
                "ref": one["id"],
                "amount": one["amount"]["value"],
                "operation_id": one["custom_id"].partition("/")[2] or None,
                "state": one["status"],
            }
            for one in books.of(order["id"], "paypal_refund")
        ],
        "disputes": [
            {"ref": one["id"], "amount": one["dispute_amount"]["value"], "state": one["status"]}
            for capture in captures
            for one in books.of(capture["id"], "paypal_dispute")
        ],
    }
