"""What a client asks of the catalog in tests."""

from typing import Any

from rest_framework.test import APIClient


def get(client: APIClient, path: str, **params: Any) -> Any:
    """The document of a path that is answered."""
    response = client.get(f"/api/v1{path}", params)
    assert response.status_code == 200, response.content
    return response.json()


def names(client: APIClient, **params: Any) -> list[str]:
    """The names of the products that a list has."""
    return [row["name"] for row in get(client, "/products", **params)["results"]]
