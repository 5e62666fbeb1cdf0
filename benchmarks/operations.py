"""Every operation of the API with a request that succeeds, and some that are refused: the rows of endpoints.md.

`{product}` in a path is something of benchmarks.asking.Shop that is there; `{new_product}` is made for each request.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Operation(NamedTuple):
    """What is asked, as whom, and the status that its answer must have. Body and headers are made for each request."""

    status: int
    role: str
    line: str
    body: Callable[[Any], Any] = lambda shop: None
    headers: Callable[[Any], Mapping[str, str]] = lambda shop: {}

    @property
    def name(self) -> str:
        """As the table calls it: refusals, and what has not been modified, with their status."""
        return self.line if self.status < 300 else f"{self.line}: {self.status}"


ORDER_LINE = "/orders/{wide_order}/lines/{wide_line}"
PARCEL = "/orders/{sent_order}/fulfilments/{parcel}"
RETURN = "/orders/{gone_order}/returns/{new_return}"
PAYMENT = "/orders/{payable_order}/payments/{new_payment}"
PAID = "/orders/{paid_order}/payments/{paid_payment}"
PLANS = "/products/{product}/variants/{variant}/planned-prices"
OPERATIONS = [
    Operation(200, "", "GET /products"),
    Operation(200, "", "GET /products?expand=none"),
    Operation(200, "", "GET /products?category={category}&price_min=5&in_stock=true&ordering=price"),
    Operation(200, "", "GET /products?search=lamp"),
    Operation(200, "", "GET /products/facets"),
    Operation(200, "", "GET /products/{product}"),
    Operation(304, "", "GET /products/{product}", headers=lambda s: {"If-None-Match": "*"}),
    Operation(404, "", "GET /products/999999"),
    Operation(400, "", "GET /products?page_size=x&ordering=x"),
    Operation(201, "admin", "POST /products", lambda s: s.stool()),
    Operation(400, "admin", "POST /products", lambda s: s.stool(price=5, colour="red")),
    Operation(403, "customer", "POST /products", lambda s: s.stool()),
    Operation(200, "admin", "PUT /products/{product}", lambda s: {"description": s.unique()}),
    Operation(200, "admin", "PATCH /products/{product}", lambda s: {"description": s.unique()}),
    Operation(412, "admin", "PATCH /products/{product}", lambda s: {"name": "X"}, lambda s: {"If-Match": '"0"'}),
    Operation(204, "admin", "DELETE /products/{new_product}"),
    Operation(200, "", "GET /products/{product}/variants"),
    Operation(201, "admin", "POST /products/{new_product}/variants", lambda s: {"sku": s.unique(), "name": "Large"}),
    Operation(200, "", "GET /products/{product}/variants/{variant}"),
    Operation(200, "admin", "PATCH /products/{product}/variants/{variant}", lambda s: {"name": s.unique()}),
    Operation(204, "admin", "DELETE /products/{new_product}/variants/{new_variant}"),
    Operation(200, "admin", "POST /products/{product}/variants/{variant}/restore"),
    Operation(200, "admin", f"GET {PLANS}"),
    Operation(201, "admin", f"POST {PLANS}", lambda s: s.planned_price()),
    Operation(200, "admin", f"GET {PLANS}/{{new_planned_price}}"),
    Operation(200, "admin", f"PATCH {PLANS}/{{new_planned_price}}", lambda s: {"price": "4.00"}),
    Operation(204, "admin", f"DELETE {PLANS}/{{new_planned_price}}"),
    Operation(200, "admin", "GET /products/{product}/variants/{variant}/price-history"),
    Operation(200, "", "GET /products/{product}/images"),
    Operation(201, "admin", "POST /products/{new_product}/images", lambda s: s.picture()),
    Operation(200, "admin", "PATCH /products/{new_product}/images/{new_image}", lambda s: {"alt": s.unique()}),
    Operation(204, "admin", "DELETE /products/{new_product}/images/{new_image}"),
    Operation(200, "", "GET /categories"),
    Operation(201, "admin", "POST /categories", lambda s: {"name": s.unique()}),
    Operation(200, "", "GET /categories/{category}"),
    Operation(200, "admin", "PUT /categories/{slug}", lambda s: {"name": s.unique()}),
    Operation(200, "admin", "PATCH /categories/{slug}", lambda s: {"name": s.unique()}),
    Operation(204, "admin", "DELETE /categories/{new_category}"),
    Operation(200, "", "GET /countries"),
    Operation(200, "", "GET /countries/{country}"),
    Operation(201, "", "POST /carts"),
    Operation(200, "customer", "GET /carts/{cart}"),
    Operation(200, "customer", "PATCH /carts/{cart}", lambda s: {"note": s.unique()}),
    Operation(204, "admin", "DELETE /carts/{new_cart}"),
    Operation(200, "customer", "POST /carts/{cart}/lines", lambda s: {"sku": s.sku, "quantity": 1}),
    Operation(200, "customer", "PATCH /carts/{cart}/lines/{cart_line}", lambda s: {"quantity": 2}),
    Operation(200, "customer", "DELETE /carts/{cart}/lines/{new_cart_line}"),
    Operation(200, "customer", "GET /carts/{cart}/shipping-methods"),
    Operation(200, "customer", "POST /carts/{cart}/coupons", lambda s: {"code": s.coupon}),
    Operation(200, "customer", "DELETE /carts/{cart}/coupons/{coupon}"),
    Operation(200, "customer", "POST /carts/{cart}/hold"),
    Operation(200, "customer", "POST /carts/{cart}/claim"),
    Operation(201, "admin", "POST /carts/{full_cart}/place", lambda s: {"expected_total": s.total}),
    Operation(200, "admin", "GET /orders"),
    Operation(200, "admin", "GET /orders?status=delivered&start_date=2020-01-01&search=example"),
    Operation(403, "customer", "GET /orders"),
    Operation(201, "customer", "POST /orders", lambda s: s.basket(), lambda s: {"Idempotency-Key": s.unique()}),
    Operation(400, "customer", "POST /orders", lambda s: s.basket(quantity=0)),
    Operation(
        409, "customer", "POST /orders", lambda s: s.basket() | {"order_items": [{"sku": s.sold_out, "quantity": 9}]}
    ),
    Operation(200, "customer", "GET /orders/{order}"),
    Operation(200, "customer", "GET /orders/{order}/history"),
    Operation(200, "admin", "PUT /orders/{new_order}/status", lambda s: {"status": "confirmed"}),
    Operation(409, "admin", "PUT /orders/{order}/status", lambda s: {"status": "delivered"}),
    Operation(200, "customer", "POST /orders/{new_order}/cancel", lambda s: {"reason": "changed my mind"}),
    Operation(204, "customer", "DELETE /orders/{new_order}"),
    Operation(200, "customer", "PATCH /orders/{wide_order}", lambda s: {"note": s.unique()}),
    Operation(200, "customer", f"PATCH {ORDER_LINE}", lambda s: {"quantity": 1}),
    Operation(200, "customer", f"DELETE {ORDER_LINE}"),
    Operation(200, "admin", f"POST {ORDER_LINE}/replace", lambda s: {"sku": s.skus[3], "quantity": 1}),
    Operation(200, "customer", "GET /orders/{order}/revisions"),
    Operation(200, "customer", "GET /orders/{invoiced_order}/invoices"),
    Operation(200, "customer", "GET /orders/{invoiced_order}/invoices/{invoice}"),
    Operation(200, "customer", "GET /orders/{invoiced_order}/invoices/{invoice}/pdf"),
    Operation(200, "customer", "GET /orders/{order}/fulfilments"),
    Operation(201, "admin", "POST /orders/{confirmed_order}/fulfilments", lambda s: {"tracking_number": s.unique()}),
    Operation(200, "customer", f"GET {PARCEL}"),
    Operation(200, "admin", f"PATCH {PARCEL}", lambda s: {"tracking_number": s.unique()}),
    Operation(
        200, "admin", "POST /orders/{sent_order}/fulfilments/{new_parcel}/cancel", lambda s: {"reason": "wrong label"}
    ),
    Operation(200, "", "GET /payments/providers"),
    Operation(200, "customer", "GET /orders/{order}/payments"),
    Operation(201, "customer", "POST /orders/{new_order}/payments", lambda s: {"provider": "manual"}),
    Operation(200, "customer", f"POST {PAYMENT}/refresh"),
    Operation(200, "customer", f"POST {PAYMENT}/cancel"),
    Operation(200, "admin", f"POST {PAYMENT}/capture", lambda s: {}),
    Operation(200, "admin", f"POST {PAID}/refunds", lambda s: {"amount": "0.01"}),
    Operation(200, "customer", "GET /orders/{gone_order}/returns"),
    Operation(201, "customer", "POST /orders/{gone_order}/returns", lambda s: {"lines": s.gone_lines}),
    Operation(200, "customer", f"GET {RETURN}"),
    Operation(200, "admin", f"POST {RETURN}/approve", lambda s: {"answer": "Send it back."}),
    Operation(200, "admin", f"POST {RETURN}/receive", lambda s: {}),
    Operation(200, "admin", f"POST {RETURN}/refuse", lambda s: {"answer": "It was worn."}),
    Operation(201, "customer", "POST /orders/{gone_order}/withdrawal", lambda s: {}),
    Operation(200, "admin", f"GET {PARCEL}/label"),
    Operation(200, "admin", "GET /orders/{order}/notes"),
    Operation(201, "admin", "POST /orders/{order}/notes", lambda s: {"text": f"Pack it well, {s.unique()}."}),
    Operation(200, "customer", "GET /orders/my-orders"),
    Operation(200, "customer", "GET /orders/my-orders?fields=order_id,status,total_amount,order_items"),
    Operation(401, "", "GET /orders/my-orders"),
    Operation(405, "customer", "PUT /orders/my-orders", lambda s: {}),
    Operation(200, "admin", "GET /orders/statistics"),
    Operation(200, "customer", "GET /orders/user-statistics"),
    Operation(200, "admin", "GET /orders/health/stock-check"),
    Operation(200, "admin", "GET /inventory/items"),
    Operation(200, "admin", "GET /inventory/items?band=low&search=a"),
    Operation(200, "admin", "GET /inventory/items/{sku}"),
    Operation(200, "admin", "PATCH /inventory/items/{sku}", lambda s: {"barcode": s.unique()}),
    Operation(200, "admin", "GET /inventory/items/{sku}/as-of?at=2100-01-01"),
    Operation(200, "admin", "GET /inventory/movements"),
    Operation(200, "admin", "GET /inventory/movements?sku={sku}&kind=received&since=2020-01-01"),
    Operation(200, "admin", "GET /inventory/alerts"),
    Operation(
        201, "admin", "POST /inventory/receipts", lambda s: {"reference": s.unique(), "lines": s.lines(quantity=1)}
    ),
    Operation(201, "admin", "POST /inventory/adjustments", lambda s: {"reason": "found", "lines": s.lines(delta=1)}),
    Operation(
        201,
        "admin",
        "POST /inventory/transfers",
        lambda s: {"from": s.home, "to": "bench", "lines": s.lines(quantity=1)},
    ),
    Operation(200, "admin", "GET /inventory/warehouses"),
    Operation(
        201, "admin", "POST /inventory/warehouses", lambda s: {"code": s.unique(), "name": "X", "priority": 9_000}
    ),
    Operation(200, "admin", "GET /inventory/warehouses/{home}"),
    Operation(200, "admin", "PATCH /inventory/warehouses/{home}", lambda s: {"name": s.unique()}),
    Operation(200, "admin", "GET /api-keys"),
    Operation(201, "admin", "POST /api-keys", lambda s: {"name": s.unique(), "scopes": ["stock:read"]}),
    Operation(204, "admin", "DELETE /api-keys/{new_key}"),
    Operation(200, "admin", "GET /users"),
    Operation(200, "admin", "GET /users?search=a&role=customer"),
    Operation(201, "", "POST /users", lambda s: s.person()),
    Operation(200, "admin", "GET /users/{customer}"),
    Operation(404, "customer", "GET /users/999999"),
    Operation(200, "admin", "PUT /users/{customer}", lambda s: s.profile | {"city": s.unique()}),
    Operation(200, "admin", "PATCH /users/{customer}", lambda s: {"city": s.unique()}),
    Operation(200, "customer", "GET /users/me"),
    Operation(200, "customer", "PUT /users/me", lambda s: s.profile | {"city": s.unique()}),
    Operation(200, "customer", "PATCH /users/me", lambda s: {"city": s.unique()}),
    Operation(204, "somebody", "DELETE /users/me", lambda s: {"current_password": s.credentials["password"]}),
    Operation(200, "somebody", "POST /users/me/restore"),
    Operation(200, "somebody", "GET /users/me/sessions"),
    Operation(204, "somebody", "DELETE /users/me/sessions"),
    Operation(204, "somebody", "DELETE /users/me/sessions/{new_session}"),
    Operation(200, "customer", "GET /users/me/addresses"),
    Operation(201, "somebody", "POST /users/me/addresses", lambda s: s.own_address),
    Operation(200, "customer", "GET /users/me/addresses/{address}"),
    Operation(200, "customer", "PATCH /users/me/addresses/{address}", lambda s: {"company": s.unique()}),
    Operation(204, "customer", "DELETE /users/me/addresses/{new_address}"),
    Operation(200, "", "POST /users/login", lambda s: s.credentials),
    Operation(401, "", "POST /users/login", lambda s: s.credentials | {"password": "wrong"}),
    Operation(200, "somebody", "GET /users/logout"),
    Operation(200, "somebody", "POST /users/logout"),
    Operation(
        200, "", "POST /users/token/refresh", lambda s: {"refresh_token": s.sign_in(**s.credentials)["refresh_token"]}
    ),
    Operation(200, "", "POST /users/confirm-email", lambda s: s.confirmation()),
    Operation(202, "somebody", "POST /users/me/confirm-email"),
    Operation(202, "", "POST /users/password-reset", lambda s: {"email": "customer@example.com"}),
    Operation(200, "", "POST /users/password-reset/confirm", lambda s: s.reset()),
    Operation(200, "admin", "GET /events"),
    Operation(200, "admin", "GET /webhooks"),
    Operation(201, "admin", "POST /webhooks", lambda s: {"url": f"https://receiver.example/{s.unused_webhook()}"}),
    Operation(200, "admin", "GET /webhooks/{webhook}"),
    Operation(200, "admin", "PATCH /webhooks/{webhook}", lambda s: {"description": s.unique()}),
    Operation(204, "admin", "DELETE /webhooks/{new_webhook}"),
    Operation(202, "admin", "POST /webhooks/{webhook}/test"),
    Operation(200, "admin", "POST /webhooks/{webhook}/rotate-secret"),
    Operation(200, "admin", "POST /webhooks/{new_webhook}/pause"),
    Operation(200, "admin", "POST /webhooks/{paused_webhook}/resume", lambda s: {"catch_up": True}),
    Operation(202, "admin", "POST /webhooks/{webhook}/replay", lambda s: s.minute),
    Operation(200, "admin", "GET /webhooks/{webhook}/deliveries"),
    Operation(202, "admin", "POST /webhooks/{webhook}/deliveries/{delivery}/resend"),
]
