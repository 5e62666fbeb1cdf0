"""Every page of the admin as axe-core sees it: it keeps nobody out, in light and dark, at a desk and on a phone."""

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from staff.frame import StaffAdmin
from tests.admin_pages import ADD, ADMINS, ARGUMENT, CHANGE, DELETE, HISTORY, LIST, page_of
from tests.browser import PASSWORD, sign_in, watched_page
from tests.shop import Shop, running_shop
from tests.test_admin_authorization import MODELS, PAGES

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NO_PAGES = {"jsi18n/", "otp_totp/totpdevice/<int:pk>/qrcode/"}
EVERYTHING = {"resultTypes": ["violations"], "preload": False}
# All that another scheme changes on a page.
COLOURS = EVERYTHING | {"runOnly": ["color-contrast", "link-in-text-block"]}
DESK, PHONE = 1280, 390
LOOKS = (
    ("light", DESK, EVERYTHING),
    ("dark", DESK, COLOURS),
    ("dark", PHONE, COLOURS),
    ("light", PHONE, EVERYTHING),
)
# A row of everything that the demo has none of.
ROWS = """
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from events.models import SentMail
device = StaticDevice.objects.create(user_id=2, name="paper")
device.token_set.create(token="abcdef")
TOTPDevice.objects.create(user_id=2, name="phone")
SentMail.objects.create(key="order.placed:0", message_id="<1@example.com>")
"""
JOB = "insert into procrastinate_jobs (queue_name, task_name, status) values ('nowhere', 'nothing', 'todo')"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(tmp_path_factory.mktemp("shop"), BCRYPT_ROUNDS="4", RATE_LIMITS="off") as shop:
        shop.manage("load_demo")
        shop.manage("shell", "-v0", "-c", ROWS)
        yield shop


def addresses(shop: Shop) -> list[str]:
    """All pages that an administrator may open, each of a row that is there."""
    routes = [page for page, (who, status, _) in PAGES.items() if status == 200 and "a" in who and page not in NO_PAGES]
    for label, (sees, adds, _, deletes) in MODELS.items():
        ends = {LIST: sees, ADD: adds, CHANGE: sees, DELETE: deletes}
        if not isinstance(ADMINS[label], StaffAdmin):
            ends[HISTORY] = sees
        routes += [page_of(label, end) for end, who in ends.items() if "a" in who]
    with shop.connect("app") as connection:
        connection.execute(JOB)

        def row_of(label: str) -> str:
            table = ADMINS[label].opts.db_table
            [number] = connection.execute(f"select max(id) from {table}").fetchone() or [None]  # noqa: S608
            assert number is not None, f"the shop has no row of {label}"
            return str(number)

        of_all = {"order_id": "orders.order", "item_id": "inventory.stockitem", "pk": "otp_totp.totpdevice"}
        known = {name: row_of(label) for name, label in of_all.items()} | {"user_id": "2"}
        known |= {f"object_id {label}": row_of(label) for label in MODELS}

    def address(route: str) -> str:
        label = ".".join(route.split("/")[:2])
        return "/admin/" + ARGUMENT.sub(lambda name: known.get(name[1]) or known[f"{name[1]} {label}"], route)

    return sorted(map(address, routes))


def faults(page: Page, axe: Axe, name: str) -> Iterator[str]:
    """What axe-core finds on the page that is open, in each look."""
    page.evaluate(axe.axe_script)
    for scheme, width, rules in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 900})
        for found in page.evaluate(f"axe.run({json.dumps(rules)})")["violations"]:
            for node in found["nodes"][:3]:
                yield f"{name}, {scheme}, {width}: {found['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": DESK, "height": 900})


def test_axe_finds_nothing_on_any_page(browser: Browser, shop: Shop) -> None:
    axe = Axe()
    found: list[str] = []
    with watched_page(browser, shop.url, DESK) as (page, watch):
        page.emulate_media(reduced_motion="reduce")
        page.goto("/admin/login/")
        found += faults(page, axe, "the log-in")
        sign_in(page)
        for address in addresses(shop):
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 200, address
            found += faults(page, axe, address)
        page.goto("/admin/nowhere/")
        found += faults(page, axe, "a page that is not there")
        found += on_the_way(page, axe)
        watch.seen[:] = [what for what in watch.seen if "nowhere" not in what and "404" not in what]
    assert found == []


def on_the_way(page: Page, axe: Axe) -> Iterator[str]:
    """Pages that are answers to a form."""
    page.goto("/admin/catalog/category/")
    page.locator("input[name=_selected_action]").last.check()
    page.get_by_label("Action").select_option("delete_selected")
    page.get_by_role("button", name="Go").click()
    page.get_by_role("heading", name="Delete multiple objects").wait_for()
    yield from faults(page, axe, "categories to be deleted")
    page.goto("/admin/inventory/stockitem/count/")
    page.locator("input[type=number]").first.fill("4")
    page.get_by_role("button", name="Look at the differences").click()
    page.get_by_role("heading", name="Differences of the count").wait_for()
    yield from faults(page, axe, "differences of a count")
    page.goto("/admin/inventory/stockitem/receive/")
    page.get_by_label("Reference").fill("DN-1")
    page.get_by_role("button", name="Receive goods").click()
    page.get_by_text("Fill in at least one line.").wait_for()
    yield from faults(page, axe, "a form that came back")
    page.evaluate("document.querySelector('#logout-form').submit()")
    page.get_by_role("heading", name="Logged out").wait_for()
    yield from faults(page, axe, "logged out")


def test_axe_sees_a_fault_that_is_there(browser: Browser, shop: Shop) -> None:
    """A page of ours with a field that has no name: so the test above has eyes."""
    with watched_page(browser, shop.url, DESK) as (page, _):
        sign_in(page, password=PASSWORD)
        page.evaluate("document.querySelector('#content').append(document.createElement('input'))")
        assert any(": label: " in fault for fault in faults(page, Axe(), "home"))
