"""Carts over HTTP: whose cart it is, and what the verbs of the services answer."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from accounts.authentication import actor_of
from api.addresses import client_address, origin_of
from api.idempotency import keyed, run_once
from api.serializers import body_of
from api.views import ViewSet, expected_version, refuses
from checkout import services
from checkout.callers import Caller, source_of
from checkout.exceptions import (
    CartNotOpen,
    HoldLimit,
    NotEnoughToHold,
    QuantityTooHigh,
    RequirementsMissing,
    TooManyLines,
    UnknownArticle,
)
from checkout.facts import Facts, read_cart
from checkout.figures import figures_of, offers_of, rules_now
from checkout.serializers.bodies import (
    ARTICLE_NAMES,
    CartChangesBody,
    CartLineBody,
    CartLineChangesBody,
    OpenCartBody,
)
from checkout.serializers.documents import (
    CartSerializer,
    NewCartSerializer,
    OfferSerializer,
    cart_document,
    offer_document,
)
from checkout.throttles import CartThrottle
from checkout.tokens import opens, token_of
from database.refusals import FieldError, Invalid, NotFound
from events.actors import VISITOR

TOKEN = OpenApiParameter(
    "X-Cart-Token", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The token of a guest's cart."
)


class CartViewSet(ViewSet):
    """Guests and customers fill carts, and staff fill them for customers. A cart of somebody else does not exist."""

    permission_classes = [AllowAny]
    serializer_class = CartSerializer
    lookup_url_kwarg = "cart_id"
    lookup_value_converter = "uuid"

    def get_throttles(self) -> list[BaseThrottle]:
        """New carts have a limit of their own."""
        return [CartThrottle()] if self.action == "create" else super().get_throttles()

    @extend_schema(
        operation_id="openCart",
        summary="Open a cart",
        description="A guest gets a new cart and its token, which is sent back as `X-Cart-Token`. A customer has one "
        "cart: if there is one, it is answered with 200. Staff name the customer whom they serve.",
        request=OpenCartBody,
        responses={200: NewCartSerializer, 201: NewCartSerializer},
    )
    @refuses("not_for_customers", "unknown_customer")
    @keyed
    def create(self, request: Request) -> HttpResponse:
        """Open a cart, or find the caller's own."""
        caller, user_id = self.caller(), body_of(request, OpenCartBody).get("user_id")
        if user_id is not None and not caller.serves:
            error = FieldError("user_id", "not_for_customers", "Only staff open carts for others.")
            raise Invalid("A customer's cart is the customer's own.", code=error.code, errors=[error])
        return run_once(
            request,
            lambda: services.open_cart(caller=caller, user_id=user_id),
            lambda opened: self.document(opened[0]),
            status=lambda opened: 201 if opened[1] else 200,
            owner="" if caller.user_id else f"visitor:{caller.source}",
            reveal=with_token,
        )

    @extend_schema(operation_id="getCart", summary="A cart as it is now", parameters=[TOKEN], responses=CartSerializer)
    def retrieve(self, request: Request, cart_id: UUID) -> Response:
        """A cart with live prices, stock and totals."""
        return Response(self.document(read_cart(cart_id, self.caller())))

    @extend_schema(
        operation_id="updateCart",
        summary="Say who orders, where it goes and how",
        parameters=[TOKEN],
        request=CartChangesBody,
        responses=CartSerializer,
    )
    @refuses(CartNotOpen)
    def partial_update(self, request: Request, cart_id: UUID) -> Response:
        """Change what the body names."""
        changes = body_of(request, CartChangesBody)
        cart = services.change_cart(
            cart_id=cart_id, caller=self.caller(), changes=changes, expected_version=expected_version(request)
        )
        return Response(self.document(cart))

    @extend_schema(operation_id="deleteCart", summary="Give up a cart", parameters=[TOKEN], responses={204: None})
    @refuses(CartNotOpen)
    def destroy(self, request: Request, cart_id: UUID) -> Response:
        """Delete a cart that was not placed, and give back what it holds."""
        services.delete_cart(cart_id=cart_id, caller=self.caller(), expected_version=expected_version(request))
        return Response(status=204)

    @extend_schema(
        operation_id="addCartLine",
        summary="Put an article into a cart",
        description="Units of an article that is there already add up. The answer is the whole cart.",
        parameters=[TOKEN],
        request=CartLineBody,
        responses=CartSerializer,
    )
    @action(detail=True, methods=["post"])
    @refuses(UnknownArticle, "variant_required", CartNotOpen, TooManyLines, QuantityTooHigh, NotEnoughToHold)
    @keyed
    def lines(self, request: Request, cart_id: UUID) -> HttpResponse:
        """Add units of an article."""
        body, caller = body_of(request, CartLineBody), self.caller()
        named_by = next(name for name in ARTICLE_NAMES if name in body)
        return self.run_once(
            cart_id,
            caller,
            lambda: services.add_line(
                cart_id=cart_id, caller=caller, named_by=named_by, article=body[named_by], quantity=body["quantity"]
            ),
        )

    @extend_schema(
        operation_id="updateCartLine",
        summary="Change how much of an article a cart has",
        parameters=[TOKEN],
        request=CartLineChangesBody,
        responses=CartSerializer,
    )
    @action(detail=True, methods=["patch"], url_path="lines/<id:line_id>")
    @refuses(CartNotOpen, NotEnoughToHold)
    def line(self, request: Request, cart_id: UUID, line_id: int) -> Response:
        """Let a line have so many units."""
        cart = services.set_quantity(
            cart_id=cart_id,
            line_id=line_id,
            caller=self.caller(),
            quantity=body_of(request, CartLineChangesBody)["quantity"],
            expected_version=expected_version(request),
        )
        return Response(self.document(cart))

    @extend_schema(
        operation_id="removeCartLine",
        summary="Take an article off a cart",
        parameters=[TOKEN],
        responses=CartSerializer,
    )
    @line.mapping.delete
    @refuses(CartNotOpen)
    def remove_line(self, request: Request, cart_id: UUID, line_id: int) -> Response:
        """Take a line off the cart."""
        cart = services.remove_line(
            cart_id=cart_id, line_id=line_id, caller=self.caller(), expected_version=expected_version(request)
        )
        return Response(self.document(cart))

    @extend_schema(
        operation_id="listShippingMethods",
        summary="How a cart can be shipped to its address",
        parameters=[TOKEN],
        responses=OfferSerializer(many=True),
    )
    @action(detail=True, url_path="shipping-methods", pagination_class=None)
    def shipping_methods(self, request: Request, cart_id: UUID) -> Response:
        """The methods that lead to the cart's address with its lines, and their prices."""
        cart = read_cart(cart_id, self.caller())
        return Response([offer_document(offer) for offer in offers_of(cart, rules_now())])

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

    def caller(self) -> Caller:
        """Who asks."""
        user = self.request.user
        return Caller(
            actor=actor_of(self.request) if user.is_authenticated else VISITOR,
            token=self.request.META.get("HTTP_X_CART_TOKEN", ""),
            source=source_of(client_address(self.request)),
            serves=user.is_authenticated and user.is_staff and user.has_perm("checkout.change_cart"),
        )

    def run_once(self, cart_id: UUID, caller: Caller, work: Callable[[], Facts]) -> HttpResponse:
        """Answer a POST that changes a cart with the whole cart, once for each key.

        The key belongs to the user, or to the guest's cart: whoever does not show the cart's token reads no first
        answer. Refuses NotFound then.
        """
        if caller.user_id is None and not opens(caller.token, cart_id):
            raise NotFound("There is no such cart.")
        owner = "" if caller.user_id else f"cart:{cart_id}"
        return run_once(self.request, work, self.document, status=200, owner=owner)

    def document(self, cart: Facts) -> dict[str, Any]:
        """The document of a cart, by the rules of now."""
        return cart_document(cart, figures_of(cart, rules_now()), origin_of(self.request))


def with_token(document: dict[str, Any]) -> dict[str, Any]:
    """The document of a cart that was opened; that of a guest with its token."""
    if document["user_id"] is not None:
        return document
    return document | {"token": token_of(UUID(document["cart_id"]))}
