"""Addresses of the catalog, below /api/v1/."""

from typing import Any

from django.urls import path
from rest_framework.routers import SimpleRouter

from catalog.views.categories import CategoryViewSet
from catalog.views.parts import ImageViewSet, VariantViewSet
from catalog.views.prices import PlannedPriceViewSet, PriceHistoryViewSet
from catalog.views.products import ProductViewSet
from catalog.views.waiting import OwnStockNotificationViewSet, StockNotificationViewSet

PRODUCT: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
VARIANT = "products/<id:product_id>/variants/<id:variant_id>"

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("products", ProductViewSet, basename="product")
router.register("products/<id:product_id>/variants", VariantViewSet, basename="variant")
router.register(f"{VARIANT}/planned-prices", PlannedPriceViewSet, basename="planned-price")
router.register(f"{VARIANT}/price-history", PriceHistoryViewSet, basename="price-history")
router.register("products/<id:product_id>/images", ImageViewSet, basename="image")
router.register("categories", CategoryViewSet, basename="category")

urlpatterns = [
    *router.urls,
    # A product is found by its slug too. OpenAPI has no place for two paths of one shape, so the description has one.
    path("products/<slug:slug>", ProductViewSet.as_view(PRODUCT, schema=None)),
    path(f"{VARIANT}/stock-notifications", StockNotificationViewSet.as_view({"post": "create"})),
    path("stock-notifications/confirm", StockNotificationViewSet.as_view({"post": "confirm"})),
    path("stock-notifications/cancel", StockNotificationViewSet.as_view({"post": "cancel"})),
    path("users/me/stock-notifications", OwnStockNotificationViewSet.as_view({"get": "list"})),
    path(
        "users/me/stock-notifications/<id:notification_id>", OwnStockNotificationViewSet.as_view({"delete": "destroy"})
    ),
]
