"""Trials of webhooks: receivers of which one fails and one is dead, and a worker that is killed again and again."""

import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inventory.invariants import Violation
from tests.faults.checks import Result, end_overdue, expect, invariants
from tests.faults.stage import Stage, wait_for
from tests.shop import BASE_DIR

RECEIVED = "each live receiver has every event at least once"
IN_ORDER = "the events of a thing arrive in their order"
SIGNED = "every signature is valid"
ONCE = "while no worker dies nothing is sent twice"
PRIVATE = "nothing is sent to an address that is not public"
IN_TIME = "an answer after the deadline does not count"
EVENTS_A_THING = 10
EVENTS_A_KILL = 2_000
# So many events are written at a time.
PART = 1_000
# A kind of which nothing is counted: `verify_stock` finds events of an order that had no step.
HAPPEN = """
insert into events_event (kind, subject, payload, actor, channel)
select 'product.updated', %s || ':' || (number %% %s), jsonb_build_object('number', number), 'system', 'command'
from generate_series(%s::int, %s::int) number
"""
LEFT = """
select count(*) from events_webhookdelivery where state = 'waiting' and endpoint_id = any(%s)
"""
UNPLACED = "select count(*) from events_event where position is null"


@dataclass
class SpecReceiver:
    """A receiver with the specification's library, in a process of its own; what it received is in a file."""

    process: subprocess.Popen[str]
    file: Path
    port: int

    def know(self, secret: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{secret}\n")
        self.process.stdin.flush()

    def received(self) -> list[tuple[str, str, int, dict[str, Any]]]:
        """Each request: whether it was verified, the id, the status of the answer, the message."""
        rows = [line.split(" ", 3) for line in self.file.read_text().splitlines()[1:]]
        return [(word, name, int(status), json.loads(body)) for word, name, status, body in rows]


@contextmanager
def spec_receiver(stage: Stage, failing: int = 0) -> Iterator[SpecReceiver]:
    file = stage.shop.data_dir / f"receiver-{stage.key()}"
    with file.open("w") as output:
        command = [sys.executable, "-m", "events.tests.spec_receiver", "--failing", str(failing)]
        process = subprocess.Popen(command, cwd=BASE_DIR, stdin=subprocess.PIPE, stdout=output, text=True)
    try:
        wait_for("a receiver", lambda: file.read_text().endswith("\n"))
        yield SpecReceiver(process, file, int(file.read_text()))
    finally:
        process.kill()
        process.wait()


@contextmanager
def endpoint(stage: Stage, port: int) -> Iterator[tuple[int, str]]:
    """An endpoint on this machine, and its secret."""
    made = stage.call(
        "POST", "/webhooks", stage.admin, {"url": f"http://127.0.0.1:{port}/", "types": ["product.updated"]}
    )
    try:
        yield made["webhook_id"], made["secret"]
    finally:
        stage.call("POST", f"/webhooks/{made['webhook_id']}/pause", stage.admin)
        stage.query("update events_webhookendpoint set state = 'deleted' where id = %s", [made["webhook_id"]])


def start_worker(stage: Stage, **settings: str) -> None:
    stage.shop.environment |= {"CHANCE_TO_DIE": "0", "WEBHOOK_TIMEOUT_SECONDS": "2", **settings}
    try:
        stage.shop.start("worker", "-m", "tests.faults.worker")
    finally:
        for name in ("WEBHOOK_TIMEOUT_SECONDS", *settings):
            del stage.shop.environment[name]


def stop_worker(stage: Stage, *, kill: bool = False) -> None:
    worker = stage.shop.processes.pop("worker", None)
    if worker:
        (worker.kill if kill else worker.terminate)()
        worker.wait(60)


def happen(stage: Stage, name: str, first: int, last: int, things: int) -> None:
    """Things happen, so many of them again and again."""
    stage.query(HAPPEN, [name, things, first, last])


def left(stage: Stage, *endpoints: int) -> int:
    """What is still to be placed, or to be delivered to these endpoints."""
    return int(stage.query(UNPLACED)[0][0] + stage.query(LEFT, [list(endpoints)])[0][0])


def verdict_of(receiver: SpecReceiver, name: str, events: int, *, once: bool = False) -> list[Violation]:
    """What a receiver has, against what happened."""
    rows = receiver.received()
    mine = [(taken, message) for _, _, taken, message in rows if message["subject"].startswith(f"{name}:")]
    numbers = {message["data"]["number"] for taken, message in mine if taken == 204}
    forged = [word for word, *_ in rows if word != "verified"]
    firsts: dict[str, dict[int, None]] = defaultdict(dict)
    for _, message in mine:
        firsts[message["subject"]].setdefault(message["position"])
    wrong = [subject for subject, positions in firsts.items() if list(positions) != sorted(positions)]
    violations = expect(SIGNED, not forged, f"{len(forged)} of {len(rows)} are not")
    violations += expect(RECEIVED, len(numbers) == events, f"{len(numbers)} of {events}")
    violations += expect(IN_ORDER, not wrong, f"not so for {len(wrong)} of {len(firsts)}, as {wrong[:1]}")
    if once:
        taken = [message["data"]["number"] for status, message in mine if status == 204]
        violations += expect(ONCE, len(taken) == len(numbers), f"{len(taken)} messages for {len(numbers)} events")
    return violations


def three_receivers(stage: Stage, events: int = 10_000) -> Result:
    """One receiver is well, one fails three times of ten, one is dead, and the worker dies all the while."""
    kills = max(3, events // EVENTS_A_KILL)
    name, things = stage.key(), max(1, events // EVENTS_A_THING)
    with ExitStack() as stack:
        dead = stack.enter_context(socket.socket())
        dead.bind(("127.0.0.1", 0))  # and nobody listens
        well = stack.enter_context(spec_receiver(stage))
        failing = stack.enter_context(spec_receiver(stage, failing=30))
        ids = []
        for receiver in (well, failing):
            webhook_id, secret = stack.enter_context(endpoint(stage, receiver.port))
            receiver.know(secret)
            ids.append(webhook_id)
        stack.enter_context(endpoint(stage, dead.getsockname()[1]))
        stack.callback(stop_worker, stage)
        began, written, died = time.monotonic(), 0, 0
        for kill in range(kills):
            start_worker(stage)
            aim = events * (kill + 1) // kills
            while written < aim:
                last = min(aim, written + PART)
                happen(stage, name, written + 1, last, things)
                written = last
            before = left(stage, *ids)
            wait_for("deliveries", lambda before=before: left(stage, *ids) < max(1, before * 0.7), 600)  # type: ignore[misc]
            time.sleep(random.uniform(0, 0.3))
            stop_worker(stage, kill=True)
            died += 1
        start_worker(stage)
        wait_for("the rest of the deliveries", lambda: not left(stage, *ids), 120 + events / 10)
        seconds = time.monotonic() - began
        stop_worker(stage)
        violations = [found for receiver in (well, failing) for found in verdict_of(receiver, name, events)]
        sent = sum(len(receiver.received()) for receiver in (well, failing))
    end_overdue(stage)
    violations += invariants(stage)
    return Result(events, died, sent, violations, {"seconds for all events": seconds})


def one_receiver(stage: Stage, events: int = 200) -> Result:
    """A receiver that is well, and a worker that lives."""
    name = stage.key()
    with spec_receiver(stage) as receiver, endpoint(stage, receiver.port) as (webhook_id, secret):
        receiver.know(secret)
        happen(stage, name, 1, events, max(1, events // EVENTS_A_THING))
        start_worker(stage)
        try:
            with suppress(AssertionError):  # the checks say what is missing
                wait_for("all deliveries", lambda: not left(stage, webhook_id), 30)
        finally:
            stop_worker(stage)
        return Result(events, 0, events, verdict_of(receiver, name, events, once=True))


@contextmanager
def listener(drips: bool = False) -> Iterator[tuple[int, list[float]]]:
    """A port that notes who connects, and takes four seconds to answer 200 if it `drips`."""
    connections: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk(line: socket.socket) -> None:
            with line, suppress(OSError):
                for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n":
                    line.sendall(bytes([byte]))
                    time.sleep(0.1 if drips else 0)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    line, _ = server.accept()
                    connections.append(time.monotonic())
                    threading.Thread(target=talk, args=(line,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], connections


STATE = """
select state, last_error, attempts from events_webhookdelivery
where endpoint_id = %s and split_part(subject, ':', 1) = %s
"""


def one_attempt(stage: Stage, port: int, **settings: str) -> tuple[str, str]:
    """The state and the error of a delivery to this port, when it was tried."""
    with endpoint(stage, port) as (webhook_id, _):
        name = stage.key()
        happen(stage, name, 1, 1, 1)
        start_worker(stage, **settings)
        try:
            wait_for("an attempt", lambda: any(row[2] for row in stage.query(STATE, [webhook_id, name])))
            [(state, error, _)] = stage.query(STATE, [webhook_id, name])
        finally:
            stop_worker(stage)
    return state, error


def private_address(stage: Stage) -> list[Violation]:
    """A receiver on this machine, which is no network of one's own here."""
    with listener() as (port, connections):
        one_attempt(stage, port, WEBHOOK_ALLOWED_NETWORKS="10.0.0.0/8")
    return expect(PRIVATE, not connections, f"{len(connections)} connections")


def dripping_receiver(stage: Stage) -> list[Violation]:
    """A receiver that answers byte by byte, for twice as long as it may."""
    with listener(drips=True) as (port, _):
        state, error = one_attempt(stage, port)
    return expect(IN_TIME, state == "waiting", f"{state} {error}")
