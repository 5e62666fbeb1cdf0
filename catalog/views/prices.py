"""What variants will cost and have cost, for staff."""

from datetime import datetime

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.pagination import Keyset
from api.permissions import requires
from api.serializers import body_of, document_of
from api.views import ViewSet, expected_version, refuses
from catalog import services
from catalog.exceptions import NoReduction, PlannedPriceBegun, PlannedPricesOverlap, PlannedTimeInvalid, found
from catalog.models import PlannedPrice, PriceHistory, Variant
from catalog.price_serializers import PlannedPriceBody, PlannedPriceSerializer, PriceHistorySerializer
from events.actors import actor_of

EDITORS = requires("catalog.change_product")


def variant_of(product_id: int, variant_id: int) -> Variant:
    """A variant of a product, archived ones too. Refuses NotFound."""
    return found(Variant.objects.filter(pk=variant_id, product_id=product_id).first(), "variant")


class PlannedPriceViewSet(ViewSet):
    """The planned prices of a variant."""

    permission_classes = [EDITORS]
    serializer_class = PlannedPriceSerializer
    lookup_url_kwarg = "planned_price_id"
    lookup_value_converter = "id"
    keyset = Keyset(("starts_at", "id"), (datetime, int), descending=True)

    @extend_schema(
        operation_id="listPlannedPrices",
        summary="The planned prices of a variant",
        responses=PlannedPriceSerializer(many=True),
    )
    def list(self, request: Request, product_id: int, variant_id: int) -> Response:
        """A page of planned prices, those that begin last first. Those that are over stay in the list."""
        return self.page_of(self.plans(product_id, variant_id))

    @extend_schema(
        operation_id="planPrice",
        summary="Plan a price",
        request=PlannedPriceBody,
        responses={201: PlannedPriceSerializer},
    )
    @refuses(NoReduction, PlannedTimeInvalid, PlannedPricesOverlap)
    def create(self, request: Request, product_id: int, variant_id: int) -> Response:
        """A further planned price. One that has begun is charged at once."""
        body, actor = body_of(request, PlannedPriceBody), actor_of(request)
        plan = services.plan_price(product_id=product_id, variant_id=variant_id, actor=actor, **body)
        return Response(document_of(PlannedPriceSerializer, plan), status=201)

    @extend_schema(operation_id="getPlannedPrice", summary="One planned price", responses=PlannedPriceSerializer)
    def retrieve(self, request: Request, product_id: int, variant_id: int, planned_price_id: int) -> Response:
        """One planned price."""
        plan = found(self.plans(product_id, variant_id).filter(pk=planned_price_id).first(), "planned price")
        return Response(document_of(PlannedPriceSerializer, plan))

    @extend_schema(
        operation_id="updatePlannedPrice",
        summary="Change a planned price",
        request=PlannedPriceBody(partial=True),
        responses=PlannedPriceSerializer,
    )
    @refuses(PlannedPriceBegun, NoReduction, PlannedTimeInvalid, PlannedPricesOverlap)
    def partial_update(self, request: Request, product_id: int, variant_id: int, planned_price_id: int) -> Response:
        """Change what the body names; of a running price the end alone."""
        body, version = body_of(request, PlannedPriceBody, partial=True), expected_version(request)
        plan = services.update_planned_price(
            product_id=product_id,
            variant_id=variant_id,
            planned_price_id=planned_price_id,
            actor=actor_of(request),
            expected_version=version,
            **body,
        )
        return Response(document_of(PlannedPriceSerializer, plan))

    @extend_schema(operation_id="removePlannedPrice", summary="Drop a planned price", responses={204: None})
    def destroy(self, request: Request, product_id: int, variant_id: int, planned_price_id: int) -> Response:
        """Drop it, or end it now when it is running. One that is over stays as a record."""
        services.remove_planned_price(
            product_id=product_id, variant_id=variant_id, planned_price_id=planned_price_id, actor=actor_of(request)
        )
        return Response(status=204)

    def plans(self, product_id: int, variant_id: int) -> QuerySet[PlannedPrice]:
        """The planned prices of a variant. Refuses NotFound."""
        return variant_of(product_id, variant_id).planned_prices.all()


class PriceHistoryViewSet(ViewSet):
    """What was charged for a variant."""

    permission_classes = [EDITORS]
    serializer_class = PriceHistorySerializer
    keyset = Keyset(("id",), (int,), descending=True)

    @extend_schema(
        operation_id="listPriceHistory",
        summary="The prices that a variant had",
        responses=PriceHistorySerializer(many=True),
    )
    def list(self, request: Request, product_id: int, variant_id: int) -> Response:
        """A page of changes, the newest first."""
        return self.page_of(PriceHistory.objects.filter(variant=variant_of(product_id, variant_id)))
