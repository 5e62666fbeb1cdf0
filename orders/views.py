"""Orders over HTTP: whose order it is, and what the verbs of services.py answer."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor_of, user_of
from api.idempotency import run_once, run_once_drafted
from api.old import PageQuery, View, page_document, page_of, page_size_of
from api.pagination import Keyset, cut_page, decode_cursor, page_links
from api.permissions import requires
from api.serializers import body_of
from api.views import expected_version
from database.refusals import NotFound
from orders import my_orders, services
from orders.bodies import read_order
from orders.models import Order, OrderQuerySet
from orders.serializers import (
    CancelBody,
    HistorySerializer,
    OrderSerializer,
    OrdersQuery,
    PlaceOrderBody,
    StatisticsSerializer,
    StatusBody,
    StockCheckQuery,
    StockCheckSerializer,
    UserStatisticsSerializer,
    placed_document,
)
from orders.statistics import order_statistics
from orders.stock_health import stock_check

NEWEST_FIRST = Keyset(("order_date", "id"), (datetime, int), descending=True)


def serves(request: Request, permission: str) -> bool:
    """Whether the caller is staff with this permission, and so acts for the shop and not for themselves."""
    return user_of(request).is_staff and user_of(request).has_perm(permission)


def orders_seen_by(request: Request) -> OrderQuerySet:
    """All orders for staff who may see them, one's own for everybody else; the rest does not exist."""
    if serves(request, "orders.view_order"):
        return Order.objects.visible()
    return Order.objects.of(user_of(request).pk)


def owner_for(request: Request, order_id: int, permission: str) -> int | None:
    """Whose order a change is limited to: the caller's own, or anybody's (None) for staff with the permission.

    Staff who see the order but may not do this to it are told so, unless it is their own.
    """
    user = user_of(request)
    if serves(request, permission):
        return None
    if serves(request, "orders.view_order") and not Order.objects.of(user.pk).filter(pk=order_id).exists():
        found(Order.objects.visible(), order_id)
        raise PermissionDenied
    return user.pk


def found(orders: QuerySet[Order], order_id: int) -> Order:
    order = orders.filter(pk=order_id).first()
    if order is None:
        raise NotFound("There is no such order.")
    return order


def order_documents(orders: list[Order]) -> list[dict[str, Any]]:
    return list(OrderSerializer(orders, many=True).data)


def order_document(order_id: int) -> dict[str, Any]:
    """An order as it is now, after a change that the caller was allowed to make."""
    return dict(OrderSerializer(Order.objects.with_lines().get(pk=order_id)).data)


class OrdersView(View):
    permission_classes = [requires(GET="orders.view_order")]

    @extend_schema(
        summary="Orders of all customers, newest first",
        parameters=[OrdersQuery],
        responses=page_of(OrderSerializer),
    )
    def get(self, request: Request) -> Response:
        query = OrdersQuery.of(request)
        orders = Order.objects.visible().with_lines().matching(query)
        return Response(page_document(request, orders, NEWEST_FIRST, query, order_documents))

    @extend_schema(
        summary="Place an order",
        request=PlaceOrderBody,
        responses={201: OrderSerializer},
    )
    def post(self, request: Request) -> HttpResponse:
        lines, shipping = read_order(request.data)
        user_id, actor = user_of(request).pk, actor_of(request)
        return run_once_drafted(
            request,
            lambda drafted: services.place_order(
                user_id=user_id, lines=lines, shipping=shipping, actor=actor, drafted=drafted
            ),
            placed_document,
        )


class MyOrdersView(View):
    @extend_schema(
        summary="One's own orders, newest first",
        parameters=[PageQuery],
        responses=page_of(OrderSerializer),
    )
    def get(self, request: Request) -> Response:
        query = PageQuery.of(request)
        cursor = decode_cursor(NEWEST_FIRST, query["cursor"]) if "cursor" in query else None
        size = page_size_of(query)
        rows = my_orders.read(user_of(request).pk, size + 1, cursor)
        page = cut_page(rows, size, cursor, lambda row: (row[0], row[1]))
        document: dict[str, Any] = {
            **page_links(request, NEWEST_FIRST, page),
            "results": [my_orders.document(row) for row in page.rows],
        }
        if query.get("count") == "exact":
            document["count"] = Order.objects.of(user_of(request).pk).count()
        return Response(document)


class OrderView(View):
    @extend_schema(summary="One order", responses=OrderSerializer)
    def get(self, request: Request, order_id: int) -> Response:
        return Response(OrderSerializer(found(orders_seen_by(request).with_lines(), order_id)).data)

    @extend_schema(summary="Delete an order that has not been shipped", responses={204: None})
    def delete(self, request: Request, order_id: int) -> Response:
        owner_id = owner_for(request, order_id, "orders.delete_order")
        services.delete_order(order_id=order_id, actor=actor_of(request), owner_id=owner_id)
        return Response(status=204)


class OrderStatusView(View):
    permission_classes = [requires("orders.change_order")]

    @extend_schema(
        summary="Move an order on, or cancel it",
        request=StatusBody,
        responses=OrderSerializer,
    )
    def put(self, request: Request, order_id: int) -> Response:
        status = body_of(request, StatusBody)["status"]
        services.set_status(
            order_id=order_id,
            status=status,
            actor=actor_of(request),
            expected_version=expected_version(request),
        )
        return Response(order_document(order_id))


class OrderCancelView(View):
    @extend_schema(
        summary="Cancel an order and give its stock back",
        request=CancelBody,
        responses=OrderSerializer,
    )
    def post(self, request: Request, order_id: int) -> HttpResponse:
        reason = body_of(request, CancelBody)["reason"]
        owner_id, actor = owner_for(request, order_id, "orders.change_order"), actor_of(request)

        def cancel() -> dict[str, Any]:
            services.cancel_order(order_id=order_id, actor=actor, reason=reason, owner_id=owner_id)
            return order_document(order_id)

        return run_once(request, cancel, lambda document: document, status=200)


class OrderHistoryView(View):
    @extend_schema(summary="What happened to an order", responses=HistorySerializer(many=True))
    def get(self, request: Request, order_id: int) -> Response:
        order = found(orders_seen_by(request), order_id)
        context = {"for_staff": serves(request, "orders.view_order")}
        return Response(HistorySerializer(order.history.all(), many=True, context=context).data)


class StatisticsView(View):
    permission_classes = [requires("orders.view_order")]

    @extend_schema(summary="Sales figures", responses=StatisticsSerializer)
    def get(self, request: Request) -> Response:
        return Response(order_statistics())


class UserStatisticsView(View):
    @extend_schema(summary="One's own figures", responses=UserStatisticsSerializer)
    def get(self, request: Request) -> Response:
        return Response(order_statistics(user_of(request).pk))


class StockCheckView(View):
    permission_classes = [requires("inventory.view_stockitem")]

    @extend_schema(
        summary="Stock of everything for sale, by band",
        parameters=[StockCheckQuery],
        responses=StockCheckSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response(stock_check(**StockCheckQuery.of(request)))
