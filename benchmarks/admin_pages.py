"""`make bench-admin`: what each page of the admin takes on the large shop; writes admin_pages.md.

A superuser asks for each page through Django's test client, six times: the first is warm-up, of the others the median
counts. Refuses a page above half a second, and the home page above 300 ms.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import report
from benchmarks.growth import bench_of, fill
from config import embedded

PAGE = Path(__file__).parent / "admin_pages.md"
TIMES = 5
LIMIT_MS, HOME_MS = 500, 300
HOME = "/admin/"
SKU = "BENCH-002471"
# With the large shop's ids: item 2471 is a good seller, order 500,000 is delivered, order 1,000,000 waits.
PAGES = (
    HOME,
    "/admin/orders/order/",
    "/admin/orders/order/?status__exact=pending",
    "/admin/orders/order/?status__exact=delivered",
    "/admin/orders/order/?status__exact=cancelled",
    "/admin/orders/order/?q=600000",
    "/admin/orders/order/?q=user77@example.com",
    "/admin/orders/order/?q=Last77",
    f"/admin/orders/order/?q={SKU}",
    "/admin/orders/order/?q=nothing-of-this-kind",
    "/admin/orders/order/?p=100",
    "/admin/orders/order/?o=1",
    "/admin/orders/order/?o=-1",
    "/admin/orders/order/?o=2",
    "/admin/orders/order/?o=3",
    "/admin/orders/order/?o=4",
    "/admin/orders/order/?o=5",
    "/admin/orders/order/500000/change/",
    "/admin/orders/order/1000000/change/",
    "/admin/orders/order/1000000/cancel/",
    "/admin/orders/order/500000/slip/",
    "/admin/orders/order/shortfall/",
    "/admin/inventory/stockitem/",
    "/admin/inventory/stockitem/?q=kettle",
    f"/admin/inventory/stockitem/?q={SKU}",
    "/admin/inventory/stockitem/?q=nothing-of-this-kind",
    "/admin/inventory/stockitem/?band=out_of_stock",
    "/admin/inventory/stockitem/?band=high",
    "/admin/inventory/stockitem/?band=low",
    "/admin/inventory/stockitem/?band=out_of_stock&q=kettle",
    "/admin/inventory/stockitem/?p=1000",
    "/admin/inventory/stockitem/?o=1",
    "/admin/inventory/stockitem/?o=2",
    "/admin/inventory/stockitem/?o=-2",
    "/admin/inventory/stockitem/?o=3",
    "/admin/inventory/stockitem/?o=4",
    "/admin/inventory/stockitem/?o=5",
    "/admin/inventory/stockitem/2471/change/",
    "/admin/inventory/stockitem/2471/why/",
    "/admin/inventory/stockitem/2471/why/?at=" + "{day}",
    "/admin/inventory/stockitem/2471/backorder/",
    "/admin/inventory/stockitem/receive/",
    f"/admin/inventory/stockitem/receive/?sku={SKU}",
    "/admin/inventory/stockitem/adjust/",
    "/admin/inventory/stockitem/transfer/",
    "/admin/inventory/stockitem/grid/",
    "/admin/inventory/stockitem/grid/?warehouse=1&search=kettle",
    "/admin/inventory/stockitem/count/",
    "/admin/inventory/stockitem/count/?warehouse=1&search=kettle",
    "/admin/inventory/warehouse/",
    "/admin/inventory/stockmovement/",
    "/admin/inventory/stockmovement/?p=100",
    f"/admin/inventory/stockmovement/?q={SKU}",
    "/admin/inventory/stockmovement/?q=order:600000",
    "/admin/inventory/stockmovement/?q=staff:10001",
    "/admin/inventory/stockmovement/?q=nothing-of-this-kind",
    "/admin/inventory/stockmovement/?kind__exact=received",
    "/admin/inventory/stockmovement/?kind__exact=shipped",
    "/admin/inventory/stockmovement/?kind__exact=counted",
    "/admin/inventory/stockmovement/?level__warehouse__id__exact=1",
    "/admin/inventory/stockmovement/?at__gte={day}&at__lt={next_day}",
    "/admin/inventory/stockalert/",
    "/admin/inventory/stockalert/?band=out_of_stock",
    "/admin/inventory/stockalert/?closed_at__isempty=1",
    f"/admin/inventory/stockalert/?q={SKU}",
    "/admin/inventory/stockalert/?o=2",
    "/admin/catalog/product/",
    "/admin/catalog/product/?q=kettle",
    f"/admin/catalog/product/?q={SKU}",
    "/admin/catalog/product/?q=nothing-of-this-kind",
    "/admin/catalog/product/?status__exact=draft",
    "/admin/catalog/product/?category__id__exact=7",
    "/admin/catalog/product/?p=1000",
    "/admin/catalog/product/?o=1",
    "/admin/catalog/product/?o=2",
    "/admin/catalog/product/?o=3",
    "/admin/catalog/product/?o=4",
    "/admin/catalog/product/?o=5",
    "/admin/catalog/product/2471/change/",
    "/admin/catalog/product/add/",
    "/admin/catalog/category/",
    "/admin/catalog/category/7/change/",
    "/admin/accounts/user/",
    "/admin/accounts/user/?q=user77",
    "/admin/accounts/user/?is_staff__exact=1",
    "/admin/accounts/user/77/change/",
    "/admin/auth/group/",
    "/admin/events/event/",
    "/admin/events/event/?q=order:500000",
    "/admin/events/event/?q=user77@example.com",
    "/admin/events/event/?q=order.shipped",
    "/admin/events/event/?q=nothing.of-this-kind",
    "/admin/events/event/?area=order",
    "/admin/events/event/?area=product",
    "/admin/events/event/?channel=admin",
    "/admin/events/event/?channel=command",
    "/admin/events/event/?channel=backfill",
    "/admin/events/event/500000/change/",
    "/admin/events/sentmail/",
)


@dataclass
class Result:
    path: str
    status: int
    ms: float
    statements: int
    kilobytes: float
    slowest: str

    @property
    def limit(self) -> int:
        return HOME_MS if self.path == HOME else LIMIT_MS


def measure_all() -> list[Result]:
    """In the process that has the shop's environment."""
    import django

    django.setup()
    from django.test import Client

    from accounts.models import User

    boss = User.objects.filter(is_superuser=True).first()
    boss = boss or User.objects.create_superuser("boss@example.com", os.urandom(16).hex())
    client = Client(headers={"host": "shop.test", "x-forwarded-proto": "https"})
    client.force_login(boss)
    from benchmarks.data import FIRST_ORDER

    month = {"day": f"{FIRST_ORDER.date()}", "next_day": f"{datetime.now(UTC).date()}"}
    return [measure(client, path.format(**month)) for path in PAGES]


def measure(client: Any, path: str) -> Result:
    from django.db import connection

    spent: list[tuple[float, str]] = []

    def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, *rest)
        finally:
            spent.append((1000 * (time.perf_counter() - started), " ".join(str(sql).split())))

    times = []
    for _ in range(TIMES + 1):
        spent.clear()
        started = time.perf_counter()
        with connection.execute_wrapper(watch):
            answer = client.get(path)
            size = len(answer.content)
        times.append(1000 * (time.perf_counter() - started))
    ms, sql = max(spent)
    return Result(path, answer.status_code, median(times[1:]), len(spent), size / 1024, f"{ms:.0f} ms: {sql}")


def page(results: list[Result], commit: str) -> str:
    machine = ", ".join(str(part) for part in report.machine().values())
    rows = [f"| `{r.path}` | {r.ms:.0f} | {r.statements} | {r.kilobytes:.0f} |" for r in results]
    return "\n".join(
        [
            "# The admin of the large shop",
            "",
            f"`make bench-admin` wrote this on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC at {commit}, on {machine}. A "
            f"page may take {LIMIT_MS} ms, the home page {HOME_MS}: the median of {TIMES} times after one, as a "
            "superuser, with 100,000 products and 1,000,000 orders.",
            "",
            "| page | ms | statements | kB |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path(".data/bench"))
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        options.inside.write_text(json.dumps([asdict(result) for result in measure_all()]))
        return
    data_dir = options.data_dir.resolve()
    fill(data_dir, ["large"])
    running = embedded.start(data_dir, report=print)
    try:
        file = data_dir / "admin_pages.json"
        bench = bench_of(running, "large")
        bench.manage("migrate", "-v0")
        bench.run("env", "DJANGO_SETTINGS_MODULE=config.settings", sys.executable, "-m", "benchmarks.admin_pages",
                  "--inside", str(file))  # fmt: skip
    finally:
        running.stop()
    results = [Result(**row) for row in json.loads(file.read_text())]
    text = page(results, report.git("rev-parse", "--short", "HEAD"))
    PAGE.write_text(text)
    print(text)
    wrong = [result for result in results if result.status != 200 or result.ms > result.limit]
    if wrong:
        sys.exit("\n".join(f"{r.path}: {r.status}, {r.ms:.0f} ms; {r.slowest[:1500]}" for r in wrong))


if __name__ == "__main__":
    main()
