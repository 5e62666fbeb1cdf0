"""From a cart to an order over HTTP: stock is held, the guest logs in, the order is placed."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

import orders.tokens
from api.idempotency import keyed, run_once_drafted
from api.serializers import NoBody, body_of, kept
from api.views import refuses
from checkout import services
from checkout.exceptions import (
    CartChanged,
    CartNotOpen,
    HoldLimit,
    NotEnoughToHold,
    RequirementsMissing,
    TooManyLines,
)
from checkout.serializers.bodies import (
    PlaceCartBody,
)
from checkout.serializers.documents import (
    CartOrderSerializer,
    CartSerializer,
)
from checkout.services import Placing
from checkout.views.base import TOKEN, CartBase
from orders.exceptions import InsufficientStock, QuantityLimitExceeded, TooManyPendingOrders
from orders.serializers.documents import OrderSerializer
from pricing.exceptions import CouponNotValid


class CheckoutViewSet(CartBase):
    """Whoever may use a cart takes it to the end."""

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
        body_of(request, NoBody)
        caller = self.caller()
        return self.run_once(cart_id, caller, lambda: services.hold_cart(cart_id=cart_id, caller=caller))

    @extend_schema(
        operation_id="placeCart",
        summary="Order what is in a cart",
        description="At the total that the customer has seen. A guest is given `order_token`, which opens the order as "
        "`X-Order-Token`. A cart that was placed answers its order, with 200.",
        parameters=[TOKEN],
        request=PlaceCartBody,
        responses={200: CartOrderSerializer, 201: CartOrderSerializer},
    )
    @action(detail=True, methods=["post"])
    @refuses(
        *(CartNotOpen, RequirementsMissing, CartChanged, InsufficientStock, CouponNotValid),
        *(QuantityLimitExceeded, TooManyPendingOrders),
    )
    @keyed
    def place(self, request: Request, cart_id: UUID) -> HttpResponse:
        """Make an order of the cart."""
        body, caller = body_of(request, PlaceCartBody), self.caller()
        return run_once_drafted(
            request,
            lambda drafted: services.place_cart(
                cart_id=cart_id, caller=caller, drafted=lambda order: drafted(Placing(order, is_new=True)), **body
            ),
            lambda placing: kept(OrderSerializer).to_representation(placing.order),
            status=lambda placing: 201 if placing.is_new else 200,
            owner=self.owner_of_key(cart_id, caller),
            reveal=with_order_token,
        )

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
        body_of(request, NoBody)
        caller = self.caller()
        return self.run_once(cart_id, caller, lambda: services.claim_cart(cart_id=cart_id, caller=caller))


def with_order_token(document: dict[str, Any]) -> dict[str, Any]:
    """The document of an order that was placed; that of a guest with its token."""
    if document["user_id"] is not None:
        return document
    return document | {"order_token": orders.tokens.token_of(document["order_id"], document["number"])}
