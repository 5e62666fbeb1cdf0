"""How PostgreSQL answers what the API asks it: `python -m benchmarks.plans FILE SIZE`, in the environment of that shop.

Requests go through the WSGI application, and each statement is kept with its values. Then it is prepared and run as
often as it takes PostgreSQL to settle for a plan, and that plan is shown, which for most is the general one: what it
does with the values at hand says nothing about a prepared statement. Nothing that is written stays.
"""

import json
import os
import random
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["LIST_CACHE_SECONDS"] = "0"
django.setup()

from django.db import connection  # noqa: E402
from psycopg import sql as words  # noqa: E402
from psycopg.pq import ExecStatus, TransactionStatus  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.sessions import start_session  # noqa: E402
from benchmarks import workloads  # noqa: E402
from benchmarks.data import LARGE, SIZES  # noqa: E402
from benchmarks.load import UNIQUE  # noqa: E402
from benchmarks.profile import call  # noqa: E402
from benchmarks.workloads import DEEP, Shop  # noqa: E402
from config.wsgi import application  # noqa: E402  # after the settings

HOT = ("W1", "W2", "W3", "W4", "W5", "W7", "W9")
REQUESTS = 150
# So many times a statement is planned for its values before PostgreSQL may go over to the general plan.
SETTLED = 6
LARGE_TABLE = 10_000
BRIEF = ("begin", "commit", "rollback", "savepoint", "release", "set ")
# What else the API of the large shop is asked, by customers and by staff.
SELDOM = (
    "/products/?search=ketle",
    "/products/?search=kettle&ordering=price",
    "/products/?ordering=name",
    "/products/?in_stock=true&price_min=100&price_max=120",
    "/products/facets",
    "/products/facets?category=category-007",
    "/products/facets?search=kettle",
    "/categories/",
    "/categories/category-007",
    "/products/2471/variants",
    "/orders/500000",
    "/orders/500000/history",
    "/orders/",
    "/orders/?status=pending",
    "/orders/?search=user77@",
    "/orders/?search=BENCH-002471",
    "/users/",
    "/users/?search=user77",
    "/users/77",
    "/users/me",
    "/inventory/items",
    "/inventory/items?search=kettle",
    "/inventory/items/BENCH-002471",
    "/inventory/items/BENCH-002471/as-of?at=2025-09-01T00:00:00Z",
    "/inventory/movements",
    "/inventory/movements?sku=BENCH-002471",
    "/inventory/movements?reference=order:600000",
    "/inventory/movements?kind=received",
    "/inventory/movements?kind=shipped",
    "/inventory/alerts",
    "/inventory/warehouses",
)
# These add up whole tables: that is what they are for.
REPORTS = ("/orders/statistics", "/orders/user-statistics", "/orders/health/stock-check")


@dataclass
class Statement:
    """What was sent, where from, how often, for how long in all, and with which values the last time."""

    text: str
    source: str
    count: int = 0
    seconds: float = 0.0
    params: Any = None
    plan: dict[str, Any] = field(default_factory=dict)


class Watch:
    """Sees each statement before it is sent; the first time it finds out its plan, there and then.

    Only there it has the rows that it is about: an order's lines, say, need the order.
    """

    def __init__(self) -> None:
        self.statements: dict[str, Statement] = {}
        self.source = ""

    def __call__(self, execute: Callable[..., Any], text: str, params: Any, many: bool, context: Any) -> Any:
        if many or text.lstrip().lower().startswith(BRIEF):
            return execute(text, params, many, context)
        statement = self.statements.get(text)
        if statement is None:
            statement = self.statements[text] = Statement(text, self.source)
            statement.plan = settled_plan(*numbered(text, params))
        started = time.perf_counter()
        try:
            return execute(text, params, many, context)
        finally:
            statement.seconds += time.perf_counter() - started
            statement.count += 1


def numbered(text: str, params: Any) -> tuple[str, list[Any]]:
    """The statement as it is prepared, with $1 for the first value."""
    if not params:
        return text, []
    places: dict[str, int] = {}
    values: list[Any] = []
    positional = iter(()) if isinstance(params, Mapping) else iter(params)

    def place(match: re.Match[str]) -> str:
        name = match["name"]
        if match.group() == "%%":
            return "%"
        if name is None:
            values.append(next(positional))
            return f"${len(values)}"
        if name not in places:
            values.append(params[name])
            places[name] = len(values)
        return f"${places[name]}"

    return re.sub(r"%(?:%|\((?P<name>\w+)\)s|s)", place, text), values


def settled_plan(text: str, values: Sequence[Any]) -> dict[str, Any]:
    """The plan that PostgreSQL ends with, run once, as EXPLAIN tells it; `general` if it is not for these values."""
    raw = connection.connection
    arguments = words.SQL(", ").join(map(words.Literal, values))
    run = words.SQL("execute hot ({})" if values else "execute hot").format(arguments).as_string(raw)
    before, after = "savepoint watched", "rollback to watched"
    if raw.info.transaction_status == TransactionStatus.IDLE:
        before, after = "begin", "rollback"
    send(f"prepare hot as {text}")
    for _ in range(SETTLED):
        send(before, run, after)
    found = json.loads(send(before, f"explain (analyze, buffers, format json) {run}", after)[1])
    general = send("select generic_plans > 0 from pg_prepared_statements where name = 'hot'")[0] == "t"
    send("deallocate hot")
    return {**found[0], "general": general}


def send(*statements: str) -> list[str]:
    """Statements past psycopg, which prepares and forgets on its own account; of each answer the first value."""
    answers = []
    for statement in statements:
        result = connection.connection.pgconn.exec_(statement.encode())
        assert result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK), f"{statement}\n{result.error_message}"
        answers.append((result.get_value(0, 0) or b"").decode() if result.ntuples else "")
    return answers


def large_tables() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname from pg_class where relkind = 'r' and relnamespace = current_schema::regnamespace"
            " and reltuples > %s",
            [LARGE_TABLE],
        )
        return {name for (name,) in cursor.fetchall()}


def nodes(plan: dict[str, Any], depth: int = 0) -> list[tuple[int, dict[str, Any]]]:
    """The nodes of a plan that were run, from the top."""
    below = [pair for part in plan.get("Plans", ()) for pair in nodes(part, depth + 1)]
    return [(depth, plan), *below] if plan["Actual Loops"] else []


def shown(depth: int, node: dict[str, Any]) -> str:
    where = " ".join(
        f"{word} {node[key]}" for word, key in (("by", "Index Name"), ("on", "Relation Name")) if key in node
    )
    kind = node.get("Subplan Name", "") and f"{node['Subplan Name']}: "
    loops = node["Actual Loops"]
    rows = f"{node['Actual Rows'] * loops:,.0f} rows" + (f" in {loops:,} loops" if loops > 1 else "")
    return (
        f"{'  ' * depth}{kind}{node['Node Type']} {where}".rstrip()
        + f"  ({rows}, {node['Actual Total Time'] * loops:.2f} ms)"
    )


def told(statement: Statement, large: set[str]) -> dict[str, Any]:
    run = nodes(statement.plan["Plan"])
    return {
        "source": statement.source,
        "text": " ".join(statement.text.split()),
        "count": statement.count,
        "ms": 1000 * statement.seconds / statement.count,
        "plan_ms": statement.plan["Execution Time"],
        "general": statement.plan["general"],
        "plan": [shown(*pair) for pair in run],
        "scans": sorted({node["Relation Name"] for _, node in run if node["Node Type"] == "Seq Scan"} & large),
    }


def superuser() -> User:
    boss = User.objects.filter(is_superuser=True).first()
    return boss or User.objects.create_superuser("boss@example.com", os.urandom(16).hex())


def main() -> None:
    watch, dice, size = Watch(), random.Random(3), SIZES[sys.argv[2]]
    side = Shop("shop", 0, size)
    for number in dice.sample(range(1, size.users + 1), workloads.CUSTOMERS):
        side.tokens.append(start_session(user_id=number).access_token)
    token = start_session(user_id=superuser().pk).access_token
    side.deep = side.newest
    for _ in range(DEEP // 20):
        side.deep = side.after(json.loads(call(application, side.request(side.deep))))
    with connection.execute_wrapper(watch):
        for name in HOT:
            watch.source = name
            for request in workloads.requests(name, side, 0)[:REQUESTS]:
                call(application, request.replace(UNIQUE, os.urandom(8).hex().encode()))
        hottest = sorted(watch.statements.values(), key=lambda statement: -statement.seconds)[:10]
        for path in (*SELDOM, *REPORTS) if size is LARGE else ():
            watch.source = path
            call(application, side.request(path, token=token))
    large = large_tables()
    others = [statement for statement in watch.statements.values() if statement not in hottest]
    document = {
        "large": sorted(large),
        "hottest": [told(statement, large) for statement in hottest],
        "others": [told(statement, large) for statement in others],
    }
    Path(sys.argv[1]).write_text(json.dumps(document))


if __name__ == "__main__":
    main()
