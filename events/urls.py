"""Addresses of the feed and of webhooks, below /api/v1/."""

from rest_framework.routers import SimpleRouter

from events.views import FeedViewSet
from events.webhooks.views import DeliveryViewSet, WebhookViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("events", FeedViewSet, basename="event")
router.register("webhooks", WebhookViewSet, basename="webhook")
router.register("webhooks/<id:webhook_id>/deliveries", DeliveryViewSet, basename="webhook-delivery")
urlpatterns = router.urls
