"""Fill our own database with COPY, as if all of it had happened: `python -m benchmarks.fill_shop small|large`.

Two processes copy table after table, and build each one's indexes when it is full, since that is several times
faster than to keep them up to date row by row. At the end the schema is what it was before, and this checks it.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import Value
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402  # after the settings
from django.db import connection, connections, transaction  # noqa: E402

from benchmarks import bare_tables, data, past  # noqa: E402
from benchmarks.data import SIZES, Size  # noqa: E402
from catalog.services.derived import learn, vectors_of  # noqa: E402
from events.actors import BACKFILL  # noqa: E402
from inventory.services import settle_alerts_of_all  # noqa: E402

PROCESSES = 2
ROWS_AT_ONCE = 2_000
BAR = 40
# Of this session alone. Nothing is lost that could not be made anew.
SETTINGS = """
set statement_timeout = 0; set lock_timeout = 0; set synchronous_commit = off; set maintenance_work_mem = '512MB';
set max_parallel_maintenance_workers = 0
"""
# Whatever has ids of ours continues after them.
SEQUENCES = "select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}"
NUMBERS = "select setval('orders_number_seq', max(number::bigint)) from orders_order"

done: Any = Value("q", 0)


def fill(size: Size) -> None:
    started = time.monotonic()
    before = bare_tables.schema()
    with transaction.atomic():
        fill_few(size)
    with transaction.atomic():
        undressed = bare_tables.undress(past.TABLES)
    # What the processes look up all the time, made before they are: they inherit it.
    past.promised(size)
    connections.close_all()
    # An index counts for as many rows as it has: it takes about as long.
    work = {name: table.count(size) * (1 + len(undressed.indexes[name])) for name, table in past.TABLES.items()}
    with ProcessPoolExecutor(PROCESSES, initializer=begin, initargs=(done,)) as pool:
        jobs = [pool.submit(fill_table, name, size, undressed.indexes[name]) for name in past.TABLES]
        while wait(jobs, timeout=0.5).not_done:
            progress(started, done.value / sum(work.values()), "rows and indexes")
        for job in jobs:
            job.result()
    with connection.cursor() as cursor:
        cursor.execute(SETTINGS)
        for number, statement in enumerate(undressed.foreign_keys):
            progress(started, 1, f"foreign key {number + 1} of {len(undressed.foreign_keys)}")
            cursor.execute(statement)
        for table in (*past.TABLES, "catalog_category", "accounts_user"):
            cursor.execute(SEQUENCES.format(table=table))
        cursor.execute(NUMBERS)
    progress(started, 1, "alerts")
    settle_alerts_of_all(actor=BACKFILL)
    with connection.cursor() as cursor:
        progress(started, 1, "tidying up")
        cursor.execute("vacuum analyze")
    after = bare_tables.schema()
    assert after == before, f"The schema has changed: {set(before) ^ set(after)}"
    seconds = round(time.monotonic() - started)
    with connection.cursor() as cursor:
        # Without this mark the shop is half filled, and nobody measures it.
        cursor.execute(f"comment on database {connection.settings_dict['NAME']} is 'filled in {seconds} s'")
    progress(started, 1, f"done in {seconds} s\n")


def fill_few(size: Size) -> None:
    """Tables that are small, or to which too many others refer."""
    copy(
        "catalog_category (id, name, slug, version)",
        (f"{n}\tCategory {n:03d}\tcategory-{n:03d}\t1\n" for n in range(1, size.categories + 1)),
    )
    # The words of a few products are those of all. Their stems are known from then on, to the processes too.
    sources = list(islice(map(past.source, data.products(size)), 10_000))
    learn(sources)
    vectors_of(sources)
    secret, empty = make_password(data.PASSWORD), "\t" * 6
    copy(
        "accounts_user (id, email, first_name, last_name, password, phone, address_line1, address_line2, city, state, "
        "postal_code, country, is_active, is_staff, is_superuser, version)",
        (
            f"{n}\tuser{n}@example.com\tFirst{n}\tLast{n}\t{secret}\t{empty}\tt\tf\tf\t1\n"
            for n in range(1, size.users + 1)
        ),
    )


def begin(counter: Any) -> None:
    """In a process of its own: count where the others count."""
    global done
    done = counter


def fill_table(name: str, size: Size, indexes: Sequence[str]) -> None:
    """Fill one bare table, and put its own keys and indexes back."""
    table = past.TABLES[name]
    count = table.count(size)
    with connection.cursor() as cursor:
        cursor.execute(SETTINGS)
        # Rows copied into a table that was emptied in the same transaction need no vacuum ever (FREEZE), but the
        # triggers of what is append-only do not let us empty it.
        with transaction.atomic():
            cursor.execute(f"alter table {name} disable trigger user")
            cursor.execute(f"truncate {name}")
            copy(f"{name} ({table.columns})", table.rows(size), options="(freeze)", report=count_up)
            cursor.execute(f"alter table {name} enable trigger user")
        for statement in indexes:
            cursor.execute(statement)
            count_up(count)
        cursor.execute(f"vacuum analyze {name}")


def count_up(rows: int) -> None:
    with done.get_lock():
        done.value += rows


def copy(
    table: str, rows: Iterator[str], *, options: str = "", report: Callable[[int], None] = lambda rows: None
) -> None:
    """Rows as the text that COPY reads."""
    with connection.cursor() as cursor, cursor.copy(f"copy {table} from stdin {options}") as stream:
        while some := list(islice(rows, ROWS_AT_ONCE)):
            stream.write("".join(some))
            report(len(some))


def progress(started: float, share: float, what: str) -> None:
    share = min(share, 1.0)
    bar, seconds = "#" * int(BAR * share), time.monotonic() - started
    print(f"\r[{bar:<{BAR}}] {share:4.0%} {seconds:4.0f} s  {what:<24}", end="", flush=True)


if __name__ == "__main__":
    fill(SIZES[sys.argv[1]])
