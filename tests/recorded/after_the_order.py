"""What happens after an order: parcels and their labels, returns, withdrawals, notes of staff; and each refusal."""

from typing import Any

from invoicing.tests.factories import issue
from tests.recorded.recorder import Recorder
from tests.recorded.shop import basket, line

DHL = {"carrier": "DHL", "tracking_number": "JD014600", "tracking_url": "https://dhl.example/JD014600"}


def confirmed(shop: Recorder) -> tuple[str, list[int]]:
    """The path of a confirmed order of ben's, and the ids of its two lines."""
    order = shop.ask("ben", "POST /orders", basket(line("SALT-AND-PEPPER", 3), line("MUG-S", 2)))
    path = f"/orders/{order['order_id']}"
    shop.ask("desk", f"PUT {path}/status", {"status": "confirmed"})
    return path, [row["order_item_id"] for row in order["order_items"]]


def some(line_id: int, quantity: Any, **more: Any) -> dict[str, Any]:
    return {"order_item_id": line_id, "quantity": quantity, **more}


def parcels(shop: Recorder) -> None:
    ask = shop.ask
    path, (salt, mug) = confirmed(shop)
    ask("ben", f"POST {path}/fulfilments", {})
    ask("ben", f"GET {path}/fulfilments")
    ask("desk", f"POST {path}/fulfilments", {"lines": [some(salt, 4)]})
    ask("desk", f"POST {path}/fulfilments", {"lines": [some(mug + 1000, 1)]})
    ask("desk", f"POST {path}/fulfilments", {"lines": [some(salt, 0)], "tracking_url": "javascript:alert(1)"})
    ask("desk", f"POST {path}/fulfilments", {"warehouse": "nowhere"})
    first = ask("desk", f"POST {path}/fulfilments", {"lines": [some(salt, 2)], **DHL}, Idempotency_Key="parcel")
    ask("desk", f"POST {path}/fulfilments", {"lines": [some(salt, 2)], **DHL}, Idempotency_Key="parcel")
    parcel = f"{path}/fulfilments/{first['results'][0]['fulfilment_id']}"
    ask("ben", f"GET {path}")
    ask("ben", f"GET {path}/fulfilments")
    ask("ann", f"GET {path}/fulfilments")
    ask("ben", f"GET {parcel}")
    ask("ann", f"GET {parcel}")
    ask("desk", f"GET {parcel}/label")
    ask("ben", f"GET {parcel}/label")
    ask("desk", f"PATCH {parcel}", {"tracking_number": "JD014601"}, If_Match='"1"')
    ask("desk", f"PATCH {parcel}", {"carrier": "UPS"}, If_Match='"1"')
    ask("ben", f"PATCH {parcel}", {"carrier": "UPS"})
    ask("desk", f"POST {path}/cancel", {})
    ask("ben", f"POST {parcel}/cancel", {})
    ask("desk", f"POST {parcel}/cancel", {"reason": "wrong box"})
    ask("desk", f"PATCH {parcel}", {"carrier": "UPS"})
    ask("desk", f"PUT {path}/status", {"status": "shipped"})
    ask("desk", f"POST {path}/fulfilments", {})
    ask("ben", f"GET {path}/history")


def returns(shop: Recorder) -> None:
    ask = shop.ask
    path, (salt, mug) = confirmed(shop)
    ask("ben", f"POST {path}/returns", {"lines": [some(salt, 1)]})
    ask("desk", f"PUT {path}/status", {"status": "shipped"})
    ask("desk", f"PUT {path}/status", {"status": "delivered"})
    wish = {"lines": [some(salt, 2, reason="too salty")], "note": "Still in its box."}
    asked = ask("ben", f"POST {path}/returns", wish, Idempotency_Key="return")
    ask("ben", f"POST {path}/returns", wish, Idempotency_Key="return")
    ask("ben", f"POST {path}/returns", wish)
    ask("ann", f"POST {path}/returns", wish)
    ask("ben", f"GET {path}/returns")
    ask("ann", f"GET {path}/returns")
    one = f"{path}/returns/{asked['return_id']}"
    ask("ben", f"GET {one}")
    ask("ann", f"GET {one}")
    ask("ben", f"POST {one}/approve", {})
    ask("desk", f"POST {one}/approve", {"answer": "Send it to the shop."})
    ask("desk", f"POST {one}/receive", {"lines": [some(salt, 3)]})
    ask("desk", f"POST {one}/receive", {"lines": [some(salt, 1, condition="damaged")]})
    ask("desk", f"POST {one}/refuse", {"answer": "Too late."})
    ask("ben", f"POST {path}/withdrawal", {"lines": [some(mug, 3)]})
    withdrawn = ask("ben", f"POST {path}/withdrawal", {})
    ask("ben", f"POST {path}/withdrawal", {})
    ask("desk", f"POST {path}/returns/{withdrawn['return_id']}/refuse", {})
    ask("desk", f"POST {path}/returns/{withdrawn['return_id']}/refuse", {"answer": "It was made for you."})
    ask("desk", f"GET {path}/returns")
    ask("ben", f"GET {path}/history")


def notes(shop: Recorder) -> None:
    ask = shop.ask
    path, _ = confirmed(shop)
    ask("desk", f"POST {path}/notes", {"text": "Rings at the back door."})
    ask("desk", f"POST {path}/notes", {"text": "Ask @nobody-of-this-name."})
    ask("desk", f"POST {path}/notes", {"text": " "})
    ask("ben", f"POST {path}/notes", {"text": "Mine."})
    ask("desk", f"GET {path}/notes")
    ask("ben", f"GET {path}/notes")


def invoices(shop: Recorder) -> None:
    ask = shop.ask
    path, (salt, _) = confirmed(shop)
    order_id = int(path.rpartition("/")[2])
    ask("ben", f"GET {path}/invoices")
    ask("desk", f"PUT {path}/status", {"status": "shipped"})
    [invoice] = issue(order_id)
    asked = ask("ben", f"POST {path}/returns", {"lines": [some(salt, 2)]})
    ask("desk", f"POST {path}/returns/{asked['return_id']}/receive", {})
    [note] = issue(order_id)
    ask("ben", f"GET {path}/invoices")
    ask("ann", f"GET {path}/invoices")
    ask("ben", f"GET {path}/invoices?kind=invoice")
    for row in (invoice, note):
        ask("desk", f"GET {path}/invoices/{row.pk}")
    one = f"{path}/invoices/{invoice.pk}"
    ask("ann", f"GET {one}")
    ask("ben", f"GET {one}/pdf")
    ask("ben", f"GET {one}/pdf", Accept="application/pdf")
    ask("ann", f"GET {one}/pdf")
    ask("ben", f"GET {one}/pdf", Accept="text/csv")
    ask("visitor", f"GET {path}/invoices/{note.pk}/pdf")
    ask("ben", f"POST {path}/invoices", {})
