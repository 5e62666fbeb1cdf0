"""What of money staff and operators have to look at: counts, ages and dates, in few statements."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Min

from database.rows import fetch_rows
from payments import providers
from payments.models import Dispute, Payment

# An operation that nobody knows the end of for so long shows that its provider, or the worker, stands still.
STUCK_AFTER = timedelta(minutes=15)
# Each of these reads an index that has the open rows alone.
OPEN = """
select o.number, o.oldest, n.number, n.oldest,
       (select count(*) from payments_payment where review <> ''),
       (select count(*) from payments_dispute where status = 'open')
from (
    select count(*) as number,
           coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as oldest
    from payments_operation where state = 'intended'
) o, (
    select count(*) as number,
           coalesce(extract(epoch from clock_timestamp() - min(received_at)), 0)::float8 as oldest
    from payments_notification where handled_at is null
) n
"""


class Attention(NamedTuple):
    """The payments that a person has to look at, and of the disputes that are to be answered the nearest date."""

    number: int
    disputes: int
    due_by: datetime | None


def attention() -> Attention | None:
    """What staff have to look at. None in a shop that takes no money and has nothing to look at."""
    number = Payment.objects.needing_people().count()
    if not number and not providers.configured():
        return None
    return Attention(number, **Dispute.objects.open().aggregate(disputes=Count("pk"), due_by=Min("due_by")))


def open_work() -> dict[str, Any]:
    """What is under way at the providers, what they have said and nobody has looked into, and what waits for people.

    Ages are in seconds, those of the oldest; 0 where there is none.
    """
    [row] = fetch_rows(OPEN, {})
    operations, oldest_operation, notifications, oldest_notification, to_review, disputes = row
    return {
        "open_operations": operations,
        "oldest_operation_seconds": round(max(0.0, oldest_operation), 1),
        "unhandled_notifications": notifications,
        "oldest_notification_seconds": round(max(0.0, oldest_notification), 1),
        "payments_to_review": to_review,
        "open_disputes": disputes,
    }


def state_of_providers(work: Mapping[str, Any] | None = None) -> str:
    """Whether what was asked of the providers gets its answer in time: "ok", or "stuck" where it does not.

    `work` is what `open_work` has found, for those who have asked already.
    """
    if (work or open_work())["oldest_operation_seconds"] > STUCK_AFTER.total_seconds():
        return "stuck"
    return "ok" if providers.configured() else "not configured"
