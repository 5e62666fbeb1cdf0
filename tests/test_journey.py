"""One customer's and one clerk's day, over real HTTP against the running shop."""

import email
import email.policy
import time
from typing import Any

import httpx

from tests.shop import Shop

ADDRESS = {
    "shipping_address_line1": "1 Main Street",
    "shipping_city": "Springfield",
    "shipping_state": "IL",
    "shipping_postal_code": "62701",
    "shipping_country": "USA",
}
PASSWORD = "a password of the journey"


def log_in(shop: Shop, address: str) -> httpx.Client:
    with shop.client() as nobody:
        answer = nobody.post("/users/login", json={"email": address, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return shop.client(answer.json()["access_token"])


def mails_to(shop: Shop, address: str, number: int) -> list[str]:
    """The subjects of the first mails to somebody, once that many have come."""
    deadline = time.monotonic() + 60
    while True:
        folder = shop.data_dir / "mail"
        messages = [
            email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            for file in sorted(folder.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
        ]
        subjects = [str(message["Subject"]) for message in messages if address in str(message["To"])]
        if len(subjects) >= number:
            return subjects
        assert time.monotonic() < deadline, shop.log("worker")
        time.sleep(0.1)


def test_a_day_in_the_shop(shop: Shop) -> None:
    shop.manage("create_admin", "--email", "clerk@example.com", ADMIN_PASSWORD=PASSWORD)
    clerk = log_in(shop, "clerk@example.com")

    def offer(name: str, price: str, stock: int) -> dict[str, Any]:
        answer = clerk.post("/products/", json={"name": name, "price": price, "stock_quantity": stock})
        assert answer.status_code == 201, answer.text
        product: dict[str, Any] = answer.json()
        return product

    headphones = offer("Aria Wireless Headphones", "89.90", 10)
    stand = offer("Oak Headphone Stand", "24.50", 3)
    offer("Linen Table Cloth", "39.00", 5)

    # Register, log in, browse, search with two typos.
    nobody = shop.client()
    person = {"first_name": "Ann", "last_name": "Smith", "email": "ann@example.com", "password": PASSWORD}
    assert nobody.post("/users/", json=person).status_code == 201
    ann = log_in(shop, "ann@example.com")
    assert len(nobody.get("/products/").json()["results"]) == 3
    found = nobody.get("/products/", params={"search": "wirless headphnes"}).json()["results"]
    assert found[0]["product_id"] == headphones["product_id"]

    # Order two products and see stock fall; sending the same request again changes nothing.
    basket = ADDRESS | {
        "order_items": [
            {"product_id": headphones["product_id"], "quantity": 2},
            {"sku": stand["sku"], "quantity": 1},
        ]
    }
    key = {"Idempotency-Key": "journey-1"}
    placed = ann.post("/orders/", json=basket, headers=key)
    assert placed.status_code == 201, placed.text
    order = placed.json()
    assert (order["status"], order["total_amount"]) == ("pending", "204.30")
    again = ann.post("/orders/", json=basket, headers=key)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (placed.content, "true")
    assert nobody.get(f"/products/{headphones['product_id']}").json()["stock_quantity"] == 8
    assert nobody.get(f"/products/{stand['slug']}/").json()["stock_quantity"] == 2

    # Too much of both: both short lines are named, and nothing changes.
    greedy = ADDRESS | {
        "order_items": [
            {"product_id": headphones["product_id"], "quantity": 9},
            {"product_id": stand["product_id"], "quantity": 3},
        ]
    }
    refused = ann.post("/orders/", json=greedy)
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_stock")
    assert [
        (issue["product_id"], issue["requested"], issue["available"]) for issue in refused.json()["stock_issues"]
    ] == [(headphones["product_id"], 9, 8), (stand["product_id"], 3, 2)]
    assert len(ann.get("/orders/my-orders").json()["results"]) == 1

    # The clerk confirms and ships; the customer sees the history and has a mail for each step,
    # beside the one that came when the account was made.
    for status in ("confirmed", "shipped", "shipped"):
        changed = clerk.put(f"/orders/{order['order_id']}/status", json={"status": status})
        assert (changed.status_code, changed.json()["status"]) == (200, status), changed.text
    history = ann.get(f"/orders/{order['order_id']}/history").json()
    rows = history["results"] if isinstance(history, dict) else history
    assert [row["to_status"] for row in rows] == ["pending", "confirmed", "shipped"]
    assert {row["actor"] for row in rows[1:]} == {"staff"}
    assert len(mails_to(shop, "ann@example.com", 4)) == 4

    # Log out: the old token is refused on the next request, by every worker.
    assert ann.post("/users/logout").status_code == 200
    assert [ann.get("/users/me").status_code for _ in range(8)] == [401] * 8
    shop.manage("verify_stock")
