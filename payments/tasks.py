"""The background work of payments: calls, notifications, what follows from a change of an order, and the clock."""

from typing import Any

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from payments import services
from payments.providers.calls import patient
from payments.providers.snapshot import ProviderRefused, ProviderUnknown

# What gets no answer is asked again by the reconciler, at the latest after a minute.
QUEUE = "payments"
# After an error of ours.
AGAIN = RetryStrategy(max_attempts=10, exponential_wait=3)


@app.task(queue=QUEUE, retry=AGAIN)
def carry_out(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Make the call that was written down, unless somebody made it meanwhile."""
    with patient():
        services.carry_on([payload["operation_id"]])


@app.task(queue=QUEUE, retry=AGAIN)
def look_into(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Look at the payment that a notification speaks of."""
    with patient():
        try:
            services.look_into(payload["notification_id"])
        except (ProviderUnknown, ProviderRefused):
            return  # it stays in the inbox


@app.task(queue=QUEUE, retry=AGAIN)
def settle_order(event_id: int, kind: str, payload: dict[str, Any]) -> None:
    """Let the money follow an order that was changed. The calls are jobs of their own."""
    services.settle_order(payload["order_id"])


@app.periodic(cron="* * * * *")
@app.task(queue=QUEUE, queueing_lock="reconcile_payments")
def reconcile(timestamp: int) -> None:
    """Finish what was left half done, and look at the payments whose time has come."""
    with patient():
        services.reconcile()


@app.periodic(cron="41 2 * * *")
@app.task(queue=QUEUE, queueing_lock="compare_payments")
def compare(timestamp: int) -> None:
    """Compare the books of the providers with ours."""
    with patient():
        services.compare()
