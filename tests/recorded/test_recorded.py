"""Every answer of the API is what it was when it was recorded, byte for byte but for times, tokens and random names.

    RECORD=all .venv/bin/python -m pytest tests/recorded -n 0
    RECORD=unknown_parameters,null_members .venv/bin/python -m pytest tests/recorded -n 0

write the recordings anew: read their difference before you commit it.
"""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.recorded import (
    accounts,
    after_the_order,
    carts,
    catalog,
    catalog_edits,
    changing,
    order_changes,
    ordering,
    paying,
    prices,
    protocol,
    recorder,
    roles,
    shop,
    stock,
    webhooks,
)

DESCRIPTION = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
METHODS = {"get", "post", "put", "patch", "delete"}
PROMISED = (
    changing.unknown_parameters,
    changing.repeated_values,
    changing.null_members,
    changing.ended_tokens,
    changing.refreshed_twice,
    changing.parts_by_put,
    changing.leaving,
    accounts.countries,
    accounts.address_book,
    accounts.confirming,
)
# The shop is made first; each group finds it as the ones before have left it.
GROUPS = {
    f"{asks.__module__.rpartition('.')[2]}_{asks.__name__}": asks
    for asks in (
        shop.people,
        shop.catalog,
        shop.orders,
        catalog.lists,
        catalog.reading,
        stock.items,
        stock.ledger,
        ordering.reading,
        ordering.figures,
        roles.asked_by_everybody,
        catalog.categories,
        catalog.images,
        catalog_edits.new_products,
        catalog_edits.changed_products,
        catalog_edits.variants,
        ordering.placing,
        ordering.at_the_same_time,
        ordering.moving_on,
        ordering.cancelling,
        stock.warehouses,
        stock.receipts,
        stock.adjustments_and_transfers,
        stock.no_warehouse,
        accounts.registering,
        accounts.signing_in,
        accounts.profiles,
        accounts.leaving_and_resets,
        accounts.lists_of_people,
        accounts.own_sessions,
        protocol.methods,
        protocol.bodies,
        protocol.headers,
        protocol.too_often,
    )
} | {asks.__name__: asks for asks in PROMISED}
# Later groups come last: those before keep their ids.
LATER = (
    *(carts.opening, carts.filling, carts.filling_in, carts.holding, carts.claiming),
    *(carts.placing, carts.with_coupons),
    *(prices.planning, prices.running),
    order_changes.changes,
    *(after_the_order.parcels, after_the_order.returns, after_the_order.notes),
    paying.payments,
    after_the_order.invoices,
    webhooks.feed,
    webhooks.endpoints,
    webhooks.keys,
)
GROUPS |= {f"{asks.__module__.rpartition('.')[2]}_{asks.__name__}": asks for asks in LATER}


@pytest.mark.django_db(transaction=True)
def test_every_answer_is_what_was_recorded(settings: Any, tmp_path: Path) -> None:
    settings.RATE_LIMITS = False
    settings.MEDIA_ROOT = str(tmp_path)

    recorded = recorder.record(GROUPS)

    if wanted := os.environ.get("RECORD"):
        for group in GROUPS if wanted == "all" else wanted.split(","):
            recorder.write_file(group, recorded[group])
        pytest.skip(f"recorded, not compared: {wanted}")
    found = [text for group, blocks in recorded.items() for text in recorder.differences(group, blocks)]
    if found:
        pytest.fail(f"{len(found)} answers are not what was recorded:\n\n" + "\n\n".join(found), pytrace=False)


def test_every_operation_is_recorded_with_a_success_and_a_refusal() -> None:
    outcomes: dict[str, set[bool]] = {}
    paths = yaml.safe_load(DESCRIPTION.read_text())["paths"]
    shapes = {
        f"{method.upper()} {path}": re.compile(f"{method.upper()} {re.sub('{[^}]+}', '[^/]+', path)}")
        for path, members in paths.items()
        for method in members.keys() & METHODS
    }
    assert {file.stem for file in recorder.ANSWERS.iterdir()} == set(GROUPS)
    for group in GROUPS:
        for _, block in recorder.read_file(group):
            method, target, status = re.match(r"-+ \w+ (\S+) (\S*).*\n(?:> .*\n)*(\d+)", block).groups()  # type: ignore[union-attr]
            asked = f"{method} {recorder.PREFIX}{target.partition('?')[0].removesuffix('/')}"
            # "/orders/statistics" has the shape of "/orders/{order_id}" too; its own is the longer one.
            fitting = [operation for operation, shape in shapes.items() if shape.fullmatch(asked)]
            if fitting:
                outcomes.setdefault(min(fitting, key=lambda name: name.count("{")), set()).add(int(status) < 400)

    assert outcomes == {operation: {True, False} for operation in shapes}
