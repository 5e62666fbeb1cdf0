"""The query string of the feed."""

from django.conf import settings

from api.fields import Choice, Integer
from api.filters import FilterSet, Parameter
from events.kinds import KINDS

LONGEST_WAIT = 30


class FeedFilters(FilterSet):
    """Where a reader stands, what it reads, and how long it waits for news."""

    after = Parameter(
        Integer(
            required=False,
            default=0,
            min_value=0,
            max_value=2**63 - 1_000_000,
            help_text="The last position that was read, or `next_after` of the answer before. 0: from the beginning.",
        )
    )
    types = Parameter(
        Choice(
            required=False,
            choices=sorted(KINDS),
            help_text="The kinds of events, with commas between them. All by default.",
        ),
        separated=True,
    )
    wait = Parameter(
        Integer(
            required=False,
            default=0,
            min_value=0,
            max_value=LONGEST_WAIT,
            help_text="For how many seconds to wait when there is nothing new.",
        )
    )
    page_size = Parameter(
        Integer(required=False, min_value=1, max_value=settings.MAX_PAGE_SIZE, help_text="Events per page.")
    )
