"""The feed over HTTP, for staff: what happened, in one sequence without gaps."""

from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.pagination import page_size_of
from api.permissions import requires
from api.serializers import document_of
from api.views import ViewSet
from api.waiting import wait_for_news
from events.feed import read_page
from events.filters import FeedFilters
from events.serializers import FeedSerializer


class FeedViewSet(ViewSet):
    """The journal as a feed."""

    permission_classes = [requires("events.view_event")]
    serializer_class = FeedSerializer
    filterset_class = FeedFilters
    pagination_class = None  # type: ignore[assignment]  # a reader remembers one number

    @extend_schema(
        operation_id="listEvents",
        summary="What happened, in one sequence without gaps",
        description=(
            "A reader that remembers `next_after` misses nothing and reads nothing twice: an event that is committed "
            "late gets a later position. A page of few `types` may be empty and lead on; read until `next_after` is "
            "`newest`. With `wait` the answer comes as soon as there is an event, or after so many seconds."
        ),
        responses=forced_singular_serializer(FeedSerializer),
    )
    def list(self, request: Request) -> Response:
        """The events behind a position."""
        asked = self.filterset.values
        page = read_page(asked["after"], asked.get("types", ()), page_size_of(asked))
        if not page.rows and page.next_after >= page.newest:
            wait_for_news(asked["wait"], seen=page.newest)
        return Response(document_of(FeedSerializer, page))
