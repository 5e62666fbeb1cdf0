"""`make run`: the whole shop in one terminal. Starts the servers, prepares the data, runs web and worker, stops all.

No process is left running, however the run ends. On Linux the kernel ends the children when this process is killed. On
other systems the next start stops processes that were left.
"""

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
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO

from django.core.exceptions import ImproperlyConfigured

from config import embedded, environment
from config.embedded.processes import Process, dying_with_us
from config.environment import BASE_DIR

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
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A process that ends this often within a minute will not come up by itself.
MAX_DEATHS = 3
# After a run was killed, its web process still finishes its requests and holds the port for so long.
LEFTOVER_SECONDS = 25.0


class Stop(BaseException):
    """A signal asked this process to end."""


class Failed(Exception):
    """The shop cannot run. The message is for the person at the terminal."""


class Shop:
    """The processes of one run. The main thread starts them, since the kernel ends a child with its parent thread."""

    def __init__(self, data_dir: Path, host: str, port: int) -> None:
        self.data_dir, self.host, self.port = data_dir, host, port
        self.servers = embedded.Servers(data_dir)
        self.children: dict[str, Process] = {}
        self.deaths: dict[str, list[float]] = {}

    def run(self) -> None:
        """Start everything in order and stay until something ends it; then stop everything in order."""
        started = time.monotonic()
        try:
            say("==> Starting PostgreSQL and Valkey")
            self.servers = embedded.start(
                self.data_dir,
                postgres=not environment.text("DATABASE_URL"),
                valkey=not environment.text("REDIS_URL"),
                notify=self.notify(),
                report=say,
            )
            for title, command in STEPS.items():
                say(f"==> {title}")
                self.run_step(command)
            (self.data_dir / "static").mkdir(exist_ok=True)
            say("==> Starting web and worker")
            for name in CHILDREN:
                self.start_child(name)
            self.wait_until_ready()
            say(f"==> Ready after {time.monotonic() - started:.1f} s\n\n{self.banner()}")
            self.watch()
        finally:
            self.stop()

    def notify(self) -> str:
        """Where the fake of the providers of payments sends notifications; empty where real ones are configured."""
        configured = ("STRIPE_SECRET_KEY", "PAYPAL_CLIENT_ID", "MANUAL_PAYMENT_NAME")
        if any(map(environment.value_of, configured)) or environment.text("ENVIRONMENT") == "production":
            return ""
        return f"{self.address()}/api/v1/payments"

    def address(self) -> str:
        """Where the shop answers on this machine."""
        return f"http://{url_host('127.0.0.1' if self.host == '0.0.0.0' else self.host)}:{self.port}"  # noqa: S104

    def run_step(self, command: Sequence[str]) -> None:
        """Run a command of manage.py to its end. Raises Failed.

        The command is among the children meanwhile, so that a stop ends the command too.
        """
        step = subprocess.Popen(
            [*MANAGE, *command], cwd=BASE_DIR, start_new_session=True, preexec_fn=dying_with_us(signal.SIGTERM)
        )
        self.children["step"] = step
        if step.wait():
            raise Failed(f"manage.py {' '.join(command)} failed with status {step.returncode}.")
        del self.children["step"]

    def start_child(self, name: str) -> None:
        """Start the web process or the worker. Their lines are copied to the terminal."""
        child = subprocess.Popen(
            CHILDREN[name],
            cwd=BASE_DIR,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dying_with_us(signal.SIGTERM),
        )
        self.children[name] = child
        threading.Thread(target=copy_output, args=(name, child.stdout), daemon=True).start()

    def wait_until_ready(self) -> None:
        """Wait until the shop is ready. Raises Failed after a minute, and when a process ends meanwhile."""
        address = f"{self.address()}/health/ready"
        # Without the proxy of the environment, which is for other hosts.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline, answer = time.monotonic() + 60, "no answer"
        while time.monotonic() < deadline:
            for name, child in self.children.items():
                if child.poll() is not None:
                    raise Failed(f"The {name} process ended with status {child.returncode}; see above.")
            try:
                opener.open(address, timeout=5).close()
                return
            except urllib.error.HTTPError as error:
                answer = error.read().decode(errors="replace")
            except OSError as error:
                answer = str(error)
            time.sleep(0.1)
        raise Failed(f"The shop did not become ready within a minute: {answer}")

    def watch(self) -> None:
        """Watch the processes until a signal. A process that ends is started again, unless it keeps ending."""
        while True:
            time.sleep(0.5)
            for name, status in self.servers.ended().items():
                self.note_death(name, status)
                self.servers.start_again(name)
            for name, child in self.children.items():
                if child.poll() is not None:
                    self.note_death(name, child.returncode)
                    self.start_child(name)

    def note_death(self, name: str, status: int) -> None:
        """Tell that a process has ended. Raises Failed when it has ended MAX_DEATHS times within a minute."""
        now = time.monotonic()
        self.deaths[name] = [*(moment for moment in self.deaths.get(name, []) if moment > now - 60), now]
        if len(self.deaths[name]) >= MAX_DEATHS:
            raise Failed(f"{name} keeps ending (status {status}); logs of the servers are in {self.data_dir}.")
        say(f"{name} ended with status {status}; starting it again.")

    def stop(self) -> None:
        """Stop the web process and the worker, and then the servers."""
        ignore_signals()
        for child in self.children.values():
            child.terminate()
        for child in self.children.values():
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.servers.stop()

    def banner(self) -> str:
        """The addresses and the logins of the shop, for the terminal."""
        shop = f"http://{'localhost' if self.host in ('127.0.0.1', '0.0.0.0') else url_host(self.host)}:{self.port}"  # noqa: S104
        fake = self.servers.payments.get("STRIPE_API_BASE", "").removesuffix("/stripe")
        payments = f"\n  Payments    {fake}/   (plays Stripe and PayPal: pay there as the customer)" if fake else ""
        return f"""  API         {shop}/api/v1/
  Reference   {shop}/docs   {shop}/scalar
  Dashboard   {shop}/admin/
  Mail        {self.data_dir / "mail"}{payments}

  Staff       admin@example.com / demo-admin-password
  Customer    customer@example.com / demo-customer-password

  curl '{shop}/api/v1/products/?search=wirless+headphnes&page_size=3'

Ctrl-C stops everything; the data stays.
"""


def main() -> int:
    """Run the shop in the folder DATA_DIR. Returns the exit status."""
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN or number is signal.SIGINT:  # nohup stays nohup
            signal.signal(number, ask_to_stop)
    try:
        data_dir = Path(environment.text("DATA_DIR", str(BASE_DIR / ".data"))).resolve()
        os.environ["DATA_DIR"] = str(data_dir)
        data_dir.mkdir(parents=True, exist_ok=True)
        host, port = environment.text("HOST", "127.0.0.1"), environment.number("PORT", 8000, 1, 65535)
        os.environ["HOST"], os.environ["PORT"] = host, str(port)
        with (data_dir / "lock").open("a+") as lock:
            claim(lock, data_dir)
            wait_for_port(host, port, seconds=LEFTOVER_SECONDS if embedded.state_file(data_dir).exists() else 0)
            Shop(data_dir, host, port).run()
    except Stop:
        say("\nStopped.")
    except (Failed, embedded.StartFailed, ImproperlyConfigured, OSError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def claim(lock: IO[str], data_dir: Path) -> None:
    """Lock the folder for as long as this process lives, and write the process id into the lock file. Raises Failed."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise Failed(
            f"A shop is already running on {data_dir} (process {lock.read().strip() or 'unknown'}). "
            "For a second one: make run DATA_DIR=… PORT=…"
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()


def wait_for_port(host: str, port: int, *, seconds: float) -> None:
    """Raise Failed for a taken port, before any server starts. An earlier run has `seconds` to give the port free."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                return
        except OSError as error:
            if time.monotonic() >= deadline:
                raise Failed(
                    f"Port {port} of {host} cannot be used: {error.strerror}. Choose another one: make run PORT=8001"
                ) from error
        time.sleep(0.2)


def url_host(host: str) -> str:
    """A host as a URL writes it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def copy_output(name: str, output: IO[bytes]) -> None:
    """Copy the lines of a process to the terminal, each behind the name of the process."""
    for line in output:
        say(f"{name:>6} | {line.decode(errors='replace').rstrip()}")


def ask_to_stop(number: int, frame: FrameType | None) -> None:
    """End the run, from a signal. Further signals are ignored."""
    ignore_signals()
    raise Stop


def ignore_signals() -> None:
    """Ignore further signals, since an interrupted stop would leave processes running."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def say(text: str) -> None:
    """Print a line at the terminal."""
    with suppress(OSError):  # the terminal may be gone
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
