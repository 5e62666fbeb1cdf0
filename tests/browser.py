"""A real Chromium on the running shop, and a watch that sees what a person would never be told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
PASSWORD = "demo-admin-password"
# Words whose colour differs too little from the first opaque colour behind them.
FAINT_WORDS = """() => {
    const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = colour => {
        const [red, green, blue] = numbers(colour).slice(0, 3).map(value => value / 255).map(
            value => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = element => {
        for (; element; element = element.parentElement) {
            const colour = getComputedStyle(element).backgroundColor;
            if ((numbers(colour)[3] ?? 1) > 0.9) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const faint = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const element = walk.currentNode.parentElement, words = walk.currentNode.textContent.trim();
        if (!words || !element.checkVisibility() || element.closest('script, style, template, option')) continue;
        const style = getComputedStyle(element);
        const [dark, bright] = [light(element.closest('svg') ? style.fill : style.color), light(behind(element))].sort(
            (one, other) => one - other);
        const ratio = (bright + 0.05) / (dark + 0.05);
        if (ratio < 4.5) faint.push(`${words}: ${ratio.toFixed(1)}`);
    }
    return faint;
}"""


@contextmanager
def open_browser(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watch:
    """Errors on the console (a breach of the content security policy is one), failed answers, requests to others."""

    origin: str
    seen: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.seen.append(f"console: {message.text}")

    def request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.seen.append(f"foreign: {request.url}")

    def response(self, response: Response) -> None:
        if response.status >= 400:
            self.seen.append(f"{response.status}: {response.url}")


@contextmanager
def watched_page(browser: Browser, origin: str, width: int = 1440, **options: Any) -> Iterator[tuple[Page, Watch]]:
    """A page of a browser that has no cookies yet. When the block ends the watch must have seen nothing.

    `options` are those of Playwright's `new_context`.
    """
    context = browser.new_context(base_url=origin, viewport={"width": width, "height": 900}, **options)
    page, watch = context.new_page(), Watch(origin)
    page.on("console", watch.console)
    page.on("pageerror", lambda error: watch.seen.append(f"script: {error}"))
    page.on("request", watch.request)
    page.on("response", watch.response)
    page.set_default_timeout(15_000)
    try:
        yield page, watch
        assert not watch.seen, watch.seen
    finally:
        context.close()


def sign_in(page: Page, email: str = "admin@example.com", password: str = PASSWORD) -> None:
    page.goto("/admin/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Today", exact=True).wait_for()
