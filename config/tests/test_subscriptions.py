from procrastinate.contrib.django import app

from config.subscriptions import SUBSCRIPTIONS


def test_every_subscribed_job_is_known_to_the_worker_and_tries_again_when_it_fails() -> None:
    for kind, tasks in SUBSCRIPTIONS.items():
        for task in tasks:
            assert app.tasks[task.name] is task, kind
            assert task.retry_strategy is not None, task.name


def test_the_jobs_that_run_by_the_clock() -> None:
    periodic = {name for name, _ in app.periodic_registry.periodic_tasks}

    assert periodic == {
        "accounts.tasks.purge_sessions",
        "api.tasks.purge_idempotency_keys",
        "events.tasks.remove_failed_jobs",
        "events.tasks.retry_stalled_jobs",
        "inventory.tasks.expire_holds",
        "inventory.tasks.mail_stock_digest",
        "orders.tasks.cancel_overdue_orders",
    }
