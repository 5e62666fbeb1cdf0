"""A digit of Python that is none of 0 to 9, as "²", names nothing: it is refused, and that is no error of ours."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from accounts.tests.factories import client_of, make_user
from catalog.tests.factories import make_product

pytestmark = pytest.mark.django_db
DIGITS = ("²", "\u0661", "\uff11", "1²", "¹")
MODELS = sorted((model._meta.app_label, model._meta.model_name or "") for model in admin.site._registry)


@pytest.fixture
def staff() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize(("app", "model"), MODELS)
def test_no_row_of_the_admin_is_named_by_other_digits(staff: Client, app: str, model: str) -> None:
    for digits in ("²", "1²", "¹"):
        for page in ("change/", "history/", "delete/", ""):
            answer = staff.get(f"/admin/{app}/{model}/{digits}/{page}")
            # Django sends who asks for a row that is not there to the front page, with a message.
            assert answer.status_code in (302, 403, 404), (digits, page)
        for query in (f"p={digits}", f"id={digits}", f"id__exact={digits}", f"o={digits}", f"before={digits}"):
            assert staff.get(f"/admin/{app}/{model}/?{query}").status_code in (200, 302, 400, 403), query


@pytest.mark.parametrize("digits", DIGITS)
def test_the_version_of_a_page_is_a_number(staff: Client, digits: str) -> None:
    product: Any = make_product()
    answer = staff.post(f"/admin/catalog/product/{product.pk}/status/", {"status": "archived", "version": digits})
    assert answer.status_code == 404
    product.refresh_from_db()
    assert product.status == "active"
    assert staff.get(f"/admin/orders/order/{digits}/change/").status_code == 404


@pytest.mark.parametrize("digits", DIGITS)
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("orders/{}", 404),
        ("users/{}", 404),
        ("products/1/variants/{}", 404),
        ("orders?user_id={}", 400),
        ("orders?min_amount={}", 400),
        ("products?page_size={}", 400),
        ("products?price_min={}", 400),
        ("orders/health/stock-check?limit={}", 400),
        ("inventory/movements?since={}", 400),
    ],
)
def test_the_api_takes_no_other_digits(path: str, status: int, digits: str) -> None:
    client = client_of(make_user(is_staff=True, is_superuser=True))
    assert client.get(f"/api/v1/{path.format(digits)}").status_code == status
