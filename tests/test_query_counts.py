"""How many statements each hot endpoint sends, exactly: one more is a decision, not an accident."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from accounts.sessions import start_session
from catalog.models import Variant
from checkout.tests.factories import ADDRESS as PARCEL
from checkout.tests.factories import client_with_token, make_cart
from orders.tests.clients import ORDERS, basket, line
from orders.tests.factories import make_article, make_user, place
from pricing.rulebook import current_rules

pytestmark = pytest.mark.django_db(transaction=True)
PRODUCTS = "/api/v1/products/"
# BEGIN and COMMIT are sent too, and are the same for all.
FRAME = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET ")


@pytest.fixture(autouse=True)
def no_list_cache(settings: LazySettings) -> None:
    settings.LIST_CACHE_SECONDS = 0


@pytest.fixture(autouse=True)
def rules_are_kept(no_list_cache: None) -> None:
    """A process reads the rules of pricing once, and again after an edit."""
    current_rules()


@pytest.fixture
def articles() -> list[Variant]:
    return [make_article(stock=100) for _ in range(3)]


@pytest.fixture
def buyer(articles: list[Variant]) -> User:
    user = make_user()
    for _ in range(3):
        place(user, dict.fromkeys(articles, 1))
    return user


def signed_in(user: User) -> APIClient:
    """With a real token, so that the session is read as it is for a customer."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {start_session(user_id=user.pk).access_token}")
    return client


def statements(ask: Callable[[], Any], status: int = 200) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        answer = ask()
    assert answer.status_code == status, answer.content
    return [query["sql"] for query in captured if not query["sql"].lstrip().upper().startswith(FRAME)]


@pytest.mark.parametrize(
    "path",
    [PRODUCTS, f"{PRODUCTS}?expand=none", f"{PRODUCTS}?price_min=1&in_stock=true&ordering=price"],
)
def test_a_page_of_products_is_one_statement(articles: list[Variant], path: str) -> None:
    assert len(statements(lambda: APIClient().get(path))) == 1


def test_one_product_is_one_statement(articles: list[Variant]) -> None:
    assert len(statements(lambda: APIClient().get(f"{PRODUCTS}{articles[0].product_id}"))) == 1


def test_own_orders_are_two_statements_of_which_one_reads_the_session(buyer: User) -> None:
    client = signed_in(buyer)
    assert len(statements(lambda: client.get(f"{ORDERS}/my-orders"))) == 2


def test_an_order_is_five_statements_however_many_lines_it_has(buyer: User, articles: list[Variant]) -> None:
    """The session; what the lines mean; the order; the lock on stock; the posting."""
    client = signed_in(buyer)
    for wanted in (articles[:1], articles):
        body = basket(*(line(article) for article in wanted))
        assert len(statements(partial(client.post, ORDERS, body, format="json"), 201)) == 5


def test_an_idempotency_key_adds_one(buyer: User, articles: list[Variant]) -> None:
    """Its lock with the look for a first answer; the answer is kept beside the order."""
    client, body = signed_in(buyer), basket(line(articles[0]))
    headers = {"Idempotency-Key": "counted"}
    assert len(statements(lambda: client.post(ORDERS, body, format="json", headers=headers), 201)) == 6


def test_a_refusal_after_a_sell_out_takes_no_lock_and_writes_nothing(buyer: User) -> None:
    article, client = make_article(stock=0), signed_in(buyer)
    sent = statements(lambda: client.post(ORDERS, basket(line(article)), format="json"), 409)
    assert len(sent) == 3
    assert not any("insert" in sql.lower() or "for no key update" in sql.lower() for sql in sent)


@pytest.mark.parametrize("count", [1, 20])
def test_a_cart_is_read_by_one_statement_however_many_lines_it_has(count: int) -> None:
    cart = make_cart({make_article(stock=5): 1 for _ in range(count)})
    client = client_with_token(cart)
    assert len(statements(lambda: client.get(f"/api/v1/carts/{cart.pk}"))) == 1


@pytest.mark.parametrize("count", [1, 20])
def test_a_line_is_added_by_two_statements_in_one_round_trip(count: int, articles: list[Variant]) -> None:
    """The change, and what is true of the cart after it."""
    cart = make_cart({make_article(stock=5): 1 for _ in range(count)})
    client = client_with_token(cart)
    body = {"variant_id": articles[0].pk, "quantity": 1}
    assert len(statements(lambda: client.post(f"/api/v1/carts/{cart.pk}/lines", body, format="json"))) == 2


@pytest.mark.parametrize("count", [1, 20])
def test_a_cart_is_placed_by_six_statements_however_many_lines_it_has(count: int) -> None:
    """The lock and what is in the cart; what the lines mean; order and cart; the lock on stock; the posting."""
    basket_of_cart = {make_article(stock=5): 1 for _ in range(count)}
    cart = make_cart(basket_of_cart, email="bo@example.com", shipping_address=PARCEL)
    client, body = client_with_token(cart), {"expected_total": f"{10 * count}.00"}
    assert len(statements(lambda: client.post(f"/api/v1/carts/{cart.pk}/place", body, format="json"), 201)) == 6
