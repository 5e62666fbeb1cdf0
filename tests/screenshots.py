"""The pictures of the staff's guide, taken anew: `python -m tests.screenshots` beside a `make run` with demo data.

Those of pages with something typed in (receiving, the grid, the count) are taken by hand, when these pages change. The
tour of the README sets up the webhook and the API key that two of them show.
"""

import os
from pathlib import Path

from tests.browser import open_browser, sign_in, watched_page

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
ADDRESS = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
# Where a page's address holds an id, the first link of a list leads to it.
PAGES = {
    "admin": ("/admin/", ""),
    "admin-stock": ("/admin/inventory/stockitem/", ""),
    "admin-why": ("/admin/inventory/stockitem/", "#result_list a.sku"),
    "admin-transfer": ("/admin/inventory/stockitem/transfer/", ""),
    "admin-movements": ("/admin/inventory/stockmovement/", ""),
    "admin-orders": ("/admin/orders/order/", ""),
    "admin-order": ("/admin/orders/order/", "#result_list tbody a"),
    "admin-products": ("/admin/catalog/product/", ""),
    "admin-product": ("/admin/catalog/product/", "#result_list tbody th a"),
    "admin-people": ("/admin/accounts/user/", ""),
    "admin-events": ("/admin/events/event/", ""),
    "admin-keys": ("/admin/accounts/apikey/", ""),
    "admin-webhook": ("/admin/events/webhookendpoint/", "#result_list tbody a"),
}


def main() -> None:
    with open_browser(os.environ.get("BROWSER", "/usr/bin/chromium")) as browser:
        for width, pages in ((1440, PAGES), (390, {"admin-phone": ("/admin/", "")})):
            with watched_page(browser, ADDRESS, width=width) as (page, _):
                sign_in(page)
                for name, (address, link) in pages.items():
                    page.goto(address)
                    if link:
                        page.locator(link).first.click()
                    page.wait_for_load_state("networkidle")
                    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
