"""Headers that every answer has, whoever makes it, and what may be kept of an answer and by whom."""

import gzip
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.tests.factories import client_of, make_user
from catalog.tests.factories import make_product

pytestmark = pytest.mark.django_db

PATHS = (
    *("/", "/nothing", "/nothing.php", "/admin", "/admin/", "/admin/login/", "/admin/nothing", "/admin/orders/order/"),
    *("/docs", "/docs/", "/scalar", "/scalar/bundle.js", "/api/v1/schema", "/api/v1/schema?format=yaml"),
    *("/api", "/api/v1/products", "/api/v1/products/", "/api/v1/products/1", "/api/v1/products/nothing", "/api/v1/no"),
    *("/api/v1/users/me", "/api/v1/orders/", "/api/v1/products?x=1", "/api/v1/products?search=%00", "/admin/?a=%00"),
    *("/health", "/health/live", "/health/ready", "/health/status", "/media/", "/media/nothing", "/media/a.txt"),
    *("/static/shop/admin.css", "/static/shop/nothing.css", "/favicon.ico", "/admin/login/?next=//evil.example"),
)


@pytest.fixture
def client(settings: Any, tmp_path: Path) -> Client:
    settings.MEDIA_ROOT = str(tmp_path)
    (tmp_path / "a.txt").write_text("<script>alert(1)</script>")
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_a_policy_and_is_what_it_says(client: Client, path: str) -> None:
    for method, host in product(("GET", "HEAD", "POST", "OPTIONS", "NONSENSE"), ("localhost", "evil.example", "a b")):
        answer = client.generic(method, path, HTTP_HOST=host)
        assert answer.status_code < 500, (method, host)
        assert answer.headers["X-Content-Type-Options"] == "nosniff", (method, host)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, (method, host)
        assert "unsafe" not in policy.partition("script-src")[2].partition(";")[0], (method, host)


@pytest.mark.parametrize("path", PATHS)
def test_head_is_answered_with_the_headers_of_get_and_no_body(client: Client, path: str) -> None:
    """gunicorn writes a warning to the log for each body that it must not send."""
    head, get = client.head(path), client.get(path)
    assert (head.status_code, b"".join(head) if head.streaming else head.content) == (get.status_code, b"")
    assert head.headers.keys() == get.headers.keys()
    if not path.startswith(("/admin", "/health")):  # their pages hold what differs each time
        assert head.headers["Content-Length"] == get.headers["Content-Length"]


@pytest.mark.parametrize(
    "accept",
    [
        "application/problem+json",
        "Application/Problem+JSON; charset=utf-8",
        "application/problem+json, application/xml;q=0.5",
        "application/json, application/problem+json",
        "APPLICATION/JSON",
        "",
        " , ",
        "text/html, image/gif, *; q=.2",
    ],
)
def test_whoever_takes_problem_documents_is_answered(client: Client, accept: str) -> None:
    answer = client.get("/api/v1/categories", HTTP_ACCEPT=accept)
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, "application/json")
    answer = client.get("/api/v1/categories/nothing", HTTP_ACCEPT=accept)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert client.get("/api/v1/categories", HTTP_ACCEPT="application/xml").status_code == 406


@pytest.mark.parametrize("path", ["/", "/api/v1/products", "/docs", "/admin/"])
def test_a_redirect_to_https_has_them_too(settings: Any, path: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get(path)
    assert answer.status_code == 301
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_an_error_of_ours_has_them_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("config.health.status", fail)
    monkeypatch.setattr("catalog.views.products.answer_list", fail)
    for path in ("/api/v1/products", "/api/v1/products/facets"):
        answer = client.get(path)
        assert answer.status_code == 500
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["users/me", "orders/", "orders/1", "users/me/sessions", "users/logout", "nothing"])
def test_what_is_somebodys_own_is_kept_by_no_cache(path: str) -> None:
    for client in (client_of(make_user()), APIClient()):
        assert client.get(f"/api/v1/{path}").headers["Cache-Control"] == "private, no-store"


def test_a_client_that_keeps_its_own_by_itself_asks_with_its_etag() -> None:
    client = client_of(make_user())
    for path in ("/api/v1/users/me", "/api/v1/orders/my-orders"):
        answer = client.get(path)
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.headers["Cache-Control"]) == (304, "private, no-store")


def test_what_the_shop_shows_to_everybody_is_asked_for_again_each_time() -> None:
    mug = make_product("Mug")
    paths = ("products", "products/facets", f"products/{mug.pk}", f"products/{mug.pk}/variants", "categories")
    shared = "public, max-age=0, s-maxage=1, stale-while-revalidate=5"
    customer, ended = client_of(make_user()), APIClient(headers={"Authorization": "Bearer of.long.ago"})
    for client, expected in ((APIClient(), shared), (customer, "private, no-cache"), (ended, "private, no-cache")):
        for path in paths:
            answer = client.get(f"/api/v1/{path}")
            assert (answer.status_code, answer.headers["Cache-Control"]) == (200, expected)
            again = client.get(f"/api/v1/{path}", headers={"If-None-Match": answer.headers["ETag"]})
            assert (again.status_code, again.headers["Cache-Control"]) == (304, expected)
            assert ("Authorization" in answer.headers["Vary"]) is (expected == shared)
    for path in ("products/0", "products/no-such", "products?x=1", "products?status=draft", "categories/none"):
        assert APIClient().get(f"/api/v1/{path}").headers["Cache-Control"] == "private, no-cache"


def test_long_answers_to_visitors_alone_are_compressed_for_whoever_accepts_it() -> None:
    for number in range(9):
        make_product(f"Mug {number}", description="of stoneware " * 9)
    plain = APIClient().get("/api/v1/products")
    assert "Content-Encoding" not in plain.headers
    for accepted in ("gzip", "br, gzip;q=0.8", "deflate, gzip, zstd"):
        answer = APIClient().get("/api/v1/products", headers={"Accept-Encoding": accepted})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(answer.content) == plain.content
        assert answer.headers["ETag"] == f"W/{plain.headers['ETag']}"
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        known = {"Accept-Encoding": accepted, "If-None-Match": answer.headers["ETag"]}
        assert APIClient().get("/api/v1/products", headers=known).status_code == 304
    customer = client_of(make_user())
    for client, path, accepted in (
        (APIClient(), "products", "identity"),
        (APIClient(), "products", "gzip;q=0, br"),
        (APIClient(), "products?page_size=1&fields=name", "gzip"),
        (APIClient(), "products?status=draft", "gzip"),
        (customer, "products", "gzip"),
        (customer, "users/me", "gzip"),
    ):
        answer = client.get(f"/api/v1/{path}", headers={"Accept-Encoding": accepted})
        assert "Content-Encoding" not in answer.headers, (path, accepted)


@pytest.mark.parametrize(
    "path", ["/docs", "/scalar", "/scalar/bundle.js", "/api/v1/schema", "/api/v1/schema?format=yaml"]
)
def test_the_documentation_can_be_switched_off(settings: Any, path: str) -> None:
    assert Client().get(path).status_code == (404 if path == "/docs/" else 200)
    settings.API_DOCUMENTATION = False
    assert Client().get(path).status_code == 404
    assert Client().get("/api/v1/products").status_code == 200
