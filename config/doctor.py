"""What can be lost with the settings and servers as they are, and what is broken: `manage.py doctor`.

A commit that was acknowledged is an order that somebody was promised. PostgreSQL has settings, and ways of being
replicated, under which it can be gone after a crash; nothing else of the shop says so.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError, InterfaceError, connection

from config import health
from config.checks import check_currency, check_taxes
from database.checks import check_prepared_statements, check_schema

State = Literal["ok", "can be lost", "broken"]
SETTINGS = """
select name, setting from pg_settings
where name in (
    'fsync', 'full_page_writes', 'synchronous_commit', 'synchronous_standby_names', 'data_checksums', 'archive_mode',
    'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'
)
"""
# The state of a replica is shown to members of pg_monitor, that there is one to everybody.
REPLICAS = """
select (select count(*) from pg_stat_replication),
       (select count(*) from pg_stat_replication where sync_state in ('sync', 'quorum')),
       pg_has_role(current_user, 'pg_read_all_stats', 'usage')
"""
ARCHIVE = """
select extract(epoch from now() - last_archived_time)::bigint,
       coalesce(last_failed_time > last_archived_time, last_failed_time is not null)
from pg_stat_archiver
"""


class Finding(NamedTuple):
    """One thing that was looked at: how it stands, and what that means."""

    state: State
    name: str
    meaning: str


def findings() -> Iterator[Finding]:
    """Everything that was found, good and bad."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(SETTINGS)
            values: dict[str, str] = dict(cursor.fetchall())
            cursor.execute(REPLICAS)
            replicas, synchronous, sees_states = cursor.fetchone()
            cursor.execute("select rolsuper from pg_roles where rolname = current_user")
            (is_superuser,) = cursor.fetchone()
            cursor.execute(ARCHIVE)
            archived, archiving_fails = cursor.fetchone()
    except (DatabaseError, InterfaceError) as error:
        yield Finding("broken", "database", str(error).splitlines()[0])
        return
    yield from crash(values)
    yield from failover(values, replicas, synchronous if sees_states else None)
    yield from archive(values, replicas, archived, archiving_fails)
    yield from session(values, is_superuser=is_superuser)
    yield from parts()
    yield mail()


def crash(values: dict[str, str]) -> Iterator[Finding]:
    """What the end of PostgreSQL, or of its machine, can take with it."""
    if values["fsync"] == "off":
        yield Finding(
            "can be lost", "fsync off", "everything, when the machine crashes: the files may not fit together"
        )
    if values["full_page_writes"] == "off":
        yield Finding("can be lost", "full_page_writes off", "pages that were half written when the machine crashed")
    if values["synchronous_commit"] == "off":
        lost = "orders of the last second that were acknowledged, when PostgreSQL crashes"
        yield Finding("can be lost", "synchronous_commit off", lost)
    if values["data_checksums"] == "off":
        yield Finding("can be lost", "data_checksums off", "rows on a disk that returns them damaged: nobody notices")
    if {values["fsync"], values["full_page_writes"]} == {"on"} and values["synchronous_commit"] != "off":
        yield Finding("ok", "crash", "an order that was acknowledged is on the disk of the primary")


def failover(values: dict[str, str], replicas: int, synchronous: int | None) -> Iterator[Finding]:
    """What is lost when the primary does not come back and a replica takes its place. `synchronous` is None where the
    role may not see which replicas are."""
    names, commit = values["synchronous_standby_names"], values["synchronous_commit"]
    if replicas and not names:
        lost = "orders that were acknowledged and had not arrived there, when it takes the place of the primary"
        yield Finding(
            "can be lost", f"{replicas} replica(s), all asynchronous", f"{lost}: set synchronous_standby_names"
        )
    elif names and commit in ("off", "local"):
        yield Finding("can be lost", f"synchronous_commit {commit}", "the same as with an asynchronous replica")
    elif names and commit == "remote_write":
        lost = "orders of the last moment, when the primary is lost and the replica's machine crashes with it"
        yield Finding("can be lost", "synchronous_commit remote_write", lost)
    elif names and (not replicas or synchronous == 0):
        yield Finding("broken", f"synchronous_standby_names {names}", "no such replica is there: every commit waits")
    elif names and synchronous is None:
        unseen = "whether it is there cannot be seen: grant pg_monitor to the role"
        yield Finding("ok", f"synchronous replica {names}", f"an acknowledged order is there too; {unseen}")
    elif names:
        yield Finding("ok", f"synchronous replica {names}", "an order that was acknowledged is there too")


def archive(values: dict[str, str], replicas: int, age: int | None, fails: bool) -> Iterator[Finding]:
    """What is lost with the disk of the primary."""
    if values["archive_mode"] == "off":
        lost = "everything since the last backup, whose age is not known here"
        where = "when data is deleted by mistake" if replicas else "when the disk is"
        yield Finding("can be lost", "archive_mode off", f"{lost}, {where}")
    elif fails:
        yield Finding("broken", "archive", "PostgreSQL cannot archive its log: see its own log")
    else:
        yield Finding("ok", "archive", f"the log was archived {'never' if age is None else f'{age} s ago'}")


def session(values: dict[str, str], *, is_superuser: bool) -> Iterator[Finding]:
    """What each connection of the shop begins with."""
    missing = [name for name, value in values.items() if name.endswith("_timeout") and value == "0"]
    if missing:
        waits = "a request can wait for ever: run manage.py prepare_database"
        yield Finding("broken", f"no {', '.join(sorted(missing))}", waits)
    errors = [*check_schema(databases=["default"]), *check_prepared_statements(databases=["default"])]
    errors += [*check_currency(databases=["default"]), *check_taxes(databases=["default"])]
    for error in errors:
        yield Finding("broken", "connections", f"{error.msg} {error.hint or ''}".strip())
    if is_superuser:
        lost = "everything to whoever finds a hole in the shop: its role is a superuser"
        yield Finding("can be lost", "superuser", lost)
    if not missing and not errors:
        yield Finding("ok", "connections", "time-outs, schema and prepared statements are as they should be")


def parts() -> Iterator[Finding]:
    """The parts of /health/status."""
    for name, state in health.run(health.CHECKS).items():
        yield Finding("ok" if state in health.FINE else "broken", name, state)


def mail() -> Finding:
    """Whether the mail server lets the shop in."""
    if not settings.EMAIL_URL:
        return Finding("ok", "mail", "written to a folder")
    try:
        server = get_connection()
        server.open()
        server.close()
    except OSError as error:
        # Its text may hold what the server has repeated of the login.
        return Finding("broken", "mail", f"the mail server cannot be used: {type(error).__name__}")
    return Finding("ok", "mail", "the mail server lets the shop in")
