"""Every page of the admin as axe-core sees it: it keeps nobody out, in light on a phone and in the dark at a desk.

The pages come from the rows of test_admin_authorization.py, where a new page has to have one. What a page answers to
its form and its verbs is looked at too, and so is every error on the console.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.template.loader import render_to_string
from playwright.sync_api import Page, Route

from accounts.tests.factories import give_paper, give_phone
from staff.frame import StaffAdmin
from tests.admin_pages import ADD, ADMINS, CHANGE, DELETE, HISTORY, LIST, Counter, all_actions, page_of
from tests.browser import Watch, open_browser, watched_page
from tests.test_admin_authorization import MODELS, PAGES

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
# All rules of WCAG 2.2 that axe-core knows, and those of good practice. "preload" would load style sheets once more.
EVERYTHING = {"resultTypes": ["violations"], "preload": False, "rules": {"target-size": {"enabled": True}}}
# All that another scheme changes on a page; the rest of a page is the same at the same width.
COLOURS = {"resultTypes": ["violations"], "preload": False, "runOnly": ["color-contrast", "link-in-text-block"]}
DESK, PHONE = 1280, 390
LOOKS = (("light", PHONE, EVERYTHING), ("dark", DESK, COLOURS))
# For pages that were looked at already, and now have errors or messages on them.
ONE_LOOK = LOOKS[:1]
# Rows of PAGES that are no pages of HTML.
NO_PAGES = {
    "events/sentmail/previews/<str:mail_kind>/<int:mail>/",  # a mail, which no script of ours runs in
    "invoicing/invoice/<int:invoice_id>/pdf/",
    "jsi18n/",
    "otp_totp/totpdevice/<int:pk>/qrcode/",
}
# Rows of PAGES that are no pages for an administrator who asks for them; the tests below get them in another way.
ON_THE_WAY = {
    "<anything else>",
    "autocomplete/",
    "otp_static/staticdevice/<int:pk>/confirm/",
    "otp_totp/totpdevice/<int:pk>/confirm/",
}
# Forms in which somebody types: neither a button beside a row, nor the log-out.
FORMS = """[...document.querySelectorAll('form[method=post]:not(#logout-form, #changelist-form)')].filter(form =>
    [...form.elements].some(field => field.matches('textarea, input:not([type=hidden], [type=submit])')))"""
SEND_EMPTY = (
    """number => {
    const form = """
    + FORMS
    + """[number];
    for (const field of form.elements)
        if (field.matches('textarea, input:not([type=hidden], [type=submit], [type=checkbox], [type=radio])'))
            field.value = '';
    form.noValidate = true;
    form.requestSubmit();
}"""
)


class Eyes:
    """A page of a browser, and all that axe-core and the console have said so far."""

    def __init__(self, page: Page, watch: Watch) -> None:
        self.page, self.watch, self.said = page, watch, list[str]()
        page.set_default_timeout(60_000)
        page.on("dialog", lambda dialog: dialog.accept())

    def open(self, address: str, status: int = 200) -> None:
        """Go to an address that answers with this status, and look."""
        answer = self.page.goto(address)
        assert answer is not None
        assert answer.status == status, f"{address} is answered {answer.status}"
        self.look(address, status)

    def look(self, name: str, status: int = 200, looks: Any = LOOKS) -> None:
        """Look at the page that is open, which has been answered with this status."""
        self.said += [f"{name}: {what}" for what in self.watch.seen if status == 200 or str(status) not in what]
        self.watch.seen.clear()
        self.page.evaluate(Axe().axe_script)
        for scheme, width, rules in looks:
            self.page.emulate_media(color_scheme=scheme)
            self.page.set_viewport_size({"width": width, "height": 900})
            for found in self.page.evaluate(f"axe.run({json.dumps(rules)})")["violations"]:
                self.said += [
                    f"{name}, {scheme}, {width}: {found['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
                    for node in found["nodes"][:3]
                ]

    def press(self, button: str, then: str) -> None:
        """Press a button, and look at the page with these words to which it leads."""
        self.page.get_by_role("button", name=button, exact=True).click()
        self.page.get_by_text(then).first.wait_for()
        self.look(f"{button}: {then}")

    def send_empty(self, address: str) -> int:
        """Post each form of a page with nothing typed in; how many came back with errors, and were looked at."""
        self.page.goto(address)
        came_back = 0
        for number in range(self.page.evaluate(f"{FORMS}.length")):
            if number:
                self.page.goto(address)
            if number >= self.page.evaluate(f"{FORMS}.length"):
                break  # a form before took effect, though nothing was typed in
            with self.page.expect_navigation():
                self.page.evaluate(SEND_EMPTY, number)
            if self.page.locator(".errorlist, .errornote").count():
                self.look(f"form {number} of {address}", looks=ONE_LOOK)
                came_back += 1
        return came_back

    def use(self, action: str) -> bool:
        """Use a verb of a list on its last row, and look at the answer; whether the list offers the verb."""
        label, _, name = action.partition(" ")
        self.page.goto(f"/admin/{page_of(label)}")
        if not self.page.locator(f"select[name=action] option[value={name}]").count():
            return False
        self.page.locator("input[name=_selected_action]").last.check()
        self.page.locator("select[name=action]").select_option(name)
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Go").click()
        self.look(action, looks=ONE_LOOK)
        return True


@pytest.fixture
def shop(settings: Any, tmp_path: Any) -> Counter:
    settings.RATE_LIMITS = False
    settings.MEDIA_ROOT = str(tmp_path)
    return Counter()


@pytest.fixture
def administrator(staff_pages: Any) -> Any:
    """The session of an administrator, as a client with its `user`."""
    return staff_pages()


@pytest.fixture
def looked(live_server: Any, chromium: str, administrator: Any) -> Any:
    """`looked(work)`: all that was said while `work` led the eyes of the administrator around.

    The browser has a thread of its own: Django refuses the database to a thread in which Playwright waits.
    """
    name = django_settings.SESSION_COOKIE_NAME
    cookie: Any = {"name": name, "value": administrator.cookies[name].value, "url": live_server.url}

    def lead(work: Callable[[Eyes], None]) -> list[str]:
        # Without motion no colour is on its way from one scheme to the other.
        with (
            open_browser(chromium) as browser,
            watched_page(browser, live_server.url, reduced_motion="reduce") as (page, watch),
        ):
            page.context.add_cookies([cookie])
            eyes = Eyes(page, watch)
            work(eyes)
            return eyes.said

    def looked(work: Callable[[Eyes], None]) -> list[str]:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lead, work).result()

    return looked


def routes() -> Iterator[str]:
    """All pages that an administrator may open."""
    for page, (who, status, _) in PAGES.items():
        if status == 200 and "a" in who and page not in NO_PAGES:
            yield page
    for label, (sees, adds, _, deletes) in MODELS.items():
        ends = {LIST: sees, ADD: adds, CHANGE: sees, DELETE: deletes}
        if not isinstance(ADMINS[label], StaffAdmin):  # those lead from the history to the journal
            ends[HISTORY] = sees
        yield from (page_of(label, end) for end, who in ends.items() if "a" in who)


def test_every_page_is_looked_at() -> None:
    """What no test here opens answers to posts alone, or leads elsewhere."""
    unseen = {page for page in PAGES if page not in {*routes(), *NO_PAGES, *ON_THE_WAY}}
    assert {PAGES[page][1] for page in unseen} == {302, 405}


def test_nothing_is_found_on_any_page(looked: Any, shop: Counter) -> None:
    addresses = sorted(map(shop.address, routes()))

    def work(eyes: Eyes) -> None:
        for address in addresses:
            eyes.open(address)

    said = looked(work)
    assert not said, "\n".join(said)


def test_nothing_is_found_on_any_form_that_comes_back_and_after_any_verb(looked: Any, shop: Counter) -> None:
    addresses, verbs = sorted(map(shop.address, routes())), sorted(all_actions())
    counts: dict[str, int] = {}

    def work(eyes: Eyes) -> None:
        counts["forms"] = sum(map(eyes.send_empty, addresses))
        counts["verbs"] = sum(map(eyes.use, verbs))

    said = looked(work)
    assert not said, "\n".join(said)
    assert counts["forms"] > 20
    assert counts["verbs"] > 10


def test_nothing_is_found_on_pages_on_the_way(looked: Any, shop: Counter, administrator: Any) -> None:
    phone, paper = give_phone(administrator.user), give_paper(administrator.user, "abcdef")
    for device in (phone, paper):
        device.confirmed = False
        device.save()
    warehouse = shop.address(page_of("inventory.warehouse", CHANGE))
    own = [f"/admin/{device._meta.label_lower.replace('.', '/')}/{device.pk}/confirm/" for device in (phone, paper)]
    broken = {name: render_to_string(f"{name}.html", {"detail": "The database is busy."}) for name in ("500", "503")}

    def work(eyes: Eyes) -> None:
        page = eyes.page
        for address in own:
            eyes.open(address)
        eyes.open("/admin/nowhere/", 404)
        eyes.open("/admin/autocomplete/", 403)
        eyes.open("/admin/orders/order/?price=1", 400)
        eyes.open("/admin/accounts/user/?_to_field=id&_popup=1")
        for name, html in broken.items():
            page.route(f"**/{name}/", answer_with(html))
            eyes.open(f"/admin/{name}/")
        count_receive_and_lose(eyes)
        page.goto(warehouse)
        page.get_by_role("checkbox", name="Active").uncheck()
        eyes.press("Save", "Take it out of sale")
        come_in(eyes, administrator.user.email)

    said = looked(work)
    assert not said, "\n".join(said)


def answer_with(html: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=html, content_type="text/html")


def count_receive_and_lose(eyes: Eyes) -> None:
    """Pages that ask once more before something is done."""
    page = eyes.page
    page.goto("/admin/inventory/stockitem/count/")
    page.locator("input[name^=shelf-][name$=-on_hand]").first.fill("4")
    eyes.press("Look at the differences", "shelves counted")
    for words in ("Received 1 units", "came with these units"):
        page.goto("/admin/inventory/stockitem/receive/?sku=MUG")
        page.get_by_label("Reference").fill("DN-1")
        page.get_by_label("Units").first.fill("1")
        eyes.press("Receive goods", words)
    page.goto("/admin/orders/order/shortfall/?sku=MUG")
    page.get_by_label("Units that are gone").fill("10")
    page.get_by_label("Reason").fill("Lost")
    eyes.press("Who would lose it?", "promise")


def come_in(eyes: Eyes, email: str) -> None:
    """The pages before the log-in, behind it, and of another log-in."""
    page = eyes.page
    page.goto("/admin/catalog/category/add/")
    page.evaluate("document.querySelectorAll('[name=csrfmiddlewaretoken]').forEach(field => { field.value = 'x' })")
    page.get_by_label("Name").fill("Lamps")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="This page is of an earlier log-in").wait_for()
    eyes.look("a form of an earlier log-in", 403)
    page.goto("/admin/")
    eyes.press("Log out", "Logged out")
    eyes.open("/admin/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("wrong")
    eyes.press("Log in", "correct")


def test_a_fault_that_is_there_is_seen(looked: Any, shop: Counter) -> None:
    """So the tests above have eyes: a field without a name, a faint word in the dark, an error on the console."""

    def work(eyes: Eyes) -> None:
        eyes.page.goto("/admin/password_change/")
        eyes.page.evaluate("""() => {
            document.querySelector('#content').append(document.createElement('input'));
            document.querySelector('h1').style.color = 'light-dark(#000, #222)';
            console.error('Something is wrong');
        }""")
        eyes.look("a page")

    said = " ".join(looked(work))
    assert "a page, light, 390: label: <input>" in said
    assert "a page, dark, 1280: color-contrast: <h1" in said
    assert "a page, light, 390: color-contrast" not in said
    assert "a page: console: Something is wrong" in said
