"""The fake of Stripe and PayPal that `make run` starts, so that a newcomer pays with a test card. Never in production.

It is a part of the tests (tests/providers), and an installation without them does without it.
"""

import json
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from config.embedded.processes import (
    Process,
    StartFailed,
    open_log,
    start_server,
    stop_leftover,
    stop_server,
    tail,
)

PROJECT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 30.0
BY_HAND = {
    "MANUAL_PAYMENT_NAME": "Bank transfer",
    "MANUAL_PAYMENT_INSTRUCTIONS": "Please pay to DE00 0000 0000 0000 0000 00 and name the order's number.",
}


def start(data_dir: Path, notify: str) -> tuple[Process, dict[str, Any]] | None:
    """Start the fake below `data_dir`; its process, and the settings of a shop that uses it. Raises StartFailed.

    `notify` is where it sends notifications. It takes the port that it had before, and another one where that is taken.
    None where the tests are not installed.
    """
    if not (PROJECT / "tests" / "providers").is_dir():
        return None
    folder = data_dir / "payments"
    address, pid_file = folder / "address", data_dir / "payments.pid"
    stop_leftover(pid_file, sign=str(folder))
    before = address.read_text() if address.exists() else ""
    address.unlink(missing_ok=True)
    port = before.rpartition(":")[2] or "0"
    command = [sys.executable, "-m", "tests.providers", str(folder), "--notify", notify, "--port", port]
    log = data_dir / "payments.log"
    with open_log(log) as output:
        process = start_server(command, output=output)
    try:
        pid_file.write_text(str(process.pid))
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(OSError, ValueError):
                return process, settings_of(address.read_text())
            time.sleep(0.02)
        raise StartFailed(f"The fake of the providers did not start; the end of {log}:\n{tail(log)}")
    except BaseException:
        stop_server(process)
        raise


def settings_of(base: str) -> dict[str, Any]:
    """What a shop sets to use the fake at this address, with a way to pay by hand beside it."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{base}/control/settings", timeout=5) as answer:
        found: dict[str, Any] = json.load(answer)
    return found | BY_HAND
