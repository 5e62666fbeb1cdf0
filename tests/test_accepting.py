"""Worker processes take turns in accepting connections, and lose none when they are replaced or stopped."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.accepting import FROZEN_SECONDS, NOT_SERVING, ConnectionCounts
from tests.shop import BASE_DIR, OF_THE_TESTS, free_port
from tests.wire import Web, read_answer, read_to_the_end, web_server
from tests.wire_load import Load, going_on, load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc"),
]
PID = b"GET /pid HTTP/1.1\r\nHost: localhost\r\n\r\n"
ECHO = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
TWO = {"WEB_CONCURRENCY": "2", "WEB_THREADS": "4"}
# What a socket for each worker lost before, for the control.
A_SOCKET_EACH = ("--reuse-port", "--worker-class", "tests.wire_worker.ForgetfulWorker")


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with web_server(tmp_path_factory.mktemp("turns"), application="tests.wire_application", **TWO) as web:
        wait_until_both_serve(web)
        yield web


def deal(web: Web, connections: int) -> list[int]:
    """How many of the connections, made at once and kept, each worker got; in rising order."""
    with ExitStack() as clients:
        sockets = [clients.enter_context(web.connect()) for _ in range(connections)]
        for client in sockets:
            client.sendall(PID)
        served = Counter(int(read_answer(client).body) for client in sockets)
        for client in sockets:  # the last is read when the worker has seen the end of all
            client.shutdown(socket.SHUT_WR)
            read_to_the_end(client)
    return sorted(served[pid] for pid in web.workers())


def wait_until_both_serve(web: Web, *gone: int) -> None:
    """Wait until these workers have ended, and two others serve."""
    deadline = time.monotonic() + 60
    while set(gone) & set(web.workers()) or len(web.workers()) != 2 or not all(deal(web, 4)):
        assert time.monotonic() < deadline, web.log.read_text()
        time.sleep(0.02)


def hang_up(web: Web, going: Load, times: int) -> None:
    """Replace all workers so often, under way."""
    for _ in range(times):
        before = web.workers()
        web.master.send_signal(signal.SIGHUP)
        wait_until_both_serve(web, *before)
        going_on(going)


def test_connections_are_dealt_out_evenly(web: Web) -> None:
    deals = [deal(web, 16) for _ in range(5)]
    assert all(6 <= fewest <= most <= 10 for fewest, most in deals), deals


def test_replacing_all_workers_loses_no_request(web: Web) -> None:
    with load(web, ECHO) as going:
        hang_up(web, going, 2)
    assert going.lost == []
    assert going.refused == 0
    assert list(going.answers) == [(200, "")]


def test_a_socket_for_each_worker_loses_requests(tmp_path: Path) -> None:
    """The control: what is lost depends on the moment, so the workers are replaced until something is."""
    with (
        web_server(tmp_path, *A_SOCKET_EACH, application="tests.wire_application", **TWO) as web,
        load(web, ECHO, clients=12) as going,
    ):
        deadline = time.monotonic() + 60
        while not going.lost and time.monotonic() < deadline:
            hang_up(web, going, 1)
    assert going.lost


def test_a_stop_answers_every_request_whose_connection_was_taken(tmp_path: Path) -> None:
    with (
        web_server(tmp_path, application="tests.wire_application", **TWO) as web,
        load(web, ECHO) as going,
    ):
        web.master.send_signal(signal.SIGTERM)
        assert web.master.wait(60) == 0
    assert going.lost == []
    assert going.refused
    assert list(going.answers) == [(200, "")]


def test_a_worker_that_is_stopped_in_a_pause_ends_in_order(tmp_path: Path) -> None:
    stopped = ("--worker-class", "tests.wire_worker.StoppedWorker")
    with (
        web_server(tmp_path, *stopped, application="tests.wire_application", **TWO) as web,
        load(web, ECHO) as going,
    ):
        going_on(going)
        log = web.log.read_text()
    assert going.lost == []
    assert "Worker exiting" in log
    assert "Exception in worker process" not in log


def test_a_worker_that_is_told_to_stop_while_it_starts_stops(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py"]
    command += ["--worker-class", "tests.wire_worker.WorkerToldTooSoon", "tests.wire_application"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_TESTS)}
    own = {"PORT": str(free_port()), "DATA_DIR": str(tmp_path), "ENVIRONMENT": "development", "WEB_CONCURRENCY": "1"}
    began = time.monotonic()
    stopped = subprocess.run(command, cwd=BASE_DIR, env=inherited | own, capture_output=True, timeout=60, check=False)
    assert stopped.returncode == 0
    assert b"Worker exiting" in stopped.stderr
    assert time.monotonic() - began < 15  # of the 20 s after which the master would have killed it


def test_a_frozen_worker_gets_no_new_connections(web: Web) -> None:
    frozen, other = web.workers()
    os.kill(frozen, signal.SIGSTOP)
    try:
        began = time.monotonic()
        answers = [web.ask(PID, seconds=5).body for _ in range(30)]
        seconds = time.monotonic() - began
    finally:
        os.kill(frozen, signal.SIGCONT)
    assert set(answers) == {str(other).encode()}
    assert seconds < 5


def test_a_lost_worker_leaves_its_place(web: Web) -> None:
    lost, _ = web.workers()
    os.kill(lost, signal.SIGKILL)
    wait_until_both_serve(web, lost)
    fewest, most = deal(web, 16)
    assert 6 <= fewest <= most <= 10


def test_a_second_shop_on_the_same_port_is_refused_by_name(web: Web) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_TESTS)}
    second = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "tests.wire_application"],
        cwd=BASE_DIR,
        env=inherited | TWO | {"PORT": str(web.port), "DATA_DIR": str(web.log.parent), "ENVIRONMENT": "development"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert f"Connection in use: ('127.0.0.1', {web.port})" in second.stderr
    assert {int(web.ask(PID).body) for _ in range(20)} <= set(web.workers())


def test_nothing_is_left_to_a_worker_that_is_frozen_or_has_ended() -> None:
    counts = ConnectionCounts(3)
    counts.write(0, 5)
    assert not counts.some_have_fewer(5)
    counts.write(1, 4)
    assert counts.some_have_fewer(5)
    assert not counts.some_have_fewer(4)
    counts.written_at[1] -= FROZEN_SECONDS
    assert not counts.some_have_fewer(5)
    counts.write(1, NOT_SERVING)
    assert not counts.some_have_fewer(5)


def test_a_worker_without_a_place_takes_every_connection() -> None:
    counts = ConnectionCounts(2)
    assert [counts.free_place([]), counts.free_place([0]), counts.free_place([0, None, 1])] == [0, 1, None]
