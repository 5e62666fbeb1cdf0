"""What every address has in common: methods, media types, sizes, broken bodies, tokens, request ids and rate limits."""

from django.test import override_settings

from tests.recorded.recorder import Recorder
from tests.recorded.shop import PASSWORD, basket, line

DEEP = b'{"reference": ' + b"[" * 33 + b"]" * 33 + b', "lines": []}'


def methods(shop: Recorder) -> None:
    ask = shop.ask
    for request in (
        "OPTIONS /products",
        "PUT /products",
        "PATCH /products",
        "DELETE /products",
        "POST /products/facets",
        "POST /products/1001",
        "TRACE /products/1001",
        "OPTIONS /products/1001",
        "PUT /products/1001/variants",
        "PUT /products/1001/variants/1001",
        "POST /products/1001/variants/1001",
        "PATCH /products/1001/images",
        "PATCH /products/1001/images/1001",
        "PUT /categories",
        "POST /categories/chairs",
        "PUT /users",
        "DELETE /users/1001",
        "POST /users/me",
        "PUT /users/login",
        "GET /users/token/refresh",
        "GET /users/password-reset",
        "GET /users/password-reset/confirm",
        "PUT /users/logout",
        "DELETE /orders",
        "POST /orders/1001",
        "PUT /orders/1001",
        "POST /orders/1001/history",
        "POST /orders/1001/status",
        "PUT /orders/1001/cancel",
        "POST /orders/my-orders",
        "POST /orders/statistics",
        "POST /orders/user-statistics",
        "POST /orders/health/stock-check",
        "POST /inventory/items",
        "DELETE /inventory/items/DESK",
        "POST /inventory/items/DESK/as-of",
        "GET /inventory/receipts",
        "GET /inventory/adjustments",
        "GET /inventory/transfers",
        "POST /inventory/movements",
        "POST /inventory/alerts",
        "PUT /inventory/warehouses",
        "DELETE /inventory/warehouses/main",
        "BREW /orders",
    ):
        ask("admin", request)
    ask("visitor", "DELETE /products")
    ask("visitor", "PUT /users/login")
    for path in ("", "/", "/nowhere", "/products//1001", "/products/1001/nowhere", "/users/me/x", "/orders/1001/x/"):
        ask("admin", f"GET {path}")
    ask("admin", "POST /nowhere", {})


def bodies(shop: Recorder) -> None:
    ask, receipt = shop.ask, "POST /inventory/receipts"
    for body in (
        b"",
        b"{",
        b"[]",
        b"5",
        b"null",
        b'"text"',
        b'{"reference": "a", "reference": "b"}',
        b'{"reference": NaN}',
        b'{"reference": 1e999}',
        b'{"reference": ' + b"1" * 41 + b"}",
        b'{"reference": "\xff"}',
        b'{"reference": "\\u0000"}',
        b'{"reference": "\\ud800"}',
        b'\xef\xbb\xbf{"reference": "bom"}',
        DEEP,
        b'{"lines": [' + b'{"sku": "x"},' * 1001 + b"{}]}",
    ):
        ask("stock", receipt, body)
    large = b'{"reference": "' + b"x" * 1024 * 1024 + b'"}'
    ask("stock", receipt, large)
    ask("visitor", "POST /users/login", b"username=" + b"x" * 1024 * 1024, type="application/x-www-form-urlencoded")
    for type in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "json"):
        ask("stock", receipt, b'{"reference": "a"}', type=type)
    ask("stock", receipt, b"{}", type="application/json; charset=utf-8")
    ask("stock", receipt, b"{}", type="application/json; charset=latin-1")
    ask("stock", receipt, b"{}", type="APPLICATION/JSON")
    ask("stock", receipt, b"{}", type="application/vnd.api+json")
    ask("ann", "GET /users/me", b"{}")
    ask("visitor", "GET /products/facets?search=desk", b"{")


def headers(shop: Recorder) -> None:
    ask = shop.ask
    for accept in (
        "application/json",
        "*/*",
        "application/*",
        "text/html, */*;q=0.1",
        "application/json; indent=2",
        "text/html",
        "application/xml, text/*",
        "application/json;q=0",
        "nonsense",
        "",
    ):
        ask("visitor", "GET /categories/lamps", Accept=accept)
    ask("visitor", "GET /categories/unknown", Accept="text/html")
    ask("visitor", "GET /nowhere", Accept="text/html")
    ask("visitor", "POST /users/login", {"email": "a", "password": "b"}, Accept="application/xml")
    for value in ("", "two words", "x" * 65, "ä", "A.b_c-9"):
        ask("visitor", "GET /categories/unknown", X_Request_ID=value)
    for value in ("Bearer", "Bearer ", "bearer no.token.ofours", "Basic YTpi", "Bearer a b", "x"):
        ask("visitor", "GET /users/me", Authorization=value)
    ask("visitor", "GET /users/me", Authorization=f"bearer  {shop.tokens['ann']}")
    ask("visitor", "GET /orders", Authorization="Basic YTpi")
    ask("visitor", "GET /categories/lamps", Host="evil.example.com")
    ask("visitor", "GET /categories/lamps", Origin="https://evil.example.com")
    ask("visitor", "GET /categories?page_size=1", X_Forwarded_Host="evil.example.com", X_Forwarded_Proto="https")
    ask("visitor", "GET /categories/lamps", If_None_Match="")
    ask("visitor", "GET /categories/lamps", If_None_Match='"a", "b"')
    ask("visitor", "GET /categories/lamps", If_Match='"9"')
    ask("visitor", "GET /categories/lamps", Range="bytes=0-3")
    ask("visitor", "GET /categories/lamps", If_Modified_Since="Sat, 01 Jan 2100 00:00:00 GMT")
    ask("visitor", "GET /categories/unknown", If_None_Match="*")


def too_often(shop: Recorder) -> None:
    """Limits of one request each, of which the second is refused."""
    ask, once = shop.ask, (1, 60)
    with override_settings(RATE_LIMITS=True, RATE_LIMIT_LOGIN_PER_ACCOUNT=once):
        for password in (PASSWORD, PASSWORD, "wrong one"):
            ask("visitor", "POST /users/login", {"email": "limited@example.com", "password": password})
        ask("ann", "PATCH /users/me", {"email": "x@example.com", "current_password": "wrong one"})
        ask("ann", "PATCH /users/me", {"email": "x@example.com", "current_password": "wrong one"})
    with override_settings(RATE_LIMITS=True, RATE_LIMIT_REGISTER=once, RATE_LIMIT_PASSWORD_RESET=once):
        for _ in range(2):
            ask("visitor", "POST /users", {})
            ask("visitor", "POST /users/password-reset", {"email": "limited@example.com"})
            ask("visitor", "POST /users/password-reset/confirm", {})
    with override_settings(RATE_LIMITS=True, RATE_LIMIT_ANONYMOUS=once, RATE_LIMIT_USER=once):
        for _ in range(2):
            ask("visitor", "GET /categories/lamps")
            ask("ben", "GET /orders/my-orders?page_size=1")
            ask("ben", "POST /orders", basket(line("UNKNOWN")))
            ask("visitor", "POST /users/token/refresh", {"refresh_token": "x"})
