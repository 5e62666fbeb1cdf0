"""Addresses of stock, below /api/v1/."""

from rest_framework.routers import SimpleRouter

from inventory import views

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("inventory/items", views.ItemViewSet, basename="item")
router.register("inventory/movements", views.MovementViewSet, basename="movement")
router.register("inventory/alerts", views.AlertViewSet, basename="alert")
router.register("inventory/warehouses", views.WarehouseViewSet, basename="warehouse")
router.register("inventory", views.PostingViewSet, basename="posting")
urlpatterns = router.urls
