"""The shop's addresses, and more: holds by themselves, the clock's work, and coupons. So trials reach them over HTTP,
in the processes that serve everything else."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from django.urls import path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import config.urls
from database.transactions import unit_of_work
from events.actors import actor_of
from inventory import services
from inventory.models import StockItem
from orders.services import expire_pending_orders
from payments.services import reconcile
from pricing import services as pricing_services
from tests.faults import part_views


def basket(body: dict[str, Any]) -> dict[int, int]:
    """The quantities of a body (by SKU), by item id."""
    wanted = {body["sku"]: body["quantity"]} if "sku" in body else body["quantities"]
    ids = dict(StockItem.objects.filter(sku__in=wanted).values_list("sku", "pk"))
    return {ids[sku]: quantity for sku, quantity in wanted.items()}


class HoldView(APIView):
    """Hold units under a reference for some seconds, by one of two verbs."""

    verb: Any = None

    def post(self, request: Request) -> Response:
        body = cast(dict[str, Any], request.data)
        unit_of_work(self.verb)(
            reference=body["reference"],
            quantities=basket(body),
            actor=actor_of(request),
            expires_at=timezone.now() + timedelta(seconds=body["seconds"]),
        )
        return Response(status=201, data={})


class PromiseView(APIView):
    """Turn a hold into a firm promise."""

    def post(self, request: Request) -> Response:
        body = cast(dict[str, Any], request.data)
        units = unit_of_work(services.promise)(
            reference=body["reference"], new_reference=body["new_reference"], quantities=basket(body)
        )
        return Response({"units": units})


class CouponView(APIView):
    """Make a promotion with a coupon, or switch it off."""

    def post(self, request: Request) -> Response:
        body = cast(dict[str, Any], request.data)
        promotion = pricing_services.create_promotion(
            name=body["code"],
            kind="percent",
            value=Decimal(10),
            codes=[body["code"]],
            total_limit=body.get("total_limit"),
            per_customer=body.get("per_customer"),
            actor=actor_of(request),
        )
        return Response({"promotion_id": promotion.pk})

    def delete(self, request: Request) -> Response:
        body = cast(dict[str, Any], request.data)
        pricing_services.update_promotion(promotion_id=body["promotion_id"], is_active=False, actor=actor_of(request))
        return Response({})


class ReconcileView(APIView):
    """What the clock does with payments."""

    def post(self, request: Request) -> Response:
        return Response({"steps": reconcile()})


class SweepView(APIView):
    """End what is overdue: holds, and orders that nobody confirmed."""

    def post(self, request: Request) -> Response:
        return Response(
            {
                "holds": services.expire_holds(actor=actor_of(request)),
                "orders": expire_pending_orders(actor=actor_of(request)),
            }
        )


urlpatterns = [
    *config.urls.urlpatterns,
    path("api/v1/faults/holds", HoldView.as_view(verb=services.reserve)),
    path("api/v1/faults/replacements", HoldView.as_view(verb=services.replace_hold)),
    path("api/v1/faults/promises", PromiseView.as_view()),
    path("api/v1/faults/coupons", CouponView.as_view()),
    path("api/v1/faults/payments/reconcile", ReconcileView.as_view()),
    path("api/v1/faults/sweeps", SweepView.as_view()),
    *part_views.urlpatterns,
]
