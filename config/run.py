"""`make run`: the whole shop in one terminal. Starts the servers, prepares the data, runs web and worker, stops all.

Nothing is left running when it ends, whichever way it ends: on Linux the kernel tells the children when this process
is killed, and what survives elsewhere is stopped by the next start.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType
from typing import IO

from config import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
HOST = os.environ.get("HOST", "127.0.0.1")
PORT = os.environ.get("PORT", "8000")
MANAGE = [sys.executable, str(BASE_DIR / "manage.py")]
CHILDREN = {
    "web": [sys.executable, "-m", "gunicorn", "-c", str(BASE_DIR / "config" / "gunicorn.py"), "config.wsgi"],
    "worker": [*MANAGE, "worker"],
}
STEPS = {
    "Preparing the database": ["prepare_database", "-v0"],
    "Migrating": ["migrate", "-v0"],
    "Loading the demo shop (once)": ["load_demo", "--if-empty"],
}
# A child that dies this often within a minute will not come up by itself.
MAX_DEATHS = 3


class Stop(Exception):
    """Somebody asked us to end."""


def main() -> int:
    data_dir = Path(os.environ.get("DATA_DIR") or BASE_DIR / ".data").resolve()
    os.environ["DATA_DIR"] = str(data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask_to_stop)
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return fail(f"A shop is already running on {data_dir}. For a second one: make run DATA_DIR=… PORT=…")
        if not port_is_free():
            return fail(f"Port {PORT} is taken. Choose another one: make run PORT=8001")
        return run(data_dir)


def run(data_dir: Path) -> int:
    servers = embedded.Servers(data_dir)
    children: dict[str, subprocess.Popen[bytes]] = {}
    status = 0
    try:
        started = time.monotonic()
        say("Starting PostgreSQL and Valkey")
        servers = embedded.start(
            data_dir, postgres=not os.environ.get("DATABASE_URL"), valkey=not os.environ.get("REDIS_URL")
        )
        for title, command in STEPS.items():
            say(title)
            run_step([*MANAGE, *command], children)
        (data_dir / "static").mkdir(exist_ok=True)
        say("Starting web and worker")
        for name in CHILDREN:
            children[name] = start_child(name)
        wait_until_ready(children)
        say(f"Ready after {time.monotonic() - started:.1f} s\n")
        print(banner(data_dir), flush=True)
        watch(children, servers)
    except Stop:
        print("\nStopping …", flush=True)
    except (embedded.StartFailed, RuntimeError, OSError) as error:
        status = fail(str(error))
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for child in children.values():
            child.terminate()
        for child in children.values():
            end(child)
        servers.stop()
    return status


def run_step(command: list[str], children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Run a command to its end; it stands among the children meanwhile, so that a stop reaches it too."""
    children["step"] = step = subprocess.Popen(
        command, cwd=BASE_DIR, start_new_session=True, preexec_fn=die_with_parent
    )
    if step.wait():
        raise RuntimeError(f"{' '.join(command[1:])} failed with status {step.returncode}.")
    del children["step"]


def start_child(name: str) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        CHILDREN[name],
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    assert child.stdout is not None  # noqa: S101  # it is a pipe
    threading.Thread(target=copy_output, args=(name, child.stdout), daemon=True).start()
    return child


def copy_output(name: str, output: IO[bytes]) -> None:
    for line in output:
        print(f"{name:>6} | {line.decode(errors='replace').rstrip()}", flush=True)


def die_with_parent() -> None:
    """Linux: be told to stop (SIGTERM) when the process that started us is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def wait_until_ready(children: dict[str, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + 60
    answer = "no answer"
    while time.monotonic() < deadline:
        for name, child in children.items():
            if child.poll() is not None:
                raise RuntimeError(f"The {name} process ended with status {child.returncode}; see above.")
        try:
            with urllib.request.urlopen(f"http://{HOST}:{PORT}/health/ready", timeout=5) as response:
                if response.status == 200:
                    return
        except urllib.error.HTTPError as error:
            answer = error.read().decode(errors="replace")
        except OSError as error:
            answer = str(error)
        time.sleep(0.1)
    raise RuntimeError(f"The shop did not become ready within a minute: {answer}")


def watch(children: dict[str, subprocess.Popen[bytes]], servers: embedded.Servers) -> None:
    """Stay until told to stop. A child that dies is started again, unless it keeps dying."""
    deaths: list[float] = []
    while True:
        time.sleep(0.5)
        for server in servers.processes:
            if server.poll() is not None:
                raise RuntimeError("PostgreSQL or Valkey has ended unexpectedly; its log is in DATA_DIR. Run again.")
        for name, child in children.items():
            if child.poll() is None:
                continue
            now = time.monotonic()
            deaths = [*(moment for moment in deaths if moment > now - 60), now]
            if len(deaths) >= MAX_DEATHS:
                raise RuntimeError(f"The {name} process keeps ending (status {child.returncode}).")
            print(f"The {name} process ended with status {child.returncode}; starting it again.", flush=True)
            children[name] = start_child(name)


def end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(30)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def port_is_free() -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind((HOST, int(PORT)))
            return True
    return False


def banner(data_dir: Path) -> str:
    shop = f"http://{'localhost' if HOST == '127.0.0.1' else HOST}:{PORT}"
    return f"""  API         {shop}/api/v1/
  Reference   {shop}/docs   {shop}/scalar
  Dashboard   {shop}/admin/
  Mail        {data_dir / "mail"}

  Staff       admin@example.com / demo-admin-password
  Customer    customer@example.com / demo-customer-password

  curl '{shop}/api/v1/products/?search=wirless+headphnes&page_size=3'

Ctrl-C stops everything; the data stays.
"""


def ask_to_stop(number: int, frame: FrameType | None) -> None:
    raise Stop


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


def fail(reason: str) -> int:
    print(f"error: {reason}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
