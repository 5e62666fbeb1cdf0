"""Carts over HTTP: opened, filled, read and given up."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from api.idempotency import keyed, run_once
from api.serializers import body_of
from api.views import expected_version, refuses
from checkout import services
from checkout.exceptions import (
    CartNotOpen,
    NotEnoughToHold,
    QuantityTooHigh,
    TooManyCoupons,
    TooManyLines,
    UnknownArticle,
)
from checkout.facts import read_cart
from checkout.figures import offers_of
from checkout.serializers.bodies import (
    ARTICLE_NAMES,
    CartChangesBody,
    CartLineBody,
    CartLineChangesBody,
    CouponBody,
    OpenCartBody,
)
from checkout.serializers.documents import (
    CartSerializer,
    NewCartSerializer,
    OfferSerializer,
    offer_document,
)
from checkout.throttles import CartThrottle, CouponThrottle
from checkout.tokens import token_of
from checkout.views.base import TOKEN, CartBase
from database.refusals import FieldError, Invalid, VersionMismatch
from pricing.exceptions import CouponNotValid


class CartViewSet(CartBase):
    """Guests and customers fill carts, and staff fill them for customers."""

    def get_throttles(self) -> list[BaseThrottle]:
        """New carts and coupons have limits of their own."""
        own: dict[str, type[BaseThrottle]] = {"create": CartThrottle, "coupons": CouponThrottle}
        return [own[self.action]()] if self.action in own else super().get_throttles()

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
    @refuses(CartNotOpen, VersionMismatch)
    def destroy(self, request: Request, cart_id: UUID) -> Response:
        """Delete a cart that was neither placed nor merged, and give back what it holds."""
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
            quantity=body_of(request, CartLineChangesBody).get("quantity"),
            expected_version=expected_version(request),
        )
        return Response(self.document(cart))

    @extend_schema(
        operation_id="removeCartLine",
        summary="Take an article off a cart",
        parameters=[TOKEN],
        responses={200: CartSerializer},
    )
    @line.mapping.delete
    @refuses(CartNotOpen, VersionMismatch)
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
        return Response([offer_document(offer) for offer in offers_of(cart)])

    @extend_schema(
        operation_id="addCoupon",
        summary="Put a coupon into a cart",
        parameters=[TOKEN],
        request=CouponBody,
        responses=CartSerializer,
    )
    @action(detail=True, methods=["post"])
    @refuses(CartNotOpen, CouponNotValid, TooManyCoupons)
    @keyed
    def coupons(self, request: Request, cart_id: UUID) -> HttpResponse:
        """Add a coupon that counts."""
        code, caller = body_of(request, CouponBody)["code"], self.caller()
        return self.run_once(cart_id, caller, lambda: services.add_coupon(cart_id=cart_id, caller=caller, code=code))

    @extend_schema(
        operation_id="removeCoupon",
        summary="Take a coupon off a cart",
        parameters=[TOKEN],
        responses={200: CartSerializer},
    )
    @action(detail=True, methods=["delete"], url_path="coupons/<sku:code>")
    @refuses(CartNotOpen, VersionMismatch)
    def coupon(self, request: Request, cart_id: UUID, code: str) -> Response:
        """Take a coupon off the cart, if it has it."""
        cart = services.remove_coupon(
            cart_id=cart_id, caller=self.caller(), code=code, expected_version=expected_version(request)
        )
        return Response(self.document(cart))


def with_token(document: dict[str, Any]) -> dict[str, Any]:
    """The document of a cart that was opened; that of a guest with its token."""
    if document["user_id"] is not None:
        return document
    return document | {"token": token_of(UUID(document["cart_id"]))}
