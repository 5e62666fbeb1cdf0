"""What goes over the wire: requests in pieces, one behind the other, refused, cut off; answers that are taken late."""

import inspect
import json
import os
import signal
import socket
import struct
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import gunicorn
import pytest
from gunicorn import arbiter, util
from gunicorn.config import Config
from gunicorn.errors import ConfigError
from gunicorn.http import body, message, parser
from gunicorn.workers import gthread

from config.gunicorn_worker import BufferedThreadWorker
from tests.wire import HEALTH, LARGE, Answer, Web, read_answer, read_to_the_end, web_server

HOST = b"Host: localhost\r\n"
ONE = {"WEB_CONCURRENCY": "1", "WEB_THREADS": "2", "WEB_CONNECTIONS": "100"}
LONGEST_BODY = 4 * (100_000 + 64 * 1024)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("wire")
    (folder / "media").mkdir()
    (folder / "media" / "large.png").write_bytes(LARGE)
    with web_server(folder, application="tests.wire_application", MAX_IMAGE_BYTES="100000", **ONE) as web:
        yield web


def echo(method: bytes, rest: bytes) -> bytes:
    return method + b" /echo HTTP/1.1\r\n" + HOST + rest


def heard(method: str, content: bytes) -> bytes:
    """What /echo answers."""
    return f"{method} {len(content)} {sha256(content).hexdigest()}".encode()


LOGIN = b"POST /api/v1/users/login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"3\r\nabc\r\n4;name=value\r\ndefg\r\n0\r\n\r\n"
TRAILERS = b"7\r\nabcdefg\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 7\r\n\r\nabcdefg",
        b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS,
        b"Transfer-Encoding: chunked\r\n\r\n" + TRAILERS,
    ],
)
def test_a_request_may_come_byte_by_byte(web: Web, rest: bytes) -> None:
    with web.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in echo(b"POST", rest):
            client.send(bytes([byte]))
        assert read_answer(client).body == heard("POST", b"abcdefg")
        client.sendall(HEALTH)
        assert read_answer(client).status == 200


def test_requests_one_behind_the_other_are_answered_in_their_order(web: Web) -> None:
    with web.connect() as client:
        client.sendall(
            echo(b"POST", b"Content-Length: 1\r\n\r\na")
            + echo(b"PUT", b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS)
            + echo(b"PATCH", b"Transfer-Encoding: chunked\r\n\r\n" + TRAILERS)
            + HEALTH
            + echo(b"DELETE", b"\r\n")
            + echo(b"GET", b"\r\n")[:-1]
        )
        expected = [heard("POST", b"a"), heard("PUT", b"abcdefg"), heard("PATCH", b"abcdefg")]
        assert [read_answer(client).body for _ in expected] == expected
        assert b'"ok"' in read_answer(client).body
        assert read_answer(client).body == heard("DELETE", b"")
        client.sendall(b"\n")
        assert read_answer(client).body == heard("GET", b"")


@pytest.mark.parametrize("length", [b"Content-Length: 3", b"Transfer-Encoding: chunked"])
def test_a_client_that_waits_for_word_to_go_on_gets_it_once(web: Web, length: bytes) -> None:
    with web.connect() as client:
        client.sendall(echo(b"POST", length + b"\r\nExpect: 100-continue\r\n\r\n"))
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc" if b"Length" in length else b"3\r\nabc\r\n0\r\n\r\n")
        assert read_answer(client).body == heard("POST", b"abc")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "malformed"),
        (b"\x16\x03\x01\x02\x00\n", 400, "malformed"),
        (b"GET / HTTP/1.1\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nHost: a\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "malformed"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414, "too_large"),
        (b"GET / HTTP/1.1\r\nX-A: " + b"a" * 9000 + b"\r\n\r\n", 431, "too_large"),
        (b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 9000, 431, "too_large"),
        (echo(b"POST", b"Content-Length: 1000000\r\n\r\n"), 413, "too_large"),
        (echo(b"POST", b"Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"), 413, "too_large"),
        (echo(b"POST", b"Transfer-Encoding: chunked\r\n\r\nf0000\r\n" + b"a" * 800_000), 413, "too_large"),
        (LOGIN + b"nonsense\r\n", 400, "malformed"),
        (LOGIN + b"-1\r\n", 400, "malformed"),
        (LOGIN + b"1\nab", 400, "malformed"),
        (LOGIN + b"1\r\nabc\r\n", 400, "malformed"),
    ],
)
def test_what_can_never_be_a_request_is_refused_before_its_end(web: Web, sent: bytes, status: int, code: str) -> None:
    answer = web.ask(sent)
    assert answer.status == status
    assert "Content-Type: application/problem+json\r\n" in answer.head
    assert "X-Content-Type-Options: nosniff\r\n" in answer.head
    assert "Content-Security-Policy: default-src 'none'" in answer.head
    assert json.loads(answer.body)["code"] == code


def test_the_longest_body_is_taken_and_one_byte_more_is_not(web: Web) -> None:
    content = b"a" * LONGEST_BODY
    head = echo(b"POST", b"Content-Length: %d\r\n\r\n")
    assert web.ask(head % LONGEST_BODY + content).body == heard("POST", content)
    assert web.ask(head % (LONGEST_BODY + 1)).status == 413


def test_half_a_request_is_none(web: Web) -> None:
    with web.connect() as client:
        client.sendall(echo(b"POST", b"Content-Length: 7\r\n\r\nabc"))
        client.shutdown(socket.SHUT_WR)
        assert read_to_the_end(client) == b""


def test_who_has_said_everything_still_gets_an_answer(web: Web) -> None:
    with web.connect() as client:
        client.sendall(echo(b"POST", b"Content-Length: 3\r\n\r\nabc"))
        client.shutdown(socket.SHUT_WR)
        assert read_answer(client).body == heard("POST", b"abc")
        assert read_to_the_end(client) == b""


@pytest.mark.parametrize("path", [b"/large", b"/pieces", b"/media/large.png"])
def test_a_large_answer_that_is_taken_slowly_arrives_whole(web: Web, path: bytes) -> None:
    with web.connect(takes_little=True) as client:
        client.sendall(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n" + HEALTH)
        assert web.ask().status == 200  # another client, while this one has taken nothing
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024 * 1024)
        answer = read_answer(client)
        assert sha256(answer.body).digest() == sha256(LARGE).digest()
        assert read_answer(client).status == 200


def test_clients_that_do_not_hang_up_when_told_cost_nobody_time(web: Web) -> None:
    """gunicorn's poller waits up to two seconds for each, one after the other."""
    clients = [web.connect() for _ in range(20)]
    for client in clients:
        client.sendall(b"GET /health/live HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
        assert read_answer(client).status == 200
    assert web.answers(5)
    for client in clients:
        assert read_to_the_end(client) == b""
        client.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1", LOGIN])
def test_clients_that_wait_longest_make_room_for_others(web: Web, sent: bytes) -> None:
    silent = [web.connect() for _ in range(150)]
    for client in silent:
        client.sendall(sent)
    assert web.ask().status == 200
    assert read_to_the_end(silent[0]) == b""
    for client in silent:
        client.close()


def test_bodies_that_never_end_do_not_fill_the_memory(web: Web) -> None:
    """Those that have waited longest are given up; a body that comes at once is not among them."""
    head = echo(b"POST", b"Content-Length: %d\r\n\r\n" % LONGEST_BODY)
    unfinished = [web.connect() for _ in range(8)]
    for client in unfinished:
        client.sendall(head + b"a" * (LONGEST_BODY - 1))
    content = b"b" * LONGEST_BODY
    assert web.ask(head + content).body == heard("POST", content)
    assert read_to_the_end(unfinished[0]) == b""
    for client in unfinished:
        client.close()


def test_clients_that_break_off_at_any_moment_end_no_process(web: Web) -> None:
    whole = echo(b"POST", b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc")
    large = b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n"
    before = web.workers()
    for sent in [whole[:at] for at in range(0, len(whole) + 1, 4)] * 3 + [whole[:-3], large] * 20:
        with web.connect() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing is a reset
            client.sendall(sent)
    assert web.ask().status == 200
    assert web.workers() == before


def ended(web: Web, number: signal.Signals) -> tuple[Answer, bytes, float]:
    """The answer to a request amid which a signal comes, what a silent client gets, and when the process has ended."""
    (worker,) = web.workers()
    with web.connect() as client, web.connect() as silent:
        client.sendall(echo(b"POST", b"Content-Length: 6\r\nExpect: 100-continue\r\n\r\n"))
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        began = time.monotonic()
        os.kill(web.master.pid, number)
        got = read_to_the_end(silent)  # it is let go when the process has begun to stop
        client.sendall(b"abcdef")
        answer = read_answer(client)
        client.close()
        while worker in web.workers():
            assert time.monotonic() - began < 30
            time.sleep(0.02)
        return answer, got, time.monotonic() - began


def test_a_stop_lets_a_request_come_to_its_end_and_waits_for_no_silent_client(tmp_path: Path) -> None:
    with web_server(tmp_path, application="tests.wire_application", **ONE) as web:
        for number in (signal.SIGHUP, signal.SIGTERM):
            answer, got, seconds = ended(web, number)
            assert answer.body == heard("POST", b"abcdef")
            assert "\r\nConnection: close\r\n" in answer.head
            assert got == b""
            assert seconds < 15
        assert web.master.wait(60) == 0


def test_tls_is_refused_by_name() -> None:
    config = Config()
    config.set("certfile", "/etc/ssl/shop.pem")
    with pytest.raises(ConfigError, match="put a proxy in front"):
        BufferedThreadWorker.check_config(config, None)


# What the worker and its configuration take from gunicorn without its promise: where it stands, and the words by which
# it is found there.
NAMES = [
    (gthread.ThreadWorker.run, "self.set_accept_enabled(", "self.murder_pending(", "self.murder_keepalived("),
    (gthread.ThreadWorker.run, "self._cap_keepalive(", "self.nr_conns < self.worker_connections", "self.alive"),
    (gthread.ThreadWorker.run, "can_accept != self._accepting", "self.notify()", "self.set_accept_enabled(False)"),
    (gthread.ThreadWorker.set_accept_enabled, "EVENT_READ, self.accept)", "if enabled == self._accepting"),
    (gthread.ThreadWorker.wait_for_and_dispatch_events, "self.poller.select(", "callback(key.fileobj)"),
    (gthread.ThreadWorker.enqueue_req, "self.handle, conn", "self.finish_request, conn, fut"),
    (gthread.ThreadWorker.handle, "not conn.initialized", "conn.init()", "next(conn.parser)", "self.handle_request("),
    (gthread.ThreadWorker._keepalive_after, "conn.parser.finish_body("),
    (gthread.TConn.init, "if self.initialized:"),
    (gthread.TConn.__init__, "self.sock = sock", "self.client = client", "self.parser = None"),
    (gthread, "STOP_KEEPALIVE_LINGER = "),
    (arbiter.Arbiter.reload, "self.app.reload()"),
    (arbiter.Arbiter.reexec, "environ['GUNICORN_PID'] = ", "self.START_CTX['args']"),
    (arbiter.Arbiter.start, "self.cfg.on_starting(self)", "self.cfg.when_ready(self)"),
    (
        parser.Parser,
        "mesg_class(self.cfg, self.unreader, self.source_addr, self.req_count)",
        'getattr(self.unreader, "s',
    ),
    (message.Message, "self.set_body_reader()", "self._expected_100_continue = False", "LimitRequestHeaders("),
    (message.Message.set_body_reader, "Body(ChunkedReader(self, self.unreader))", "Body(LengthReader(self.unreader,"),
    (message.Request.set_body_reader, "Body(LengthReader(self.unreader, 0))"),
    (message.Request.read_into, "unreader.read()", "raise NoMoreData("),
    (body.LengthReader, "self.length = length", "self.unreader.read(size, read_ahead=self.length)"),
    (body.ChunkedReader, "unreader.read(None, read_ahead=size)", "unreader.unread("),
    (util.write, "sock.sendall(data)"),
]


@pytest.mark.parametrize("source_and_words", NAMES, ids=lambda names: getattr(names[0], "__qualname__", "module"))
def test_gunicorn_still_has_what_the_worker_builds_on(source_and_words: tuple[object, ...]) -> None:
    place, *words = source_and_words
    source = inspect.getsource(place)  # type: ignore[arg-type]  # each is a class, a function or a module
    missing = [word for word in words if str(word) not in source]
    assert not missing, (
        f"gunicorn {gunicorn.__version__} has changed {getattr(place, '__qualname__', place)}: {missing} is gone. "
        "Read the worker (config/gunicorn_worker.py and what it imports) against the new source before upgrading."
    )
