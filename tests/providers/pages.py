"""The pages on which a person plays the customer: a list of all payments, and one for each."""

from html import escape
from urllib.parse import urlencode

from tests.providers.books import Books, Thing
from tests.providers.control import of_paypal, of_stripe
from tests.providers.refusals import Refused

FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #ddd; }}
form {{ display: inline-block; margin: .3rem .6rem .3rem 0; }}
button {{ font: inherit; padding: .5rem 1rem; cursor: pointer; }}
input {{ font: inherit; padding: .4rem; width: 9rem; }}
.note {{ color: #555; }}
</style></head><body><h1>{title}</h1>{body}</body></html>"""
NOTE = '<p class="note">This is a fake of Stripe and PayPal on your own machine. No money moves.</p>'
CARDS = {
    "4242424242424242": "Pay with 4242 4242 4242 4242",
    "4000000000000002": "Try a card that is declined",
    "4000002500003155": "Pay with a card that asks for 3-D Secure",
}


def page(books: Books, rest: list[str], query: Thing) -> bytes:
    ref = rest[0] if rest else ""
    if not ref:
        return whole_page("Payments", list_of_payments(books))
    intent, order = books.get("intent", ref), books.get("order", ref)
    if intent is None and order is None:
        raise Refused(404, {"error": "There is no such payment."})
    back = query.get("return_url") or (order or {}).get("return_url", "")
    if intent is not None:
        return whole_page("Pay by card", for_card(books, intent, back))
    assert order is not None
    return whole_page("Pay with PayPal", for_paypal(books, order, back))


def whole_page(title: str, body: str) -> bytes:
    return FRAME.format(title=title, body=body + NOTE).encode()


def list_of_payments(books: Books) -> str:
    found = sorted(books.all("intent") + books.all("order"), key=made_at, reverse=True)[:100]
    rows = [of_stripe(books, one) if one["id"].startswith("pi_") else of_paypal(books, one) for one in found]
    lines = "".join(
        f'<tr><td><a href="/customer/{one["ref"]}">{escape(one["ref"])}</a></td><td>{one["provider"]}</td>'
        f"<td>{escape(str(one['payment_id']))}</td><td>{one['amount']} {one['currency']}</td>"
        f"<td>{one['state']}</td></tr>"
        for one in rows
    )
    if not lines:
        return "<p>Nobody has begun to pay yet. Begin a payment in the shop, and come back.</p>"
    heads = "".join(f"<th>{head}</th>" for head in ("Reference", "Provider", "Payment in the shop", "Amount", "State"))
    return f"<table><tr>{heads}</tr>{lines}</table>"


def made_at(thing: Thing) -> float:
    from datetime import datetime

    said = thing.get("created") or datetime.fromisoformat(thing["create_time"]).timestamp()
    return float(said)


def summary(row: Thing) -> str:
    back = sum(1 for _ in row["refunds"])
    words = f"{row['amount']} {row['currency']}, {row['state'].replace('_', ' ').lower()}"
    return f"<p><strong>{words}</strong>{f', {back} refunds' if back else ''}</p>"


def for_card(books: Books, intent: Thing, back: str) -> str:
    row = of_stripe(books, intent)
    body = summary(row)
    if intent["status"] == "requires_payment_method":
        for card, label in CARDS.items():
            body += form("pay", label, ref=intent["id"], card=card, return_url=back)
    elif intent["status"] == "requires_action":
        body += form("authenticate", "Complete authentication", ref=intent["id"], succeeds="yes", return_url=back)
        body += form("authenticate", "Fail authentication", ref=intent["id"], succeeds="no", return_url=back)
    return body + afterwards(row)


def for_paypal(books: Books, order: Thing, back: str) -> str:
    row = of_paypal(books, order)
    body = summary(row)
    if order["status"] in ("PAYER_ACTION_REQUIRED", "APPROVED"):
        body += form("approve", "Approve", ref=order["id"], return_url=back)
        body += form(
            "approve", "Approve with a card that will be declined", ref=order["id"], declines="yes", return_url=back
        )
        body += form("go_back", "Cancel and return", ref=order["id"], return_url=back)
    return body + afterwards(row)


def afterwards(row: Thing) -> str:
    """What can be done when money has come."""
    if not row["charges"]:
        return ""
    body = "<h2>Later</h2>" + form("dispute", "Dispute the payment", ref=row["ref"])
    body += form("refund", "Refund at the dashboard", ref=row["ref"], amount=None)
    for dispute in row["disputes"]:
        if dispute["state"] in ("needs_response", "WAITING_FOR_SELLER_RESPONSE"):
            body += form(
                "close_dispute", "The shop wins the dispute", ref=row["ref"], dispute=dispute["ref"], won="yes"
            )
            body += form(
                "close_dispute", "The shop loses the dispute", ref=row["ref"], dispute=dispute["ref"], won="no"
            )
    return body


def form(action: str, label: str, **values: str | None) -> str:
    """A button; a value of None is asked for in a field."""
    fields = "".join(
        f'<input name="{name}" placeholder="{name}, empty: all" aria-label="{name}">'
        if value is None
        else f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in values.items()
    )
    return f'<form method="post" action="/customer/{action}">{fields}<button>{escape(label)}</button></form>'


def after(books: Books, action: str, sent: Thing) -> str:
    """Where the browser goes after an action: back to the shop when the buyer is done, else to the page again."""
    back, ref = sent.get("return_url", ""), sent["ref"]
    intent = books.get("intent", ref)
    if not back or (intent is not None and intent["status"] == "requires_action"):
        return f"/customer/{ref}{'?' + urlencode({'return_url': back}) if back else ''}"
    if intent is None:
        return f"{back}{'&' if '?' in back else '?'}{urlencode({'token': ref, 'PayerID': 'FAKE'})}"
    status = "succeeded" if intent["status"] in ("succeeded", "requires_capture") else "failed"
    said = {"payment_intent": ref, "payment_intent_client_secret": intent["client_secret"], "redirect_status": status}
    return f"{back}{'&' if '?' in back else '?'}{urlencode(said)}"
