"""Parcels over HTTP: whoever sees an order sees its parcels, and staff send, cancel and follow them."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import keyed, run_once
from api.serializers import body_of, document_of, kept
from api.views import expected_version, refuses
from database.refusals import NotFound, VersionMismatch
from events.actors import actor_of
from orders import services
from orders.exceptions import IllegalTransition, MoreThanOpen, NotOnHand, ParcelGone, ShippingBlocked
from orders.models import Fulfilment
from orders.serializers.documents import FulfilmentSerializer
from orders.serializers.parcels import (
    TRACKING,
    CancelParcelBody,
    ShipParcelBody,
    StaffFulfilmentSerializer,
    TrackingBody,
)
from orders.views.callers import TOKEN, MayChange, ViewSetOfOrders


class FulfilmentViewSet(ViewSetOfOrders):
    """The parcels of an order, in the sequence in which they left."""

    pagination_class = None  # type: ignore[assignment]  # an order has few parcels
    scopes = {"list": "orders:read", "retrieve": "orders:read"}
    lookup_url_kwarg = "fulfilment_id"
    lookup_value_converter = "id"
    by_token = ("list", "retrieve")

    def get_permissions(self) -> Sequence[Any]:
        """Parcels are read by whoever sees the order, and sent by staff who may change orders."""
        return [MayChange()] if self.action in ("create", "partial_update") else super().get_permissions()

    @extend_schema(
        operation_id="listFulfilments",
        summary="The parcels of an order",
        parameters=[TOKEN],
        responses=FulfilmentSerializer(many=True),
    )
    def list(self, request: Request, order_id: int) -> Response:
        """The parcels of an order, those that were cancelled too."""
        return Response([document_of(self.shown, parcel) for parcel in self.parcels_of(order_id)])

    @extend_schema(
        operation_id="getFulfilment", summary="One parcel", parameters=[TOKEN], responses=FulfilmentSerializer
    )
    def retrieve(self, request: Request, order_id: int, fulfilment_id: int) -> Response:
        """One parcel of an order."""
        parcel = self.parcels_of(order_id).filter(pk=fulfilment_id).first()
        if parcel is None:
            raise NotFound("There is no such parcel.")
        return Response(document_of(self.shown, parcel))

    @extend_schema(
        operation_id="shipParcel",
        summary="Send a part of an order, or all that is left",
        request=ShipParcelBody,
        responses={201: StaffFulfilmentSerializer(many=True)},
    )
    @refuses(
        IllegalTransition,
        MoreThanOpen,
        NotOnHand,
        ShippingBlocked,
        "unknown_line",
        "unknown_warehouse",
        VersionMismatch,
    )
    @keyed
    def create(self, request: Request, order_id: int) -> HttpResponse:
        """Send goods of a confirmed order: one parcel for each warehouse that they leave."""
        body = body_of(request, ShipParcelBody)
        actor, version = actor_of(request), expected_version(request)
        tracking = services.Tracking(**{name: body.get(name, "") for name in TRACKING})

        def ship() -> Sequence[Fulfilment]:
            return parcels_with(
                services.ship_parcel(
                    order_id=order_id,
                    actor=actor,
                    lines=body.get("lines"),
                    warehouse=body.get("warehouse"),
                    tracking=tracking,
                    expected_version=version,
                )
            )

        represent = kept(StaffFulfilmentSerializer).to_representation
        return run_once(request, ship, lambda parcels: [represent(parcel) for parcel in parcels])

    @extend_schema(
        operation_id="trackParcel",
        summary="Say who carries a parcel, and how it is followed",
        request=TrackingBody,
        responses=StaffFulfilmentSerializer,
    )
    @refuses(ParcelGone)
    def partial_update(self, request: Request, order_id: int, fulfilment_id: int) -> Response:
        """Change how a parcel is followed. What is left out stays."""
        services.track_parcel(
            order_id=order_id,
            parcel_id=fulfilment_id,
            actor=actor_of(request),
            expected_version=expected_version(request),
            **body_of(request, TrackingBody, partial=True),
        )
        [parcel] = parcels_with([fulfilment_id])
        return Response(document_of(StaffFulfilmentSerializer, parcel))

    @extend_schema(
        operation_id="cancelParcel",
        summary="Take a parcel back that was not handed over",
        request=CancelParcelBody,
        responses=StaffFulfilmentSerializer,
    )
    @action(detail=True, methods=["post"], permission_classes=[MayChange])
    @refuses(ParcelGone, VersionMismatch)
    @keyed
    def cancel(self, request: Request, order_id: int, fulfilment_id: int) -> HttpResponse:
        """Let a parcel stay: its units are promised to the order again, which is confirmed then."""
        reason = body_of(request, CancelParcelBody)["reason"]
        actor, version = actor_of(request), expected_version(request)

        def cancel() -> Fulfilment:
            services.cancel_parcel(
                order_id=order_id, parcel_id=fulfilment_id, actor=actor, reason=reason, expected_version=version
            )
            [parcel] = parcels_with([fulfilment_id])
            return parcel

        return run_once(request, cancel, kept(StaffFulfilmentSerializer).to_representation, status=200)

    @property
    def shown(self) -> type[FulfilmentSerializer]:
        """How the caller reads a parcel."""
        return StaffFulfilmentSerializer if self.serves("orders.view_order") else FulfilmentSerializer

    def parcels_of(self, order_id: int) -> QuerySet[Fulfilment]:
        """The parcels of an order. Refuses NotFound where the caller may not see the order."""
        order = self.seen(order_id).one(order_id)
        return order.fulfilments.select_related("warehouse").prefetch_related("lines")


def parcels_with(parcel_ids: Iterable[int]) -> Sequence[Fulfilment]:
    """These parcels, as they are now."""
    parcels = Fulfilment.objects.select_related("warehouse").prefetch_related("lines")
    return list(parcels.filter(pk__in=parcel_ids))
