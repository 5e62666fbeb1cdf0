"""Addresses of payments, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from payments.notifications import notified
from payments.views import PaymentViewSet, ProviderViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("payments", ProviderViewSet, basename="payment-provider")
router.register("orders/<id:order_id>/payments", PaymentViewSet, basename="payment")

urlpatterns = [*router.urls, path("payments/<slug:provider>/notifications", notified, name="payment-notifications")]
