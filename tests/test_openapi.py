"""The description of the API: valid, complete, committed, and the same as what the code says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

import accounts.exceptions
import catalog.exceptions
import checkout.exceptions
import events.webhooks.exceptions
import inventory.exceptions
import orders.exceptions
from api.idempotency import InProgress, KeyReused
from api.problems import TITLES
from benchmarks.operations import OPERATIONS
from database.refusals import Refusal

ROOT = Path(__file__).resolve().parent.parent
METHODS = {"get", "post", "put", "patch", "delete"}
EXCEPTIONS = (
    *(accounts.exceptions, catalog.exceptions, checkout.exceptions, inventory.exceptions, orders.exceptions),
    events.webhooks.exceptions,
)


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


def resolved(description: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The part itself, or what it refers to."""
    if "$ref" not in part:
        return part
    _, section, name = part["$ref"].removeprefix("#/").split("/")
    found: dict[str, Any] = description["components"][section][name]
    return found


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
    # Providers of money have descriptions of their own of what they send.
    notifications = "/api/v1/payments/{provider}/notifications"
    assert served - {"/api/v1/schema", "/api/v1/products/{slug}", notifications} == set(description["paths"])


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
                whole = resolved(description, answer)
                assert set(whole["content"]) == {"application/problem+json"}, (name, status)
                assert "X-Request-ID" in whole["headers"]


def test_every_operation_names_the_answers_of_its_kind(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        answers = set(operation["responses"])
        assert {"400", "429", "503"} <= answers, name
        assert "{" not in name or "404" in answers, name
        assert "requestBody" not in operation or {"413", "415"} <= answers, name
        assert not name.startswith("GET") or "304" in answers, name
        assert operation["security"] == [] or {"401", "403"} <= answers, name


def test_bodies_refuse_unknown_fields(description: dict[str, Any]) -> None:
    components = description["components"]["schemas"]
    open_ones = [
        name
        for name, component in components.items()
        for form in component.get("anyOf", [component])
        if name.endswith("Request") and form.get("additionalProperties") is not False
    ]
    assert open_ones == []


def test_an_operation_takes_a_key_where_its_action_is_marked(description: dict[str, Any]) -> None:
    keyed = {
        operation["operationId"]
        for _, operation in operations(description)
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"])
    }
    assert keyed == {
        *("placeOrder", "cancelOrder", "createProduct", "addVariant", "receiveStock", "adjustStock", "transferStock"),
        *("openCart", "addCartLine", "addCoupon", "holdCart", "claimCart", "placeCart"),
        *("beginPayment", "capturePayment", "refundPayment"),
        *("addMyAddress", "shipParcel", "cancelParcel", "addNote", "replaceOrderLine"),
        "createApiKey",
        *("createWebhook", "testWebhook", "rotateWebhookSecret", "replayWebhook", "resendWebhookDelivery"),
        *("askReturn", "approveReturn", "receiveReturn", "refuseReturn", "withdrawOrder"),
    }
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    [sentence] = re.findall(r"`Idempotency-Key`, 1 to 255 [^.]+\.", text)
    assert keyed == set(re.findall(r"`(\w+)`", sentence))


def test_every_operation_is_named_as_people_would(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(description)]
    assert [name for name in names if not re.fullmatch("[a-z]+([A-Z][a-z]+)*", name)] == []
    assert {"listProducts", "getProduct", "placeOrder", "cancelOrder", "logIn", "registerUser"} <= set(names)
    tags = {tag["name"]: tag["description"] for tag in description["tags"]}
    assert {tag for _, operation in operations(description) for tag in operation["tags"]} == set(tags)


def test_every_body_and_every_answer_has_an_example(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        answers = [resolved(description, answer) for answer in operation["responses"].values()]
        for part in (operation.get("requestBody", {}), *answers):
            for media_type, content in part.get("content", {}).items():
                if media_type not in ("multipart/form-data", "application/pdf"):
                    schema = content["schema"] | {"components": description["components"]}
                    wrong = [error.message for error in Draft202012Validator(schema).iter_errors(content["example"])]
                    assert wrong == [], name


def test_a_products_slug_is_described(description: dict[str, Any]) -> None:
    for operation in description["paths"]["/api/v1/products/{product_id}"].values():
        [schema] = [each["schema"] for each in operation["parameters"] if each["in"] == "path"]
        schema = Draft202012Validator(schema)
        assert all(map(schema.is_valid, (1, 2**63 - 1, "desk", "desk-2", "3-legs")))
        assert not any(map(schema.is_valid, (0, 2**63, "1", "", "Desk", "a b", "-")))


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
