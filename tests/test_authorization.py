"""Who may do what: every operation of the description, sent validly by each kind of client.

An operation without a row fails, and so does a row without an operation. Refused means that nothing was written.
"""

from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from rest_framework.permissions import SAFE_METHODS
from rest_framework.test import APIClient

from accounts.scopes import with_included
from events.models import Event
from tests.operations import World, described

KINDS = ("nobody", "owner", "stranger", "stock keeper", "order desk", "catalog editor", "administrator")
# Who are answered as somebody else is. The tokens of those whose account is disabled, who have logged out, or who have
# not shown the second factor that they must, count as none.
LIKE = {
    "disabled": "nobody",
    "logged out": "nobody",
    "second factor pending": "nobody",
    "new": "stranger",
    "superuser": "administrator",
}
ANYBODY = "200 200 200 200 200 200 200"
SIGNED_IN = "401 200 200 200 200 200 200"
CATALOG = "401 403 403 403 403 200 200"
CATALOG_NEW = "401 403 403 403 403 201 201"
CATALOG_GONE = "401 403 403 403 403 204 204"
STOCK = "401 403 403 200 403 403 200"
STOCK_NEW = "401 403 403 201 403 403 201"
SEES_STOCK = "401 403 403 200 200 200 200"
SEES_ORDERS = "401 403 403 403 200 403 200"
# An object of somebody else is as if it were not there.
ORDER = "401 200 404 404 200 404 200"
ORDER_NEW = "401 201 404 404 201 404 201"
OWN = "401 200 404 404 404 404 404"
PERSON = "401 200 404 404 404 404 200"
# Staff who take orders by phone fill the carts of customers.
CART = "404 200 404 404 200 404 200"
ADMINISTRATORS = "401 403 403 403 403 403 200"
ADMINISTRATORS_LATER = "401 403 403 403 403 403 202"

KEYS = "401 403 403 403 403 403 200"

MATRIX = {
    "GET /api-keys": KEYS,
    "POST /api-keys": "401 403 403 403 403 403 201",
    "DELETE /api-keys/{key_id}": "401 403 403 403 403 403 204",
    "POST /carts": "201 200 201 201 201 201 201",
    "GET /carts/{cart_id}": CART,
    "PATCH /carts/{cart_id}": CART,
    "DELETE /carts/{cart_id}": "404 204 404 404 204 404 204",
    "POST /carts/{cart_id}/claim": "401 200 404 404 404 404 404",
    "POST /carts/{cart_id}/coupons": CART,
    "DELETE /carts/{cart_id}/coupons/{code}": CART,
    "POST /carts/{cart_id}/hold": CART,
    "POST /carts/{cart_id}/lines": CART,
    "PATCH /carts/{cart_id}/lines/{line_id}": CART,
    "DELETE /carts/{cart_id}/lines/{line_id}": CART,
    "POST /carts/{cart_id}/place": "404 201 404 404 201 404 201",
    "GET /carts/{cart_id}/shipping-methods": CART,
    "GET /categories": ANYBODY,
    "POST /categories": CATALOG_NEW,
    "GET /categories/{slug}": ANYBODY,
    "PUT /categories/{slug}": CATALOG,
    "PATCH /categories/{slug}": CATALOG,
    "DELETE /categories/{slug}": CATALOG_GONE,
    "GET /countries": ANYBODY,
    "GET /countries/{country_code}": ANYBODY,
    "GET /inventory/alerts": SEES_STOCK,
    "GET /inventory/items": SEES_STOCK,
    "GET /inventory/items/{sku}": SEES_STOCK,
    "PATCH /inventory/items/{sku}": STOCK,
    "GET /inventory/items/{sku}/as-of": SEES_STOCK,
    "GET /inventory/movements": SEES_STOCK,
    "POST /inventory/adjustments": STOCK_NEW,
    "POST /inventory/receipts": STOCK_NEW,
    "POST /inventory/transfers": STOCK_NEW,
    "GET /inventory/warehouses": SEES_STOCK,
    "POST /inventory/warehouses": STOCK_NEW,
    "GET /inventory/warehouses/{code}": SEES_STOCK,
    "PATCH /inventory/warehouses/{code}": STOCK,
    "GET /orders": SEES_ORDERS,
    "POST /orders": "401 201 201 201 201 201 201",
    "GET /orders/{order_id}": ORDER,
    "DELETE /orders/{order_id}": "401 204 404 404 403 404 204",
    "PATCH /orders/{order_id}": ORDER,
    "POST /orders/{order_id}/cancel": ORDER,
    "GET /orders/{order_id}/fulfilments": ORDER,
    "POST /orders/{order_id}/fulfilments": "401 403 403 403 201 403 201",
    "GET /orders/{order_id}/fulfilments/{fulfilment_id}": ORDER,
    "PATCH /orders/{order_id}/fulfilments/{fulfilment_id}": SEES_ORDERS,
    "POST /orders/{order_id}/fulfilments/{fulfilment_id}/cancel": SEES_ORDERS,
    "GET /orders/{order_id}/fulfilments/{fulfilment_id}/label": SEES_ORDERS,
    "GET /orders/{order_id}/history": ORDER,
    "GET /orders/{order_id}/invoices": ORDER,
    "GET /orders/{order_id}/invoices/{invoice_id}": ORDER,
    "GET /orders/{order_id}/invoices/{invoice_id}/pdf": ORDER,
    "PATCH /orders/{order_id}/lines/{order_item_id}": ORDER,
    "DELETE /orders/{order_id}/lines/{order_item_id}": ORDER,
    "POST /orders/{order_id}/lines/{order_item_id}/replace": SEES_ORDERS,
    "GET /orders/{order_id}/revisions": ORDER,
    "GET /orders/{order_id}/notes": SEES_ORDERS,
    "POST /orders/{order_id}/notes": "401 403 403 403 201 403 201",
    "GET /orders/{order_id}/payments": ORDER,
    "POST /orders/{order_id}/payments": ORDER_NEW,
    "POST /orders/{order_id}/payments/{payment_id}/cancel": ORDER,
    "POST /orders/{order_id}/payments/{payment_id}/capture": SEES_ORDERS,
    "POST /orders/{order_id}/payments/{payment_id}/refresh": ORDER,
    "POST /orders/{order_id}/payments/{payment_id}/refunds": SEES_ORDERS,
    "GET /orders/{order_id}/returns": ORDER,
    "POST /orders/{order_id}/returns": ORDER_NEW,
    "GET /orders/{order_id}/returns/{return_id}": ORDER,
    "POST /orders/{order_id}/returns/{return_id}/approve": SEES_ORDERS,
    "POST /orders/{order_id}/returns/{return_id}/receive": SEES_ORDERS,
    "POST /orders/{order_id}/returns/{return_id}/refuse": SEES_ORDERS,
    "POST /orders/{order_id}/withdrawal": ORDER_NEW,
    "PUT /orders/{order_id}/status": SEES_ORDERS,
    "GET /orders/health/stock-check": SEES_STOCK,
    "GET /orders/my-orders": SIGNED_IN,
    "GET /orders/statistics": SEES_ORDERS,
    "GET /orders/user-statistics": SIGNED_IN,
    "GET /payments/providers": ANYBODY,
    "GET /products": ANYBODY,
    "POST /products": CATALOG_NEW,
    "GET /products/facets": ANYBODY,
    "GET /products/{product_id}": ANYBODY,
    "PUT /products/{product_id}": CATALOG,
    "PATCH /products/{product_id}": CATALOG,
    "DELETE /products/{product_id}": CATALOG_GONE,
    "GET /products/{product_id}/images": ANYBODY,
    "POST /products/{product_id}/images": CATALOG_NEW,
    "PATCH /products/{product_id}/images/{image_id}": CATALOG,
    "DELETE /products/{product_id}/images/{image_id}": CATALOG_GONE,
    "GET /products/{product_id}/variants": ANYBODY,
    "POST /products/{product_id}/variants": CATALOG_NEW,
    "GET /products/{product_id}/variants/{variant_id}": ANYBODY,
    "PATCH /products/{product_id}/variants/{variant_id}": CATALOG,
    "DELETE /products/{product_id}/variants/{variant_id}": CATALOG_GONE,
    "POST /products/{product_id}/variants/{variant_id}/restore": CATALOG,
    "GET /products/{product_id}/variants/{variant_id}/planned-prices": CATALOG,
    "POST /products/{product_id}/variants/{variant_id}/planned-prices": CATALOG_NEW,
    "GET /products/{product_id}/variants/{variant_id}/planned-prices/{planned_price_id}": CATALOG,
    "PATCH /products/{product_id}/variants/{variant_id}/planned-prices/{planned_price_id}": CATALOG,
    "DELETE /products/{product_id}/variants/{variant_id}/planned-prices/{planned_price_id}": CATALOG_GONE,
    "GET /products/{product_id}/variants/{variant_id}/price-history": CATALOG,
    "GET /users": SEES_ORDERS,
    "POST /users": "201 201 201 201 201 201 201",
    "GET /users/{user_id}": ORDER,
    "PUT /users/{user_id}": PERSON,
    "PATCH /users/{user_id}": PERSON,
    "GET /users/me": SIGNED_IN,
    "PUT /users/me": SIGNED_IN,
    "PATCH /users/me": SIGNED_IN,
    "DELETE /users/me": "401 204 204 204 204 204 204",
    "POST /users/me/restore": SIGNED_IN,
    "GET /users/me/addresses": SIGNED_IN,
    "POST /users/me/addresses": "401 201 201 201 201 201 201",
    "GET /users/me/addresses/{address_id}": OWN,
    "PATCH /users/me/addresses/{address_id}": OWN,
    "DELETE /users/me/addresses/{address_id}": "401 204 404 404 404 404 404",
    "GET /users/me/sessions": SIGNED_IN,
    "DELETE /users/me/sessions": "401 204 204 204 204 204 204",
    "DELETE /users/me/sessions/{session_id}": "401 204 404 404 404 404 404",
    "GET /users/logout": SIGNED_IN,
    "POST /users/logout": SIGNED_IN,
    "POST /users/login": ANYBODY,
    "POST /users/token/refresh": ANYBODY,
    "POST /users/confirm-email": ANYBODY,
    "POST /users/me/confirm-email": "401 202 202 202 202 202 202",
    "POST /users/password-reset": "202 202 202 202 202 202 202",
    "POST /users/password-reset/confirm": ANYBODY,
    "GET /events": ADMINISTRATORS,
    "GET /webhooks": ADMINISTRATORS,
    "POST /webhooks": "401 403 403 403 403 403 201",
    "GET /webhooks/{webhook_id}": ADMINISTRATORS,
    "PATCH /webhooks/{webhook_id}": ADMINISTRATORS,
    "DELETE /webhooks/{webhook_id}": "401 403 403 403 403 403 204",
    "GET /webhooks/{webhook_id}/deliveries": ADMINISTRATORS,
    "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/resend": ADMINISTRATORS_LATER,
    "POST /webhooks/{webhook_id}/pause": ADMINISTRATORS,
    "POST /webhooks/{webhook_id}/replay": ADMINISTRATORS_LATER,
    "POST /webhooks/{webhook_id}/resume": ADMINISTRATORS,
    "POST /webhooks/{webhook_id}/rotate-secret": ADMINISTRATORS,
    "POST /webhooks/{webhook_id}/test": ADMINISTRATORS_LATER,
}
# What a program with a key may do, by the scope that it needs for that; "" where any key may. It is answered as an
# administrator is. Everything else is not for keys.
FOR_KEYS = {
    "": [
        *("GET /categories", "GET /categories/{slug}", "GET /countries", "GET /countries/{country_code}"),
        *("GET /products", "GET /products/facets", "GET /products/{product_id}", "GET /products/{product_id}/images"),
        *("GET /products/{product_id}/variants", "GET /products/{product_id}/variants/{variant_id}"),
    ],
    "products:write": [operation for operation, row in MATRIX.items() if row in (CATALOG, CATALOG_NEW, CATALOG_GONE)],
    "orders:read": [
        *(
            "GET /orders",
            "GET /orders/{order_id}",
            "GET /orders/{order_id}/history",
            "GET /orders/{order_id}/revisions",
        ),
        *("GET /orders/{order_id}/fulfilments", "GET /orders/{order_id}/fulfilments/{fulfilment_id}"),
        "GET /orders/{order_id}/fulfilments/{fulfilment_id}/label",
        *("GET /orders/{order_id}/invoices", "GET /orders/{order_id}/invoices/{invoice_id}"),
        "GET /orders/{order_id}/invoices/{invoice_id}/pdf",
        *("GET /orders/{order_id}/notes", "GET /orders/{order_id}/payments"),
        *("GET /orders/{order_id}/returns", "GET /orders/{order_id}/returns/{return_id}"),
    ],
    "orders:write": [
        *("DELETE /orders/{order_id}", "PATCH /orders/{order_id}", "POST /orders/{order_id}/cancel"),
        *("PUT /orders/{order_id}/status", "POST /orders/{order_id}/fulfilments"),
        "PATCH /orders/{order_id}/fulfilments/{fulfilment_id}",
        "POST /orders/{order_id}/fulfilments/{fulfilment_id}/cancel",
        "PATCH /orders/{order_id}/lines/{order_item_id}",
        "DELETE /orders/{order_id}/lines/{order_item_id}",
        "POST /orders/{order_id}/lines/{order_item_id}/replace",
        *(f"POST /orders/{{order_id}}/returns/{{return_id}}/{verb}" for verb in ("approve", "receive", "refuse")),
    ],
    "stock:read": [operation for operation, row in MATRIX.items() if row == SEES_STOCK],
    "stock:write": [
        *("PATCH /inventory/items/{sku}", "POST /inventory/adjustments", "POST /inventory/receipts"),
        "POST /inventory/transfers",
    ],
    "reports:read": ["GET /orders/statistics"],
    "events:read": ["GET /events"],
    "webhooks:write": [operation for operation in MATRIX if "/webhooks" in operation],
}
# These read no `Authorization` at all, so whoever shows a key is a visitor there.
UNSIGNED = {"GET /payments/providers", "POST /users/login", "POST /users/token/refresh"}
SCOPE_OF = {operation: scope for scope, operations in FOR_KEYS.items() for operation in operations}
OBJECTS = {
    "{cart_id}": str(uuid4()),
    "{code}": "TEN",
    "{line_id}": "999999999",
    "{address_id}": "999999999",
    "{order_id}": "999999999",
    "{fulfilment_id}": "999999999",
    "{return_id}": "999999999",
    "{payment_id}": "999999999",
    "{invoice_id}": "999999999",
    "{order_item_id}": "999999999",
    "{key_id}": "999999999",
    "{user_id}": "999999999",
    "{session_id}": str(uuid4()),
}


def test_every_operation_has_a_row_and_every_row_an_operation() -> None:
    assert set(described()) == set(MATRIX)


def row_of(operation: str) -> dict[str, int]:
    row = dict(zip(KINDS, map(int, MATRIX[operation].split()), strict=True))
    return row | {kind: row[other] for kind, other in LIKE.items()}


@pytest.mark.parametrize("operation", MATRIX)
def test_a_key_does_what_its_scope_says_and_nothing_else(
    operation: str, world: World, programs: dict[str, APIClient]
) -> None:
    scope = SCOPE_OF.get(operation)
    effects = Event.objects.exclude(kind="user.refused")
    events = effects.count()
    for name, client in programs.items():
        start = transaction.savepoint()
        answer = world.send(client, operation)
        if operation in UNSIGNED:
            assert answer.status_code == row_of(operation)["nobody"], name
        elif name == "publishable":
            assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key")
        elif scope is None:
            assert (answer.status_code, answer.json()["code"]) == (403, "not_for_keys"), name
        elif scope not in {"", *with_included([name])}:
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_required"), name
            assert answer.json()["required_scope"] == scope
        else:
            assert answer.status_code == row_of(operation)["administrator"], (name, answer.content)
        if answer.status_code in (401, 403):
            assert effects.count() == events, name
        transaction.savepoint_rollback(start)


@pytest.mark.parametrize("operation", MATRIX)
def test_each_is_admitted_or_refused_as_the_matrix_says(
    operation: str, world: World, people: dict[str, APIClient]
) -> None:
    expected = row_of(operation)
    effects = Event.objects.exclude(kind__in=("user.refused", "user.session_ended"))  # tell of the refusal itself
    events = effects.count()
    found = {}
    for kind, client in people.items():
        start = transaction.savepoint()
        found[kind] = world.send(client, operation).status_code
        if found[kind] in (401, 403, 404):
            assert effects.count() == events, kind
        transaction.savepoint_rollback(start)

    assert found == expected


def test_a_method_that_an_address_does_not_have_is_405_for_whoever_may_use_the_address(
    world: World, people: dict[str, APIClient]
) -> None:
    methods = {"GET", "POST", "PUT", "PATCH", "DELETE"}
    addresses: dict[str, set[str]] = {}
    for operation in MATRIX:
        method, template = operation.split(" ")
        addresses.setdefault(template, set()).add(method)
    for template, known in addresses.items():
        rows = [row_of(f"{method} {template}") for method in known]
        for method in [*sorted(methods - known), "OPTIONS", "BREW"]:
            for kind in KINDS:
                status = people[kind].generic(method, f"/api/v1{world.path(template)}").status_code
                may_use = any(row[kind] not in (401, 403) for row in rows)
                # The catalog is open for reading, also where there is nothing to be read; what prices will be is not.
                may_use |= template.startswith("/products") and "price" not in template and method in SAFE_METHODS
                # A visitor of what all may read has to sign in before anything else.
                right = (401, 405) if kind == "nobody" else (405,) if may_use else (403,)
                assert status in right, f"{method} {template} as {kind}: {status}"


@pytest.mark.parametrize("operation", [name for name, row in MATRIX.items() if "404" in row])
def test_a_strangers_object_is_answered_like_one_that_is_not_there(
    operation: str, world: World, people: dict[str, APIClient]
) -> None:
    stranger = people["stranger"]
    template = operation.split(" ")[1]
    missing = template
    for name, nothing in OBJECTS.items():
        missing = missing.replace(name, nothing)

    of_another, of_nobody = world.send(stranger, operation), world.send(stranger, operation, path=missing)

    def seen(answer: Any) -> Any:
        headers = {name: value for name, value in answer.headers.items() if name != "X-Request-ID"}
        return answer.status_code, answer.json() | {"request_id": ""}, headers

    assert seen(of_another) == seen(of_nobody)
