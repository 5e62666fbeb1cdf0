"""Addresses of consents, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from marketing.views import NewsletterViewSet, OwnPreferencesViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("newsletter", NewsletterViewSet, basename="newsletter")

urlpatterns = [
    path("users/me/preferences", OwnPreferencesViewSet.as_view({"get": "retrieve", "patch": "partial_update"})),
    *router.urls,
]
