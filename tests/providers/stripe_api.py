"""Stripe's endpoints: what their parameters are, and how objects are shown, listed and searched."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from tests.providers import stripe_machine as machine
from tests.providers.books import Books, Thing
from tests.providers.refusals import stripe_refusal

SECRET_KEY, PUBLISHABLE_KEY = "sk_test_of_the_fake", "pk_test_of_the_fake"
VERSION = "2026-10-28.endive"
WITHOUT_DECIMALS = {
    "bif",
    "clp",
    "djf",
    "gnf",
    "jpy",
    "kmf",
    "krw",
    "mga",
    "pyg",
    "rwf",
    "vnd",
    "vuv",
    "xaf",
    "xof",
    "xpf",
}
THREE_DECIMALS = {"bhd", "jod", "kwd", "omr", "tnd"}
TWO_THAT_ARE_00 = {"isk", "ugx"}
INTENT, PLACE = r"/v1/payment_intents/(pi_\w+)", r"/v1/payment_intents"
QUERY = re.compile(r"metadata\['payment_id'\]:'(\d+)'")


def parsed(text: str) -> Thing:
    """Parameters as Stripe writes them: metadata[payment_id]=7, expand[0]=latest_charge, created[gte]=1."""
    document: Thing = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *rest = re.findall(r"[^\[\]]+", name)
        place = document
        for step, following in zip([first, *rest], rest, strict=False):
            place = place.setdefault(step, {})
            first = following
        place[first] = value
    return document


def known(params: Thing, *names: str) -> None:
    """Refuse parameters that the endpoint does not have: Stripe does."""
    for name in params:
        if name not in (*names, "expand"):
            raise stripe_refusal("parameter_unknown", f"Received unknown parameter: {name}", kept=False)


def whole(params: Thing, name: str) -> int:
    if not re.fullmatch(r"\d{1,12}", str(params.get(name, ""))):
        raise stripe_refusal("parameter_invalid_integer", f"Invalid integer: {name}", kept=False)
    return int(params[name])


def chargeable(amount: int, currency: str) -> None:
    if (currency in THREE_DECIMALS and amount % 10) or (currency in TWO_THAT_ARE_00 and amount % 100):
        raise stripe_refusal("parameter_invalid_integer", "The last digits must be 0 in this currency.", kept=False)
    if not 1 <= amount <= 99_999_999:
        raise stripe_refusal("amount_too_small" if amount < 1 else "amount_too_large", "Invalid amount.", kept=False)


def intent_of(books: Books, ref: str) -> Thing:
    found = books.get("intent", ref)
    if found is None:
        raise stripe_refusal("resource_missing", f"No such payment_intent: '{ref}'", status=404, kept=False)
    return found


# The endpoints: each takes the books, the parameters and what its path names, and gives the answer


def create(books: Books, params: Thing) -> Thing:
    known(params, "amount", "currency", "capture_method", "automatic_payment_methods", "description", "metadata")
    amount, currency = whole(params, "amount"), params.get("currency", "")
    if not re.fullmatch("[a-z]{3}", currency):
        raise stripe_refusal("parameter_invalid_string", "Invalid currency.", kept=False)
    chargeable(amount, currency)
    method = params.get("capture_method", "automatic")
    if method not in ("automatic", "manual"):
        raise stripe_refusal("parameter_invalid_string", "Invalid capture_method.", kept=False)
    made = machine.begin(books, amount, currency, method, params.get("metadata", {}), params.get("description", ""))
    return shown(books, made, params)


def retrieve(books: Books, params: Thing, ref: str) -> Thing:
    known(params)
    return shown(books, intent_of(books, ref), params)


def capture(books: Books, params: Thing, ref: str) -> Thing:
    known(params, "amount_to_capture")
    intent = intent_of(books, ref)
    machine.capture(books, intent, whole(params, "amount_to_capture"))
    return shown(books, intent, params)


def cancel(books: Books, params: Thing, ref: str) -> Thing:
    known(params, "cancellation_reason")
    intent = intent_of(books, ref)
    machine.cancel(books, intent)
    return shown(books, intent, params)


def refund(books: Books, params: Thing) -> Thing:
    known(params, "payment_intent", "amount", "metadata", "reason")
    intent = intent_of(books, params.get("payment_intent", ""))
    amount = whole(params, "amount") if "amount" in params else None
    return machine.refund(books, intent, amount, params.get("metadata", {}))


def search(books: Books, params: Thing) -> Thing:
    known(params, "query", "limit", "page")
    asked = QUERY.fullmatch(params.get("query", ""))
    if asked is None:
        raise stripe_refusal("search_query_invalid", "The fake knows metadata['payment_id']:'…' alone.", kept=False)
    data = [shown(books, one, params, "data.") for one in books.all("intent", payment=asked[1])]
    return {"object": "search_result", "url": f"{PLACE}/search", "has_more": False, "next_page": None, "data": data}


def list_of(kind: str, url: str) -> Callable[[Books, Thing], Thing]:
    """The endpoint that lists things of a kind, newest first and in pages."""

    def listed(books: Books, params: Thing) -> Thing:
        known(params, "created", "limit", "starting_after", "payment_intent")
        since = float(params.get("created", {}).get("gte", 0))
        if "payment_intent" in params:
            found = [one for one in reversed(books.of(params["payment_intent"], kind)) if one["created"] >= since]
        else:
            found = [one for one in books.all(kind) if one["created"] >= since]
        return page(books, found, params, url, "data.")

    return listed


def page(books: Books, found: list[Thing], params: Thing, url: str, prefix: str = "") -> Thing:
    start = 0
    if "starting_after" in params:
        start = next(place for place, one in enumerate(found, 1) if one["id"] == params["starting_after"])
    limit = int(params.get("limit", 10))
    data = [shown(books, one, params, prefix) for one in found[start : start + limit]]
    return {"object": "list", "url": url, "has_more": len(found) > start + limit, "data": data}


def shown(books: Books, thing: Thing, params: Thing, prefix: str = "") -> Thing:
    """An object as Stripe shows it: other objects by their ids, unless they are to be expanded."""
    wanted = {path.removeprefix(prefix) for path in params.get("expand", {}).values()}
    answer = {name: value for name, value in thing.items() if name != "card"}
    if thing["object"] != "payment_intent":
        return answer
    charge = books.get("charge", thing["latest_charge"] or "")
    if charge is None or not any(path.startswith("latest_charge") for path in wanted):
        return answer
    if "latest_charge.balance_transaction" not in wanted and charge["balance_transaction"]:
        charge["balance_transaction"] = charge["balance_transaction"]["id"]
    if "latest_charge.refunds" in wanted:
        refunds = list(reversed(books.of(thing["id"], "refund")))
        charge["refunds"] = page(books, refunds, {}, f"/v1/charges/{charge['id']}/refunds")
    return answer | {"latest_charge": charge}


Endpoint = Callable[..., Any]
# By method and path: the name of the call, for faults, and what answers it.
ROUTES: list[tuple[str, str, str, Endpoint]] = [
    ("POST", PLACE, "stripe.create", create),
    ("GET", f"{PLACE}/search", "stripe.find", search),
    ("GET", PLACE, "stripe.find", list_of("intent", PLACE)),
    ("GET", INTENT, "stripe.fetch", retrieve),
    ("POST", f"{INTENT}/capture", "stripe.capture", capture),
    ("POST", f"{INTENT}/cancel", "stripe.cancel", cancel),
    ("POST", "/v1/refunds", "stripe.refund", refund),
    ("GET", "/v1/refunds", "stripe.list_refunds", list_of("refund", "/v1/refunds")),
    ("GET", "/v1/disputes", "stripe.list_disputes", list_of("dispute", "/v1/disputes")),
]
