"""Changes of an order over HTTP: by its buyer while it is pending, and by staff until it has left."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import keyed, run_once
from api.serializers import body_of, document_of
from api.views import expected_version, refuses
from database.refusals import FieldError, Invalid, VersionMismatch
from events.actors import actor_of
from orders import services
from orders.exceptions import (
    AlreadyOnOrder,
    InsufficientStock,
    LastLine,
    MoreThanOpen,
    NotChangeable,
    OtherTotal,
    PaymentInProgress,
    UnknownArticle,
)
from orders.serializers.changes import (
    ChangeLineBody,
    ChangeOrderBody,
    ReplaceLineBody,
    RevisionSerializer,
    StaffRevisionSerializer,
)
from orders.serializers.documents import OrderSerializer
from orders.views.callers import TOKEN, MayChange, ViewSetOfOrders, order_document


class OrderChanges(ViewSetOfOrders):
    """What of an order changes before it leaves: whom and where it goes to, and its lines."""

    @extend_schema(
        operation_id="changeOrder",
        summary="Change whom or where an order goes to",
        parameters=[TOKEN],
        request=ChangeOrderBody,
        responses=OrderSerializer,
    )
    @refuses(NotChangeable, OtherTotal, "unknown_country")
    def partial_update(self, request: Request, order_id: int) -> Response:
        """Change recipient, phone, company, note, address or billing address."""
        services.change_order(
            order_id=order_id,
            changes=body_of(request, ChangeOrderBody),
            expected_version=expected_version(request),
            **self.asker(order_id),
        )
        return Response(order_document(order_id))

    @extend_schema(
        operation_id="changeOrderLine",
        summary="Let a line of an order have fewer units",
        parameters=[TOKEN],
        request=ChangeLineBody,
        responses=OrderSerializer,
    )
    @action(detail=True, methods=["patch"], url_path="lines/<id:order_item_id>")
    @refuses(NotChangeable, MoreThanOpen, PaymentInProgress, "more_than_ordered")
    def line(self, request: Request, order_id: int, order_item_id: int) -> Response:
        """Let a line have so many units."""
        body, asker = body_of(request, ChangeLineBody), self.asker(order_id)
        refuse_message(body, asker)
        services.change_line(
            order_id=order_id, line_id=order_item_id, expected_version=expected_version(request), **body, **asker
        )
        return Response(order_document(order_id))

    @extend_schema(
        operation_id="removeOrderLine",
        summary="Take a line off an order",
        parameters=[TOKEN],
        responses={200: OrderSerializer},
    )
    @line.mapping.delete
    @refuses(NotChangeable, MoreThanOpen, LastLine, PaymentInProgress, VersionMismatch)
    def remove_line(self, request: Request, order_id: int, order_item_id: int) -> Response:
        """Take a line off the order. The last one stays: whoever wants nothing cancels the order."""
        services.change_line(
            order_id=order_id,
            line_id=order_item_id,
            quantity=0,
            expected_version=expected_version(request),
            **self.asker(order_id),
        )
        return Response(order_document(order_id))

    @extend_schema(
        operation_id="replaceOrderLine",
        summary="Replace units of a line by another article",
        request=ReplaceLineBody,
        responses={200: OrderSerializer},
    )
    @action(
        detail=True,
        methods=["post"],
        url_path="lines/<id:order_item_id>/replace",
        permission_classes=[MayChange],
    )
    @refuses(
        NotChangeable,
        UnknownArticle,
        "variant_required",
        AlreadyOnOrder,
        MoreThanOpen,
        PaymentInProgress,
        InsufficientStock,
    )
    @keyed
    def replace_line(self, request: Request, order_id: int, order_item_id: int) -> HttpResponse:
        """Replace units of a line by as many of another article, at today's price."""
        body = body_of(request, ReplaceLineBody)
        actor, version = actor_of(request), expected_version(request)

        def replace() -> dict[str, Any]:
            services.replace_line(
                order_id=order_id,
                line_id=order_item_id,
                actor=actor,
                expected_version=version,
                **body,
            )
            return order_document(order_id)

        return run_once(request, replace, lambda document: document, status=200)

    @extend_schema(
        operation_id="listOrderRevisions",
        summary="What has changed of an order",
        parameters=[TOKEN],
        responses=RevisionSerializer(many=True),
    )
    @action(detail=True, pagination_class=None)
    def revisions(self, request: Request, order_id: int) -> Response:
        """The changes of an order, oldest first."""
        order = self.seen(order_id).one(order_id)
        serializer = StaffRevisionSerializer if self.serves("orders.view_order") else RevisionSerializer
        return Response([document_of(serializer, revision) for revision in order.revisions.all()])


def refuse_message(words: Mapping[str, Any], asker: Mapping[str, Any]) -> None:
    """Refuse (Invalid) a buyer who has words for the customer."""
    if words["message"] and (asker["by_guest"] or asker["owner_id"] is not None):
        error = FieldError("message", "not_for_customers", "Only staff have words for the customer.")
        raise Invalid("A customer gives a reason.", errors=[error])
