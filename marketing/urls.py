"""Addresses of consents, below /api/v1/."""

from django.urls import path

from marketing.views import NewsletterViewSet, OwnPreferencesViewSet

urlpatterns = [
    path("users/me/preferences", OwnPreferencesViewSet.as_view({"get": "retrieve", "patch": "partial_update"})),
    path("newsletter", NewsletterViewSet.as_view({"get": "retrieve"})),
    path("newsletter/subscribe", NewsletterViewSet.as_view({"post": "subscribe"})),
    path("newsletter/confirm", NewsletterViewSet.as_view({"post": "confirm"})),
    path("newsletter/unsubscribe", NewsletterViewSet.as_view({"post": "unsubscribe"})),
]
