"""Orders over HTTP: placing, reading, moving on and cancelling them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import user_of
from api.idempotency import keyed, run_once, run_once_drafted
from api.pagination import Keyset, KeysetPagination
from api.serializers import body_of, document_of, kept
from api.views import expected_version, refuses
from database.refusals import VersionMismatch
from database.transactions import one_moment
from events.actors import actor_of
from orders import services
from orders.exceptions import (
    IllegalTransition,
    InsufficientStock,
    NotDeletable,
    NotOnHand,
    PartlyShipped,
    QuantityLimitExceeded,
    ShippingBlocked,
    TooManyPendingOrders,
    UnknownArticle,
)
from orders.filters import OrderFilterSet, OrderListFilters
from orders.models import Order
from orders.my_orders import page_of_own
from orders.serializers.bodies import CancelBody, PlaceOrderBody, StatusBody
from orders.serializers.documents import HistorySerializer, OrderSerializer, StaffHistorySerializer
from orders.views.callers import TOKEN, MayChange, SeesOrders, order_document
from orders.views.changes import OrderChanges, refuse_message
from pricing.exceptions import CouponNotValid


class OrderViewSet(OrderChanges):
    """Customers place, read and cancel orders of their own. What staff may do depends on their permissions.

    A guest reads and cancels an order by its token. An order that the caller may not see does not exist for the caller:
    the answer is 404.
    """

    keyset = Keyset(("order_date", "id"), (datetime, int), descending=True)
    filterset_class = OrderFilterSet
    serializer_class = OrderSerializer
    scopes = {
        **dict.fromkeys(("retrieve", "history", "revisions"), "orders:read"),
        **dict.fromkeys(("destroy", "cancel", "partial_update", "line", "remove_line"), "orders:write"),
    }
    lookup_url_kwarg = "order_id"
    lookup_value_converter = "id"
    by_token = ("retrieve", "history", "cancel", "partial_update", "line", "remove_line", "revisions")

    def get_permissions(self) -> Sequence[Any]:
        """The list of all orders is for staff who may see orders. Other actions name their own permissions."""
        return [SeesOrders()] if self.action == "list" else super().get_permissions()

    @extend_schema(
        operation_id="listOrders", summary="Orders of all customers, newest first", responses=OrderSerializer(many=True)
    )
    def list(self, request: Request) -> Response:
        """The orders that have not been deleted, newest first."""
        shown = self.filterset.shown
        document = kept(OrderSerializer).document
        with one_moment():
            page = self.paginate_queryset(self.filter_queryset(Order.objects.visible().with_lines(shown)))
            return self.get_paginated_response([document(order, shown) for order in page or ()])

    @extend_schema(
        operation_id="placeOrder", summary="Place an order", request=PlaceOrderBody, responses={201: OrderSerializer}
    )
    @refuses(
        UnknownArticle,
        "variant_required",
        "unknown_country",
        InsufficientStock,
        TooManyPendingOrders,
        QuantityLimitExceeded,
        CouponNotValid,
    )
    @keyed
    def create(self, request: Request) -> HttpResponse:
        """Place an order for the caller."""
        body = body_of(request, PlaceOrderBody)
        user, actor, lines = user_of(request), actor_of(request), body.pop("order_items")
        shipping = services.shipping_of(user, body)
        return run_once_drafted(
            request,
            lambda drafted: services.place_order(
                buyer=services.Buyer(user.pk), lines=lines, shipping=shipping, actor=actor, drafted=drafted
            ),
            kept(OrderSerializer).to_representation,
        )

    @extend_schema(operation_id="getOrder", summary="One order", parameters=[TOKEN], responses=OrderSerializer)
    def retrieve(self, request: Request, order_id: int) -> Response:
        """One order."""
        with one_moment():
            return Response(document_of(OrderSerializer, self.seen(order_id).with_lines().one(order_id)))

    @extend_schema(
        operation_id="deleteOrder", summary="Delete an order that has not been shipped", responses={204: None}
    )
    @refuses(NotDeletable, PartlyShipped, VersionMismatch)
    def destroy(self, request: Request, order_id: int) -> Response:
        """Take an order out of the API and give its stock back."""
        owner_id = self.owner_for(order_id, "orders.delete_order")
        services.delete_order(
            order_id=order_id,
            actor=actor_of(request),
            owner_id=owner_id,
            expected_version=expected_version(request),
        )
        return Response(status=204)

    @extend_schema(
        operation_id="listMyOrders", summary="One's own orders, newest first", responses=OrderSerializer(many=True)
    )
    @action(detail=False, url_path="my-orders", filterset_class=OrderListFilters)
    def my_orders(self, request: Request) -> Response:
        """The orders of the caller that have not been deleted, newest first."""
        user_id = user_of(request).pk
        page = page_of_own(user_id, self.keyset, self.filterset.values, self.filterset.shown)
        # The queryset is built when the client asks for a count: building one takes 0.3 ms.
        rows = cast(KeysetPagination, self.paginator).take(page, self, lambda: Order.objects.of(user_id).count())
        return self.get_paginated_response([row.document for row in rows])

    @extend_schema(
        operation_id="setOrderStatus",
        summary="Move an order on, or cancel it",
        request=StatusBody,
        responses=OrderSerializer,
    )
    @action(detail=True, methods=["put"], url_path="status", permission_classes=[MayChange])
    @refuses(IllegalTransition, NotOnHand, PartlyShipped, ShippingBlocked)
    def set_status(self, request: Request, order_id: int) -> Response:
        """Give an order another status."""
        services.set_status(
            order_id=order_id,
            status=body_of(request, StatusBody)["status"],
            actor=actor_of(request),
            expected_version=expected_version(request),
        )
        return Response(order_document(order_id))

    @extend_schema(
        operation_id="cancelOrder",
        summary="Cancel an order and give its stock back",
        parameters=[TOKEN],
        request=CancelBody,
        responses=OrderSerializer,
    )
    @action(detail=True, methods=["post"])
    @refuses(IllegalTransition, PartlyShipped)
    @keyed
    def cancel(self, request: Request, order_id: int) -> HttpResponse:
        """Cancel an order."""
        words = body_of(request, CancelBody)
        asker, version = self.asker(order_id), expected_version(request)
        refuse_message(words, asker)

        def cancel() -> dict[str, Any]:
            services.cancel_order(order_id=order_id, expected_version=version, **asker, **words)
            return order_document(order_id)

        return run_once(request, cancel, lambda document: document, status=200, owner=self.owner_of_key(order_id))

    @extend_schema(
        operation_id="getOrderHistory",
        summary="What happened to an order",
        parameters=[TOKEN],
        responses=HistorySerializer(many=True),
    )
    @action(detail=True, pagination_class=None)
    def history(self, request: Request, order_id: int) -> Response:
        """The steps of an order, oldest first."""
        order = self.seen(order_id).one(order_id)
        serializer = StaffHistorySerializer if self.serves("orders.view_order") else HistorySerializer
        return Response([document_of(serializer, step) for step in order.history.all()])
