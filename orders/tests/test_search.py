"""Staff find an order by whatever stands on it, in the admin's list and in the API's, with the same words."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from accounts.models import User
from catalog import services as catalog
from events.tests.rewriting import rewriting
from inventory.former_names import FormerName
from orders import services
from orders.models import Order
from orders.services import Buyer, Wanted
from orders.tests.clients import order_desk
from orders.tests.factories import ADDRESS, STAFF, customer, make_article, make_order, make_user, place

pytestmark = pytest.mark.django_db
FOUND = {
    "recipient_name": "Anna Almeida",
    "phone": "+351 21 555-0142",
    "shipping_address_line1": "12 Rua Augusta",
    "shipping_city": "Vila Real",
    "shipping_state": "Douro",
    "shipping_postal_code": "5000-657",
    "shipping_country": "Portugal",
}


@pytest.fixture
def find(staff_pages: Callable[..., Any]) -> Callable[[str], list[str]]:
    """The numbers of the orders that both lists find."""
    api, admin = order_desk(), staff_pages("order desk")

    def search(words: str) -> list[str]:
        rows = api.get("/api/v1/orders/", {"search": words}).json()["results"]
        listed = admin.get("/admin/orders/order/", {"q": words}).context_data["cl"].result_list
        numbers = [row["number"] for row in rows]
        assert [row.number for row in listed] == numbers
        return numbers

    return search


@pytest.fixture
def order() -> Order:
    """The order to be found, beside one that shares nothing with it."""
    make_order(make_user(email="other@example.org", first_name="Zoe", last_name="Quux"), sku="POT-9", name="Pot")
    order = make_order(
        make_user(email="anna@example.com", first_name="Anna", last_name="Buyer"),
        sku="AA-1-RED",
        name="Kitchen Lamp XL",
    )
    Order.objects.filter(pk=order.pk).update(**FOUND)
    return order


@pytest.mark.parametrize(
    "words",
    [
        *FOUND.values(),
        "Almeida Anna",
        "  almeida   anna ",
        "ALMEIDA, Anna",
        "lmeid",
        "real vila",
        "vila almeida",
        "5000 657",
        "351215550142",
        "+351215550142",
        "5550142",
        "555-0142",
        "anna@example.com",
        "example.com buyer",
        "AA-1-RED",
        "aa-1-red",
        "aa-1",
        "kitchen lamp",
        "lamp kitchen",
        "xl lamp",
    ],
)
def test_an_order_is_found_by_what_stands_on_it(find: Callable[[str], list[str]], order: Order, words: str) -> None:
    assert find(words) == [order.number]


@pytest.mark.parametrize("words", ["almeida zoe", "aa-2", "1-red", "X", "xl pot", "%%%", "___", "#", ",", "²", "anna_"])
def test_an_order_is_not_found_by_what_does_not_stand_on_it(
    find: Callable[[str], list[str]], order: Order, words: str
) -> None:
    assert order.number not in find(words)


def test_an_order_is_found_by_its_number_as_people_write_it(find: Callable[[str], list[str]], order: Order) -> None:
    other = Order.objects.exclude(pk=order.pk).get()

    assert find(order.number) == find(f"#{order.number}") == find(f" {order.number} ") == [order.number]
    assert find(f"{order.number} almeida") == [order.number]
    assert find(f"{order.number} quux") == []
    both = [order.number, other.number]
    assert find(" ".join(both)) == find(f"#{both[0]}, #{both[1]}") == find(f"{both[0]};{both[1]}") == both


def test_an_order_is_found_by_the_sku_of_its_day_and_by_that_of_today(find: Callable[[str], list[str]]) -> None:
    lamp = make_article(stock=5, sku="AA-1", name="Lamp")
    old = place(make_user(), {lamp: 1})
    catalog.update_product(product_id=lamp.product_id, sku="BB-1", actor=STAFF)
    catalog.update_product(product_id=lamp.product_id, sku="CC-1", actor=STAFF)
    new = place(make_user(), {lamp: 1})
    reused = place(make_user(), {make_article(stock=5, sku="AA-1", name="Pot"): 1})

    assert find("aa-1") == [reused.number, old.number]
    assert find("cc-1") == [new.number, old.number]
    assert find("bb-1") == []


def test_an_order_is_found_by_the_name_of_its_day_and_by_that_of_today(find: Callable[[str], list[str]]) -> None:
    lamp = make_article(stock=5, name="Verano Lamp")
    old = place(make_user(), {lamp: 1})
    catalog.update_product(product_id=lamp.product_id, name="Inverno Lamp", actor=STAFF)
    new = place(make_user(), {lamp: 1})

    assert find("verano") == [old.number]
    assert find("inverno") == find("lamp") == [new.number, old.number]


def test_an_order_is_found_by_a_sku_with_a_blank_in_it(find: Callable[[str], list[str]]) -> None:
    order = make_order(sku="RED LAMP 7")
    make_order(sku="RED POT")

    assert find("red lamp 7") == [order.number]


def test_orders_of_before_are_found_by_what_their_lines_show(find: Callable[[str], list[str]]) -> None:
    order = make_order(sku="AA-1", name="Lamp")
    with rewriting("orders_orderitem"):
        order.order_items.update(sku="OLD-1", product_name="Candle")
    assert find("old-1") == []
    [operation] = import_module("orders.migrations.0012_former_names_of_the_past").Migration.operations

    with connection.cursor() as cursor:
        for _ in range(2):
            cursor.execute(operation.sql)

    assert sorted(FormerName.objects.values_list("name", flat=True)) == ["Candle", "OLD-1"]
    assert find("old-1") == find("candle") == find("lamp") == [order.number]


def test_a_search_of_many_words_is_answered(find: Callable[[str], list[str]], order: Order) -> None:
    User.objects.update(last_name="Almeida")

    assert find(" ".join(["almeida"] * 12)) == [order.number] + [
        number for number in find("almeida") if number != order.number
    ]


def test_a_phone_is_read_in_any_division_unless_the_word_is_the_number_of_an_order(
    find: Callable[[str], list[str]], order: Order
) -> None:
    other = Order.objects.exclude(pk=order.pk).get()
    Order.objects.filter(pk=other.pk).update(phone=f"030 {order.number[:3]}-{order.number[3:]}")
    assert find(order.number) == [order.number]
    assert find(f"030{order.number}") == [other.number]


def test_the_orders_with_a_word_are_found_once_however_many_they_are(order: Order) -> None:
    """As an array, which a page of a frequent word reads by an index, and not one by one."""
    for words in ("almeida", "kitchen lamp", "555-0142"):
        plan = Order.objects.search(words).order_by("-order_date", "-id")[:21].explain(format="json")
        assert '"Parent Relationship": "InitPlan"' in plan
        assert '"Join Type": "Semi"' not in plan


SPANISH: Any = {"recipient_name": "Iñaki Muñoz", "shipping_address_line1": "Große Straße 5", "shipping_city": "Łódź"}


@pytest.mark.parametrize(
    "words",
    ["munoz", "Muñoz", "MUÑOZ", "Mun\u0303oz", "inaki munoz", "strasse", "Straße", "STRASSE", "grosse", "lodz", "łódź"],
)
def test_an_order_is_found_without_accents(find: Callable[[str], list[str]], words: str) -> None:
    ann = make_user()
    line = Wanted(1, variant_id=make_article(stock=5).pk)
    accented = services.place_order(
        buyer=Buyer(ann.pk), lines=[line], shipping={**ADDRESS, **SPANISH}, actor=customer(ann)
    )
    assert find(words) == [accented.number]


def test_an_order_that_was_written_without_accents_is_found_by_who_types_them(
    find: Callable[[str], list[str]], order: Order
) -> None:
    Order.objects.filter(pk=order.pk).update(recipient_name="Inaki Munoz", shipping_city="Muenchen")
    assert find("Muñoz") == find("München") == find("iñaki muñoz") == [order.number]
    assert find("Muñez") == []


def test_orders_in_ascii_have_no_words_beside_what_stands_on_them() -> None:
    order = place(make_user(), {make_article(stock=5): 1})
    assert Order.objects.get(pk=order.id).folded_words == ""


def test_the_migration_finds_the_words_of_orders_of_the_past(
    find: Callable[[str], list[str]], order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration = import_module("orders.migrations.0016_words_without_accents")
    others = [make_order() for _ in range(3)]
    Order.objects.filter(pk__in=[order.pk, others[1].pk]).update(**SPANISH)
    assert find("munoz") == []
    monkeypatch.setattr(migration, "BATCH", 1)

    migration.fold_the_past(apps, None)

    assert set(find("munoz strasse")) == {order.number, others[1].number}
    assert Order.objects.exclude(folded_words="").count() == 2
    words = Order.objects.get(pk=order.pk).folded_words
    assert words.startswith("inaki munoz"), "without accents"
    assert "grosse strasse" in words


@pytest.mark.parametrize("words", ["JD01 4600 77", "jd01 4600 77", "00340434161094042557", "lamp 00340434161094042557"])
def test_an_order_is_found_by_the_whole_tracking_number_of_a_parcel(
    find: Callable[[str], list[str]], order: Order, words: str
) -> None:
    services.confirm_order(order_id=order.pk, actor=STAFF)
    line = order.order_items.get().pk
    for number in ("JD01 4600 77", "00340434161094042557"):
        tracking = services.Tracking(tracking_number=number)
        services.ship_parcel(order_id=order.pk, actor=STAFF, lines={line: 1}, tracking=tracking)
    assert find(words) == [order.number]
    assert find("JD01") == find("0034043416109404255") == []
