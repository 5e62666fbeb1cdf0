"""Addresses of carts, below /api/v1/."""

from rest_framework.routers import SimpleRouter

from checkout.views.carts import CartViewSet
from checkout.views.checkout import CheckoutViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("carts", CartViewSet, basename="cart")
router.register("carts", CheckoutViewSet, basename="checkout")
urlpatterns = router.urls
