"""Trials of the worker's queues: a mail server that accepts connections and never answers, with work that is due."""

import time

from procrastinate.jobs import DEFAULT_QUEUE

from config.tests.smtp import mail_server
from inventory.invariants import Violation
from tests.faults import client
from tests.faults.checks import Result, begin, expect, verdict
from tests.faults.client import together
from tests.faults.stage import Stage, wait_for

# For a worker that is asked, and for each order on a busy machine, where its money and its invoice follow at the same
# time. Behind mails that hang no order is ever cancelled.
SECONDS, SECONDS_AN_ORDER = 10.0, 0.06
EXPIRED = "overdue orders are cancelled at once, whatever the mail server does"
STOPS = "the worker stops within 30 s when told"
# What the clock does each minute.
EXPIRE = """
insert into procrastinate_jobs (queue_name, task_name, priority, args, status, attempts)
values (%s, 'orders.tasks.cancel_overdue_orders', 0, '{"timestamp": 0}', 'todo', 0)
"""
AGE = "update orders_order set order_date = order_date - interval '2 days' where id = any(%s)"
PENDING = "select count(*) from orders_order where id = any(%s) and status = 'pending'"
# The buyers registered, so mails about that may be the first that hang.
MAILS = "select count(*) from procrastinate_jobs where position('.mail_' in task_name) > 0 and status = %s"


def count_mails(stage: Stage, status: str) -> int:
    """How many jobs of the queue of mails have this status."""
    return int(stage.query(MAILS, [status])[0][0])


def mail_server_hangs(stage: Stage, orders: int = 1_000) -> Result:
    """As many mails as orders are due before the orders are overdue, and no mail is ever taken."""
    sku = stage.article(10 * orders)
    watch = begin(stage)
    buyers = stage.buyers
    wishes = [client.order(buyers[number % len(buyers)], stage.key(), [(sku, 1)]) for number in range(orders)]
    stage.run(lambda web: together(wish.ask_until_known(web) for wish in wishes))
    within = SECONDS + SECONDS_AN_ORDER * orders
    ids = [wish.result["order_id"] for wish in wishes]
    with mail_server(frozen=True) as server:
        stage.shop.environment |= {"EMAIL_URL": server.url, "CHANCE_TO_DIE": "0"}
        stage.shop.start("worker", "-m", "tests.faults.worker")
        worker = stage.shop.processes.pop("worker")
        try:
            wait_for("mails that hang", lambda: count_mails(stage, "doing") >= 2)
            wait_for("mails that wait behind them", lambda: count_mails(stage, "todo") >= orders // 2)
            stage.query(AGE, [ids])
            began = time.monotonic()
            stage.query(EXPIRE, [DEFAULT_QUEUE])
            pending = orders
            while pending and time.monotonic() - began < within:
                time.sleep(0.2)  # the pace of the questions
                pending = stage.query(PENDING, [ids])[0][0]
            seconds = time.monotonic() - began
        finally:
            del stage.shop.environment["EMAIL_URL"]
            worker.terminate()
            told = time.monotonic()
            worker.wait(120)
            stopping = time.monotonic() - told
    violations: list[Violation] = expect(EXPIRED, not pending, f"{pending} of {orders} wait after {seconds:.1f} s")
    violations += expect(STOPS, stopping <= 30, f"{stopping:.1f} s")
    violations += verdict(watch, wishes)
    figures = {"overdue orders cancelled within, s": seconds, "worker stopped within, s": stopping}
    return Result(orders, 1, orders, violations, figures, wishes)
