"""Bodies that are not valid: each is refused by the name of its field, and nothing is written."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.tests.refusals import URL, fields_of, refused

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "name", "required"),
        ({"name": "  "}, "name", "blank"),
        ({"name": "x" * 256}, "name", "max_length"),
        ({"name": 5}, "name", "invalid"),
        ({"price": "0.00"}, "price", "invalid"),
        ({"price": "10000000.00"}, "price", "invalid"),
        ({"price": "1.999"}, "price", "invalid"),
        ({"price": 5}, "price", "number"),
        ({"price": "1e-1000000"}, "price", "invalid"),
        ({"price": "NaN"}, "price", "invalid"),
        ({"stock_quantity": -1}, "stock_quantity", "min_value"),
        ({"stock_quantity": 10**30}, "stock_quantity", "max_value"),
        ({"stock_quantity": "5"}, "stock_quantity", "invalid"),
        ({"stock_quantity": True}, "stock_quantity", "invalid"),
        ({"slug": "123"}, "slug", "invalid_slug"),
        ({"slug": "Mug"}, "slug", "invalid_slug"),
        ({"slug": "facets"}, "slug", "reserved_slug"),
        ({"sku": "a/b"}, "sku", "invalid_sku"),
        ({"sku": ".."}, "sku", "invalid_sku"),
        ({"status": "sold"}, "status", "invalid_choice"),
        ({"category": "nowhere"}, "category", "unknown_category"),
        ({"category": 5}, "category", "invalid"),
        ({"attributes": []}, "attributes", "invalid"),
        ({"attributes": {"a": None}}, "attributes", "invalid_attribute"),
        ({"attributes": {"a": [1]}}, "attributes", "invalid_attribute"),
        ({"attributes": {"a": "x" * 256}}, "attributes", "invalid_attribute"),
        ({"attributes": {"a": 10**16}}, "attributes", "invalid_attribute"),
        ({"attributes": {"": 1}}, "attributes", "invalid"),
        ({"attributes": {"x" * 65: 1}}, "attributes", "invalid"),
        ({"attributes": {str(n): n for n in range(51)}}, "attributes", "too_many_members"),
        ({"variants": []}, "variants", "min_length"),
        ({"variants": [{}, {"sku": ""}]}, "variants.1.sku", "blank"),
        ({"variants": [{"options": {"size": 5}}]}, "variants.0.options", "invalid_option"),
        ({"variants": [{"options": {"size": " "}}]}, "variants.0.options", "invalid_option"),
        ({"variants": [{"options": {" ": "M"}}]}, "variants.0.options", "invalid"),
        ({"variants": [{"options": {"size": "M", "Size": "L"}}]}, "variants.0.options", "repeated_option"),
        ({"variants": [{"colour": "red"}]}, "variants.0.colour", "unknown_field"),
        ({"id": 5}, "id", "unknown_field"),
        ({"product_id": 5}, "product_id", "unknown_field"),
        ({"version": 5}, "version", "unknown_field"),
        ({"created_at": "2026-01-01T00:00:00Z"}, "created_at", "unknown_field"),
        ({"search_vector": "x"}, "search_vector", "unknown_field"),
        ({"currency": "EUR"}, "currency", "unknown_field"),
    ],
)
def test_a_body_that_is_not_valid_is_refused(as_admin: APIClient, body: Any, field: str, code: str) -> None:
    valid = {} if not body else {"name": "Mug", "price": "5.00"}
    document = refused(as_admin, "post", "", valid | body, 400, fields_code(code))
    assert (field, code) in fields_of(document)


def fields_code(code: str) -> str:
    """What the document as a whole is called, when a field is wrong in this way."""
    return code if code == "unknown_category" else "invalid"


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800"])
def test_text_that_no_database_can_store_is_refused(as_admin: APIClient, text: str) -> None:
    for body in ('{"name": "%s", "price": "1.00"}', '{"name": "a", "price": "1.00", "attributes": {"%s": 1}}'):
        response = as_admin.post(URL, body % text, content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (400, "malformed")
