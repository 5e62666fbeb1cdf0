"""The worker's loop that sends webhooks: it claims what is due, sends it in a few threads, and notes what came of it.

The threads speak to receivers and not to the database, so that all of them together need one connection to it. While
the database is away the loop waits for it, and keeps the answers that are not noted yet.
"""

import logging
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from database.refusals import Busy
from events.webhooks.client import post
from events.webhooks.deliveries import Claim, Outcome, claim, note
from events.webhooks.signing import headers_of

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
AWAY_SECONDS = 1.0


def send(claimed: Claim) -> Outcome:
    """Send a delivery, and tell what came of it."""
    at = timezone.now()
    headers = headers_of(claimed.message_id, claimed.body, claimed.secrets)
    answer = post(claimed.url, claimed.body, headers, seconds=settings.WEBHOOK_TIMEOUT_SECONDS)
    return Outcome(claimed, answer, at)


def run(concurrency: int, stop: threading.Event) -> None:
    """Send webhooks, so many at a time, until `stop` is set and those that are under way have their answers."""
    sending: dict[Future[Outcome], Claim] = {}
    away = False
    with ThreadPoolExecutor(concurrency, thread_name_prefix="webhook") as threads:
        while sending or not stop.is_set():
            try:
                if answered := [future for future in sending if future.done()]:
                    note([future.result() for future in answered])
                    for future in answered:
                        del sending[future]
                if not stop.is_set():
                    for claimed in claim_for(concurrency, list(sending.values())):
                        sending[threads.submit(send, claimed)] = claimed
                away = False
            except (OperationalError, InterfaceError, Busy) as error:
                if not away:
                    logger.warning("webhooks wait for the database: %s", type(error).__name__)
                connection.close()
                away = True
                if stop.is_set():
                    break  # what is not noted is sent again
                stop.wait(AWAY_SECONDS)
                continue
            if sending:
                wait(sending, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            else:
                stop.wait(POLL_SECONDS)
    connection.close()


def claim_for(concurrency: int, under_way: list[Claim]) -> list[Claim]:
    """Claim as many deliveries as there are threads without work.

    However many endpoints fail, half of the threads are for those that do not; and no endpoint gets all of the threads.
    """
    if len(under_way) >= concurrency:
        return []
    failing = max(1, concurrency // 2) - sum(one.is_failing for one in under_way)
    return claim(concurrency - len(under_way), per_endpoint=max(1, concurrency - 1), failing=failing)
