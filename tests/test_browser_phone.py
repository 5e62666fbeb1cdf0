"""An order by phone, in a real Chromium: staff find out who calls, fill the cart, and place it."""

import re
from collections.abc import Iterator

import httpx
import pytest
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
    """A colleague who does things through the API meanwhile."""
    with shop.client() as nobody:
        answer = nobody.post("/users/login", json={"email": "admin@example.com", "password": PASSWORD})
    with shop.client(answer.json()["access_token"]) as client:
        yield client


def test_a_guest_who_calls_gets_the_order_that_they_want(staff: Page, office: httpx.Client) -> None:
    lamp = office.post("/products/", json={"name": "Walnut Lamp", "price": "20.00", "stock_quantity": 9}).json()
    shade = office.post("/products/", json={"name": "Linen Shade", "price": "7.50", "stock_quantity": 1}).json()

    staff.get_by_role("link", name="Order by phone").click()
    staff.get_by_role("textbox", name="Email", exact=True).fill("caller@example.com")
    staff.get_by_role("button", name="Open a cart").click()
    expect(staff.get_by_text("There is nothing in the cart.").first).to_be_visible()

    staff.get_by_label("Look for articles").fill("lamps")
    staff.get_by_role("button", name="Look up").click()
    staff.get_by_role("button", name=f"Put {lamp['sku']} into the cart").click()
    staff.get_by_label("SKU", exact=True).fill(shade["sku"])
    staff.get_by_label("Units", exact=True).fill("2")
    staff.get_by_role("button", name="Put into the cart", exact=True).first.click()
    expect(staff.get_by_text("Only 1 can be ordered now.").first).to_be_visible()
    staff.get_by_label(f"Units of {shade['sku']}").first.fill("1")
    staff.get_by_role("button", name=f"Change the units of {shade['sku']}").click()
    expect(staff.get_by_text("Only 1 can be ordered now.")).to_have_count(0)

    staff.get_by_role("link", name="Write the address").click()
    staff.get_by_label("Recipient name").fill("Cara Jones")
    staff.get_by_label("Address line 1").fill("1 Main Street")
    staff.get_by_label("City").fill("Springfield")
    staff.get_by_label("State or province").fill("Bavaria")
    staff.get_by_label("Postal code").fill("62701")
    staff.get_by_label("Country").select_option("US")
    staff.get_by_role("button", name="Save").click()
    expect(staff.get_by_text("State: there is none like that in this country.")).to_be_visible()
    staff.get_by_label("State or province").fill("Illinois")
    staff.get_by_role("button", name="Save").click()

    expect(staff.locator("#who")).to_contain_text("62701 Springfield IL")
    expect(staff.locator("#totals")).to_contain_text(re.compile(r"Total\s*27\.50"))
    expect(staff.locator("#missing")).to_have_count(0)
    staff.get_by_role("button", name="Place the order for 27.50 USD").click()
    expect(staff.get_by_text(re.compile("Order [0-9]+ is placed."))).to_be_visible()
    [order] = office.get("/orders/").json()["results"]
    assert (order["user_id"], order["total_amount"]) == (None, "27.50")
    assert [line["sku"] for line in order["order_items"]] == [lamp["sku"], shade["sku"]]
