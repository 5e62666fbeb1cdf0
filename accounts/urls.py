"""Addresses of people and sessions, below /api/v1/."""

from rest_framework.routers import SimpleRouter

from accounts.views import PasswordResetViewSet, SessionViewSet, UserViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("users/password-reset", PasswordResetViewSet, basename="password-reset")
router.register("users", SessionViewSet, basename="session")
router.register("users", UserViewSet, basename="user")

urlpatterns = router.urls
