"""Addresses of the catalog, below /api/v1/."""

from typing import Any

from django.urls import path
from rest_framework.routers import SimpleRouter

from catalog.views.categories import CategoryViewSet
from catalog.views.parts import ImageViewSet, VariantViewSet
from catalog.views.prices import PlannedPriceViewSet, PriceHistoryViewSet
from catalog.views.products import ProductViewSet

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
]
