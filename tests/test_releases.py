"""A release is whole: a process never mixes modules of two releases, and changing to the next one loses no request."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.loading import NOT_LOADED
from tests.shop import BASE_DIR
from tests.test_architecture import OURS
from tests.wire import Web, web_server
from tests.wire_load import going_on, load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc"),
]
PICTURE = b"GET /media/release.png HTTP/1.1\r\nHost: localhost\r\n\r\n"
OLD, NEW = (200, ""), (200, "new")
TWO = {"WEB_CONCURRENCY": "2", "WEB_THREADS": "4"}


@contextmanager
def old_release(folder: Path, **environment: str) -> Iterator[tuple[Web, Path]]:
    """A web server that runs a copy of the checkout, and the copy."""
    checkout = folder / "checkout"
    shutil.copytree(BASE_DIR, checkout, ignore=shutil.ignore_patterns(".*", "__pycache__", "docs", "benchmarks"))
    (folder / "data" / "media").mkdir(parents=True)
    (folder / "data" / "media" / "release.png").write_bytes(b"a picture")
    pid_file = folder / "web.pid"
    with web_server(folder / "data", "--pid", str(pid_file), checkout=checkout, **TWO, **environment) as web:
        try:
            yield web, checkout
        finally:
            if web.master.poll() is not None:
                end_of_successor(pid_file)


def end_of_successor(pid_file: Path) -> None:
    """Stop the master that has followed another one, and wait until it is gone. It takes the file within a second."""
    deadline = time.monotonic() + 60
    while not pid_file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    pid = int(pid_file.read_text())
    os.kill(pid, signal.SIGQUIT)
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def deploy(checkout: Path, *, value: str = "'new'") -> None:
    """Change a module that is loaded early, and a view which imports what is new there."""
    early, view = checkout / "api" / "request_ids.py", checkout / "config" / "media.py"
    early.write_text(f"{early.read_text()}\n\nRELEASE = {value}\n")
    text = view.read_text()
    text = text.replace("from django.conf", "from api.request_ids import RELEASE\nfrom django.conf", 1)
    text = text.replace(
        "    return response\n", '    response.headers["X-Release"] = RELEASE\n    return response\n', 1
    )
    view.write_text(text)


def test_a_release_by_one_signal_loses_no_request_and_is_whole(tmp_path: Path) -> None:
    with old_release(tmp_path) as (web, checkout), load(web, PICTURE, header="X-Release") as going:
        deploy(checkout)
        web.master.send_signal(signal.SIGUSR2)
        assert web.master.wait(60) == 0  # the old master ends when the new one serves
        going.answers.clear()
        going_on(going)
        assert list(going.answers) == [NEW]
    assert going.lost == []
    assert going.refused == 0


def test_replacing_the_processes_keeps_the_release_that_runs(tmp_path: Path) -> None:
    with old_release(tmp_path) as (web, checkout), load(web, PICTURE, header="X-Release") as going:
        deploy(checkout)
        (checkout / "config" / "gunicorn.py").write_text("from config.environment import what_is_new\n")
        before = web.workers()
        web.master.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 60
        while set(before) & set(web.workers()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        going_on(going)
    assert list(going.answers) == [OLD]
    assert going.lost == []


def test_a_release_that_cannot_start_leaves_the_old_one_at_work(tmp_path: Path) -> None:
    with old_release(tmp_path) as (web, checkout), load(web, PICTURE, header="X-Release") as going:
        deploy(checkout, value="1 / 0")
        web.master.send_signal(signal.SIGUSR2)
        deadline = time.monotonic() + 60
        while "ZeroDivisionError" not in web.log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        going_on(going)
        assert web.master.poll() is None
    assert list(going.answers) == [OLD]
    assert going.lost == []


def test_the_new_master_tells_systemd_who_it_is(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        with web_server(tmp_path / "data", NOTIFY_SOCKET=str(tmp_path / "notify")) as web:
            told = [systemd.recv(1000).decode(), systemd.recv(1000).decode()]
        assert told[0].startswith("READY=1")
        assert told[1] == f"MAINPID={web.master.pid}"


def test_everything_is_loaded_before_the_first_request() -> None:
    """What is missing would be imported by a later request, from whatever release lies on the disk then."""
    script = "import sys, config.wsgi; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=BASE_DIR, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    ours = {".".join(file.relative_to(BASE_DIR).with_suffix("").parts) for file in BASE_DIR.glob("*/**/*.py")}
    packages = set(OURS)
    expected = {
        name.removesuffix(".__init__")
        for name in ours
        if name.partition(".")[0] in packages and NOT_LOADED.isdisjoint(name.split("."))
    }
    assert len(expected) > 100
    assert expected - loaded == set()


def test_every_template_is_compiled_before_the_first_request() -> None:
    script = """
import config.wsgi
from django.template import engines
cached = engines["django"].engine.template_loaders[0].get_template_cache
print(*sorted(cached))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=BASE_DIR, capture_output=True, text=True, check=True)
    compiled = set(done.stdout.split())
    folder = BASE_DIR / "templates"
    assert {str(file.relative_to(folder)) for file in folder.rglob("*.*")} - compiled == set()
    assert "admin/base.html" in compiled
