"""What staff do at their desks over HTTP: notes about an order, and what stands on the label of a parcel."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import user_of
from accounts.notes import WRITE, add_note, notes_about
from api.idempotency import keyed, run_once
from api.permissions import requires
from api.serializers import body_of, document_of, kept
from api.views import ViewSet, refuses
from database.refusals import NotFound
from events.actors import actor_of
from orders.models import Fulfilment, Order
from orders.packing import LINES
from orders.serializers.desk import LabelSerializer, NoteBody, NoteSerializer
from orders.views.callers import SeesOrders


class NoteViewSet(ViewSet):
    """Notes of staff about an order, which its buyer never reads."""

    pagination_class = None  # type: ignore[assignment]  # an order has few notes

    def get_permissions(self) -> Sequence[Any]:
        """Whoever may see orders reads the notes; writing one takes a permission of its own too."""
        return [SeesOrders(), requires(POST=WRITE)()]

    @extend_schema(
        operation_id="listNotes", summary="Notes of staff about an order", responses=NoteSerializer(many=True)
    )
    def list(self, request: Request, order_id: int) -> Response:
        """The notes about an order, the newest first."""
        order = Order.objects.visible().one(order_id)
        notes = notes_about(f"order:{order.pk}").prefetch_related("mentioned")
        return Response([document_of(NoteSerializer, note) for note in notes])

    @extend_schema(
        operation_id="addNote", summary="Note about an order", request=NoteBody, responses={201: NoteSerializer}
    )
    @refuses("ambiguous_mention", "unknown_mention")
    @keyed
    def create(self, request: Request, order_id: int) -> HttpResponse:
        """Write a note, and have those mailed whom it mentions."""
        text, author_id, actor = body_of(request, NoteBody)["text"], user_of(request).pk, actor_of(request)
        order = Order.objects.visible().one(order_id)
        return run_once(
            request,
            lambda: add_note(subject=f"order:{order.pk}", text=text, author_id=author_id, actor=actor),
            kept(NoteSerializer).to_representation,
        )


class LabelViewSet(ViewSet):
    """What the programs of carriers need for the labels of parcels."""

    lookup_url_kwarg = "fulfilment_id"
    lookup_value_converter = "id"

    @extend_schema(operation_id="getLabel", summary="What a parcel's label needs", responses=LabelSerializer)
    @action(detail=True, permission_classes=[requires("orders.view_fulfilment")])
    def label(self, request: Request, order_id: int, fulfilment_id: int) -> Response:
        """The recipient, the weight and the articles of a parcel, without prices."""
        parcels = Fulfilment.objects.filter(order_id=order_id, order__deleted_at=None)
        found = parcels.select_related("order", "warehouse").prefetch_related(LINES).filter(pk=fulfilment_id).first()
        if found is None:
            raise NotFound("There is no such parcel.")
        return Response(document_of(LabelSerializer, found))
