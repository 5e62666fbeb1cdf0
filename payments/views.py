"""Payments over HTTP: buyers pay, staff take money and give it back, and providers notify."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import user_of
from api.idempotency import keyed, run_once
from api.permissions import requires
from api.serializers import NoBody, body_of, document_of
from api.views import ViewSet, expected_version, refuses
from database.refusals import NotFound, VersionMismatch
from events.actors import actor_of
from orders.views.callers import TOKEN, ViewSetOfOrders
from payments import providers, services
from payments.exceptions import (
    NotCancellable,
    NotCapturable,
    NothingToPay,
    OtherPaymentStarting,
    OverYourLimit,
    PaymentRefused,
    ProviderSilent,
    RefundTooHigh,
)
from payments.models import Payment
from payments.providers.snapshot import ProviderRefused, ProviderUnknown, Snapshot
from payments.rights import refund_limit_of
from payments.serializers import (
    BeginPaymentBody,
    BegunPaymentSerializer,
    CaptureBody,
    PaymentSerializer,
    ProviderSerializer,
    RefundBody,
    StaffPaymentSerializer,
)

SEES = "payments.view_payment"


class ProviderViewSet(ViewSet):
    """How this shop is paid, and where its providers notify it."""

    permission_classes = [AllowAny]
    authentication_classes = ()
    pagination_class = None  # type: ignore[assignment]  # there are few

    @extend_schema(
        operation_id="listPaymentProviders", summary="How orders can be paid", responses=ProviderSerializer(many=True)
    )
    @action(detail=False, url_path="providers")
    def providers(self, request: Request) -> Response:
        """The providers that this shop has configured, with the keys that may be shown to anybody."""
        return Response(
            [
                {"provider": name, "name": module.name(), "publishable_key": module.publishable_key()}
                for name, module in providers.configured().items()
            ]
        )


class PaymentViewSet(ViewSetOfOrders):
    """The payments of an order, the first one first."""

    pagination_class = None  # type: ignore[assignment]  # an order has few payments
    scopes = {"list": "orders:read"}
    lookup_url_kwarg = "payment_id"
    lookup_value_converter = "id"
    by_token = ("list", "create", "refresh", "cancel")

    @extend_schema(
        operation_id="listPayments",
        summary="The payments of an order",
        parameters=[TOKEN],
        responses=PaymentSerializer(many=True),
    )
    def list(self, request: Request, order_id: int) -> Response:
        """The payments of an order. Staff also read what was asked of the providers."""
        return Response([document_of(self.shown, row) for row in self.payments_of(order_id)])

    @extend_schema(
        operation_id="beginPayment",
        summary="Pay an order",
        parameters=[TOKEN],
        request=BeginPaymentBody,
        responses={201: BegunPaymentSerializer, 202: BegunPaymentSerializer},
    )
    @refuses(NothingToPay, OtherPaymentStarting, PaymentRefused, "unknown_provider")
    @keyed
    def create(self, request: Request, order_id: int) -> HttpResponse:
        """Begin to pay what is left to pay; again: the payment that was begun. 202 while the provider is silent."""
        body, asker = body_of(request, BeginPaymentBody), self.asker(order_id)
        words = {"order_id": order_id, "actor": asker["actor"], "owner_id": asker["owner_id"], **body}
        begun = run_once(
            request,
            lambda: services.begin_payment(**words),
            lambda begun: begun._asdict(),
            owner=self.owner_of_key(order_id),
        )
        remembered = orjson.loads(begun.content)
        payment_id = remembered["payment_id"]
        snapshot = self.called(remembered["operations"])
        snapshot = snapshot if snapshot and snapshot.payment_id == payment_id else self.looked_at(payment_id)
        payment = Payment.objects.get(pk=payment_id)
        document = document_of(PaymentSerializer, payment) | {"client": dict(snapshot.client) if snapshot else {}}
        return Response(document, status=202 if payment.state == Payment.State.STARTING else 201)

    @extend_schema(
        operation_id="refreshPayment",
        summary="Ask the provider how a payment is now",
        parameters=[TOKEN],
        request=None,
        responses=PaymentSerializer,
    )
    @action(detail=True, methods=["post"])
    @refuses(ProviderSilent, PaymentRefused)
    def refresh(self, request: Request, order_id: int, payment_id: int) -> Response:
        """Ask the provider now, as a storefront does when the buyer comes back from the provider's page."""
        body_of(request, NoBody)
        payment = self.payment_of(order_id, payment_id)
        try:
            services.look(payment.pk)
        except ProviderUnknown as silence:
            raise ProviderSilent from silence
        except ProviderRefused as refusal:
            raise PaymentRefused(refusal.code) from refusal
        return self.document(payment_id)

    @extend_schema(
        operation_id="cancelPayment",
        summary="Cancel a payment",
        parameters=[TOKEN],
        request=None,
        responses=PaymentSerializer,
    )
    @action(detail=True, methods=["post"])
    @refuses(NotCancellable)
    def cancel(self, request: Request, order_id: int, payment_id: int) -> Response:
        """Cancel a payment by which nothing was taken. One that is cancelled stays so."""
        body_of(request, NoBody)
        asker, payment = self.asker(order_id), self.payment_of(order_id, payment_id)
        self.called(services.cancel_payment(order_id=order_id, payment_id=payment.pk, actor=asker["actor"]))
        return self.document(payment_id)

    @extend_schema(
        operation_id="capturePayment",
        summary="Take the money of a payment",
        request=CaptureBody,
        responses=StaffPaymentSerializer,
    )
    @action(detail=True, methods=["post"], permission_classes=[requires("payments.capture_payment")])
    @refuses(NotCapturable, PaymentRefused, VersionMismatch)
    @keyed
    def capture(self, request: Request, order_id: int, payment_id: int) -> HttpResponse:
        """Take money that was set apart, or say that it came by hand."""
        return self.staff_asks(request, order_id, payment_id, services.capture_payment, body_of(request, CaptureBody))

    @extend_schema(
        operation_id="refundPayment",
        summary="Give money of a payment back",
        request=RefundBody,
        responses=StaffPaymentSerializer,
    )
    @action(detail=True, methods=["post"], permission_classes=[requires("payments.refund_payment")])
    @refuses(RefundTooHigh, OverYourLimit, PaymentRefused, VersionMismatch, "unknown_line", "more_than_refundable")
    @keyed
    def refunds(self, request: Request, order_id: int, payment_id: int) -> HttpResponse:
        """Give back an amount, what units of lines are worth, or all that is left."""
        words = body_of(request, RefundBody) | {"limit": refund_limit_of(user_of(request))}
        return self.staff_asks(request, order_id, payment_id, services.refund_payment, words)

    def staff_asks(
        self, request: Request, order_id: int, payment_id: int, verb: Any, words: Mapping[str, Any]
    ) -> HttpResponse:
        """Write down what staff ask for, once for each key, and make the calls."""
        actor, version = actor_of(request), expected_version(request)
        asked = run_once(
            request,
            lambda: verb(order_id=order_id, payment_id=payment_id, actor=actor, expected_version=version, **words),
            lambda operations: {"operations": operations},
            status=200,
        )
        self.called(orjson.loads(asked.content)["operations"])
        return self.document(payment_id)

    def called(self, operations: Sequence[int]) -> Snapshot | None:
        """Make calls now, and answer the last one's snapshot. A provider that is silent is asked in the background.

        Refuses PaymentRefused.
        """
        snapshot = None
        for operation_id in operations:
            try:
                snapshot = services.carry_out(operation_id) or snapshot
            except ProviderUnknown:
                continue
            except ProviderRefused as refusal:
                raise PaymentRefused(refusal.code) from refusal
        return snapshot

    def looked_at(self, payment_id: int) -> Snapshot | None:
        """What the provider says of a payment now, with what the buyer's browser needs; None while it is silent."""
        try:
            return services.look(payment_id)
        except (ProviderUnknown, ProviderRefused):
            return None

    def payments_of(self, order_id: int) -> QuerySet[Payment]:
        """The payments of an order. Refuses NotFound where the caller may not see the order."""
        order = self.seen(order_id).one(order_id)
        return Payment.objects.filter(order=order).prefetch_related("operations")

    def payment_of(self, order_id: int, payment_id: int) -> Payment:
        """One payment of an order. Refuses NotFound."""
        payment = self.payments_of(order_id).filter(pk=payment_id).first()
        if payment is None:
            raise NotFound("There is no such payment.")
        return payment

    def document(self, payment_id: int) -> Response:
        """A payment as it is now."""
        row = Payment.objects.prefetch_related("operations").get(pk=payment_id)
        return Response(document_of(self.shown, row))

    @property
    def shown(self) -> type[PaymentSerializer]:
        """How the caller reads a payment."""
        return StaffPaymentSerializer if self.serves(SEES) else PaymentSerializer
