"""Parts of promises over HTTP: what a desk for parcels will do one day, so that trials reach it in the processes that
serve everything else."""

from typing import Any, cast

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from database.transactions import unit_of_work
from events.actors import actor_of
from inventory import services
from inventory.models import StockItem, Warehouse


def units_of(body: dict[str, Any]) -> dict[int, int]:
    """The quantities of a body (by SKU), by item id."""
    ids = dict(StockItem.objects.filter(sku__in=body["quantities"]).values_list("sku", "pk"))
    return {ids[sku]: quantity for sku, quantity in body["quantities"].items()}


def place(code: str) -> int:
    """The id of a warehouse."""
    return int(Warehouse.objects.values_list("pk", flat=True).get(code=code))


class PartView(APIView):
    """Ship or give back a part of a promise, from one warehouse or from any."""

    verb: Any = None

    def post(self, request: Request) -> Response:
        body = cast(dict[str, Any], request.data)
        units = unit_of_work(self.verb)(
            reference=body["reference"],
            quantities=units_of(body),
            warehouse_id=place(body["warehouse"]) if body["warehouse"] else None,
            actor=actor_of(request),
        )
        return Response({"units": units})


class MoveView(APIView):
    """Let a part of a promise come from another warehouse."""

    def post(self, request: Request) -> Response:
        body = cast(dict[str, Any], request.data)
        moved = unit_of_work(services.move_promise)(
            reference=body["reference"],
            quantities=units_of(body),
            from_warehouse_id=place(body["warehouse"]),
            to_warehouse_id=place(body["to"]),
            actor=actor_of(request),
        )
        return Response({"units": sum(move.quantity for move in moved)})


class CancelledParcelView(APIView):
    """Let a parcel come back."""

    def post(self, request: Request) -> Response:
        body = cast(dict[str, Any], request.data)
        warehouse = place(body["warehouse"])
        units = unit_of_work(services.unship)(
            reference=body["reference"],
            quantities={(item, warehouse): quantity for item, quantity in units_of(body).items()},
            actor=actor_of(request),
        )
        return Response({"units": units})


class ReturnView(APIView):
    """Take goods back from a customer."""

    def post(self, request: Request) -> Response:
        body = cast(dict[str, Any], request.data)
        condition = services.Condition(body["condition"])
        lines = [
            services.ReturnLine(sku, units, body["warehouse"], condition) for sku, units in body["quantities"].items()
        ]
        posting = services.return_stock(reference=body["reference"], lines=lines, actor=actor_of(request))
        return Response({"lines": len(posting.lines)})


urlpatterns = [
    path("api/v1/faults/shipments", PartView.as_view(verb=services.fulfil)),
    path("api/v1/faults/releases", PartView.as_view(verb=services.release)),
    path("api/v1/faults/moves", MoveView.as_view()),
    path("api/v1/faults/cancelled-parcels", CancelledParcelView.as_view()),
    path("api/v1/faults/returns", ReturnView.as_view()),
]
