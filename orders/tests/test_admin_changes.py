"""The pages of staff that change an order before it leaves."""

from typing import Any

import pytest

from orders import services
from orders.models import Order, OrderRevision
from orders.tests.factories import STAFF, assert_sound, everything, make_article, make_order, make_user, place
from pricing.tests.factories import make_method, make_zone

pytestmark = pytest.mark.django_db
WORDS = {"reason": "", "message": ""}


def page(order: Order, end: str = "") -> str:
    return f"/admin/orders/order/{order.pk}/{end}"


def line_page(order: Order, end: str = "") -> str:
    return page(order, f"articles/{order.order_items.all()[0].pk}/{end}")


def two_lines() -> Order:
    basket = {make_article(stock=5, sku="MUG"): 2, make_article(stock=5, sku="POT"): 3}
    return Order.objects.get(pk=place(make_user(), basket).id)


def form_of(pages: Any, address: str) -> dict[str, Any]:
    """The form of a page as it is shown."""
    form = pages.get(address).context["form"]
    return {name: form[name].value() or "" for name in form.fields}


def test_staff_change_an_address_on_a_page_that_shows_the_old_one(staff_pages: Any) -> None:
    pages, order = staff_pages(), two_lines()
    address = page(order, "address/")
    assert address in pages.get(page(order, "change/")).content.decode()
    form = form_of(pages, address)
    assert (form["recipient_name"], form["shipping_country"]) == ("Bo Smith", "USA")

    answer = pages.post(address, form | {"shipping_city": "Salem", "billing_name": "Acme"})

    assert (answer.status_code, Order.objects.get().shipping_city) == (200, "Springfield")
    errors = answer.context["form"].errors
    assert set(errors) == {f"billing_{part}" for part in ("address_line1", "city", "country", "state", "postal_code")}
    answer = pages.post(address, form | {"shipping_city": "Salem"})
    assert (answer.status_code, answer.headers["Location"]) == (302, page(order, "change/"))
    assert (Order.objects.get().shipping_city, Order.objects.get().country_code) == ("Salem", "US")
    assert OrderRevision.objects.get().actor.startswith("staff:")


def test_a_code_of_a_country_stays_whose_name_nobody_knows(staff_pages: Any) -> None:
    pages, order = staff_pages(), two_lines()
    Order.objects.update(shipping_country="Bundesrepublik", country_code="DE")
    address = page(order, "address/")
    pages.post(address, form_of(pages, address) | {"phone": "+49 1"})
    assert (Order.objects.get().country_code, Order.objects.get().phone) == ("DE", "+49 1")


def test_what_a_service_refuses_stands_on_the_form_with_what_was_typed(staff_pages: Any) -> None:
    pages, order = staff_pages(), two_lines()
    address = page(order, "address/")
    form = form_of(pages, address)
    services.change_order(order_id=order.pk, changes={"note": "Ring"}, actor=STAFF)
    answer = pages.post(address, form | {"shipping_city": "Salem"})
    text = answer.content.decode()
    assert "Somebody else has changed this" in text
    assert 'value="Salem"' in text
    assert Order.objects.get().shipping_city == "Springfield"


def test_staff_are_told_that_a_place_costs_something_else(staff_pages: Any) -> None:
    pages, order = staff_pages(), two_lines()
    zone = make_zone(countries=["US"])
    make_method(zone_id=zone.pk)
    order.charges.create(kind="shipping", code="parcel", name="Parcel", amount=0)
    address = page(order, "address/")
    typed = {"shipping_country": "France", "shipping_city": "Paris", "shipping_postal_code": "75001"}
    answer = pages.post(address, form_of(pages, address) | typed)
    assert "Taxes or shipping are others there." in answer.content.decode()
    assert OrderRevision.objects.count() == 0


def test_staff_take_units_off_and_a_line(staff_pages: Any) -> None:
    pages, order = staff_pages(), two_lines()
    address = line_page(order)
    assert address in pages.get(page(order, "change/")).content.decode()
    form = form_of(pages, address)
    assert form["quantity"] == 2
    assert pages.post(address, form | {"quantity": "1"} | WORDS).status_code == 302
    stale = pages.post(address, form | {"quantity": "0"} | WORDS)
    assert "Somebody else has changed this" in stale.content.decode()
    more = pages.post(address, form_of(pages, address) | {"quantity": "7"})
    assert more.context["form"].errors["quantity"] == ["The line has 1: lines only become fewer."]
    assert pages.post(address, form_of(pages, address) | {"quantity": "0"}).status_code == 302
    assert pages.get(address).status_code == 404
    last = line_page(order)
    refused = pages.post(last, form_of(pages, last) | {"quantity": "0"})
    assert "The order has no other line. Cancel it." in refused.content.decode()
    assert [line.sku for line in order.order_items.all()] == ["POT"]
    assert_sound()


def test_staff_replace_a_line_by_its_sku_or_its_barcode(staff_pages: Any) -> None:
    pages, order = staff_pages(), two_lines()
    make_article(stock=1, sku="BOWL", barcode="4006381333931")
    address = line_page(order, "replace/")
    form = form_of(pages, address)
    before = everything()
    unknown = pages.post(address, form | {"sku": "NONE"})
    assert "sku" in unknown.context["form"].errors
    there = pages.post(address, form | {"sku": "POT"})
    assert "POT is on the order." in there.content.decode()
    short = pages.post(address, form | {"sku": "BOWL"})
    assert "1 of BOWL can be had." in short.content.decode()
    assert everything() == before

    answer = pages.post(address, form | {"sku": "4006381333931", "quantity": "1", "message": "As we said."})

    assert answer.status_code == 302
    assert sorted(order.order_items.values_list("sku", "quantity")) == [("BOWL", 1), ("MUG", 1), ("POT", 3)]
    assert "As we said." in pages.get(page(order, "change/")).content.decode()
    assert_sound()


@pytest.mark.parametrize("status", ["shipped", "cancelled"])
def test_no_page_leads_to_a_change_of_what_has_left_or_ended(staff_pages: Any, status: str) -> None:
    pages, order = staff_pages(), make_order(status=status)
    text = pages.get(page(order, "change/")).content.decode()
    assert "articles/" not in text
    assert page(order, "address/") not in text
    answer = pages.post(line_page(order), form_of(pages, line_page(order)) | {"quantity": "1"})
    assert f"This order is {status}." in answer.content.decode()
    assert OrderRevision.objects.count() == 0


def test_lines_of_other_orders_have_no_page(staff_pages: Any) -> None:
    pages, order, other = staff_pages(), make_order(), make_order()
    line = other.order_items.get().pk
    for end in ("", "replace/"):
        assert pages.get(page(order, f"articles/{line}/{end}")).status_code == 404
