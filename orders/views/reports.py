"""Figures over many orders over HTTP, and the stock of everything for sale."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import user_of
from api.permissions import requires
from api.serializers import document_of
from api.views import ViewSet
from orders.filters import StockCheckFilterSet
from orders.serializers.reports import StatisticsSerializer, StockCheckSerializer, UserStatisticsSerializer
from orders.statistics import order_statistics
from orders.stock_health import stock_check
from orders.views.callers import SeesOrders


class OrderReportViewSet(ViewSet):
    """Figures over many orders, and the stock of everything for sale."""

    scopes = {"statistics": "reports:read"}

    @extend_schema(operation_id="getStatistics", summary="Sales figures", responses=StatisticsSerializer)
    @action(detail=False, permission_classes=[SeesOrders])
    def statistics(self, request: Request) -> Response:
        """The figures of all orders."""
        return Response(document_of(StatisticsSerializer, order_statistics()))

    @extend_schema(operation_id="getMyStatistics", summary="One's own figures", responses=UserStatisticsSerializer)
    @action(detail=False, url_path="user-statistics")
    def user_statistics(self, request: Request) -> Response:
        """The figures of the caller's orders."""
        figures = order_statistics(user_of(request).pk)
        return Response(document_of(UserStatisticsSerializer, figures))

    @extend_schema(
        operation_id="checkStock", summary="Stock of everything for sale, by band", responses=StockCheckSerializer
    )
    @action(
        detail=False,
        url_path="health/stock-check",
        filterset_class=StockCheckFilterSet,
        permission_classes=[requires("inventory.view_stockitem")],
    )
    def stock_check(self, request: Request) -> Response:
        """The products for sale by the stock that is there of them."""
        return Response(document_of(StockCheckSerializer, stock_check(**self.filterset.values)))
