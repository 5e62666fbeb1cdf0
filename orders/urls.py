"""Addresses of orders, below /api/v1/."""

from rest_framework.routers import SimpleRouter

from orders.views.fulfilments import FulfilmentViewSet
from orders.views.notes import LabelViewSet, NoteViewSet
from orders.views.orders import OrderViewSet
from orders.views.reports import OrderReportViewSet
from orders.views.returns import ReturnViewSet, WithdrawalViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("orders", OrderReportViewSet, basename="order-report")
router.register("orders", OrderViewSet, basename="order")
router.register("orders/<id:order_id>/fulfilments", FulfilmentViewSet, basename="fulfilment")
router.register("orders/<id:order_id>/fulfilments", LabelViewSet, basename="label")
router.register("orders/<id:order_id>/notes", NoteViewSet, basename="note")
router.register("orders/<id:order_id>/returns", ReturnViewSet, basename="return")
router.register("orders/<id:order_id>/withdrawal", WithdrawalViewSet, basename="withdrawal")

urlpatterns = router.urls
