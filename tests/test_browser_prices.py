"""A shop keeper says in a browser what is charged, and tries a basket out; axe-core finds nothing on the way."""

from typing import Any

import pytest

from catalog.models import PlannedPrice
from pricing.models import ShippingMethod, TaxRate
from tests.admin_pages import Counter
from tests.test_browser_axe import Eyes
from tests.test_browser_axe import administrator as administrator
from tests.test_browser_axe import looked as looked
from tests.test_browser_axe import shop as shop

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
RIGHT = b"country,name,rate\nFR,VAT,20\n"
WRONG = RIGHT + b"IT,VAT,much\n"


def test_what_is_charged_is_said_and_tried_out(looked: Any, shop: Counter) -> None:
    prices = shop.address("catalog/product/<int:product_id>/variants/<int:variant_id>/prices/")

    def work(eyes: Eyes) -> None:
        import_rates(eyes)
        make_method(eyes)
        eyes.page.goto(prices)
        eyes.page.get_by_label("Price", exact=False).last.fill("3.00")
        eyes.page.get_by_label("From", exact=True).fill("2099-01-01T00:00")
        eyes.press("Plan this price", "The price is planned.")
        try_out(eyes)

    said = looked(work)
    assert not said, "\n".join(said)
    assert sorted(TaxRate.objects.values_list("country", flat=True)) == ["DE", "FR"]
    assert [str(rate) for rate in ShippingMethod.objects.get(code="express").rates.all()] == ["from 0: 9.90"]
    assert PlannedPrice.objects.filter(price=3).count() == 1


def import_rates(eyes: Eyes) -> None:
    """A table with a wrong line, and then a right one: checked first, and imported."""
    page = eyes.page
    page.goto("/admin/pricing/taxrate/import/")
    for table, words in ((WRONG, "rate is a percentage"), (RIGHT, "can be imported"), (RIGHT, "1 rate imported.")):
        page.locator("input[type=file]").set_input_files({"name": "rates.csv", "mimeType": "text/csv", "buffer": table})
        eyes.press("Go on", words)


def make_method(eyes: Eyes) -> None:
    """A method of shipping with one rate."""
    page = eyes.page
    page.goto("/admin/pricing/shippingmethod/add/")
    page.get_by_label("Code", exact=False).first.fill("express")
    page.get_by_label("Name", exact=False).first.fill("Express")
    page.locator("input[name=rates-0-price]").fill("9.90")
    eyes.press("Save", "was added successfully")


def try_out(eyes: Eyes) -> None:
    """A basket that goes to Germany with a coupon that there is and one that there is not."""
    page = eyes.page
    page.goto("/admin/pricing/promotion/tryout/")
    page.get_by_label("SKU of article 1").fill("mug")
    page.get_by_label("Units of article 1").fill("2")
    page.get_by_label("Country", exact=False).fill("DE")
    page.locator("select[name=method]").select_option("express")
    page.get_by_label("Coupons", exact=False).fill("ten, none")
    eyes.press("What does it cost?", "It costs")
    for words in ("There is no such coupon.", "Ten percent (TEN)", "VAT 19 %", "Ways to get there"):
        assert page.get_by_text(words).first.is_visible(), words
