import pytest
from django.core import mail
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from config.subscriptions import SUBSCRIPTIONS
from events import dispatcher
from orders.tests.factories import make_order


def test_every_subscribed_job_is_known_to_the_worker_and_tries_again_when_it_fails() -> None:
    for kind, tasks in SUBSCRIPTIONS.items():
        for task in tasks:
            assert app.tasks[task.name] is task, kind
            assert task.retry_strategy is not None, task.name


def test_the_jobs_that_run_by_the_clock() -> None:
    periodic = {name for name, _ in app.periodic_registry.periodic_tasks}

    assert periodic == {
        "accounts.tasks.erase_leavers",
        "accounts.tasks.purge_sessions",
        "api.tasks.purge_idempotency_keys",
        "events.tasks.remove_failed_jobs",
        "events.tasks.retry_stalled_jobs",
        "inventory.tasks.expire_holds",
        "inventory.tasks.mail_stock_digest",
        "orders.tasks.add_up_figures",
        "orders.tasks.cancel_overdue_orders",
        "staff.tasks.purge_posted_forms",
    }


@pytest.mark.django_db
def test_a_customer_whose_order_is_shipped_has_three_mails() -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")
    order = make_order(status="shipped")

    dispatcher.dispatch(SUBSCRIPTIONS)
    for job in ProcrastinateJob.objects.order_by("id"):
        app.tasks[job.task_name](**job.args)

    assert [message.subject for message in mail.outbox] == [
        f"Your order {order.number} has reached us",
        f"Your order {order.number} is confirmed",
        f"Your order {order.number} is on its way",
    ]
