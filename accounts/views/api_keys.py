"""API keys over HTTP, for administrators."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_keys import create_key, revoke_key
from accounts.exceptions import ScopeNotYours
from accounts.filters import ApiKeyFilterSet
from accounts.models import ApiKey
from accounts.serializers_api_keys import ApiKeyBody, ApiKeySerializer, NewApiKeySerializer
from api.idempotency import keyed, run_once
from api.pagination import Keyset
from api.permissions import requires
from api.serializers import body_of, document_of
from api.views import ViewSet, refuses
from events.actors import actor_of


class ApiKeyViewSet(ViewSet):
    """The keys with which programs call the API for the shop."""

    permission_classes = [
        requires(GET="accounts.view_apikey", POST="accounts.add_apikey", DELETE="accounts.delete_apikey")
    ]
    keyset = Keyset(("id",), (int,), descending=True)
    filterset_class = ApiKeyFilterSet
    serializer_class = ApiKeySerializer
    lookup_url_kwarg = "key_id"
    lookup_value_converter = "id"

    @extend_schema(operation_id="listApiKeys", summary="API keys", responses=ApiKeySerializer(many=True))
    def list(self, request: Request) -> Response:
        """The keys, newest first, those that were revoked too."""
        return self.page_of(ApiKey.objects.all())

    @extend_schema(
        operation_id="createApiKey",
        summary="Make an API key",
        description="The answer shows the key this once. With an Idempotency-Key the same request makes no second key, "
        "but its answer has none either (`null`), since the key is stored nowhere. When the first answer got lost, "
        "revoke what it has made, and make another.",
        request=ApiKeyBody,
        responses={201: NewApiKeySerializer},
    )
    @refuses(ScopeNotYours, "required", "not_allowed", "in_the_past")
    @keyed
    def create(self, request: Request) -> HttpResponse:
        """Make a key, with no more scopes than the caller has rights for."""
        body: dict[str, Any] = body_of(request, ApiKeyBody)
        shown: dict[int, str] = {}

        def make() -> ApiKey:
            row, shown[row.pk] = create_key(**body, actor=actor_of(request))
            return row

        def document(row: ApiKey) -> dict[str, Any]:
            return document_of(ApiKeySerializer, row)

        return run_once(request, make, document, reveal=lambda told: told | {"key": shown.get(told["key_id"])})

    @extend_schema(operation_id="revokeApiKey", summary="Revoke an API key", responses={204: None})
    def destroy(self, request: Request, key_id: int) -> HttpResponse:
        """End a key at once. It stays in the list, since journals name it."""
        revoke_key(key_id=key_id, actor=actor_of(request))
        return HttpResponse(status=204)
