"""Being told when an article can be ordered again, for customers and for guests."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import user_of
from api.addresses import counted_address
from api.pagination import Keyset
from api.serializers import body_of, document_of
from api.throttles import Throttle, Window, named_in, window
from api.views import ViewSet, refuses
from catalog import services
from catalog.exceptions import AvailableAlready, TooManyNotifications
from catalog.waiting_serializers import (
    NotificationTokenBody,
    StockNotificationBody,
    StockNotificationSerializer,
    ToldSerializer,
)
from database.refusals import FieldError, Invalid
from events.actors import VISITOR, actor_of


class WaitingThrottle(Throttle):
    """Wishes to be told, per address and per email, so that nobody's mailbox is flooded with links."""

    strict = True

    def windows(self, request: Request) -> list[Window]:
        """The window of the address, and that of the email that the body names."""
        rate = settings.RATE_LIMIT_STOCK_NOTIFICATIONS
        windows = [window(rate, "waiting-address", counted_address(request))]
        if email := named_in(request, "email"):
            windows.append(window(rate, "waiting-email", email))
        return windows


def told(detail: str, status: int = 200) -> Response:
    """One sentence."""
    return Response(document_of(ToldSerializer, {"detail": detail}), status=status)


class StockNotificationViewSet(ViewSet):
    """Wishes to be told when a variant can be ordered again."""

    permission_classes = [AllowAny]
    throttle_classes = [WaitingThrottle]

    @extend_schema(
        operation_id="requestStockNotification",
        summary="Be told when an article can be ordered again",
        request=StockNotificationBody,
        responses={200: StockNotificationSerializer, 201: StockNotificationSerializer, 202: ToldSerializer},
    )
    @refuses(AvailableAlready, TooManyNotifications)
    def create(self, request: Request, product_id: int, variant_id: int) -> Response:
        """Have the caller told, or with an email whoever confirms it. The answer is the same for every email."""
        body, which = body_of(request, StockNotificationBody), {"product_id": product_id, "variant_id": variant_id}
        if "email" in body:
            actor = actor_of(request) if request.user.is_authenticated else VISITOR
            services.wait_by_email(**which, email=body["email"], actor=actor)
            return told("A link is on its way to this email, unless it was confirmed before.", 202)
        if not request.user.is_authenticated:
            raise Invalid(errors=[FieldError("email", "email_of_guest_required", "Guests say where the mail goes.")])
        row, is_new = services.wait_for(**which, user_id=user_of(request).pk, actor=actor_of(request))
        return Response(document_of(StockNotificationSerializer, row), status=201 if is_new else 200)

    @extend_schema(
        operation_id="confirmStockNotification",
        summary="Confirm an email that waits for an article, with a mailed link",
        request=NotificationTokenBody,
        responses=ToldSerializer,
        auth=[],
    )
    @refuses("invalid_notification_token")
    def confirm(self, request: Request) -> Response:
        """Confirm the email that the link was mailed to. Again changes nothing."""
        services.confirm_notification(**body_of(request, NotificationTokenBody))
        return told("The email is confirmed: a mail follows when the article can be ordered again.")

    @extend_schema(
        operation_id="cancelStockNotification",
        summary="Wait for an article no longer, with a mailed link",
        request=NotificationTokenBody,
        responses=ToldSerializer,
        auth=[],
    )
    @refuses("invalid_notification_token")
    def cancel(self, request: Request) -> Response:
        """Take the wish back that the link is of. Again changes nothing."""
        services.cancel_by_link(**body_of(request, NotificationTokenBody))
        return told("No mail about this article follows.")


class OwnStockNotificationViewSet(ViewSet):
    """The articles that the caller waits for."""

    serializer_class = StockNotificationSerializer
    lookup_url_kwarg = "notification_id"
    lookup_value_converter = "id"
    keyset = Keyset(("id",), (int,), descending=True)

    @extend_schema(
        operation_id="listMyStockNotifications",
        summary="The articles that one waits for",
        responses=StockNotificationSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        """The caller's wishes that are still open, newest first."""
        return self.page_of(services.own_notifications(user_of(request).pk))

    @extend_schema(
        operation_id="removeMyStockNotification", summary="Wait for an article no longer", responses={204: None}
    )
    def destroy(self, request: Request, notification_id: int) -> Any:
        """Take one of the caller's wishes back. 404 for one of somebody else's."""
        services.cancel_notification(notification_id=notification_id, user_id=user_of(request).pk)
        return Response(status=204)
