"""`make bench-events`: how soon others hear of what happens, and what telling costs an order. Writes events.md.

- **Deliveries**: many events at once, to one receiver and to three. Receivers are processes of their own that check
  each signature with the specification's library, so that they cost as much as the shop.
- **Lag**: as many events a second as 500 orders, and how long each takes from its transaction to the receiver's answer.
- **Publish**: orders through the whole application in one process, with and without the part of the statement that
  writes the event. The two take turns.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load import UNIQUE
from benchmarks.profile import call, processor
from tests.faults.stage import Stage, open_stage, wait_for
from tests.faults.webhooks import endpoint, happen, left, spec_receiver, start_worker, stop_worker

HERE = Path(__file__).parent
EVENTS, THINGS = 3_000, 300
RATE, SECONDS, PARTS_A_SECOND = 500, 10, 10
# One customer may have 1,000 units of an article, so there are several.
ORDERS_A_TURN, TURNS, BUYERS = 100, 10, 5
LAGS = """
select extract(epoch from d.delivered_at - e.at)
from events_webhookdelivery d join events_event e on e.id = d.event_id
where d.endpoint_id = %s and split_part(d.subject, ':', 1) = %s
"""
# The part of the statement of an order that writes its event (orders/services/writing.py).
BEGINS, ENDS = "), new_event as (", "from new_order\n"


@contextmanager
def receivers(stage: Stage, number: int) -> Iterator[list[int]]:
    """So many receivers that are well, a worker, and the ids of their endpoints."""
    with ExitStack() as stack:
        ids = []
        for _ in range(number):
            receiver = stack.enter_context(spec_receiver(stage))
            webhook_id, secret = stack.enter_context(endpoint(stage, receiver.port))
            receiver.know(secret)
            ids.append(webhook_id)
        start_worker(stage)
        stack.callback(stop_worker, stage)
        happen(stage, stage.key(), 1, 100, 10)
        wait_for("a worker at work", lambda: not left(stage, *ids))
        yield ids


def deliveries(stage: Stage, number: int) -> float:
    """Deliveries a second to so many receivers, where much has happened at once."""
    with receivers(stage, number) as ids:
        began = time.monotonic()
        happen(stage, stage.key(), 1, EVENTS, THINGS)
        wait_for("all deliveries", lambda: not left(stage, *ids), 600)
        return EVENTS * number / (time.monotonic() - began)


def lags(stage: Stage) -> list[float]:
    """Seconds from an event to the answer of its receiver, at a steady rate; sorted."""
    with receivers(stage, 1) as [webhook_id]:
        name, began, written = stage.key(), time.monotonic(), 0
        part = RATE // PARTS_A_SECOND
        for turn in range(SECONDS * PARTS_A_SECOND):
            time.sleep(max(0.0, began + turn / PARTS_A_SECOND - time.monotonic()))
            happen(stage, name, written + 1, written + part, THINGS)
            written += part
        wait_for("all deliveries", lambda: not left(stage, webhook_id), 600)
        return sorted(float(lag) for (lag,) in stage.query(LAGS, [webhook_id, name]))


def cost(stage: Stage) -> list[dict[str, float]]:
    """What orders take in each turn, with and without their event: seconds of processor in both processes."""
    article = stage.article(stock=1_000_000)
    environment = stage.shop.environment | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-m", "benchmarks.events", "--publish", article, *stage.buyers]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    turns: list[dict[str, float]] = json.loads(done.stdout)
    return turns


def place_orders(sku: str, *tokens: str) -> list[dict[str, float]]:
    """In the process that is measured: orders with and without their event, in turns."""
    from config.wsgi import application
    from orders.services import writing

    without = {key: without_event(parts) for key, parts in writing.PARTS.items()}
    shapes = {"with": dict(writing.PARTS), "without": without}
    body = json.dumps({
        "shipping_address_line1": "Harbour Street 1", "shipping_city": "Lisbon", "shipping_state": "Lisboa",
        "shipping_postal_code": "1000-001", "shipping_country": "PT", "order_items": [{"sku": sku, "quantity": 1}],
    })  # fmt: skip
    lines = ["POST /api/v1/orders/ HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {UNIQUE.decode()}"]
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    request = "\r\n".join([*lines, "", body]).encode()
    requests = [request.replace(UNIQUE, token.encode()) for token in tokens]
    turns: list[dict[str, float]] = []
    for turn in range(-1, TURNS):  # the first one makes plans and fills caches
        taken = {}
        for name in sorted(shapes, reverse=turn % 2 == 0):
            writing.PARTS.update(shapes[name])
            taken[name] = seconds_of(application, requests)
        turns += [taken] if turn >= 0 else []
    return turns


def without_event(parts: str) -> str:
    """The statement's parts without the one that writes the event."""
    before, _, rest = parts.partition(BEGINS)
    inside, found, after = rest.partition(ENDS)
    assert found, parts
    assert "events_event" in inside, parts
    return before + after


def seconds_of(application: Any, requests: Sequence[bytes]) -> float:
    """Seconds of processor that this process and its backend need for the orders of a turn."""
    from django.db import connection

    for place in range(-5, ORDERS_A_TURN):
        if place == 0:
            backend = connection.connection.info.backend_pid
            began = time.process_time() + processor(backend)
        call(application, requests[place % len(requests)])
    return time.process_time() + processor(backend) - began


def report(rates: dict[int, list[float]], waits: Sequence[Sequence[float]], turns: Sequence[dict[str, float]]) -> str:
    """The page of figures."""
    ratios = sorted(turn["with"] / turn["without"] - 1 for turn in turns)
    middle = [statistics.median(wait) for wait in waits]
    late = [wait[int(len(wait) * 0.99)] for wait in waits]
    rows = [
        *(f"| deliveries a second, {number} receiver{'s' * (number > 1)} | {spread(found, '{:,.0f}')} |"
          for number, found in rates.items()),
        f"| seconds from event to receiver's answer, {RATE} events a second, median | {spread(middle, '{:.2f}')} |",
        f"| the same, 99th percentile | {spread(late, '{:.2f}')} |",
        f"| what `publish` adds to an order's processor | {spread([100 * ratio for ratio in ratios], '{:.1f} %')} |",
    ]  # fmt: skip
    about = (__doc__ or "").split("\n\n", 1)[1]
    return "\n".join([
        "# Events: figures", "", "Written by `make bench-events`: do not edit.", "", about,
        "| | median (lowest to highest) |", "|---|---|", *rows, "",
    ])  # fmt: skip


def spread(found: Sequence[float], form: str) -> str:
    """The median of measurements, with the lowest and the highest."""
    return f"{form.format(statistics.median(found))} ({form.format(min(found))} to {form.format(max(found))})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-events", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--publish", nargs="+", metavar="SKU", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.publish:
        print(json.dumps(place_orders(*options.publish)))
        return
    with (
        tempfile.TemporaryDirectory(prefix="bench-events-") as folder,
        open_stage(Path(folder), buyers=BUYERS) as stage,
    ):
        turns = cost(stage)
        rates = {number: [deliveries(stage, number) for _ in range(options.rounds)] for number in (1, 3)}
        waits = [lags(stage) for _ in range(options.rounds)]
    text = report(rates, waits, turns)
    (HERE / "events.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
