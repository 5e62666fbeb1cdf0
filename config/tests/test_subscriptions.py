from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.db.models.functions import Now
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from config.jobs import QUEUES
from config.subscriptions import SUBSCRIPTIONS
from events import dispatcher
from orders import services
from orders.models import Order
from orders.tests.factories import STAFF, make_order


def test_every_subscribed_job_is_known_to_the_worker_and_tries_again_when_it_fails() -> None:
    for kind, tasks in SUBSCRIPTIONS.items():
        for task in tasks:
            assert app.tasks[task.name] is task, kind
            assert task.retry_strategy is not None, task.name


def test_every_queue_has_somebody_who_works_it() -> None:
    assert {task.queue for task in app.tasks.values()} - {"builtin"} == set(QUEUES)


def test_the_jobs_that_run_by_the_clock() -> None:
    periodic = {name for name, _ in app.periodic_registry.periodic_tasks}

    assert periodic == {
        "accounts.tasks.erase_leavers",
        "accounts.tasks.purge_sessions",
        "api.tasks.purge_idempotency_keys",
        "catalog.tasks.find_words_anew",
        "catalog.tasks.settle_planned_prices",
        "events.tasks.seal_journal",
        "events.tasks.remove_failed_jobs",
        "events.tasks.retry_stalled_jobs",
        "events.webhooks.tasks.remove_old_deliveries",
        "invoicing.tasks.delete_old_invoices",
        "inventory.tasks.expire_holds",
        "inventory.tasks.settle_alerts",
        "inventory.tasks.mail_stock_digest",
        "checkout.tasks.abandon_carts",
        "checkout.tasks.delete_old_carts",
        "orders.tasks.add_up_figures",
        "orders.tasks.cancel_overdue_orders",
        "payments.tasks.compare",
        "payments.tasks.reconcile",
        "staff.tasks.purge_posted_forms",
    }


def mails_that_follow() -> list[str]:
    """The subjects of the mails that follow from the events so far."""
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")
    dispatcher.dispatch(SUBSCRIPTIONS)
    for job in ProcrastinateJob.objects.order_by("id"):
        app.tasks[job.task_name](**job.args)
    return [str(message.subject) for message in mail.outbox]


@pytest.mark.django_db
def test_a_customer_whose_order_is_shipped_has_three_mails() -> None:
    order = make_order(status="shipped")

    assert mails_that_follow() == [
        f"Your order {order.number} has reached us",
        f"Your order {order.number} is confirmed",
        f"Your order {order.number} is on its way",
    ]


def lose(order: Order) -> None:
    sku = order.order_items.get().sku
    services.record_shortfall(sku=sku, warehouse="main", missing=5, actor=STAFF)


def expire(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(order_date=Now() - timedelta(hours=2))
    services.expire_pending_orders()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "end",
    [
        lambda order: services.cancel_order(order_id=order.pk, actor=STAFF),
        lambda order: services.set_status(order_id=order.pk, status="cancelled", actor=STAFF),
        lambda order: services.delete_order(order_id=order.pk, actor=STAFF),
        lose,
        expire,
    ],
    ids=["cancelled", "set to cancelled", "deleted", "lost", "expired"],
)
def test_each_end_of_an_order_is_told_to_its_customer(end: Callable[[Order], Any], settings: Any) -> None:
    settings.PENDING_ORDER_HOURS = 1
    order = make_order()
    mails_that_follow()
    mail.outbox.clear()

    end(order)

    assert mails_that_follow() == [f"Your order {order.number} is cancelled"]
