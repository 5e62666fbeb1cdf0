"""Staff take money that has come and give units of it back, in Chromium; axe-core finds nothing on the way."""

from typing import Any

import pytest

from payments.models import Payment
from payments.tests.factories import begun
from tests.admin_pages import Counter
from tests.test_browser_axe import Eyes
from tests.test_browser_axe import administrator as administrator
from tests.test_browser_axe import looked as looked
from tests.test_browser_axe import shop as shop

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_money_comes_and_a_line_goes_back(looked: Any, shop: Counter) -> None:
    payment = begun()
    number, page = payment.order.number, f"/admin/payments/payment/{payment.pk}/change/"

    def work(eyes: Eyes) -> None:
        eyes.open(page)
        eyes.press("It has come", "The money is taken.")
        eyes.press("Give it back", "Write an amount, or units of lines.")
        eyes.page.get_by_label("Units of", exact=False).fill("1")
        eyes.page.get_by_label("Reason", exact=False).fill("One was broken.")
        eyes.press("Give it back", "The money goes back.")
        eyes.page.get_by_role("link", name=number).click()
        eyes.page.get_by_text("What happened with the money").wait_for()
        eyes.look("the page of the order")

    said = looked(work)
    assert not said, "\n".join(said)
    payment.refresh_from_db()
    assert (payment.state, str(payment.refunded)) == ("paid", "10.00")
    assert Payment.objects.get(pk=payment.pk).operations.get(kind="refund").reason == "One was broken."
