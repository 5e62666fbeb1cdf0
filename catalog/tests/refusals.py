"""What every refusal of a write must keep: the status, the code, and all rows as they were."""

from typing import Any

from rest_framework.test import APIClient

from catalog.tests.factories import snapshot

URL = "/api/v1/products"


def refused(client: APIClient, method: str, path: str, body: Any, status: int, code: str) -> dict[str, Any]:
    """Send a request that must be refused so, and must change nothing."""
    before = snapshot()
    response = getattr(client, method)(f"{URL}{path}", body, format="json")
    assert (response.status_code, response.json()["code"]) == (status, code), response.content
    assert snapshot() == before
    document: dict[str, Any] = response.json()
    return document


def fields_of(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in document["errors"]]
