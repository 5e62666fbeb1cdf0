"""What is recorded of the shop is what the description says: statuses, headers, bodies, and bodies that were taken."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.recorded import recorder
from tests.recorded.test_recorded import DESCRIPTION, GROUPS, METHODS
from tests.test_openapi import resolved

BLOCK = re.compile(r"-+ \w+ (\S+) (\S*).*\n((?:> .*\n)*)(\d+)\n((?:[A-Z][\w-]+: .*\n)*)(.*)", re.DOTALL)
# Headers that no answer has alone, or that belong to HTTP and not to the operation.
OF_HTTP = {"Content-Type", "Content-Length", "Cache-Control", "Vary", "Allow", "Location", "Link"}
# Refused before any operation is found, or by one that the address does not have.
OF_NO_OPERATION = {"405", "500"}


class Exchange(NamedTuple):
    """A request that was recorded, with its answer."""

    asked: str
    sent: str
    status: str
    headers: set[str]
    body: str


def exchanges(group: str) -> Iterator[Exchange]:
    for _, block in recorder.read_file(group):
        match = BLOCK.fullmatch(block)
        assert match, block
        method, target, sent, status, headers, body = match.groups()
        path = f"{recorder.PREFIX}{target.partition('?')[0].removesuffix('/')}"
        bodies = [line[2:] for line in sent.splitlines() if line.startswith("> {")]
        names = {line.partition(":")[0] for line in headers.splitlines()}
        yield Exchange(f"{method} {path}", "".join(bodies), status, names, body)


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return dict(yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8")))


def operation_of(description: dict[str, Any], asked: str) -> dict[str, Any] | None:
    """The operation that a request is for; none where the address has no such method."""
    fitting = [
        (path.count("{"), operation)
        for path, members in description["paths"].items()
        for method, operation in members.items()
        if method in METHODS and re.fullmatch(f"{method.upper()} {re.sub('{[^}]+}', '[^/]+', path)}", asked)
    ]
    return min(fitting, key=lambda found: found[0])[1] if fitting else None


def errors_of(schema: dict[str, Any], text: str, description: dict[str, Any]) -> list[str]:
    validator = Draft202012Validator(schema | {"components": description["components"]})
    return [error.message[:300] for error in validator.iter_errors(json.loads(text))]


@pytest.mark.parametrize("group", GROUPS)
def test_each_answer_is_described(group: str, description: dict[str, Any]) -> None:
    found = []
    for exchange in exchanges(group):
        operation = operation_of(description, exchange.asked)
        if operation is None or exchange.status in OF_NO_OPERATION:
            continue
        answer = resolved(description, operation["responses"].get(exchange.status, {}))
        if not answer:
            found.append(f"{exchange.asked}: {exchange.status} is not described: {exchange.body[:200]}")
            continue
        if missing := exchange.headers - answer["headers"].keys() - OF_HTTP:
            found.append(f"{exchange.asked}: {exchange.status} has {missing}")
        for content in answer.get("content", {}).values():
            if exchange.body:
                errors = errors_of(content["schema"], exchange.body, description)
                found += [f"{exchange.asked}: {exchange.status} {exchange.body[:200]}: {error}" for error in errors]
    assert found == []


@pytest.mark.parametrize("group", GROUPS)
def test_each_body_that_was_taken_is_described(group: str, description: dict[str, Any]) -> None:
    found = []
    for exchange in exchanges(group):
        operation = operation_of(description, exchange.asked) or {}
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        whole = exchange.sent and len(exchange.sent) < recorder.LONGEST_SENT
        if content and whole and exchange.status < "300":
            errors = errors_of(content["schema"], exchange.sent, description)
            found += [f"{exchange.asked}: {exchange.sent}: {error}" for error in errors]
    assert found == []
