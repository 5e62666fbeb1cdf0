"""What is looked at before any endpoint: the host, the address, and a body that comes in chunks."""

from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from gunicorn.http.errors import InvalidChunkSize, NoMoreData
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.tests.factories import client_of, make_user

pytestmark = pytest.mark.django_db
ME = "/api/v1/users/me"


class BrokenChunks(BytesIO):
    """As gunicorn tells of them."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def read(self, size: int | None = -1) -> bytes:
        raise self.error


def send_in_chunks(client: APIClient, body: bytes | BytesIO, content_type: str = "application/json") -> Any:
    stream = BytesIO(body) if isinstance(body, bytes) else body
    extra: dict[str, Any] = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "", "wsgi.input": stream}
    return client.generic("PATCH", ME, "{}", content_type, **extra)


def test_a_body_in_chunks_is_a_body() -> None:
    user = make_user()
    assert send_in_chunks(client_of(user), b'{"city": "Lisbon"}').json()["city"] == "Lisbon"
    user.refresh_from_db()
    assert user.city == "Lisbon"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"cityy": "X"}', "application/json", 400),
        (b'{"city": "X"}', "text/plain", 415),
        (b" " * (1024 * 1024 + 1), "application/json", 413),
        (b" " * (11 * 1024 * 1024), "application/json", 413),
        (BrokenChunks(InvalidChunkSize(b"ZZ")), "application/json", 400),
        (BrokenChunks(NoMoreData()), "application/json", 400),
    ],
)
def test_a_body_in_chunks_is_refused_as_any_other(body: bytes | BytesIO, content_type: str, status: int) -> None:
    answer = send_in_chunks(client_of(make_user()), body, content_type)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


def test_a_shop_answers_to_its_own_names_alone() -> None:
    user = make_user()
    answer = client_of(user).patch(ME, {"city": "Lisbon"}, HTTP_HOST="evil.example")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    user.refresh_from_db()
    assert user.city == ""
    assert Client().get("/docs", HTTP_HOST="evil.example").status_code == 400
    assert Client().get("/health/live", HTTP_HOST="10.0.0.7").status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/orders/0", "/api/v1/nothing"])
def test_an_address_that_is_nowhere_is_told_to_a_browser_of_another_origin(path: str, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://shop.example.com"]
    answer = Client().get(path, HTTP_ORIGIN="https://shop.example.com")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example.com"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/health", "/health/", "/health/nothing", "/api"])
def test_no_page_of_django_stands_below_api_and_health(path: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_a_name_that_no_file_can_have_is_not_found() -> None:
    for name in ("a" * 300, "a/" * 3000):
        assert Client().get(f"/media/{name}").status_code == 404


def test_the_documentation_is_a_page_for_everybody() -> None:
    assert Client().get("/docs", HTTP_AUTHORIZATION="Bearer nonsense").status_code == 200
    assert Client().get("/docs?format=json").headers["Content-Type"].startswith("text/html")
    assert Client().options("/docs").status_code == 405


def test_format_is_no_parameter_of_ours() -> None:
    answer = Client().get("/api/v1/products?format=xml", HTTP_ACCEPT="application/json, */*; q=0.01")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["code"] == "unknown_parameter"


@pytest.mark.parametrize("path", ["products", "users", "orders/health/stock-check"])
def test_a_query_string_that_is_no_text_is_refused(path: str) -> None:
    answer = client_of(make_user(is_staff=True, is_superuser=True)).get(f"/api/v1/{path}?search=%ff&%c3=1")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
