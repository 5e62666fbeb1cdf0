"""Addresses of the feed, below /api/v1/."""

from rest_framework.routers import SimpleRouter

from events.views import FeedViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("events", FeedViewSet, basename="event")
urlpatterns = router.urls
