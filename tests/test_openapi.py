"""The description of the API: valid, complete, committed, and the same as what the code says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from openapi_spec_validator import validate

import accounts.exceptions
import catalog.exceptions
import inventory.exceptions
import orders.exceptions
from api.idempotency import InProgress, KeyReused
from api.problems import TITLES
from benchmarks.operations import OPERATIONS
from database.refusals import Refusal

ROOT = Path(__file__).resolve().parent.parent
METHODS = {"get", "post", "put", "patch", "delete"}
EXCEPTIONS = (accounts.exceptions, catalog.exceptions, inventory.exceptions, orders.exceptions)


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    answer = Client().get("/api/v1/schema")
    assert answer.status_code == 200
    return dict(answer.json())


def operations(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, members in description["paths"].items():
        for method, operation in members.items():
            if method in METHODS:
                yield f"{method.upper()} {path}", operation


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", prefix + str(pattern.pattern))


def test_it_is_valid_openapi(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    validate(description)


def test_the_committed_file_is_what_the_code_says(description: dict[str, Any]) -> None:
    committed = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    assert committed == description, "run `make openapi` and commit docs/openapi.yaml"


def test_json_and_yaml_say_the_same(description: dict[str, Any]) -> None:
    answer = Client().get("/api/v1/schema?format=yaml")
    assert "yaml" in answer.headers["Content-Type"]
    assert yaml.safe_load(answer.content) == description


def test_every_route_is_described(description: dict[str, Any]) -> None:
    served = {path for path in routes(get_resolver().url_patterns) if path.startswith("/api/v1/")}
    # A product's slug stands where its id does: one operation in the description.
    assert served - {"/api/v1/schema", "/api/v1/products/{slug}"} == set(description["paths"])


def test_every_operation_has_a_summary_an_id_of_its_own_and_a_tag(description: dict[str, Any]) -> None:
    incomplete = [
        name for name, operation in operations(description) if not (operation.get("summary") and operation["tags"])
    ]
    assert incomplete == []
    ids = [operation["operationId"] for _, operation in operations(description)]
    assert len(set(ids)) == len(ids)


def test_every_error_is_a_problem_document(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert set(answer["content"]) == {"application/problem+json"}, (name, status)


def test_every_operation_names_the_answers_of_its_kind(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        answers = set(operation["responses"])
        assert {"400", "429", "503"} <= answers, name
        assert "{" not in name or "404" in answers, name
        assert "requestBody" not in operation or {"413", "415"} <= answers, name
        assert not name.startswith("GET") or "304" in answers, name
        assert operation.get("security") in ([{}], None) or {"401", "403"} <= answers, name


def test_bodies_refuse_unknown_fields(description: dict[str, Any]) -> None:
    components = description["components"]["schemas"]
    open_ones = [
        name
        for name, component in components.items()
        if name.endswith("Request") and component.get("additionalProperties") is not False
    ]
    assert open_ones == []


def test_every_code_is_documented() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    refusals = [thing for module in EXCEPTIONS for thing in vars(module).values() if isinstance(thing, type)]
    codes = {thing.code for thing in refusals if issubclass(thing, Refusal)} | {InProgress.code, KeyReused.code}
    codes |= {code for code, _ in TITLES.values()}
    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []


@pytest.mark.parametrize("page", ["/docs", "/scalar"])
def test_a_documentation_page_asks_no_other_host(page: str) -> None:
    answer = Client().get(page)
    assert answer.status_code == 200
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", answer.content.decode()) == []
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy + ";"
    assert "connect-src 'self'" in policy


def test_the_bundles_of_the_documentation_are_served() -> None:
    page = Client().get("/scalar").content.decode()
    [bundle] = re.findall(r"<script src=\"([^\"]+)\"", page)
    answer = Client().get(bundle)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/javascript")


def test_every_operation_is_measured(description: dict[str, Any]) -> None:
    """By `make bench-endpoints`, with a request that succeeds."""

    def shape(operation: str) -> str:
        return re.sub(r"{\w+}", "{}", operation.partition("?")[0])

    measured = {shape(operation.line) for operation in OPERATIONS if operation.status < 300}
    assert measured == {shape(name.replace("/api/v1", "")) for name, _ in operations(description)}
