"""A day of staff in an empty shop, in a real Chromium: what is made, moved, edited and handled by its visible names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from catalog.tests.pictures import picture
from tests.browser import FAINT_WORDS, PASSWORD, sign_in, watched_page
from tests.shop import Shop, running_shop

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ADDRESS = {f"shipping_{name}": "Portland" for name in ("address_line1", "city", "state", "postal_code", "country")}
LISTS = ("orders/order", "inventory/stockitem", "catalog/product", "accounts/user", "events/event", "auth/group")


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


def offer(office: httpx.Client, name: str, stock: int = 0) -> dict[str, Any]:
    answer = office.post("/products/", json={"name": name, "price": "20.00", "stock_quantity": stock})
    assert answer.status_code == 201, answer.text
    product: dict[str, Any] = answer.json()
    return product


def row_of(page: Page, words: str) -> Locator:
    return page.get_by_role("row", name=re.compile(words))


def open_stock_of(page: Page, sku: str) -> None:
    page.get_by_role("link", name="Stock items").click()
    page.get_by_role("textbox", name="Search").fill(sku)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=sku, exact=True).click()


def test_goods_come_in_are_corrected_and_move_and_each_number_is_explained(staff: Page, office: httpx.Client) -> None:
    lamp, shade = offer(office, "Walnut Lamp")["sku"], offer(office, "Linen Shade")["sku"]
    staff.get_by_role("link", name="Warehouses").click()
    staff.get_by_role("link", name="Add warehouse").click()
    staff.get_by_label("Code").fill("south")
    staff.get_by_label("Name").fill("South warehouse")
    staff.get_by_role("button", name="Save", exact=True).click()

    staff.get_by_role("link", name="Receive goods").click()
    staff.get_by_label("Reference").fill("DN-7")
    for line, (sku, units) in enumerate(((lamp, "12"), (shade, "5"))):
        staff.get_by_label("SKU or barcode").nth(line).fill(sku)
        staff.get_by_label("Units").nth(line).fill(units)
    staff.get_by_role("button", name="Receive goods").click()
    expect(staff.get_by_text("Received 17 units under DN-7.")).to_be_visible()
    expect(row_of(staff, lamp)).to_contain_text("+12 → 12")
    expect(row_of(staff, shade)).to_contain_text("+5 → 5")

    open_stock_of(staff, lamp)
    staff.get_by_role("link", name="Adjust", exact=True).last.click()
    staff.get_by_label("Reason").fill("two were broken")
    staff.get_by_label("Difference (+/-)").first.fill("-2")
    staff.get_by_role("button", name="Adjust stock").click()
    staff.get_by_role("link", name="Transfer", exact=True).last.click()
    staff.get_by_label("From").select_option(label="Main warehouse")
    staff.get_by_label("To", exact=True).select_option(label="South warehouse")
    staff.get_by_label("Units").first.fill("4")
    staff.get_by_role("button", name="Transfer").click()

    expect(staff.get_by_text(re.compile("Moved 4 units under"))).to_be_visible()
    expect(row_of(staff, "^Main warehouse 6 0 0 6")).to_have_count(1)
    expect(row_of(staff, "^South warehouse 4 0 0 4")).to_have_count(1)
    expect(row_of(staff, "two were broken")).to_contain_text("-2")
    expect(row_of(staff, "DN-7")).to_contain_text("+12")

    staff.get_by_label("Stock at (UTC)").fill("2099-01-01T08:00")
    staff.get_by_role("button", name="Show").click()
    expect(row_of(staff, "South warehouse, then 4 0")).to_have_count(1)
    staff.get_by_label("Stock at (UTC)").fill("2001-01-01T08:00")
    staff.get_by_role("button", name="Show").click()
    expect(row_of(staff, "South warehouse, then 4 0")).to_have_count(0)


def test_a_product_is_made_gets_a_variant_a_picture_and_is_published(
    staff: Page, office: httpx.Client, tmp_path: Path
) -> None:
    staff.get_by_role("link", name="Products").click()
    staff.get_by_role("link", name="Add product").click()
    staff.get_by_label("Name").fill("Rain Jacket")
    staff.get_by_label("Price").fill("89.00")
    staff.get_by_role("button", name="Save and continue editing").click()
    staff.get_by_role("textbox", name="SKU").last.fill("RAIN-L")
    staff.get_by_role("textbox", name="Name").last.fill("Large")
    staff.get_by_role("textbox", name="Options").last.fill('{"size": "L"}')
    staff.get_by_role("button", name="Save and continue editing").click()
    expect(staff.locator("input[value=RAIN-L]")).to_be_visible()

    file = tmp_path / "jacket.png"
    file.write_bytes(picture(size=(64, 48)).read())
    staff.get_by_label("JPEG, PNG or WebP").set_input_files(file)
    staff.get_by_label("What it shows").fill("A yellow jacket")
    staff.get_by_role("button", name="Add picture").click()
    expect(staff.get_by_text("The picture is there.")).to_be_visible()
    staff.get_by_role("button", name="Publish").click()
    expect(staff.get_by_text("The product is active now.")).to_be_visible()
    staff.get_by_role("link", name="Products").first.click()

    thumbnail = row_of(staff, "Rain Jacket").get_by_alt_text("A yellow jacket")
    expect(thumbnail).to_be_visible()
    staff.wait_for_function("e => e.complete && e.naturalWidth > 0", arg=thumbnail.element_handle())
    shown = office.get("/products/rain-jacket/").json()
    assert [variant["sku"] for variant in shown["variants"]][-1] == "RAIN-L"


def test_of_two_tabs_the_second_is_told_and_keeps_what_was_typed(staff: Page, office: httpx.Client) -> None:
    product = offer(office, "Oak Shelf")
    url = f"/admin/catalog/product/{product['product_id']}/change/"
    staff.goto(url)
    other = staff.context.new_page()
    other.goto(url)
    other.get_by_label("Price").first.fill("25.00")
    other.get_by_role("button", name="Save and continue editing").click()
    expect(other.get_by_text(re.compile("was changed successfully"))).to_be_visible()

    staff.get_by_label("Price").first.fill("30.00")
    staff.get_by_role("button", name="Save", exact=True).click()

    expect(staff.get_by_text(re.compile("Somebody else has changed this since you opened it"))).to_be_visible()
    expect(staff.get_by_label("Price").first).to_have_value("30.00")
    assert office.get(f"/products/{product['product_id']}/").json()["price"] == "25.00"


def test_an_order_goes_its_way_on_its_page_until_somebody_else_cancels_it(staff: Page, office: httpx.Client) -> None:
    product = offer(office, "Steel Kettle", stock=9)
    basket = ADDRESS | {"order_items": [{"sku": product["sku"], "quantity": 2}]}
    placed = office.post("/orders/", json=basket).json()
    staff.goto("/admin/")
    staff.get_by_role("link", name=placed["number"]).click()
    staff.get_by_role("button", name="Confirm").click()
    expect(staff.get_by_text(f"Order {placed['number']} is confirmed.")).to_be_visible()
    expect(row_of(staff, product["sku"])).to_contain_text("2 from main")
    staff.get_by_role("link", name="Packing slip").click()
    expect(row_of(staff, product["sku"])).to_contain_text("2 units, Main warehouse")
    staff.go_back()

    assert office.post(f"/orders/{placed['order_id']}/cancel", json={"reason": "out of money"}).status_code == 200
    staff.get_by_role("button", name="Ship").click()

    expect(staff.get_by_text("Somebody else has changed it meanwhile; look at it again.")).to_be_visible()
    expect(staff.get_by_text("out of money")).to_be_visible()
    expect(staff.get_by_role("button", name="Ship")).to_have_count(0)
    assert office.get(f"/products/{product['product_id']}/").json()["stock_quantity"] == 9


@pytest.mark.parametrize(("scheme", "background"), [("light", "rgb(243, 245, 246)"), ("dark", "rgb(16, 22, 25)")])
def test_every_word_stands_out_from_what_is_behind_it(
    browser: Browser, shop: Shop, scheme: Literal["light", "dark"], background: str
) -> None:
    """At least 4.5 to 1, which WCAG asks for. A word in the colour of the page shows that the measure sees one."""
    with watched_page(browser, shop.url) as (page, _):
        page.emulate_media(color_scheme=scheme)
        sign_in(page)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background
        for path in ("", *(f"{name}/" for name in LISTS), "catalog/product/add/", "inventory/stockitem/receive/"):
            page.goto(f"/admin/{path}")
            assert page.evaluate(FAINT_WORDS) == [], path
        page.evaluate("colour => document.querySelector('h1').style.color = colour", background)
        assert page.evaluate(FAINT_WORDS) != []
        page.evaluate(
            "theme => document.documentElement.dataset.theme = theme", "dark" if scheme == "light" else "light"
        )
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != background
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


def test_the_keyboard_always_shows_where_it_is(staff: Page) -> None:
    staff.goto("/admin/inventory/stockitem/receive/")
    seen = set()
    for _ in range(60):
        staff.keyboard.press("Tab")
        seen.add(
            staff.evaluate("""() => {
                const here = document.activeElement, style = getComputedStyle(here);
                if (here === document.body) return 'end';
                const visible = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
                return visible ? here.tagName : 'unseen: ' + here.outerHTML;
            }""")
        )

    assert {"A", "INPUT", "SELECT", "BUTTON"} <= seen
    assert not [what for what in seen if what.startswith("unseen")]
