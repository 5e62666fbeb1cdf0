"""A customer's day through the generated Python client: python journey.py http://127.0.0.1:8000 SKU"""

import sys

from shop_client import AuthenticatedClient, Client
from shop_client.api.accounts import log_in, register_user
from shop_client.api.catalog import get_product, list_products
from shop_client.api.orders import cancel_order, get_order, list_my_orders, place_order
from shop_client.models import (
    CancelRequest,
    InsufficientStockProblem,
    InvalidCredentialsProblem,
    Login,
    LoginRequest,
    NotFoundProblem,
    Order,
    OrderLineRequestBySku,
    OrderPage,
    PlaceOrderRequest,
    Product,
    ProductPage,
    RegisterRequest,
    User,
)

EMAIL, PASSWORD = "python@example.com", "a password of the journey"


def order_of(sku: str, quantity: int) -> PlaceOrderRequest:
    return PlaceOrderRequest(
        order_items=[OrderLineRequestBySku(sku=sku, quantity=quantity)],
        shipping_address_line1="1 Main Street",
        shipping_city="Springfield",
        shipping_state="IL",
        shipping_postal_code="62701",
        shipping_country="USA",
    )


def main(base_url: str, sku: str) -> None:
    visitor = Client(base_url=base_url)
    # Register and log in; a wrong password is a problem of its own type.
    person = RegisterRequest(first_name="Py", last_name="Thon", email=EMAIL, password=PASSWORD, phone="", city=None)
    registered = register_user.sync(client=visitor, body=person)
    assert isinstance(registered, User), registered
    assert registered.email == EMAIL
    wrong = log_in.sync(client=visitor, body=LoginRequest(email=EMAIL, password="wrong"))
    assert isinstance(wrong, InvalidCredentialsProblem), wrong
    session = log_in.sync(client=visitor, body=LoginRequest(email=EMAIL, password=PASSWORD))
    assert isinstance(session, Login), session
    shop = AuthenticatedClient(base_url=base_url, token=session.access_token)

    # Browse: a list, and one product by its id and by its slug.
    page = list_products.sync(client=shop, page_size=5)
    assert isinstance(page, ProductPage), page
    first = page.results[0]
    by_id = get_product.sync(first.product_id, client=shop)
    by_slug = get_product.sync(first.slug, client=shop)
    assert isinstance(by_id, Product), by_id
    assert isinstance(by_slug, Product), by_slug
    assert by_id.sku == by_slug.sku

    # Order, twice with one key: one order.
    body = order_of(sku, 1)
    placed = place_order.sync(client=shop, body=body, idempotency_key="python-1")
    assert isinstance(placed, Order), placed
    line = placed.order_items[0]
    assert (line.sku, line.quantity) == (sku, 1)
    again = place_order.sync_detailed(client=shop, body=body, idempotency_key="python-1")
    assert isinstance(again.parsed, Order)
    assert again.parsed.order_id == placed.order_id
    assert again.headers["Idempotent-Replayed"] == "true"

    # Too much: the problem's type says which members it has.
    refused = place_order.sync(client=shop, body=order_of(sku, 1000))
    assert isinstance(refused, InsufficientStockProblem), refused
    assert refused.stock_issues[0].requested == 1000

    # Read one's own orders, and cancel.
    own = list_my_orders.sync(client=shop)
    assert isinstance(own, OrderPage), own
    assert [order.order_id for order in own.results] == [placed.order_id]
    cancelled = cancel_order.sync(placed.order_id, client=shop, body=CancelRequest(reason=""))
    assert isinstance(cancelled, Order), cancelled
    assert cancelled.status == "cancelled"
    assert isinstance(get_order.sync(999_999, client=shop), NotFoundProblem)


if __name__ == "__main__":
    main(*sys.argv[1:])
