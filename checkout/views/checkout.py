"""On the way to an order over HTTP: stock is held, and the guest logs in."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from api.idempotency import keyed
from api.views import refuses
from checkout import services
from checkout.exceptions import (
    CartNotOpen,
    HoldLimit,
    NotEnoughToHold,
    RequirementsMissing,
    TooManyLines,
)
from checkout.serializers.documents import (
    CartSerializer,
)
from checkout.views.base import TOKEN, CartBase


class CheckoutViewSet(CartBase):
    """Whoever may use a cart goes on with it."""

    @extend_schema(
        operation_id="holdCart",
        summary="Keep the stock of a cart for a while",
        description="For `CART_HOLD_MINUTES` from now; again: from then on.",
        parameters=[TOKEN],
        request=None,
        responses=CartSerializer,
    )
    @action(detail=True, methods=["post"])
    @refuses(CartNotOpen, RequirementsMissing, NotEnoughToHold, HoldLimit)
    @keyed
    def hold(self, request: Request, cart_id: UUID) -> HttpResponse:
        """Hold the units of the cart."""
        caller = self.caller()
        return self.run_once(cart_id, caller, lambda: services.hold_cart(cart_id=cart_id, caller=caller))

    @extend_schema(
        operation_id="claimCart",
        summary="Take over the cart that one had before logging in",
        description="The caller is signed in and shows the cart's token. The answer is the cart that the caller has "
        "then: the guest's, or the caller's own with the guest's lines.",
        parameters=[TOKEN],
        request=None,
        responses=CartSerializer,
    )
    @action(detail=True, methods=["post"], permission_classes=[IsAuthenticated])
    @refuses(CartNotOpen, TooManyLines)
    @keyed
    def claim(self, request: Request, cart_id: UUID) -> HttpResponse:
        """Merge a guest's cart into one's own."""
        caller = self.caller()
        return self.run_once(cart_id, caller, lambda: services.claim_cart(cart_id=cart_id, caller=caller))
