"""The pages that people use, in a real Chromium: the daily paths of staff, and both readers of the description."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from catalog.tests.pictures import picture
from events.kinds import public_kinds
from tests.browser import Watch, sign_in, watched_page
from tests.operations import described
from tests.shop import Shop, running_shop

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGES = (
    "/admin/",
    "/admin/orders/order/",
    "/admin/orders/order/1/change/",
    "/admin/orders/order/1/slip/",
    "/admin/orders/order/shortfall/",
    "/admin/inventory/stockitem/",
    "/admin/inventory/stockitem/1/why/",
    "/admin/inventory/stockitem/1/change/",
    "/admin/inventory/stockitem/receive/",
    "/admin/inventory/stockitem/adjust/",
    "/admin/inventory/stockitem/transfer/",
    "/admin/inventory/stockitem/grid/",
    "/admin/inventory/stockitem/count/",
    "/admin/inventory/warehouse/",
    "/admin/inventory/stockmovement/",
    "/admin/inventory/stockalert/",
    "/admin/catalog/product/",
    "/admin/catalog/product/1/change/",
    "/admin/catalog/category/",
    "/admin/accounts/user/",
    "/admin/accounts/user/2/change/",
    "/admin/events/event/",
    "/admin/events/event/1/change/",
    "/admin/password_change/",
)
# Milliseconds in which a reader has the whole description on the page, on a machine that has much else to do.
READING = 60_000
# Tables that have to be pushed aside to be read to the end.
CUT_OFF = """() => [...document.querySelectorAll('.results, .scroll, .card:has(> table), .tabular')]
    .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => `${e.className}: ${e.scrollWidth} of ${e.clientWidth}`)"""

# What can be operated, and has no name that is read out.
NAMELESS = """() => [...document.querySelectorAll('input, select, textarea, button, a[href]')]
    .filter(e => e.type !== 'hidden' && e.offsetParent && !(e.labels && e.labels.length)
        && !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.title
             || e.textContent.trim() || e.value || e.querySelector('img[alt], svg')))
    .map(e => e.outerHTML)"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(tmp_path_factory.mktemp("shop"), demo=True, BCRYPT_ROUNDS="4", RATE_LIMITS="off") as shop:
        yield shop


def on_hand(page: Page) -> int:
    """What the page that explains a number says."""
    return int(
        page.locator("section", has=page.get_by_role("heading", name="On hand", exact=True)).locator("p").inner_text()
    )


def token_of(shop: Shop, email: str, password: str) -> str:
    return str(shop.client().post("/users/login", json={"email": email, "password": password}).json()["access_token"])


def test_every_page_is_whole_and_can_be_heard(browser: Browser, shop: Shop) -> None:
    """No error, nothing from elsewhere, nothing wider than the screen, and a name for whatever can be operated."""
    with watched_page(browser, shop.url) as (page, _):
        sign_in(page)
        for path in PAGES:
            page.goto(path)
            assert page.get_by_role("heading", level=1).count() == 1, path
            for width in (1440, 1280, 390):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
                assert width < 1280 or page.evaluate(CUT_OFF) == [], (path, width)
                assert page.evaluate(NAMELESS) == [], (path, width)


def test_goods_are_received_with_the_keyboard_and_posted_once(staff: Page, shop: Shop) -> None:
    staff.goto("/admin/inventory/stockitem/?q=ASH-1144")
    staff.get_by_role("link", name="ASH-1144").click()
    why = staff.url
    before = on_hand(staff)
    staff.goto("/admin/inventory/stockitem/receive/?sku=ASH-1144")
    staff.get_by_label("Reference").fill("DN-2042")
    staff.keyboard.press("Enter")  # as a scanner does
    expect(staff.get_by_label("Reason")).to_be_focused()
    staff.get_by_role("textbox", name="SKU or barcode").first.press("Tab")
    staff.keyboard.type("12")
    staff.get_by_role("textbox", name="SKU or barcode").nth(1).fill("ASH-1147")
    staff.get_by_role("textbox", name="Units").nth(1).fill("3")

    staff.get_by_role("button", name="Receive goods").dblclick()

    staff.get_by_text(re.compile("received|posted", re.I)).first.wait_for()
    staff.goto(why)
    assert on_hand(staff) == before + 12
    assert staff.get_by_text("DN-2042").count() == 1


def test_a_stale_correction_is_told_and_not_lost(staff: Page, browser: Browser, shop: Shop) -> None:
    staff.goto("/admin/inventory/stockitem/adjust/?sku=ASH-1148")
    admin = shop.client(token_of(shop, "admin@example.com", "demo-admin-password"))
    body = {"reason": "breakage", "lines": [{"sku": "ASH-1148", "delta": -1}]}
    assert admin.post("/inventory/adjustments", json=body).status_code == 201

    # The page showed what the books said when it was opened: "instead of" is filled in already.
    staff.get_by_label("Reason").first.fill("counted by hand")
    counted = staff.get_by_role("textbox", name="or: counted").first
    counted.fill("99")
    staff.get_by_role("button", name="Adjust").click()

    expect(staff.get_by_text(re.compile("On hand is"))).to_be_visible()
    expect(counted).to_have_value("99")


def test_the_grid_corrects_many_and_tells_the_stale_one(staff: Page, shop: Shop) -> None:
    staff.goto("/admin/inventory/stockitem/grid/?warehouse=main&q=ASH-1149")
    fields = staff.get_by_role("textbox", name=re.compile("lies there"))
    first, second = fields.nth(0), fields.nth(1)
    sku = str(first.get_attribute("aria-label")).removesuffix(" lies there")
    admin = shop.client(token_of(shop, "admin@example.com", "demo-admin-password"))
    body = {"reason": "found", "lines": [{"sku": sku, "delta": 1}]}
    assert admin.post("/inventory/adjustments", json=body).status_code == 201

    first.fill("500")
    second.fill("501")
    staff.get_by_label("Reason").fill("yearly correction")
    staff.get_by_role("button", name="Correct what I changed").click()

    expect(staff.get_by_text("1 corrected, 1 refused.")).to_be_visible()
    expect(staff.get_by_text(re.compile("On hand is"))).to_be_visible()
    expect(first).to_have_value("500")
    staff.get_by_label("Reason").fill("yearly correction")
    staff.get_by_role("button", name="Correct what I changed").click()
    expect(staff.get_by_text("1 corrected.")).to_be_visible()


def test_a_count_shows_its_differences_and_is_posted(staff: Page) -> None:
    staff.goto("/admin/inventory/stockitem/count/?warehouse=main&q=ASH-1146")
    fields = staff.get_by_role("textbox", name=re.compile("lies there"))
    fields.nth(0).fill("7")
    fields.nth(1).fill("7")
    staff.get_by_role("button", name="Look at the differences").click()
    staff.get_by_role("heading", name="Differences of the count").wait_for()
    assert staff.get_by_role("row", name=re.compile("ASH-1146")).count() == 2
    staff.get_by_role("button", name="Post the count").click()

    expect(staff.get_by_text("2 shelves counted, 2 differences posted.")).to_be_visible()


def test_orders_are_shipped_in_bulk_with_a_result_for_each(staff: Page, shop: Shop) -> None:
    customer = shop.client(token_of(shop, "customer@example.com", "demo-customer-password"))
    place = {"address_line1": "1 Pine Street", "city": "Portland", "state": "OR", "postal_code": "97201"}
    address = {f"shipping_{name}": value for name, value in place.items()} | {"shipping_country": "USA"}
    placed = []
    for _ in range(3):
        body = address | {"order_items": [{"sku": "ASH-1143-BRICK-6L", "quantity": 1}]}
        placed.append(customer.post("/orders/", json=body).json())
    staff.goto("/admin/orders/order/?status__exact=pending")

    def act(verb: str) -> None:
        for order in placed:
            staff.get_by_role("row", name=re.compile(order["number"])).get_by_role("checkbox").check()
        staff.locator("select[name=action]").select_option(label=verb)

    act("Confirm")
    staff.get_by_role("button", name=re.compile("Run|Go")).click()
    expect(staff.get_by_text(re.compile("3 confirmed"))).to_be_visible()

    staff.goto("/admin/orders/order/?status__exact=confirmed")
    act("Ship")
    admin = shop.client(token_of(shop, "admin@example.com", "demo-admin-password"))
    assert admin.post(f"/orders/{placed[0]['order_id']}/cancel", json={}).status_code == 200
    staff.get_by_role("button", name=re.compile("Run|Go")).click()

    expect(staff.get_by_text(re.compile("2 shipped, 1 refused"))).to_be_visible()
    expect(staff.get_by_text(re.compile(f"{placed[0]['number']}.*cancelled"))).to_be_visible()


def test_a_product_gets_a_picture_that_is_shown(staff: Page, tmp_path: Path) -> None:
    file = tmp_path / "mug.png"
    file.write_bytes(picture(size=(64, 48)).read())
    staff.goto("/admin/catalog/product/2/change/")
    pictures = staff.locator("#pictures li img")
    before = pictures.count()

    staff.locator("#pictures input[type=file]").set_input_files(file)
    staff.get_by_role("button", name="Add picture").click()

    expect(pictures).to_have_count(before + 1)
    pictures.last.scroll_into_view_if_needed()
    staff.wait_for_function("[...document.querySelectorAll('#pictures img')].every(i => i.complete && i.naturalWidth)")


def test_a_stock_keeper_sees_no_customers(browser: Browser, shop: Shop) -> None:
    shop.manage(
        "shell",
        "-c",
        "from accounts.tests.factories import make_user;"
        "make_user(email='keeper@example.com', password='a keeper of stock', is_staff=True, groups=('stock keeper',))",
    )
    with watched_page(browser, shop.url) as (page, watch):
        sign_in(page, "keeper@example.com", "a keeper of stock")
        assert page.get_by_role("link", name="Receive goods").count() == 1
        assert page.get_by_role("link", name="Orders").count() == 0
        assert page.get_by_role("link", name="Users").count() == 0
        for path in ("/admin/orders/order/1/change/", "/admin/accounts/user/2/change/"):
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 403
        assert len(watch.seen) == 4  # each twice: the answer, and what the console says of it
        watch.seen.clear()


def test_signing_out_ends_it(staff: Page) -> None:
    staff.get_by_role("button", name="Log out").click()
    staff.goto("/admin/orders/order/")

    expect(staff.get_by_label("Password")).to_be_visible()


def test_swagger_ui_shows_and_tries_an_operation(visit: tuple[Page, Watch]) -> None:
    page, _ = visit
    page.set_default_timeout(READING)
    page.goto("/docs")
    page.locator("#operations-catalog-listProducts").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table .response-col_status").last).to_contain_text("200", timeout=READING)


def test_scalar_shows_every_operation_and_asks_nobody_else(visit: tuple[Page, Watch]) -> None:
    page, _ = visit
    page.set_default_timeout(READING)
    page.goto("/scalar")

    expect(page.get_by_role("heading", name="Shop API")).to_be_visible(timeout=READING)
    closed = page.get_by_role("button", name=re.compile("^Open Group"))
    while closed.count():
        closed.first.click()
    operations = page.get_by_role("complementary").get_by_role("link", name=re.compile("HTTP Method"))
    # What is sent to receivers of webhooks stands there too.
    expect(operations).to_have_count(len(list(described())) + len(public_kinds()), timeout=READING)
    for name in ("Ask AI", "Developer Tools", "Open API Client", "Share", "Deploy"):
        assert page.get_by_text(name, exact=False).count() == 0, name
