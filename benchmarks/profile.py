"""Where the time of a request goes: `python -m benchmarks.profile W1 W7 --statements --functions`, after a run.

One process and one client; times are of this process' clock, so the waiting for PostgreSQL counts to the statements.
"""

import argparse
import cProfile
import json
import os
import pstats
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.data import SMALL
from benchmarks.load import UNIQUE
from benchmarks.servers import Bench, with_database
from benchmarks.workloads import DEEP, Shop, credentials, requests
from config import embedded

REQUESTS = 1_000

Application = Callable[..., Any]


def shop_in_process(names: Sequence[str], customers: int) -> tuple[Application, Shop]:
    """The shop in this process, which has its environment, and what these workloads need to ask it."""
    from config.wsgi import application

    side = Shop("shop", 0, SMALL)
    for number in range(1, customers + 1):
        signed_in = json.loads(call(application, side.request(side.login_path, credentials(number))))
        side.tokens.append(signed_in["access_token"])
    side.deep = side.newest
    for _ in range(DEEP // 20 if "W5" in names else 0):
        side.deep = side.after(json.loads(call(application, side.request(side.deep))))
    return application, side


def prepared(name: str, side: Shop) -> list[bytes]:
    """The requests of a workload, each with a key of its own."""
    return [request.replace(UNIQUE, os.urandom(8).hex().encode()) for request in requests(name, side, 0)]


def profile(names: list[str], *, statements: bool, functions: bool) -> None:
    application, side = shop_in_process(names, customers=4)
    from django.db import connection

    print("| | ms of a request | of processor | statements | ms in them | bytes |\n|---|---|---|---|---|---|")
    for name in names:
        raw = prepared(name, side)
        for request in raw[:50]:
            call(application, request)
        begun, begun_processor, size = time.perf_counter(), time.process_time(), 0
        for request in raw[50:REQUESTS]:
            size += len(call(application, request))
        count = REQUESTS - 50
        whole, own = time.perf_counter() - begun, time.process_time() - begun_processor
        # Apart, since the straight way to the database is not taken while somebody listens.
        spent: dict[str, Spent] = {}
        backend = connection.connection.info.backend_pid
        begun_processor = processor(backend)
        with connection.execute_wrapper(stopwatch(spent, backend)):
            for request in raw[REQUESTS + 50 : 2 * REQUESTS]:
                call(application, request)
        whole_processor = processor(backend) - begun_processor
        sent, seconds = sum(one.count for one in spent.values()), sum(one.seconds for one in spent.values())
        print(
            f"| {name} | {1000 * whole / count:.2f} | {1000 * own / count:.2f} | {sent / count:.1f} |"
            f" {1000 * seconds / count:.2f} | {size // count} |"
        )
        if statements:
            rest = whole_processor - sum(one.processor for one in spent.values())
            for text, one in spent.items():
                print(f"{1e6 * one.processor / count:8.0f} us  {' '.join(text.split())[:100]}")
            print(f"{1e6 * rest / count:8.0f} us  BEGIN, COMMIT and the like")
        if functions:
            with cProfile.Profile() as profiler:
                for request in raw[2 * REQUESTS : 3 * REQUESTS]:
                    call(application, request)
            pstats.Stats(profiler).sort_stats("tottime").print_stats(35)


@dataclass
class Spent:
    """What a statement took in all: seconds of ours, and of them those in which its backend had a processor."""

    count: int = 0
    seconds: float = 0.0
    processor: float = 0.0


def processor(pid: int) -> float:
    """Seconds for which a process has had a processor."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def stopwatch(spent: dict[str, Spent], backend: int) -> Callable[..., Any]:
    def measure(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        one = spent.setdefault(sql, Spent())
        begun_processor, begun = processor(backend), time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            one.seconds += time.perf_counter() - begun
            one.count += 1
            one.processor += processor(backend) - begun_processor

    return measure


def call(application: Application, request: bytes) -> bytes:
    """One request through the WSGI application, as gunicorn would hand it over."""
    from io import BytesIO

    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    headers = dict(line.split(": ", 1) for line in lines)
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()} | {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_TYPE": headers.get("Content-Type", ""),
        "CONTENT_LENGTH": headers.get("Content-Length", ""),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
    }
    response = application(environ, lambda status, headers: None)
    content = b"".join(response)
    response.close()
    assert response.status_code < 300, content
    return content


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", default=["W1", "W2", "W7", "W9"])
    parser.add_argument("--statements", action="store_true", help="what each takes of PostgreSQL's processor")
    parser.add_argument("--functions", action="store_true", help="those of Python that take longest")
    parser.add_argument("--data-dir", type=Path, default=Path(".data/bench"))
    options = parser.parse_args()
    if os.environ.get("DJANGO_SETTINGS_MODULE"):
        profile(options.workloads, statements=options.statements, functions=options.functions)
        return
    servers = embedded.start(options.data_dir.resolve())
    try:
        bench = Bench(options.data_dir.resolve(), with_database(servers, "shop_small"), "", servers.redis_url)
        settings = bench.environment(DJANGO_SETTINGS_MODULE="config.settings", LIST_CACHE_SECONDS="0")
        subprocess.run([sys.executable, "-m", "benchmarks.profile", *sys.argv[1:]], env=settings, check=True)
    finally:
        servers.stop()


if __name__ == "__main__":
    main()
