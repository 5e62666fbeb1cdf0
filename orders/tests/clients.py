"""HTTP clients for tests of orders, with a session that was begun without a password."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from accounts.models import User
from accounts.sessions import start_session
from catalog.models import Variant
from orders.tests.factories import ADDRESS, make_user

ORDERS = "/api/v1/orders"


def client_of(user: User) -> APIClient:
    tokens = start_session(user_id=user.pk)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.access_token}")
    return client


def staff_with(*permissions: str) -> APIClient:
    """Staff who hold these permissions ("orders.view_order") and no others."""
    user = make_user(is_staff=True)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return client_of(user)


def order_desk() -> APIClient:
    return staff_with("orders.view_order", "orders.change_order", "orders.delete_order")


def basket(*lines: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """The body of POST /orders."""
    return {**ADDRESS, "order_items": list(lines), **fields}


def line(variant: Variant, quantity: int = 1) -> dict[str, Any]:
    return {"product_id": variant.product_id, "quantity": quantity}
