"""What Schemathesis cannot know from the description: what a refusal is about, and which requests end a session."""

import itertools
import os
import re
from typing import Any

import httpx
import schemathesis
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
)

# A description can say what a slug looks like, not which categories exist. Refusals of that kind have codes of their
# own, named here; any other refusal of a request that is valid by the description is a fault of one or the other.
ABOUT_THE_STATE = {
    "amount_and_lines",
    "duplicate_line",
    "idempotency_key_reused",
    "invalid_confirmation_token",
    "invalid_cursor",
    "invalid_image",
    "invalid_postal_code",
    "invalid_reset_token",
    "invalid_token",
    "invalid_unit",
    "invalid_webhook_url",
    "link",
    "more_than_asked",
    "more_than_refundable",
    "no_reduction",
    "not_for_customers",
    "nothing_came",
    "own_only",
    "password_entirely_numeric",
    "password_too_common",
    "password_too_guessable",
    "password_too_regular",
    "password_too_short",
    "password_too_similar",
    "repeated_option",
    "restock_without_lines",
    "same_warehouse",
    "unknown_article",
    "unknown_category",
    "unknown_country",
    "unknown_item",
    "unknown_line",
    "unknown_event_type",
    "unknown_provider",
    "unknown_region",
    "unknown_variant",
    "unknown_warehouse",
    "variant_required",
    "version_mismatch",
    "wrong_password",
}
# The current password is needed only where email or password really change; what a file holds is beyond a description;
# and an address is sent as a whole, of which the country decides what it is.
# Whether a key has scopes depends on its kind, and when it ends on the clock.
OF_A_KEY = {("scopes", "required"), ("scopes", "not_allowed"), ("expires_at", "in_the_past")}
OF_AN_ADDRESS = {
    (prefix + field, "required")
    for prefix in ("", "shipping_", "billing_")
    for field in ("address_line1", "city", "state", "postal_code", "country")
}
ABOUT_OTHER_THINGS = {("current_password", "required"), ("file", "empty"), *OF_A_KEY, *OF_AN_ADDRESS}
# They end the session or the account that sends them, so each is sent by somebody of its own.
LAST_REQUESTS = {"logOutByGet", "logOut", "leave"}
PASSWORD = "a password of the fuzzer"
numbers = itertools.count()


def is_beyond_the_description(error: dict[str, Any]) -> bool:
    """Whether an error is about what a description cannot say."""
    if error["code"] == "malformed":  # how many members all of a body may have
        return "Too many keys" in error.get("detail", "")
    if error["code"] == "hidden_character":  # those beyond U+FFFF are in no pattern that all readers take
        return re.search(r"\(U\+[0-9A-F]{5,6}\)", error["message"]) is not None
    return error["code"] in ABOUT_THE_STATE or (error.get("field"), error["code"]) in ABOUT_OTHER_THINGS


@schemathesis.check
def valid_data_acceptance(ctx: Any, response: Any, case: Any) -> bool | None:
    if response.status_code in (400, 412, 422):
        problem = response.json()
        errors = problem.get("errors") or [problem]
        if all(map(is_beyond_the_description, errors)):
            return None
    return positive_data_acceptance(ctx, response, case)


@schemathesis.check
def answer_as_described(ctx: Any, response: Any, case: Any) -> bool | None:
    """As response_schema_conformance, but for rows of which the client has asked for some `fields` alone."""
    return None if "fields" in (case.query or {}) else response_schema_conformance(ctx, response, case)


@schemathesis.check
def invalid_data_rejection(ctx: Any, response: Any, case: Any) -> bool | None:
    """As negative_data_rejection, but for one value where several texts may stand: it is written like a list of one."""
    parameters = case.operation.definition.raw.get("parameters", [])
    texts = {p["name"] for p in parameters if p["schema"].get("items", {}).get("type") == "string"}
    if any(name in texts and not isinstance(value, list) for name, value in (case.query or {}).items()):
        return None
    return negative_data_rejection(ctx, response, case)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    headers = kwargs.get("headers") or {}
    if case.operation.definition.raw.get("operationId") in LAST_REQUESTS and "Authorization" in headers:
        kwargs["headers"] = {**headers, "Authorization": f"Bearer {somebody_else()}"}


def somebody_else() -> str:
    """The token of a customer who has just registered."""
    with httpx.Client(base_url=os.environ["SHOP_URL"] + "/api/v1", timeout=30) as client:
        email = f"fuzzer-{os.getpid()}-{next(numbers)}@example.com"
        body = {"email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Person"}
        client.post("/users/", json=body).raise_for_status()
        answer = client.post("/users/login", json={"email": email, "password": PASSWORD}).raise_for_status()
        return str(answer.json()["access_token"])
