"""Carts for staff: the list, the page of one cart, and the order desk that fills a cart for whoever calls."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import make_address, make_user
from checkout.models import Cart
from checkout.tests.factories import ADDRESS, carts, make_cart, quantities_of
from events.models import Event
from orders.tests.factories import make_article
from staff.tests.pages import form_on, messages_of, send

pytestmark = pytest.mark.django_db
CARTS = "/admin/checkout/cart/"
PHONE = f"{CARTS}phone/"


@pytest.fixture
def desk(staff_pages: Callable[..., Any]) -> Any:
    return staff_pages("order desk")


@pytest.fixture
def ann(db: None) -> User:
    return make_user(email="ann@example.com", first_name="Ann", last_name="Smith")


def page_of(cart: Cart) -> str:
    return f"{CARTS}{cart.pk}/change/"


def text_of(answer: Any) -> str:
    return " ".join(re.sub("<[^>]*>", " ", answer.content.decode()).split())


def told() -> list[Any]:
    return [event.payload["did"] for event in Event.objects.filter(kind="cart.served").order_by("id")]


def test_the_list_says_whose_a_cart_is_and_what_it_is_worth(desk: Any, ann: User) -> None:
    mug, pot = make_article(stock=9, price="10.00"), make_article(stock=9, price="2.50")
    make_cart({mug: 2, pot: 1}, user=ann)
    make_cart(email="guest@example.com", state="abandoned")

    text = text_of(desk.get(CARTS))

    assert "ann@example.com Open 3 22.50 USD" in text
    assert "guest@example.com Abandoned" in text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state__exact=abandoned", {"guest@example.com"}),
        ("user__isempty=1", {"guest@example.com", "a guest"}),
        ("user__isempty=0", {"ann@example.com"}),
        ("email__isempty=0", {"guest@example.com"}),
        ("q=ann@", {"ann@example.com"}),
    ],
)
def test_the_list_is_narrowed(desk: Any, ann: User, query: str, shown: set[str]) -> None:
    make_cart(user=ann)
    make_cart(email="guest@example.com", state="abandoned")
    make_cart()

    rows = desk.get(f"{CARTS}?{query}").context["cl"].result_list

    assert {row.user.email if row.user else row.email or "a guest" for row in rows} == shown


def test_a_page_of_the_list_takes_the_same_statements_for_more_rows(
    desk: Any, django_assert_max_num_queries: Any
) -> None:
    mug = make_article(stock=9)
    for _ in range(12):
        make_cart({mug: 1}, user=make_user())

    with django_assert_max_num_queries(14):
        desk.get(CARTS)


def test_a_cart_shows_its_lines_their_problems_its_total_and_what_is_missing(desk: Any, ann: User) -> None:
    mug = make_article(stock=1, price="10.00", sku="MUG")
    cart = make_cart({mug: 2}, user=ann)

    text = text_of(desk.get(page_of(cart)))

    assert "Cart of ann@example.com" in text
    assert "Only 1 can be ordered now." in text
    assert "Say where the parcel is to go." in text
    assert "Total 20.00 USD" in text


def test_whoever_only_reads_gets_no_forms(staff_pages: Callable[..., Any], ann: User) -> None:
    reader = staff_pages("stock keeper")
    cart = make_cart({make_article(stock=1): 1}, user=ann)
    assert reader.get(page_of(cart)).status_code == 403
    assert reader.get(PHONE).status_code == 403
    assert reader.post(f"{CARTS}{cart.pk}/remove/").status_code == 403


@pytest.mark.parametrize("state", ["merged"])
def test_a_cart_that_cannot_be_changed_has_no_forms(desk: Any, ann: User, state: str) -> None:
    cart = make_cart({make_article(stock=1): 1}, user=ann, state=state)

    page = desk.get(page_of(cart)).content.decode()

    assert f"{CARTS}{cart.pk}/" not in page.replace(page_of(cart), "")


@pytest.mark.parametrize("name", ["x", "3f2c8f6e-5b7a-4c1d-9e0f-2a6b8c4d1e57"])
def test_a_cart_that_is_not_there_is_not_found(desk: Any, name: str) -> None:
    assert desk.get(f"{CARTS}{name}/change/").status_code == 404


def test_a_customer_who_calls_is_looked_up_and_gets_the_own_cart(desk: Any, ann: User) -> None:
    make_user(email="bob@example.com", first_name="Bob")
    cart = make_cart(user=ann)

    found = desk.get(f"{PHONE}?customers=smith ann")
    answer = desk.post(PHONE, form_on(desk, f"{PHONE}?customers=smith ann", "customer"))

    assert "ann@example.com" in text_of(found)
    assert "bob@example.com" not in text_of(found)
    assert answer.headers["Location"] == page_of(cart)
    assert told() == ["took over"]


def test_a_customer_without_a_cart_gets_one(desk: Any, ann: User) -> None:
    answer = desk.post(PHONE, {"customer": str(ann.pk)})

    cart = Cart.objects.get(user=ann)
    assert answer.headers["Location"] == page_of(cart)
    event = Event.objects.get(kind="cart.served")
    assert (event.subject, event.actor) == (f"cart:{cart.pk}", f"staff:{desk.user.pk}")


@pytest.mark.parametrize("number", ["0", "999999999", "x"])
def test_a_customer_who_is_not_there_gets_none(desk: Any, number: str) -> None:
    assert desk.post(PHONE, {"customer": number}).status_code == 200
    assert not Cart.objects.exists()


def test_a_guest_gets_a_cart_that_is_not_that_of_the_staff(desk: Any) -> None:
    send(desk, PHONE, "email", email="guest@example.com")
    send(desk, PHONE, "email", email="guest@example.com")

    assert [(cart.user, cart.email) for cart in Cart.objects.all()] == [(None, "guest@example.com")] * 2


def test_articles_are_found_by_sku_and_by_words_and_come_to_the_cart(desk: Any, ann: User) -> None:
    mug = make_article(stock=5, price="10.00", sku="MUG")
    hidden = make_article(stock=5, sku="OLD", product=make_article(stock=1).product)
    type(hidden).objects.filter(pk=hidden.pk).update(archived_at="2026-01-01T00:00:00Z")
    cart = make_cart(user=ann)
    words = mug.product.name.split()[0]

    for search in ("mug", words):
        assert "MUG" in text_of(desk.get(f"{page_of(cart)}?articles={search}"))
    assert "Nothing that is for sale is called so." in text_of(desk.get(f"{page_of(cart)}?articles=OLD"))
    desk.post(f"{CARTS}{cart.pk}/lines/", {"sku": "mug", "quantity": "2"})

    assert quantities_of(cart) == {mug.pk: 2}
    assert told() == ["added an article"]


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"sku": "NONE", "quantity": "1"}, "There is no such article for sale."),
        ({"sku": "MUG", "quantity": "1.000"}, "Units: Write a whole number in digits alone"),
        ({"sku": "MUG", "quantity": "0"}, "Units: Ensure this value is greater than or equal to 1."),
        ({"sku": "", "quantity": "1"}, "SKU: This field is required."),
    ],
)
def test_what_cannot_come_to_a_cart_is_said_and_changes_nothing(
    desk: Any, ann: User, form: dict[str, str], message: str
) -> None:
    make_article(stock=5, sku="MUG")
    cart = make_cart(user=ann)
    before = carts()

    answer = desk.post(f"{CARTS}{cart.pk}/lines/", form)

    assert messages_of(answer)[0].startswith(message)
    assert (carts(), told()) == (before, [])


def test_a_line_gets_other_units_and_goes(desk: Any, ann: User) -> None:
    mug = make_article(stock=5)
    cart = make_cart({mug: 1}, user=ann)
    line = cart.lines.get().pk

    desk.post(f"{CARTS}{cart.pk}/quantity/", {"line": line, "version": cart.version, "quantity": "3"})
    assert quantities_of(cart) == {mug.pk: 3}

    stale = desk.post(f"{CARTS}{cart.pk}/remove/", {"line": line, "version": cart.version})
    assert messages_of(stale) == ["Somebody has changed the cart meanwhile; look at it again."]
    assert quantities_of(cart) == {mug.pk: 3}

    desk.post(f"{CARTS}{cart.pk}/remove/", {"line": line, "version": cart.version + 1})
    assert quantities_of(cart) == {}
    assert told() == ["changed a quantity", "took an article off"]


def test_addresses_are_written_as_their_country_writes_them(desk: Any, ann: User) -> None:
    cart = make_cart(user=ann)

    address = ADDRESS | {"state": "illinois"}
    refused = desk.post(f"{CARTS}{cart.pk}/shipping-address/", address | {"postal_code": "x", "state": "Bavaria"})
    assert refused.context["form"].errors.keys() == {"state", "postal_code"}
    assert Cart.objects.get(pk=cart.pk).shipping_address is None

    desk.post(f"{CARTS}{cart.pk}/shipping-address/", address)
    desk.post(f"{CARTS}{cart.pk}/billing-address/", address | {"company": "Smith & Co"})

    written = Cart.objects.get(pk=cart.pk)
    assert written.shipping_address == dict.fromkeys(("company", "vat_id", "address_line2"), "") | ADDRESS
    assert written.billing_address is not None
    assert written.billing_address["company"] == "Smith & Co"
    page = text_of(desk.get(page_of(cart)))
    assert "62701 Springfield IL United States" in page
    assert "Smith &amp; Co" in page

    desk.post(f"{CARTS}{cart.pk}/same-address/")
    assert Cart.objects.get(pk=cart.pk).billing_address is None


def test_an_address_of_the_customers_own_book_is_chosen(desk: Any, ann: User) -> None:
    own, other = make_address(ann, phone="555 0100"), make_address(make_user())
    cart = make_cart(user=ann)

    refused = desk.post(f"{CARTS}{cart.pk}/address-book/", {"address": other.pk})
    assert messages_of(refused) == ["The customer has no such address any more."]
    assert Cart.objects.get(pk=cart.pk).shipping_address is None

    desk.post(f"{CARTS}{cart.pk}/address-book/", form_on(desk, page_of(cart), "address"))

    chosen = Cart.objects.get(pk=cart.pk)
    assert chosen.shipping_address is not None
    assert (chosen.shipping_address["address_line1"], chosen.phone) == (own.address_line1, "555 0100")


def test_contact_and_note_are_noted(desk: Any, ann: User) -> None:
    cart = make_cart(user=ann)

    send(desk, f"{CARTS}{cart.pk}/contact/", "note", email="Other@Example.com", phone="1", note="Ring twice.")

    noted = Cart.objects.get(pk=cart.pk)
    assert (noted.email, noted.phone, noted.note) == ("Other@Example.com", "1", "Ring twice.")
    assert text_of(desk.get(page_of(cart))).count("Ring twice.") == 1


def test_the_journal_leads_to_the_cart(desk: Any, staff_pages: Callable[..., Any], ann: User) -> None:
    cart = make_cart(user=ann)
    boss = staff_pages()

    assert boss.get(f"/admin/subject/cart:{cart.pk}").headers["Location"] == page_of(cart)
    assert boss.get("/admin/subject/cart:x").headers["Location"] == f"{CARTS}x/change/"
