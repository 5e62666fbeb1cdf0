"""Stock over HTTP, for staff: items, the ledger, alerts and warehouses to read, and postings of goods."""

from datetime import datetime
from typing import TypeVar

from django.db.models import Model, Prefetch, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import keyed, run_once
from api.pagination import Keyset
from api.permissions import requires
from api.serializers import body_of, document_of
from api.views import ViewSet, expected_version, refuses
from database.refusals import NotFound
from events.actors import actor_of
from inventory import services
from inventory.exceptions import (
    AlreadyReceived,
    CodeTaken,
    InsufficientStock,
    LastWarehouse,
    NoWarehouse,
    StaleCount,
    StockLimit,
    UnknownItem,
    UnknownWarehouse,
)
from inventory.filters import AlertFilters, AsOfFilters, ItemFilters, MovementFilters
from inventory.models import StockAlert, StockItem, StockLevel, StockMovement, Warehouse
from inventory.overview import PastItem, past_levels, with_present, with_totals
from inventory.serializers import (
    AdjustmentBody,
    AlertSerializer,
    AsOfSerializer,
    ItemBody,
    ItemSerializer,
    MovementSerializer,
    NewWarehouseBody,
    PostingSerializer,
    ReceiptBody,
    TransferBody,
    WarehouseBody,
    WarehouseSerializer,
)

M = TypeVar("M", bound=Model)
ON_SHELVES = Prefetch(
    "levels", StockLevel.objects.select_related("warehouse").order_by("warehouse__priority", "warehouse_id")
)


def found(rows: QuerySet[M], name: str) -> M:
    """The first of these rows. Refuses NotFound, under this name, when there is none."""
    row = rows.first()
    if row is None:
        raise NotFound(f"There is no such {name}.")
    return row


class ItemViewSet(ViewSet):
    """Stock items, by their SKU."""

    permission_classes = [requires(GET="inventory.view_stockitem", PATCH="inventory.change_stockitem")]
    serializer_class = ItemSerializer
    filterset_class = ItemFilters
    keyset = Keyset(("sku",), (str,))
    lookup_url_kwarg = "sku"
    lookup_value_converter = "sku"

    def get_queryset(self) -> QuerySet[StockItem]:
        """Items with their totals and their levels, by priority of the warehouse."""
        return with_totals(StockItem.objects.all()).prefetch_related(ON_SHELVES)

    def document(self, sku: str) -> Response:
        """The answer that shows one item. Refuses NotFound."""
        item = found(self.get_queryset().filter(pk__in=StockItem.objects.with_skus(sku)), "stock item")
        return Response(document_of(ItemSerializer, item))

    @extend_schema(operation_id="listStockItems", summary="Stock items by SKU", responses=ItemSerializer(many=True))
    def list(self, request: Request) -> Response:
        """A page of items."""
        return self.page_of(self.get_queryset())

    @extend_schema(operation_id="getStockItem", summary="One stock item", responses=ItemSerializer)
    def retrieve(self, request: Request, sku: str) -> Response:
        """One item."""
        return self.document(sku)

    @extend_schema(
        operation_id="updateStockItem",
        summary="Change how an item is reordered",
        request=ItemBody,
        responses=ItemSerializer,
    )
    def partial_update(self, request: Request, sku: str) -> Response:
        """Change what is said about an item."""
        changes = body_of(request, ItemBody)
        services.update_item(sku=sku, actor=actor_of(request), expected_version=expected_version(request), **changes)
        return self.document(sku)

    @extend_schema(operation_id="getStockAsOf", summary="An item's stock at a moment", responses=AsOfSerializer)
    @action(detail=True, url_path="as-of", filterset_class=AsOfFilters)
    def as_of(self, request: Request, sku: str) -> Response:
        """What the ledger says an item had at a moment."""
        item = found(StockItem.objects.with_skus(sku), "stock item")
        at = self.filterset.values["at"]
        past = PastItem(at, item.sku, past_levels(item.pk, at=at))
        return Response(document_of(AsOfSerializer, past))


class MovementViewSet(ViewSet):
    """The ledger."""

    permission_classes = [requires("inventory.view_stockitem")]
    serializer_class = MovementSerializer
    filterset_class = MovementFilters
    keyset = Keyset(("at", "id"), (datetime, int), descending=True)

    @extend_schema(
        operation_id="listMovements", summary="The ledger, newest first", responses=MovementSerializer(many=True)
    )
    def list(self, request: Request) -> Response:
        """A page of movements, the newest first."""
        return self.page_of(StockMovement.objects.select_related("level__item", "level__warehouse"))


class AlertViewSet(ViewSet):
    """Alerts."""

    permission_classes = [requires("inventory.view_stockitem")]
    serializer_class = AlertSerializer
    filterset_class = AlertFilters
    keyset = Keyset(("id",), (int,), descending=True)

    @extend_schema(
        operation_id="listAlerts",
        summary="Items that are out, critical or low, newest alert first",
        responses=AlertSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """A page of alerts, the newest first."""
        return self.page_of(with_present(StockAlert.objects.all()))


class PostingViewSet(ViewSet):
    """Goods that come in, are corrected, or change their place. A posting is written once for each key."""

    permission_classes = [requires("inventory.change_stocklevel")]

    @extend_schema(
        operation_id="receiveStock", summary="Goods came in", request=ReceiptBody, responses={201: PostingSerializer}
    )
    @action(detail=False, methods=["post"])
    @refuses(UnknownItem, UnknownWarehouse, NoWarehouse, StockLimit, AlreadyReceived)
    @keyed
    def receipts(self, request: Request) -> HttpResponse:
        """Post goods that came in."""
        body, actor = body_of(request, ReceiptBody), actor_of(request)
        lines = [services.ReceiptLine(**line) for line in body["lines"]]
        return run_once(
            request,
            lambda: services.receive_stock(reference=body["reference"], lines=lines, actor=actor, again=body["again"]),
            posting_document,
        )

    @extend_schema(
        operation_id="adjustStock",
        summary="Correct what lies there",
        request=AdjustmentBody,
        responses={201: PostingSerializer},
    )
    @action(detail=False, methods=["post"])
    @refuses(UnknownItem, UnknownWarehouse, "duplicate_line", InsufficientStock, NoWarehouse, StaleCount, StockLimit)
    @keyed
    def adjustments(self, request: Request) -> HttpResponse:
        """Post corrections."""
        body, actor = body_of(request, AdjustmentBody), actor_of(request)
        lines = [services.AdjustmentLine(**line) for line in body["lines"]]
        return run_once(
            request,
            lambda: services.adjust_stock(reason=body["reason"], lines=lines, actor=actor),
            posting_document,
        )

    @extend_schema(
        operation_id="transferStock",
        summary="Move goods between warehouses",
        request=TransferBody,
        responses={201: PostingSerializer},
    )
    @action(detail=False, methods=["post"])
    @refuses(UnknownItem, UnknownWarehouse, "same_warehouse", "duplicate_line", InsufficientStock, StockLimit)
    @keyed
    def transfers(self, request: Request) -> HttpResponse:
        """Post goods that move from one warehouse to another."""
        body, actor = body_of(request, TransferBody), actor_of(request)
        lines = [services.TransferLine(**line) for line in body["lines"]]
        return run_once(
            request,
            lambda: services.transfer_stock(source=body["from"], target=body["to"], lines=lines, actor=actor),
            posting_document,
        )


def posting_document(posting: services.Posting) -> dict[str, object]:
    """The answer to a posting."""
    return document_of(PostingSerializer, posting)


class WarehouseViewSet(ViewSet):
    """Warehouses, by their code."""

    permission_classes = [
        requires(GET="inventory.view_stockitem", POST="inventory.add_warehouse", PATCH="inventory.change_warehouse")
    ]
    serializer_class = WarehouseSerializer
    keyset = Keyset(("priority", "id"), (int, int))
    lookup_url_kwarg = "code"
    lookup_value_converter = "slug"

    @extend_schema(
        operation_id="listWarehouses", summary="Warehouses by priority", responses=WarehouseSerializer(many=True)
    )
    def list(self, request: Request) -> Response:
        """A page of warehouses, in the sequence in which stock is taken from them."""
        return self.page_of(Warehouse.objects.all())

    @extend_schema(
        operation_id="openWarehouse",
        summary="Open a warehouse",
        request=NewWarehouseBody,
        responses={201: WarehouseSerializer},
    )
    @refuses(CodeTaken)
    def create(self, request: Request) -> Response:
        """Open a warehouse."""
        body = body_of(request, NewWarehouseBody)
        warehouse = services.create_warehouse(actor=actor_of(request), **body)
        return Response(document_of(WarehouseSerializer, warehouse), status=201)

    @extend_schema(operation_id="getWarehouse", summary="One warehouse", responses=WarehouseSerializer)
    def retrieve(self, request: Request, code: str) -> Response:
        """One warehouse."""
        return Response(document_of(WarehouseSerializer, found(Warehouse.objects.with_codes(code), "warehouse")))

    @extend_schema(
        operation_id="updateWarehouse",
        summary="Rename a warehouse, or take it in or out of sale",
        request=WarehouseBody,
        responses=WarehouseSerializer,
    )
    @refuses(LastWarehouse)
    def partial_update(self, request: Request, code: str) -> Response:
        """Change a warehouse."""
        changes = body_of(request, WarehouseBody, partial=True)
        warehouse = services.update_warehouse(
            code=code, actor=actor_of(request), expected_version=expected_version(request), **changes
        )
        return Response(document_of(WarehouseSerializer, warehouse))
