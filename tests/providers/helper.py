"""The fake for a test: started as a process of its own, told what goes wrong, and asked for its books."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).resolve().parent.parent.parent
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class FakeProviders:
    """A running fake. Killed and started again it has the same address and the same books."""

    def __init__(self, folder: Path, notify: str = "") -> None:
        self.folder, self.notify, self.base = folder, notify, ""
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        port = self.base.rpartition(":")[2] or "0"
        address = self.folder / "address"
        address.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.providers", str(self.folder), "--port", port]
        self.process = subprocess.Popen([*command, "--notify", self.notify], cwd=BASE_DIR, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not (address.exists() and address.read_text()):
            assert self.process.poll() is None, "the fake has ended"
            assert time.monotonic() < deadline, "the fake does not start"
            time.sleep(0.02)
        self.base = address.read_text()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def ask(self, path: str, sent: dict[str, Any] | None = None) -> Any:
        """What the fake answers to JSON."""
        body = None if sent is None else json.dumps(sent).encode()
        request = urllib.request.Request(f"{self.base}{path}", body, {"Content-Type": "application/json"})
        with OPENER.open(request, timeout=30) as answer:
            return json.load(answer)

    def settings(self) -> dict[str, Any]:
        """What a shop sets to use this fake."""
        found: dict[str, Any] = self.ask("/control/settings")
        return found

    def environment(self) -> dict[str, str]:
        """The same, as variables of the environment."""
        found = self.settings()
        return {name: ",".join(value) if isinstance(value, list) else value for name, value in found.items()}

    def customer(self, action: str, ref: str = "", **sent: Any) -> dict[str, Any]:
        """Let somebody act at the provider: pay, authenticate, approve, dispute, close_dispute, refund, expire."""
        found: dict[str, Any] = self.ask(f"/customer/{action}", {"ref": ref} | sent)
        return found

    def fault(self, call: str, kind: str, times: int = 1, seconds: float = 0) -> None:
        """Let the next calls of a name ("stripe.refund") go wrong."""
        self.ask("/control/fault", {"call": call, "kind": kind, "times": times, "seconds": seconds})

    def set(self, **settings: Any) -> None:
        self.ask("/control/set", settings)

    def notify_at(self, address: str) -> None:
        """Send notifications below this address from now on: that of a shop, with /api/v1/payments."""
        self.notify = address
        self.ask("/control/notify", {"address": address})

    def tell(self, what: str) -> None:
        """forget_keys, reset (what goes wrong), deliver (what was lost)."""
        self.ask(f"/control/{what}", {})

    def notices(self) -> list[dict[str, Any]]:
        """Every notification, with its event, its signature and what became of it."""
        found: list[dict[str, Any]] = self.ask("/control/notices", {})
        return found

    def signed(self, provider: str, event: dict[str, Any]) -> tuple[dict[str, str], bytes]:
        """Headers and body of an event as it is delivered now."""
        found = self.ask("/control/signed", {"provider": provider, "event": event})
        return found["headers"], found["body"].encode()

    def books(self, payment_id: int | None = None, since: float = 0) -> list[dict[str, Any]]:
        """Every payment at both providers that was begun since a moment of the epoch, or those for one of ours."""
        found: list[dict[str, Any]] = self.ask(f"/books?since={since}")
        return [row for row in found if payment_id is None or row["payment_id"] == str(payment_id)]


@contextmanager
def running_fake(folder: Path, notify: str = "") -> Iterator[FakeProviders]:
    """A fake that ends with the block."""
    fake = FakeProviders(folder, notify)
    fake.start()
    try:
        yield fake
    finally:
        fake.stop()
