"""Addresses of invoices, below /api/v1/."""

from rest_framework.routers import SimpleRouter

from invoicing.views import InvoiceViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("orders/<id:order_id>/invoices", InvoiceViewSet, basename="invoice")

urlpatterns = router.urls
