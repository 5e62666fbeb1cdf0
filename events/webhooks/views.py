"""Webhooks over HTTP, for staff: endpoints, what was sent to them, and sending it again."""

from collections.abc import Callable
from typing import Any

from django.db.models import Prefetch
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import keyed, run_once
from api.pagination import Keyset
from api.permissions import requires
from api.serializers import NoBody, body_of, document_of
from api.views import ViewSet, expected_version, refuses
from database.refusals import VersionMismatch
from events.actors import actor_of
from events.models import WebhookAttempt, WebhookEndpoint
from events.webhooks import endpoints
from events.webhooks.exceptions import (
    BadEndpointURL,
    EndpointNotActive,
    TooManyEndpoints,
    TooMuchToReplay,
    UnknownKinds,
)
from events.webhooks.filters import DeliveryFilters, WebhookFilters
from events.webhooks.serializers import (
    DeliverySerializer,
    ReplayBody,
    ReplaySerializer,
    ResumeBody,
    WebhookBody,
    WebhookSerializer,
    WebhookWithSecretSerializer,
)

BY_STAFF = requires("events.change_webhookendpoint", GET="events.view_webhookendpoint")
LOG = Prefetch("log", WebhookAttempt.objects.order_by("-id"))


def document(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """The document of an endpoint, without its secret."""
    return document_of(WebhookSerializer, endpoint)


def with_secret(shown: dict[str, Any]) -> dict[str, Any]:
    """A document with the secret of its endpoint, as it is now; without one when the endpoint was deleted."""
    endpoint = endpoints.endpoints().filter(pk=shown["webhook_id"]).first()
    return shown | {"secret": endpoint.secret if endpoint else ""}


class WebhookViewSet(ViewSet):
    """Endpoints."""

    permission_classes = [BY_STAFF]
    serializer_class = WebhookSerializer
    filterset_class = WebhookFilters
    keyset = Keyset(("id",), (int,), descending=True)
    lookup_url_kwarg = "webhook_id"
    lookup_value_converter = "id"

    @extend_schema(operation_id="listWebhooks", summary="Webhooks", responses=WebhookSerializer(many=True))
    def list(self, request: Request) -> Response:
        """A page of endpoints, newest first."""
        return self.page_of(endpoints.endpoints())

    @extend_schema(
        operation_id="createWebhook",
        summary="Set up a webhook",
        request=WebhookBody,
        responses={201: WebhookWithSecretSerializer},
    )
    @refuses(TooManyEndpoints, BadEndpointURL.code, UnknownKinds.code)
    @keyed
    def create(self, request: Request) -> HttpResponse:
        """A further endpoint, once for each Idempotency-Key. The answer has its secret, and no later one has."""
        body, actor = body_of(request, WebhookBody), actor_of(request)
        return run_once(request, lambda: endpoints.create_endpoint(actor=actor, **body), document, reveal=with_secret)

    @extend_schema(operation_id="getWebhook", summary="One webhook", responses=WebhookSerializer)
    def retrieve(self, request: Request, webhook_id: int) -> Response:
        """One endpoint."""
        return Response(document(endpoints.find(webhook_id)))

    @extend_schema(
        operation_id="updateWebhook",
        summary="Change a webhook",
        request=WebhookBody(partial=True),
        responses=WebhookSerializer,
    )
    @refuses(BadEndpointURL.code, UnknownKinds.code)
    def partial_update(self, request: Request, webhook_id: int) -> Response:
        """Change what the body names."""
        changes = body_of(request, WebhookBody, partial=True)
        changed = endpoints.update_endpoint(
            webhook_id=webhook_id,
            changes=changes,
            actor=actor_of(request),
            expected_version=expected_version(request),
        )
        return Response(document(changed))

    @extend_schema(operation_id="deleteWebhook", summary="Delete a webhook", responses={204: None})
    @refuses(VersionMismatch)
    def destroy(self, request: Request, webhook_id: int) -> HttpResponse:
        """Delete an endpoint with its secret and its deliveries."""
        endpoints.delete_endpoint(
            webhook_id=webhook_id, actor=actor_of(request), expected_version=expected_version(request)
        )
        return HttpResponse(status=204)

    @extend_schema(
        operation_id="testWebhook",
        summary="Send a webhook a test",
        request=None,
        responses={202: WebhookSerializer},
    )
    @refuses(EndpointNotActive)
    @action(detail=True, methods=["post"])
    @keyed
    def test(self, request: Request, webhook_id: int) -> HttpResponse:
        """Send the endpoint an event `webhook.tested`. Its deliveries tell how that went."""
        body_of(request, NoBody)
        return self.done(request, endpoints.test_endpoint, webhook_id, status=202)

    @extend_schema(
        operation_id="rotateWebhookSecret",
        summary="Give a webhook a new secret",
        request=None,
        responses=WebhookWithSecretSerializer,
    )
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    @keyed
    def rotate_secret(self, request: Request, webhook_id: int) -> HttpResponse:
        """A new secret, which the answer has. For a day the one before it signs too."""
        body_of(request, NoBody)
        return self.done(request, endpoints.rotate_secret, webhook_id, reveal=with_secret)

    @extend_schema(operation_id="pauseWebhook", summary="Pause a webhook", request=None, responses=WebhookSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, webhook_id: int) -> Response:
        """Send the endpoint nothing until it is resumed. One that is paused or disabled stays as it is."""
        body_of(request, NoBody)
        return Response(document(endpoints.pause_endpoint(webhook_id=webhook_id, actor=actor_of(request))))

    @extend_schema(
        operation_id="resumeWebhook", summary="Resume a webhook", request=ResumeBody, responses=WebhookSerializer
    )
    @refuses(TooMuchToReplay)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, webhook_id: int) -> Response:
        """Go on with an endpoint that is paused or disabled, with what waits and what happened meanwhile."""
        body = body_of(request, ResumeBody)
        return Response(document(endpoints.resume_endpoint(webhook_id=webhook_id, actor=actor_of(request), **body)))

    @extend_schema(
        operation_id="replayWebhook",
        summary="Deliver the events of a time again",
        request=ReplayBody,
        responses={202: ReplaySerializer},
    )
    @refuses(TooMuchToReplay, UnknownKinds.code)
    @action(detail=True, methods=["post"])
    @keyed
    def replay(self, request: Request, webhook_id: int) -> HttpResponse:
        """Deliver again what happened in a time, oldest first. Each message keeps its id."""
        body, actor = body_of(request, ReplayBody), actor_of(request)
        return run_once(
            request,
            lambda: endpoints.replay(webhook_id=webhook_id, actor=actor, **body),
            lambda number: {"deliveries": number},
            status=202,
        )

    def done(
        self, request: Request, verb: Callable[..., WebhookEndpoint], webhook_id: int, status: int = 200, **more: Any
    ) -> HttpResponse:
        """The answer of a verb that is carried out once for each Idempotency-Key."""
        actor = actor_of(request)
        return run_once(request, lambda: verb(webhook_id=webhook_id, actor=actor), document, status=status, **more)


class DeliveryViewSet(ViewSet):
    """What was sent to an endpoint, and is to be sent."""

    permission_classes = [BY_STAFF]
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilters
    keyset = Keyset(("id",), (int,), descending=True)
    lookup_url_kwarg = "delivery_id"
    lookup_value_converter = "id"

    @extend_schema(
        operation_id="listWebhookDeliveries",
        summary="Deliveries of a webhook",
        responses=DeliverySerializer(many=True),
    )
    def list(self, request: Request, webhook_id: int) -> Response:
        """A page of deliveries, newest first, each with its attempts."""
        return self.page_of(endpoints.find(webhook_id).deliveries.prefetch_related(LOG))

    @extend_schema(
        operation_id="resendWebhookDelivery",
        summary="Send a delivery again",
        request=None,
        responses={202: DeliverySerializer},
    )
    @action(detail=True, methods=["post"])
    @keyed
    def resend(self, request: Request, webhook_id: int, delivery_id: int) -> HttpResponse:
        """Send a delivery again at once, also one that has arrived. Its message keeps its id."""
        body_of(request, NoBody)
        actor = actor_of(request)
        return run_once(
            request,
            lambda: endpoints.resend(webhook_id=webhook_id, delivery_id=delivery_id, actor=actor),
            lambda delivery: document_of(DeliverySerializer, delivery),
            status=202,
        )
