"""The pages that readers of mails come to, in a real Chromium: confirmed, chosen and ended, also without scripts."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from marketing.links import token_of
from marketing.models import Consent
from marketing.tests.factories import ask, make_consent, token_for
from tests.browser import open_browser, watched_page
from tests.test_browser_axe import Eyes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
# Where pictures of the pages go, for whoever wants to look at them.
PICTURES = os.environ.get("PICTURES_OF_NEWSLETTER", "")


def in_thread(work: Any) -> Any:
    """Django refuses the database to a thread in which Playwright waits."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def test_the_pages_are_plain_to_eyes_and_to_screen_readers(live_server: Any, chromium: str, settings: Any) -> None:
    settings.RATE_LIMITS = False
    asked, given = ask("new@example.com"), make_consent("ann@example.com")
    confirm, mine = f"/newsletter/confirm/{token_for(asked)}", token_of(given.pk)

    def lead() -> list[str]:
        with (
            open_browser(chromium) as browser,
            watched_page(browser, live_server.url, reduced_motion="reduce") as (page, watch),
        ):
            eyes = Eyes(page, watch)

            def keep(name: str) -> None:
                if PICTURES:
                    page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))

            eyes.open(confirm)
            keep("confirm")
            eyes.press("Yes, write to me", "You are subscribed.")
            keep("confirmed")
            eyes.open(f"/newsletter/preferences/{mine}")
            keep("preferences")
            page.get_by_label("News and offers").uncheck()
            eyes.press("Save", "Saved.")
            keep("saved")
            eyes.open(f"/newsletter/unsubscribe/{mine}")
            keep("unsubscribe")
            eyes.press("Unsubscribe", "You are unsubscribed")
            keep("unsubscribed")
            page.get_by_text("That was a mistake").click()
            page.get_by_label("News and offers").check()
            eyes.press("Save", "We have sent you a mail.")
            eyes.open("/newsletter/confirm/1-1:wrong", 400)
            return eyes.said

    assert in_thread(lead) == []
    given.refresh_from_db()
    assert (given.state, Consent.objects.get(pk=asked.pk).state) == ("asked", "given")


def test_they_work_without_scripts(live_server: Any, chromium: str, settings: Any) -> None:
    settings.RATE_LIMITS = False
    consent = ask("new@example.com")
    path = f"/newsletter/confirm/{token_for(consent)}"

    def lead() -> None:
        with (
            open_browser(chromium) as browser,
            watched_page(browser, live_server.url, java_script_enabled=False) as (page, _),
        ):
            page.goto(path)
            page.get_by_role("button", name="Yes, write to me").click()
            page.get_by_text("Choose what you are sent").click()
            page.get_by_label("A reminder when I leave something in my cart").uncheck()
            page.get_by_role("button", name="Save").click()
            page.get_by_text("Saved.").wait_for()

    in_thread(lead)
    consent.refresh_from_db()
    assert (consent.state, consent.topics) == ("given", ["news"])
