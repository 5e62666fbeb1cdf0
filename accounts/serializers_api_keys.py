"""Documents and bodies of API keys."""

from typing import Any

from rest_framework import serializers

from accounts.models import ApiKey
from accounts.scopes import SCOPES
from api.fields import Choice, Text, Timestamp
from api.serializers import BodySerializer


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    """The document of a key, without the key."""

    key_id = serializers.IntegerField(source="id")
    prefix = serializers.CharField(help_text="The first characters of the key, by which it is known.")
    scopes = serializers.ListField(child=serializers.CharField(), help_text="Empty for a publishable key.")
    created_by = serializers.IntegerField(
        source="created_by_id", allow_null=True, help_text="The id of who made it; null where a command did."
    )
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="Right to a minute; null: never.")

    class Meta:
        model = ApiKey
        fields = [
            "key_id",
            "name",
            "kind",
            "prefix",
            "scopes",
            "created_by",
            "created_at",
            "last_used_at",
            "expires_at",
            "revoked_at",
        ]


class NewApiKeySerializer(ApiKeySerializer):
    """The document of a key that was made just now."""

    key = serializers.CharField(
        allow_null=True, help_text="The key itself. It is shown this once: a repeated request gets null."
    )

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "key"]


class ApiKeyBody(BodySerializer):
    """A key to be made."""

    name = Text(max_length=100, help_text="What it is for. Staff read it where the journal names the key.")
    kind = Choice(required=False, choices=ApiKey.Kind.choices, default=ApiKey.Kind.SECRET)
    scopes = serializers.ListField(
        child=Choice(choices=list(SCOPES)),
        required=False,
        max_length=len(SCOPES),
        help_text="What a secret key may do. A publishable one has none.",
    )
    expires_at = Timestamp(required=False, help_text="Without it the key works until it is revoked.")
    example: dict[str, Any] = {"name": "Warehouse", "scopes": ["stock:read", "stock:write"]}
