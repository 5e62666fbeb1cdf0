"""Stock over HTTP, for staff: items, the ledger, alerts and warehouses to read, and postings of goods."""

from datetime import datetime
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor_of
from api.idempotency import run_once
from api.old import PageQuery, View, page_document, page_of
from api.pagination import Keyset
from api.permissions import requires
from api.serializers import body_of
from api.views import expected_version
from database.refusals import NotFound
from inventory import services
from inventory.models import StockAlert, StockItem, StockLevel, StockMovement, Warehouse
from inventory.overview import in_band, standing, with_totals
from inventory.serializers import (
    AdjustmentBody,
    AlertSerializer,
    AlertsQuery,
    AsOfQuery,
    AsOfSerializer,
    ItemBody,
    ItemSerializer,
    ItemsQuery,
    MovementSerializer,
    MovementsQuery,
    NewWarehouseBody,
    PostingSerializer,
    ReceiptBody,
    TransferBody,
    WarehouseBody,
    WarehouseSerializer,
)

BY_SKU = Keyset(("sku",), (str,))
NEWEST_MOVEMENTS = Keyset(("at", "id"), (datetime, int), descending=True)
NEWEST_ALERTS = Keyset(("id",), (int,), descending=True)
BY_PRIORITY = Keyset(("priority", "id"), (int, int))
ON_SHELVES = Prefetch(
    "levels", StockLevel.objects.select_related("warehouse").order_by("warehouse__priority", "warehouse_id")
)


def items() -> QuerySet[StockItem]:
    return with_totals(StockItem.objects.all()).prefetch_related(ON_SHELVES)


def found_item(sku: str) -> StockItem:
    item = items().filter(sku=sku).first()
    if item is None:
        raise NotFound("There is no such stock item.")
    return item


class ItemsView(View):
    permission_classes = [requires("inventory.view_stockitem")]

    @extend_schema(summary="Stock items by SKU", parameters=[ItemsQuery], responses=page_of(ItemSerializer))
    def get(self, request: Request) -> Response:
        query = ItemsQuery.of(request)
        found = items()
        if band := query.get("band"):
            found = found.filter(pk__in=in_band(band))
        if code := query.get("warehouse"):
            found = found.filter(pk__in=StockLevel.objects.filter(warehouse__code=code).values("item_id"))
        if text := query.get("search"):
            found = found.filter(Q(sku__icontains=text) | Q(name__icontains=text) | Q(barcode__icontains=text))
        return Response(page_document(request, found, BY_SKU, query, item_documents))


def item_documents(found: list[StockItem]) -> list[dict[str, Any]]:
    return list(ItemSerializer(found, many=True).data)


class ItemView(View):
    permission_classes = [requires(GET="inventory.view_stockitem", PATCH="inventory.change_stockitem")]

    @extend_schema(summary="One stock item", responses=ItemSerializer)
    def get(self, request: Request, sku: str) -> Response:
        return Response(ItemSerializer(found_item(sku)).data)

    @extend_schema(summary="Change how an item is reordered", request=ItemBody, responses=ItemSerializer)
    def patch(self, request: Request, sku: str) -> Response:
        changes = body_of(request, ItemBody)
        services.update_item(sku=sku, actor=actor_of(request), expected_version=expected_version(request), **changes)
        return Response(ItemSerializer(found_item(sku)).data)


class AsOfView(View):
    permission_classes = [requires("inventory.view_stockitem")]

    @extend_schema(summary="An item's stock at a moment", parameters=[AsOfQuery], responses=AsOfSerializer)
    def get(self, request: Request, sku: str) -> Response:
        at = AsOfQuery.of(request)["at"]
        item_id = StockItem.objects.filter(sku=sku).values_list("pk", flat=True).first()
        if item_id is None:
            raise NotFound("There is no such stock item.")
        levels = standing(item_id, at=at)
        active = [level for level in levels if level.is_active]
        document = {
            "at": at,
            "sku": sku,
            "on_hand": sum(level.on_hand for level in active),
            "reserved": sum(level.reserved for level in active),
            "available": sum(level.available for level in active),
            "warehouses": levels,
        }
        return Response(AsOfSerializer(document).data)


class MovementsView(View):
    permission_classes = [requires("inventory.view_stockitem")]

    @extend_schema(
        summary="The ledger, newest first", parameters=[MovementsQuery], responses=page_of(MovementSerializer)
    )
    def get(self, request: Request) -> Response:
        query = MovementsQuery.of(request)
        movements = StockMovement.objects.select_related("level__item", "level__warehouse").matching(query)
        return Response(page_document(request, movements, NEWEST_MOVEMENTS, query, movement_documents))


def movement_documents(movements: list[StockMovement]) -> list[dict[str, Any]]:
    return list(MovementSerializer(movements, many=True).data)


class AlertsView(View):
    permission_classes = [requires("inventory.view_stockitem")]

    @extend_schema(
        summary="Items that are out, critical or low, newest alert first",
        parameters=[AlertsQuery],
        responses=page_of(AlertSerializer),
    )
    def get(self, request: Request) -> Response:
        query = AlertsQuery.of(request)
        alerts = StockAlert.objects.select_related("item")
        if query["state"] == "open":
            alerts = alerts.filter(closed_at=None)
        return Response(page_document(request, alerts, NEWEST_ALERTS, query, alert_documents))


def alert_documents(alerts: list[StockAlert]) -> list[dict[str, Any]]:
    return list(AlertSerializer(alerts, many=True).data)


def posting_document(posting: services.Posting) -> dict[str, Any]:
    return dict(PostingSerializer(posting).data)


class ReceiptsView(View):
    permission_classes = [requires("inventory.change_stocklevel")]

    @extend_schema(summary="Goods came in", request=ReceiptBody, responses={201: PostingSerializer})
    def post(self, request: Request) -> HttpResponse:
        body, actor = body_of(request, ReceiptBody), actor_of(request)
        lines = [services.ReceiptLine(**line) for line in body["lines"]]
        return run_once(
            request,
            lambda: services.receive_stock(reference=body["reference"], lines=lines, actor=actor),
            posting_document,
        )


class AdjustmentsView(View):
    permission_classes = [requires("inventory.change_stocklevel")]

    @extend_schema(summary="Correct what lies there", request=AdjustmentBody, responses={201: PostingSerializer})
    def post(self, request: Request) -> HttpResponse:
        body, actor = body_of(request, AdjustmentBody), actor_of(request)
        lines = [services.AdjustmentLine(**line) for line in body["lines"]]
        return run_once(
            request,
            lambda: services.adjust_stock(reason=body["reason"], lines=lines, actor=actor),
            posting_document,
        )


class TransfersView(View):
    permission_classes = [requires("inventory.change_stocklevel")]

    @extend_schema(summary="Move goods between warehouses", request=TransferBody, responses={201: PostingSerializer})
    def post(self, request: Request) -> HttpResponse:
        body, actor = body_of(request, TransferBody), actor_of(request)
        lines = [services.TransferLine(**line) for line in body["lines"]]
        return run_once(
            request,
            lambda: services.transfer_stock(source=body["from"], target=body["to"], lines=lines, actor=actor),
            posting_document,
        )


class WarehousesView(View):
    permission_classes = [requires(GET="inventory.view_stockitem", POST="inventory.add_warehouse")]

    @extend_schema(summary="Warehouses by priority", parameters=[PageQuery], responses=page_of(WarehouseSerializer))
    def get(self, request: Request) -> Response:
        query = PageQuery.of(request)
        return Response(page_document(request, Warehouse.objects.all(), BY_PRIORITY, query, warehouse_documents))

    @extend_schema(summary="Open a warehouse", request=NewWarehouseBody, responses={201: WarehouseSerializer})
    def post(self, request: Request) -> Response:
        body = body_of(request, NewWarehouseBody)
        warehouse = services.create_warehouse(actor=actor_of(request), **body)
        return Response(WarehouseSerializer(warehouse).data, status=201)


def warehouse_documents(warehouses: list[Warehouse]) -> list[dict[str, Any]]:
    return list(WarehouseSerializer(warehouses, many=True).data)


class WarehouseView(View):
    permission_classes = [requires(GET="inventory.view_stockitem", PATCH="inventory.change_warehouse")]

    @extend_schema(summary="One warehouse", responses=WarehouseSerializer)
    def get(self, request: Request, code: str) -> Response:
        warehouse = Warehouse.objects.filter(code=code).first()
        if warehouse is None:
            raise NotFound("There is no such warehouse.")
        return Response(WarehouseSerializer(warehouse).data)

    @extend_schema(
        summary="Rename a warehouse, or take it in or out of sale",
        request=WarehouseBody,
        responses=WarehouseSerializer,
    )
    def patch(self, request: Request, code: str) -> Response:
        changes = body_of(request, WarehouseBody, partial=True)
        warehouse = services.update_warehouse(
            code=code, actor=actor_of(request), expected_version=expected_version(request), **changes
        )
        return Response(WarehouseSerializer(warehouse).data)
