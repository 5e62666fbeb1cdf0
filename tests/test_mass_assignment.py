"""Nobody writes a field by naming it: every body is asked to take every field that our models have."""

import re
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

from catalog.tests.factories import snapshot as catalog_and_stock
from orders.tests.factories import everything
from tests.operations import METHODS, World

OURS = ("accounts", "api", "catalog", "checkout", "events", "inventory", "invoicing", "orders", "payments", "pricing")
OF_STAFF = re.compile("/(products|webhooks)")
# They come last: some others are refused after them.
ENDING = re.compile("logout|pause")
COVETED = {
    "id",
    "user",
    "user_id",
    "role",
    "is_staff",
    "is_superuser",
    "groups",
    "status",
    "total",
    "price",
    "owner_id",
}


def every_field() -> set[str]:
    models = (model for app in OURS for model in apps.get_app_config(app).get_models())
    return COVETED | {name for model in models for field in model._meta.fields for name in (field.name, field.attname)}


def described() -> dict[str, set[str]]:
    """The fields of each operation's body, by operation."""
    description = Client().get("/api/v1/schema").json()
    shapes, found = description["components"]["schemas"], {}
    for path, members in description["paths"].items():
        for method, operation in members.items():
            content = operation.get("requestBody", {}).get("content", {}) if method in METHODS else {}
            for media in ("application/json", "multipart/form-data"):
                if media in content:
                    name = content[media]["schema"]["$ref"].rpartition("/")[2]
                    forms = shapes[name].get("anyOf", [shapes[name]])  # a line names its article in one of three
                    members_of_all = {member for form in forms for member in form["properties"]}
                    found[f"{method.upper()} {path.removeprefix('/api/v1')}"] = members_of_all
    return found


def refused_fields(answer: Any) -> set[str]:
    assert answer.status_code == 400, (answer.request["PATH_INFO"], answer.content)
    return {error["field"] for error in answer.json()["errors"] if error["code"] == "unknown_field"}


def test_no_body_takes_a_field_that_it_does_not_declare(world: World, people: dict[str, APIClient]) -> None:
    before = everything() | catalog_and_stock()
    for operation, declared in described().items():
        foreign = every_field() - declared
        client = people["owner" if "/users" in operation or operation == "POST /orders" else "administrator"]

        answer = world.send(client, operation, more=dict.fromkeys(foreign, "1"))

        assert refused_fields(answer) == foreign, operation
    assert everything() | catalog_and_stock() == before


def without_body() -> list[str]:
    """The POSTs that need no body."""
    paths = Client().get("/api/v1/schema").json()["paths"]
    asked = {path: members["post"] for path, members in paths.items() if "post" in members}
    return [f"POST {path.removeprefix('/api/v1')}" for path, post in asked.items() if "requestBody" not in post]


def test_who_needs_no_body_refuses_one_as_all_others_do(world: World, people: dict[str, APIClient]) -> None:
    before = everything() | catalog_and_stock()
    refusals = [
        (b'{"quantity": 1}', "application/json", 400, "invalid"),
        (b"{", "application/json", 400, "malformed"),
        (b"[]", "application/json", 400, "malformed"),
        (b"null", "application/json", 400, "malformed"),
        (b"quantity=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"{}" + b" " * settings.MAX_BODY_BYTES, "application/json", 413, "too_large"),
    ]
    assert len(without_body()) == 12
    for operation in without_body():
        client = people["administrator" if OF_STAFF.search(operation) else "owner"]
        path = f"/api/v1{world.path(operation.split(' ')[1])}"
        # Clients have always been free to send members when they log out.
        for body, media_type, status, code in refusals["logout" in operation :]:
            answer = client.post(path, body, content_type=media_type)
            assert (answer.status_code, answer.json()["code"]) == (status, code), (operation, body[:20])
    assert everything() | catalog_and_stock() == before


@pytest.mark.parametrize("body", [b"", b"{}", b" {} "])
def test_who_needs_no_body_takes_none_and_one_without_members(
    body: bytes, world: World, people: dict[str, APIClient]
) -> None:
    for operation in sorted(without_body(), key=lambda operation: bool(ENDING.search(operation))):
        client = people["administrator" if OF_STAFF.search(operation) else "owner"]

        answer = client.post(f"/api/v1{world.path(operation.split(' ')[1])}", body, content_type="application/json")

        assert answer.status_code in (200, 202), (operation, answer.content)


def test_a_patch_without_members_leaves_all_as_it_is(world: World, people: dict[str, APIClient]) -> None:
    before = everything() | catalog_and_stock()
    patches = [operation for operation in described() if operation.startswith("PATCH ")]
    assert len(patches) > 10
    for operation in patches:
        of_buyer = any(part in operation for part in ("/users", "/orders", "/carts")) and "fulfil" not in operation
        client = people["owner" if of_buyer else "administrator"]

        answer = client.patch("/api/v1" + world.path(operation.split(" ")[1]), {}, format="json")

        assert answer.status_code == 200, (operation, answer.content)
    assert everything() | catalog_and_stock() == before


@pytest.mark.parametrize(
    ("operation", "lines", "declared"),
    [
        ("POST /orders", "order_items", {"product_id", "variant_id", "sku", "quantity"}),
        ("POST /orders/{order_id}/fulfilments", "lines", {"order_item_id", "quantity"}),
        ("POST /orders/{order_id}/returns", "lines", {"order_item_id", "quantity", "reason"}),
        (
            "POST /orders/{order_id}/returns/{return_id}/receive",
            "lines",
            {"order_item_id", "quantity", "condition"},
        ),
        ("POST /inventory/receipts", "lines", {"sku", "quantity", "warehouse", "unit_cost"}),
        ("POST /inventory/adjustments", "lines", {"sku", "warehouse", "delta", "set_to", "expected"}),
        ("POST /inventory/transfers", "lines", {"sku", "quantity"}),
        (
            "POST /products",
            "variants",
            {"sku", "name", "options", "price", "stock_quantity", "max_per_customer", "barcode"}
            | {"weight_g", "compare_at_price", "unit_measure"},
        ),
    ],
)
def test_no_line_takes_one_either(
    operation: str, lines: str, declared: set[str], world: World, people: dict[str, APIClient]
) -> None:
    foreign = every_field() - declared
    line = world.valid(operation).body.get(lines, [{"sku": "NEW"}])[0]
    administrator = people["administrator"]
    before = everything() | catalog_and_stock()

    answer = world.send(administrator, operation, more={lines: [line | dict.fromkeys(foreign, "1")]})

    assert {field.removeprefix(f"{lines}.0.") for field in refused_fields(answer)} == foreign
    assert everything() | catalog_and_stock() == before
