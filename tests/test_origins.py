"""What pages of other origins, and what strangers typed, can do in the browser of somebody of staff: nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.tests.factories import PASSWORD, make_user
from catalog.models import Product
from catalog.tests.factories import make_category, make_product
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db
MARKUP = "<script>alert(1)</script><img src=x onerror='alert(2)'>\""
LOGIN = "/admin/login/?next="


def test_a_form_that_another_page_posts_changes_nothing(staff_pages: Callable[..., Any]) -> None:
    product = make_product("Lantern", price="10.00")
    path = f"/admin/catalog/product/{product.pk}/change/"
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = staff_pages().cookies
    page = strict.get(path)
    form = {"name": "Stolen", "price": "0.01", "version": str(product.version)}
    token = {"csrfmiddlewaretoken": page.context["csrf_token"]}

    assert strict.post(path, form).status_code == 403
    assert strict.post(path, form | token, HTTP_ORIGIN="https://evil.example").status_code == 403
    assert Product.objects.get(pk=product.pk).name == "Lantern"
    assert strict.post(path, form | token, HTTP_ORIGIN="http://testserver").status_code != 403


def test_a_session_of_the_admin_is_worth_nothing_to_the_api(staff_pages: Callable[..., Any]) -> None:
    """So no page of another origin can use it there, and the API needs no token against that."""
    assert staff_pages().get("/api/v1/users/me").status_code == 401


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a"])
def test_what_a_browser_sends_without_asking_first_is_no_body_of_the_api(as_admin: APIClient, kind: str) -> None:
    answer = as_admin.generic("POST", "/api/v1/products/", '{"name": "Lamp", "price": "1.00"}', content_type=kind)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert not Product.objects.exists()


def test_an_origin_that_is_not_named_is_told_nothing(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://shop.example.com"]
    for origin in ("https://evil.example", "https://shop.example.com.evil.example", "http://shop.example.com", "null"):
        for answer in (
            Client().get("/api/v1/products/", HTTP_ORIGIN=origin),
            Client().options("/api/v1/products/", HTTP_ORIGIN=origin, HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST"),
        ):
            assert "Access-Control-Allow-Origin" not in answer.headers
    answer = Client().get("/api/v1/products/", HTTP_ORIGIN="https://shop.example.com")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example.com"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", r"/\evil.example/", "javascript:alert(1)"]
)
def test_logging_in_leads_to_no_other_host(client: Client, elsewhere: str) -> None:
    make_user(password=PASSWORD, is_staff=True, email="staff@example.com")
    answer = client.post(LOGIN + elsewhere, {"username": "staff@example.com", "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_scripts_and_other_origins_do_not_get_the_cookies_of_staff(client: Client) -> None:
    make_user(password=PASSWORD, is_staff=True, email="staff@example.com")
    client.get(LOGIN)
    client.post(LOGIN, {"username": "staff@example.com", "password": PASSWORD})
    (session,) = [cookie for name, cookie in client.cookies.items() if name.endswith("sessionid")]
    assert session["httponly"]
    assert {cookie["samesite"] for cookie in client.cookies.values()} == {"Lax"}
    assert {cookie["domain"] for cookie in client.cookies.values()} == {""}


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/catalog/product/",
        "/admin/catalog/product/{product}/change/",
        "/admin/catalog/category/",
        "/admin/orders/order/",
        "/admin/orders/order/{order}/change/",
        "/admin/accounts/user/",
        "/admin/accounts/user/{user}/change/",
        "/admin/inventory/stocklevel/",
        "/admin/inventory/movement/",
        "/admin/events/event/",
        "/admin/nowhere/" + MARKUP,
        "/admin/catalog/product/?q=" + MARKUP,
    ],
)
def test_markup_that_somebody_typed_is_text_on_a_page(staff_pages: Callable[..., Any], path: str) -> None:
    user = make_user(
        first_name=MARKUP[:50], last_name="'><svg onload=alert(3)>", email="a@example.com", city=MARKUP[:50]
    )
    product = make_product(MARKUP, category=make_category(MARKUP), stock=5)
    order = make_order(user)
    order.shipping_address_line1 = MARKUP
    order.save()
    page = staff_pages().get(path.format(product=product.pk, order=order.pk, user=user.pk), follow=True)
    text = page.content.decode()
    assert page.status_code in (200, 404)
    for markup in ("<script>alert", "<img src=x", "<svg onload"):
        assert markup not in text


def test_there_is_no_list_of_the_pictures(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "products").mkdir()
    (tmp_path / "products" / "1.png").write_bytes(b"png")
    assert Client().get("/media/products/1.png").status_code == 200
    for path in (
        "/media/",
        "/media/products/",
        "/media/products",
        "/media/../pyproject.toml",
        "/static/",
        "/static/admin/",
    ):
        assert Client().get(path).status_code == 404, path
