"""Kinds of events: each is declared, documented, and published as declared."""

import re
from pathlib import Path

import jsonschema
import pytest
from django.db import transaction

from events.actors import COMMAND
from events.description import page
from events.kinds import CHAPTERS, KINDS, public_kinds
from events.kinds.declaring import CHANGES, Kind
from events.services import UndeclaredKind, publish

APPS = (
    "accounts",
    "analytics",
    "catalog",
    "checkout",
    "config",
    "events",
    "inventory",
    "invoicing",
    "orders",
    "payments",
)
ROOT = Path(__file__).resolve().parent.parent.parent
# What is composed in the code of parts that do not stand beside each other.
COMPOSED = ("stock.", "product.", "pricing.", "user.device_")


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_declaration_is_a_schema(kind: Kind) -> None:
    jsonschema.Draft202012Validator.check_schema(kind.payload)
    assert kind.meaning.endswith(".")
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", kind.name)


def test_each_kind_is_declared_once() -> None:
    assert sum(map(len, CHAPTERS.values())) == len(KINDS)


def test_each_kind_stands_in_the_code() -> None:
    code = "".join(file.read_text() for app in APPS for file in (ROOT / app).rglob("*.py") if "tests" not in file.parts)
    for name in KINDS:
        said = {f'"{name}"', f"'{name}'", f'"{name.partition(".")[2]}"', f'.{name.partition(".")[2]}"'}
        assert any(text in code for text in said) or name.startswith(COMPOSED), f"nothing publishes {name}"


# Kinds of edits that do not tell each field before and after, and why.
WITHOUT_CHANGES = {
    "user.updated": "a person's own data: the fields are named",
    "user.address_changed": "a person's own data: the fields are named",
    "user.email_changed": "a person's own data",
    "user.device_changed": "the name that a person gave a device: the fields are named",
    "user.password_changed": "a secret",
    "webhook.secret_rotated": "a secret",
    "order.changed": "a person's own data: the fields are named, and the order's revision has both",
    "order.line_changed": "its line has the units before and after",
    "pricing.tax_rates_imported": "it has lists of rates before and after",
}
EDITING = re.compile(r"(updated|changed|set|imported|tracked|rotated)$")


def test_an_edit_tells_what_was_before_and_what_is_after() -> None:
    silent = {
        name
        for name, kind in KINDS.items()
        if EDITING.search(name)
        and (kind.payload["properties"].get("changes") != CHANGES or "changes" not in kind.payload["required"])
    }
    assert silent == set(WITHOUT_CHANGES)
    both = KINDS["order.line_changed"].payload["properties"]["line"]["required"]
    assert {"before", "after"} <= set(both)
    assert {"before", "after"} <= set(KINDS["pricing.tax_rates_imported"].payload["required"])


def test_what_is_removed_of_taxes_shipping_and_promotions_tells_what_it_said() -> None:
    for thing in ("promotion", "shipping_method", "tax_class", "tax_rate", "zone"):
        assert "changes" in KINDS[f"pricing.{thing}_deleted"].payload["required"], thing


def test_nothing_about_the_doors_of_the_shop_is_public() -> None:
    assert public_kinds() & {"user.logged_in", "user.refused", "group.changed", "order.noted", "payment.asked"} == set()
    assert {"order.placed", "payment.paid", "product.updated", "stock.received"} <= public_kinds()


@pytest.mark.django_db
def test_what_nobody_has_declared_is_not_published() -> None:
    with transaction.atomic(), pytest.raises(UndeclaredKind):
        publish("order.eaten", {}, subject="order:1", actor=COMMAND)


def test_the_page_of_events_is_up_to_date() -> None:
    committed = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    assert committed == page(), "run `make events` and commit docs/events.md"
