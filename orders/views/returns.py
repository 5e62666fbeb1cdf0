"""Returns over HTTP: buyers ask for them and withdraw, and staff approve, receive or refuse what comes back."""

from collections.abc import Callable
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
from inventory.exceptions import NoWarehouse
from orders import services
from orders.exceptions import CustomerForgotten, MoreThanReturnable, NothingToReturn, ReturnClosed, ReturnPeriodOver
from orders.models import Return
from orders.serializers.returns import (
    ApproveBody,
    AskReturnBody,
    ReceiveBody,
    RefuseBody,
    ReturnSerializer,
    StaffReturnSerializer,
    WithdrawBody,
)
from orders.views.callers import TOKEN, MayChange, ViewSetOfOrders

NOT_ASKED_BACK = (NothingToReturn, MoreThanReturnable, ReturnPeriodOver, CustomerForgotten, "unknown_line")


class ViewSetOfReturns(ViewSetOfOrders):
    """The base of the endpoints at which buyers say that they send goods back."""

    def asked(self, request: Request, order_id: int, verb: Callable[..., int], words: dict[str, Any]) -> HttpResponse:
        """Run a verb by which the caller sends goods of an order back, and answer the return."""
        asker = self.asker(order_id)

        def ask() -> Return:
            return return_with(verb(order_id=order_id, **asker, **words))

        return run_once(request, ask, kept(self.shown).to_representation, owner=self.owner_of_key(order_id))

    @property
    def shown(self) -> type[ReturnSerializer]:
        """How the caller reads a return."""
        return StaffReturnSerializer if self.serves("orders.view_order") else ReturnSerializer


class ReturnViewSet(ViewSetOfReturns):
    """The returns of an order, in the sequence in which they were asked for."""

    pagination_class = None  # type: ignore[assignment]  # an order has few returns
    scopes = {"list": "orders:read", "retrieve": "orders:read"}
    lookup_url_kwarg = "return_id"
    lookup_value_converter = "id"
    by_token = ("list", "retrieve", "create")

    @extend_schema(
        operation_id="listReturns",
        summary="The returns of an order",
        parameters=[TOKEN],
        responses=ReturnSerializer(many=True),
    )
    def list(self, request: Request, order_id: int) -> Response:
        """The returns of an order, withdrawals among them."""
        return Response([document_of(self.shown, row) for row in self.returns_of(order_id)])

    @extend_schema(operation_id="getReturn", summary="One return", parameters=[TOKEN], responses=ReturnSerializer)
    def retrieve(self, request: Request, order_id: int, return_id: int) -> Response:
        """One return of an order."""
        row = self.returns_of(order_id).filter(pk=return_id).first()
        if row is None:
            raise NotFound("There is no such return.")
        return Response(document_of(self.shown, row))

    @extend_schema(
        operation_id="askReturn",
        summary="Ask that goods may be sent back",
        parameters=[TOKEN],
        request=AskReturnBody,
        responses={201: ReturnSerializer},
    )
    @refuses(*NOT_ASKED_BACK)
    @keyed
    def create(self, request: Request, order_id: int) -> HttpResponse:
        """Ask that goods that have left may be sent back. Staff approve or refuse it."""
        return self.asked(request, order_id, services.ask_return, body_of(request, AskReturnBody))

    @extend_schema(
        operation_id="approveReturn",
        summary="Let the buyer send the goods back",
        request=ApproveBody,
        responses=StaffReturnSerializer,
    )
    @action(detail=True, methods=["post"], permission_classes=[MayChange])
    @refuses(ReturnClosed, VersionMismatch)
    @keyed
    def approve(self, request: Request, order_id: int, return_id: int) -> HttpResponse:
        """Approve a return; one that is approved stays as it is."""
        return self.answered(request, order_id, return_id, services.approve_return, body_of(request, ApproveBody))

    @extend_schema(
        operation_id="receiveReturn",
        summary="Take in goods that came back",
        request=ReceiveBody,
        responses=StaffReturnSerializer,
    )
    @action(detail=True, methods=["post"], permission_classes=[MayChange])
    @refuses(
        ReturnClosed,
        VersionMismatch,
        NoWarehouse,
        "unknown_line",
        "more_than_asked",
        "nothing_came",
        "unknown_warehouse",
    )
    @keyed
    def receive(self, request: Request, order_id: int, return_id: int) -> HttpResponse:
        """Take the goods of a return into a warehouse, and propose what is paid back for them."""
        return self.answered(request, order_id, return_id, services.receive_return, body_of(request, ReceiveBody))

    @extend_schema(
        operation_id="refuseReturn",
        summary="Refuse a return with words",
        request=RefuseBody,
        responses=StaffReturnSerializer,
    )
    @action(detail=True, methods=["post"], permission_classes=[MayChange])
    @refuses(ReturnClosed, VersionMismatch)
    @keyed
    def refuse(self, request: Request, order_id: int, return_id: int) -> HttpResponse:
        """Refuse a return; its goods may be asked back again. One that is refused stays as it is."""
        return self.answered(request, order_id, return_id, services.refuse_return, body_of(request, RefuseBody))

    def answered(
        self, request: Request, order_id: int, return_id: int, verb: Callable[..., Any], words: dict[str, Any]
    ) -> HttpResponse:
        """Run a verb of staff on a return, and answer the return."""
        actor, version = actor_of(request), expected_version(request)

        def answer() -> Return:
            verb(order_id=order_id, return_id=return_id, actor=actor, expected_version=version, **words)
            return return_with(return_id)

        return run_once(request, answer, kept(StaffReturnSerializer).to_representation, status=200)

    def returns_of(self, order_id: int) -> QuerySet[Return]:
        """The returns of an order. Refuses NotFound where the caller may not see the order."""
        order = self.seen(order_id).one(order_id)
        return Return.objects.with_lines().filter(order=order)


class WithdrawalViewSet(ViewSetOfReturns):
    """The right of consumers to withdraw from the contract."""

    by_token = ("create",)

    @extend_schema(
        operation_id="withdrawOrder",
        summary="Withdraw from the contract",
        parameters=[TOKEN],
        request=WithdrawBody,
        responses={201: ReturnSerializer},
    )
    @refuses(*NOT_ASKED_BACK)
    @keyed
    def create(self, request: Request, order_id: int) -> HttpResponse:
        """Withdraw about goods that have left, all of them where no lines are named. It is approved at once."""
        return self.asked(request, order_id, services.withdraw, body_of(request, WithdrawBody))


def return_with(return_id: int) -> Return:
    """A return as it is now."""
    return Return.objects.with_lines().get(pk=return_id)
