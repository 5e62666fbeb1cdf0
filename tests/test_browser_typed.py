"""What is typed on a page of staff survives, in a real Chromium: a log-in, another window, a verb, leaving."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser import PASSWORD, sign_in, watched_page
from tests.shop import Shop, running_shop

pytestmark = [pytest.mark.browser, pytest.mark.slow]
COUNT = "/admin/inventory/stockitem/count/"
SHELVES = "input[name^=shelf-][name$=-on_hand]:not([type=hidden])"
PRODUCT = "/admin/catalog/product/1/change/"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(tmp_path_factory.mktemp("shop"), demo=True, BCRYPT_ROUNDS="4", RATE_LIMITS="off") as shop:
        shop.manage("create_admin", "--email", "second@example.com", ADMIN_PASSWORD=PASSWORD)
        yield shop


@pytest.fixture
def staff(browser: Browser, shop: Shop) -> Iterator[Page]:
    """The page of an administrator. A page of ours about a form of another log-in is an answer of 403, and is meant."""
    with watched_page(browser, shop.url) as (page, watch):
        sign_in(page)
        yield page
        watch.seen[:] = [what for what in watch.seen if "403" not in what]


def count(page: Page, shelves: int) -> list[str]:
    """Count so many shelves; what was typed."""
    page.goto(COUNT)
    for number in range(shelves):
        page.locator(SHELVES).nth(number).fill(str(number + 100))
    return typed(page)


def typed(page: Page) -> list[str]:
    values: list[str] = page.locator(SHELVES).evaluate_all("fields => fields.map(field => field.value)")
    return values


def log_in(page: Page, email: str = "admin@example.com") -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.locator("#user-tools").wait_for()


def end_session(page: Page) -> None:
    page.context.clear_cookies(name="sessionid")


def test_a_count_is_kept_over_a_log_in(staff: Page) -> None:
    before = count(staff, 60)
    end_session(staff)
    staff.get_by_role("button", name="Look at the differences").click()
    expect(staff.get_by_text("You have to log in again.")).to_be_visible()
    log_in(staff)

    assert "122" not in typed(staff)
    staff.get_by_role("button", name="Put it back").click()

    assert typed(staff) == before
    expect(staff.get_by_role("button", name="Put it back")).to_have_count(0)
    staff.get_by_role("button", name="Look at the differences").click()
    expect(staff.get_by_text(re.compile("60 shelves counted"))).to_be_visible()


def test_a_count_is_kept_when_the_session_ends_before_it_is_posted(staff: Page) -> None:
    before = count(staff, 3)
    staff.get_by_role("button", name="Look at the differences").click()
    end_session(staff)
    staff.get_by_role("button", name="Post the count").click()
    log_in(staff)

    staff.get_by_role("button", name="Put it back").click()

    assert typed(staff) == before


def test_somebody_else_is_offered_nothing_and_it_is_forgotten(staff: Page) -> None:
    count(staff, 2)
    end_session(staff)
    staff.get_by_role("button", name="Look at the differences").click()
    log_in(staff, "second@example.com")

    expect(staff.get_by_role("heading", name="Stock count")).to_be_visible()
    expect(staff.get_by_role("button", name="Put it back")).to_have_count(0)
    assert staff.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('typed:'))") == []


def test_what_has_arrived_is_not_offered_again(staff: Page) -> None:
    count(staff, 2)
    staff.get_by_role("button", name="Look at the differences").click()
    staff.get_by_role("button", name="Post the count").click()
    expect(staff.get_by_text(re.compile("2 shelves counted"))).to_be_visible()

    staff.goto(COUNT)

    expect(staff.get_by_role("button", name="Look at the differences")).to_be_visible()
    expect(staff.get_by_role("button", name="Put it back")).to_have_count(0)


def test_lines_that_were_added_come_back(staff: Page) -> None:
    staff.goto("/admin/inventory/stockitem/receive/")
    staff.get_by_label("Reference").fill("DN-77")
    for _ in range(2):
        staff.get_by_role("button", name="Another line").click()
    staff.locator("[name=lines-6-sku]").fill("MUG")
    end_session(staff)
    staff.get_by_role("button", name="Receive goods").click()
    log_in(staff)

    staff.get_by_role("button", name="Put it back").click()

    expect(staff.locator("[name=lines-6-sku]")).to_have_value("MUG")
    expect(staff.get_by_label("Reference")).to_have_value("DN-77")


def test_after_a_log_in_in_another_window_a_page_of_ours_leads_back_to_the_form(staff: Page) -> None:
    staff.goto(PRODUCT)
    staff.get_by_label("Description").fill("A lamp of oak")
    end_session(staff)
    other = staff.context.new_page()
    sign_in(other)

    staff.get_by_role("button", name="Save and continue editing").click()
    expect(staff.get_by_role("heading", name="This page is of an earlier log-in")).to_be_visible()
    expect(staff.get_by_text("What you have typed is kept in this window.")).to_be_visible()
    staff.get_by_role("link", name="Open the page again").click()
    staff.get_by_role("button", name="Put it back").click()

    expect(staff.get_by_label("Description")).to_have_value("A lamp of oak")
    staff.get_by_role("button", name="Save and continue editing").click()
    expect(staff.get_by_text(re.compile("was changed successfully"))).to_be_visible()


def test_a_verb_beside_unsaved_fields_asks_first(staff: Page) -> None:
    staff.goto(PRODUCT)
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept() if len(asked) > 1 else dialog.dismiss()

    staff.on("dialog", answer)
    staff.get_by_label("Description").fill("A lamp of ash")
    verb = staff.locator(".verbs form button").first
    verb.click()
    expect(staff.get_by_label("Description")).to_have_value("A lamp of ash")
    assert "is not saved" in asked[0]

    verb.click()
    expect(staff.get_by_text(re.compile("The product is"))).to_be_visible()
    assert len(asked) == 2
    staff.get_by_role("button", name="Put it back").click()
    expect(staff.get_by_label("Description")).to_have_value("A lamp of ash")


def test_leaving_a_form_asks_first_and_saving_it_does_not(staff: Page) -> None:
    staff.goto(PRODUCT)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    staff.on("dialog", stay)
    staff.get_by_label("Description").fill("A lamp of elm")
    staff.get_by_role("link", name="Warehouses").click(no_wait_after=True)
    expect(staff.get_by_label("Description")).to_have_value("A lamp of elm")
    assert asked == ["beforeunload"]

    staff.get_by_role("button", name="Save and continue editing").click()
    expect(staff.get_by_text(re.compile("was changed successfully"))).to_be_visible()
    staff.get_by_role("link", name="Warehouses").click()
    expect(staff.get_by_role("link", name="Add warehouse")).to_be_visible()
    assert asked == ["beforeunload"]


def test_logging_out_forgets_what_was_typed(staff: Page) -> None:
    staff.goto(PRODUCT)
    staff.on("dialog", lambda dialog: dialog.accept())
    staff.get_by_label("Description").fill("A secret lamp")
    staff.goto("/admin/")
    assert staff.evaluate("Object.keys(sessionStorage).some(key => key.startsWith('typed:'))")

    staff.get_by_role("button", name="Log out").click()
    staff.get_by_role("heading", name="Logged out").wait_for()

    assert not staff.evaluate("Object.keys(sessionStorage).some(key => key.startsWith('typed:'))")


def test_a_new_key_is_shown_though_the_button_is_clicked_twice_and_not_when_its_page_is_loaded_again(
    staff: Page,
) -> None:
    staff.goto("/admin/accounts/apikey/new/")
    staff.get_by_label("Name").fill("Till")
    staff.get_by_label("stock:read").check()
    staff.get_by_role("button", name="Make the key").dblclick()
    expect(staff.locator("#key")).to_have_text(re.compile("^sk_[A-Za-z0-9]{40}$"))

    staff.reload()

    expect(staff.get_by_text("It took effect once.")).to_be_visible()
    expect(staff.locator("#key")).to_have_count(0)
    staff.goto("/admin/accounts/apikey/")
    expect(staff.get_by_role("link", name="Till")).to_have_count(1)
