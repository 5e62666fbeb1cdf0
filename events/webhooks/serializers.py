"""Documents and bodies of webhooks."""

from typing import Any

from rest_framework import serializers

from api.fields import Flag, Text, Timestamp
from api.serializers import BodySerializer
from events.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from events.webhooks.addresses import MAX_URL


class WebhookSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    """The document of an endpoint, without its secret."""

    webhook_id = serializers.IntegerField(source="id")
    types = serializers.ListField(
        source="kinds", child=serializers.CharField(), help_text="The events that it is told of; empty: all of them."
    )
    previous_secret_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then messages are signed by the secret before this one too."
    )
    failing_since = serializers.DateTimeField(allow_null=True, help_text="The first failure since the last success.")

    class Meta:
        model = WebhookEndpoint
        fields = [
            "webhook_id",
            "url",
            "description",
            "types",
            "state",
            "disabled_reason",
            "failing_since",
            "previous_secret_until",
            "created_at",
            "version",
        ]
        extra_kwargs = {"state": {"help_text": "`paused` by staff, or `disabled` after it had failed for three days."}}


class WebhookWithSecretSerializer(WebhookSerializer):
    """The document of an endpoint whose secret is new."""

    secret = serializers.CharField(help_text="What signs its messages: `whsec_…`. It is shown here and nowhere else.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


class AttemptSerializer(serializers.ModelSerializer[WebhookAttempt]):
    """One request, and what came back."""

    response_excerpt = serializers.CharField(source="excerpt", help_text="The first 2 kB of the answer.")

    class Meta:
        model = WebhookAttempt
        fields = ["at", "url", "duration_ms", "status", "error", "response_excerpt"]


class DeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    """The document of a delivery, with its attempts, newest first."""

    delivery_id = serializers.IntegerField(source="id")
    message_id = serializers.SerializerMethodField(help_text="The `webhook-id` of each attempt.")
    type = serializers.CharField(source="kind")
    next_attempt_at = serializers.SerializerMethodField(help_text="When it is sent next, while it waits.")
    log = AttemptSerializer(many=True)

    class Meta:
        model = WebhookDelivery
        fields = [
            "delivery_id",
            "message_id",
            "position",
            "type",
            "subject",
            "state",
            "attempts",
            "next_attempt_at",
            "last_status",
            "last_error",
            "delivered_at",
            "created_at",
            "log",
        ]
        extra_kwargs = {"attempts": {"help_text": "Since it was first sent, or sent again by staff."}}

    def get_message_id(self, row: WebhookDelivery) -> str:
        """The id of its message."""
        return row.message_id

    def get_next_attempt_at(self, row: WebhookDelivery) -> str | None:
        """The moment as text; None when it does not wait."""
        field = serializers.DateTimeField()
        return field.to_representation(row.next_attempt_at) if row.state == WebhookDelivery.State.WAITING else None


class WebhookBody(BodySerializer):
    """An endpoint to be set up or changed."""

    url = Text(max_length=MAX_URL, multiline=False, help_text="https://, and a host that the Internet reaches.")
    description = Text(required=False, allow_blank=True, max_length=200)
    types = serializers.ListField(
        source="kinds",
        required=False,
        child=Text(max_length=64),
        max_length=200,
        help_text="Of which events it is told; empty, or left out: of all of them.",
    )
    example = {"url": "https://erp.example/hooks/shop", "description": "ERP", "types": ["order.placed"]}


class ResumeBody(BodySerializer):
    """How an endpoint goes on."""

    catch_up = Flag(required=False, help_text="Whether it is told of what happened meanwhile. It is, unless false.")


class ReplayBody(BodySerializer):
    """The time whose events are delivered again."""

    since = Timestamp()
    until = Timestamp(required=False, help_text="Left out: until now.")
    types = serializers.ListField(
        source="kinds",
        required=False,
        child=Text(max_length=64),
        max_length=200,
        help_text="Left out or empty: those that the endpoint is told of.",
    )
    example = {"since": "2026-11-30T00:00:00Z", "until": "2026-12-01T00:00:00Z", "types": ["order.placed"]}


class ReplaySerializer(serializers.Serializer[Any]):
    """What a replay has begun."""

    deliveries = serializers.IntegerField(help_text="How many events are delivered again.")
