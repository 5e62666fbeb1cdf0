"""Addresses of people, sessions and keys, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from accounts.views.addresses import OwnAddressViewSet
from accounts.views.api_keys import ApiKeyViewSet
from accounts.views.countries import CountryViewSet
from accounts.views.people import (
    EmailConfirmationViewSet,
    OwnEmailConfirmationViewSet,
    PasswordResetViewSet,
    UserViewSet,
)
from accounts.views.sessions import OwnSessionViewSet, SessionViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("api-keys", ApiKeyViewSet, basename="api-key")
router.register("countries", CountryViewSet, basename="country")
router.register("users/password-reset", PasswordResetViewSet, basename="password-reset")
router.register("users", SessionViewSet, basename="session")
router.register("users", UserViewSet, basename="user")

urlpatterns = [
    path("users/confirm-email", EmailConfirmationViewSet.as_view({"post": "create"})),
    path("users/me/confirm-email", OwnEmailConfirmationViewSet.as_view({"post": "create"})),
    path("users/me/sessions", OwnSessionViewSet.as_view({"get": "list", "delete": "destroy_others"})),
    path("users/me/sessions/<uuid:session_id>", OwnSessionViewSet.as_view({"delete": "destroy"})),
    path("users/me/addresses", OwnAddressViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "users/me/addresses/<id:address_id>",
        OwnAddressViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    *router.urls,
]
