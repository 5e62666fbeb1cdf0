"""The packing table in a real Chromium, by keyboard alone: scan an order, scan its articles, ship, print, next."""

import json
from collections.abc import Iterator

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import PASSWORD
from tests.shop import Shop, running_shop

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(tmp_path_factory.mktemp("shop"), BCRYPT_ROUNDS="4", RATE_LIMITS="off") as shop:
        shop.manage("create_admin", "--email", "admin@example.com", ADMIN_PASSWORD=PASSWORD)
        yield shop


@pytest.fixture(scope="module")
def office(shop: Shop) -> Iterator[httpx.Client]:
    """A colleague who sells and confirms through the API."""
    with shop.client() as nobody:
        answer = nobody.post("/users/login", json={"email": "admin@example.com", "password": PASSWORD})
    with shop.client(answer.json()["access_token"]) as client:
        yield client


def clean(page: Page) -> list[str]:
    """What axe-core finds on the page that is open."""
    page.evaluate(Axe().axe_script)
    found = page.evaluate(f"axe.run({json.dumps({'resultTypes': ['violations'], 'preload': False})})")
    return [f"{one['id']}: {node['html'][:150]}" for one in found["violations"] for node in one["nodes"]]


def scan(page: Page, code: str) -> None:
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def test_an_order_is_packed_and_shipped_without_a_mouse(staff: Page, office: httpx.Client) -> None:
    mug = office.post("/products/", json={"name": "Blue Mug", "price": "5.00", "stock_quantity": 9, "sku": "MUG-7"})
    pot = office.post("/products/", json={"name": "Tea Pot", "price": "25.00", "stock_quantity": 3, "sku": "POT"})
    office.patch("/inventory/items/POT", json={"barcode": "4006381333931"})
    assert (mug.status_code, pot.status_code) == (201, 201)
    address = {
        "recipient_name": "Cara Jones",
        "shipping_address_line1": "1 Main Street",
        "shipping_city": "Springfield",
        "shipping_state": "IL",
        "shipping_postal_code": "62701",
        "shipping_country": "United States",
    }
    items = [{"sku": "MUG-7", "quantity": 2}, {"sku": "POT", "quantity": 1}]
    order = office.post("/orders/", json=address | {"order_items": items}).json()
    office.put(f"/orders/{order['order_id']}/status", json={"status": "confirmed"})

    staff.goto("/admin/orders/fulfilment/to-pack/")
    expect(staff.get_by_text("Can ship now").first).to_be_visible()
    assert clean(staff) == []
    staff.get_by_role("button", name="Pick list").click()
    expect(staff.get_by_text(f"2 for {order['number']}")).to_be_visible()
    assert clean(staff) == []

    staff.goto("/admin/orders/fulfilment/scan/")
    scan(staff, order["number"])
    expect(staff.get_by_role("heading", name=f"Pack order {order['number']}")).to_be_visible()
    said = staff.locator("#said")
    scan(staff, "nonsense")
    expect(said).to_have_text("No article of this order has the code nonsense.")
    scan(staff, "mug-7")
    expect(said).to_have_text("MUG-7: 1 packed, 1 to go.")
    scan(staff, "4006381333931")
    scan(staff, "POT")
    expect(said).to_have_text("All units of POT are packed already.")
    assert clean(staff) == []
    scan(staff, "")
    expect(staff.get_by_text(f"Order {order['number']}: a parcel is on its way.")).to_be_visible()
    assert clean(staff) == []
    [parcel] = office.get(f"/orders/{order['order_id']}/fulfilments").json()
    assert sorted(line["quantity"] for line in parcel["lines"]) == [1, 1]

    staff.evaluate("window.print = () => document.title = 'printed'")
    scan(staff, "")
    expect(staff).to_have_title("printed")
    scan(staff, order["number"])
    expect(staff.get_by_role("heading", name=f"Pack order {order['number']}")).to_be_visible()
    scan(staff, "MUG-7")
    expect(said).to_have_text("Everything is packed. Enter ships it.")
    scan(staff, "")
    expect(staff.get_by_text(f"Order {order['number']}: a parcel is on its way.")).to_be_visible()
    assert office.get(f"/orders/{order['order_id']}").json()["status"] == "shipped"
    scan(staff, order["number"])
    expect(staff.get_by_role("alert")).to_have_text(f"Order {order['number']} is shipped: there is nothing to pack.")
