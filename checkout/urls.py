"""Addresses of carts, below /api/v1/."""

from rest_framework.routers import SimpleRouter

from checkout.views import CartViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("carts", CartViewSet, basename="cart")
urlpatterns = router.urls
