"""The books of the fake: what there is, which keys were used, what is to be told, and what goes wrong next."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Thing = dict[str, Any]

TABLES = """
create table if not exists thing (
    seq integer primary key, id text unique, kind text, parent text, payment text, created real, body text);
create index if not exists thing_of on thing (parent, kind);
create index if not exists thing_for on thing (payment, kind);
create index if not exists thing_kind on thing (kind, created);
create table if not exists key (
    provider text, key text, fingerprint text, status integer, body text, at real, primary key (provider, key));
create table if not exists notice (
    seq integer primary key, provider text, event text, due real, tries integer, signed text, state text);
create index if not exists notice_due on notice (due) where state = 'waiting';
create table if not exists fault (seq integer primary key, call text, kind text, times integer, seconds real);
create table if not exists setting (name text primary key, value text);
"""
# Chances from 0 to 1 that a notification is lost, doubled, signed wrongly, or told of an event that never was; how late
# it is, in seconds from and to; for how many hours each provider remembers keys; whether refunds wait at first.
SETTINGS: Thing = {
    "lost": 0.0,
    "doubled": 0.0,
    "badly_signed": 0.0,
    "forged": 0.0,
    "delay": [0.0, 0.0],
    "stripe_key_hours": 24,
    "paypal_key_hours": 6,
    "stripe_secrets": ["whsec_of_the_fake"],
    "refunds_wait": False,
}


class Books:
    """All of it, behind one lock: a unit is carried out alone, and whole or not at all."""

    def __init__(self, file: Path) -> None:
        self.lock = threading.RLock()
        self.database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self.database.execute("pragma journal_mode = wal")
        self.database.execute(
            "pragma synchronous = off"
        )  # a killed process loses nothing; a machine is not what we test
        self.database.executescript(TABLES)
        self.told = threading.Event()

    @contextmanager
    def unit(self) -> Iterator[None]:
        """Make everything of this block true at once, or nothing when it raises."""
        with self.lock:
            self.database.execute("begin immediate")
            try:
                yield
            except BaseException:
                self.database.execute("rollback")
                raise
            self.database.execute("commit")
            self.told.set()

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.lock:
            return self.database.execute(statement, values).fetchall()

    # What there is

    def add(self, kind: str, thing: Thing, *, parent: str = "", payment: str = "") -> Thing:
        self.rows(
            "insert into thing (id, kind, parent, payment, created, body) values (?, ?, ?, ?, ?, ?)",
            *(thing["id"], kind, parent, payment, time.time(), json.dumps(thing)),
        )
        return thing

    def save(self, thing: Thing) -> None:
        self.rows("update thing set body = ? where id = ?", json.dumps(thing), thing["id"])

    def get(self, kind: str, ref: str) -> Thing | None:
        found = self.rows("select body from thing where id = ? and kind = ?", ref, kind)
        return json.loads(found[0][0]) if found else None

    def of(self, parent: str, kind: str) -> list[Thing]:
        """The things of a kind below another one, oldest first."""
        found = self.rows("select body from thing where parent = ? and kind = ? order by seq", parent, kind)
        return [json.loads(body) for (body,) in found]

    def all(self, kind: str, *, since: float = 0, until: float = 1e12, payment: str = "") -> list[Thing]:
        """The things of a kind that were made within a time, newest first."""
        asked, values = "select body from thing where kind = ? and created >= ? and created <= ?", [kind, since, until]
        if payment:
            asked, values = f"{asked} and payment = ?", [*values, payment]
        return [json.loads(body) for (body,) in self.rows(f"{asked} order by seq desc", *values)]

    # Settings, and what goes wrong next

    def setting(self, name: str) -> Any:
        found = self.rows("select value from setting where name = ?", name)
        return json.loads(found[0][0]) if found else SETTINGS[name]

    def set(self, name: str, value: Any) -> None:
        assert name in SETTINGS, name
        self.rows("insert or replace into setting values (?, ?)", name, json.dumps(value))

    def take_fault(self, call: str) -> tuple[str, float]:
        """What goes wrong with this call, and for how many seconds; ("", 0) mostly. It is used up by it."""
        with self.unit():
            found = self.rows("select seq, kind, seconds, times from fault where call in (?, '*') order by seq", call)
            if not found:
                return "", 0.0
            number, kind, seconds, times = found[0]
            if times > 1:
                self.rows("update fault set times = times - 1 where seq = ?", number)
            else:
                self.rows("delete from fault where seq = ?", number)
            return kind, seconds

    def add_fault(self, call: str, kind: str, times: int, seconds: float) -> None:
        self.rows("insert into fault (call, kind, times, seconds) values (?, ?, ?, ?)", call, kind, times, seconds)

    # Keys of calls

    def known_key(self, provider: str, key: str) -> tuple[str, int, str] | None:
        """Fingerprint, status and body of the first call with this key, while the provider remembers it."""
        oldest = time.time() - 3600 * self.setting(f"{provider}_key_hours")
        found = self.rows(
            "select fingerprint, status, body from key where provider = ? and key = ? and at >= ?",
            provider,
            key,
            oldest,
        )
        return found[0] if found else None

    def keep_key(self, provider: str, key: str, fingerprint: str, status: int, body: str) -> None:
        self.rows(
            "insert or replace into key values (?, ?, ?, ?, ?, ?)",
            provider,
            key,
            fingerprint,
            status,
            body,
            time.time(),
        )

    def forget_keys(self) -> None:
        self.rows("delete from key")
