"""The background work of carts: what is abandoned, and what is old."""

from procrastinate.contrib.django import app

from checkout import services
from events.actors import WORKER


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="abandon_carts")
def abandon_carts(timestamp: int) -> None:
    """Mark the carts that nobody has touched for a while."""
    while services.abandon_carts(actor=WORKER):
        pass


@app.periodic(cron="27 3 * * *")
@app.task(queueing_lock="delete_old_carts")
def delete_old_carts(timestamp: int) -> None:
    """Delete the carts that nobody comes back to."""
    services.delete_old_carts()
