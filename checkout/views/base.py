"""What all views of carts do alike: who asks, and how a change is answered."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import AllowAny

from api.addresses import client_address, origin_of
from api.idempotency import run_once
from api.views import ViewSet
from checkout.callers import Caller, source_of
from checkout.facts import Facts
from checkout.figures import figures_of
from checkout.serializers.documents import (
    CartSerializer,
    cart_document,
)
from checkout.tokens import opens
from database.refusals import NotFound
from events.actors import VISITOR, actor_of

TOKEN = OpenApiParameter(
    "X-Cart-Token", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The token of a guest's cart."
)


class CartBase(ViewSet):
    """Finds out who asks, and answers with the whole cart. A cart of somebody else does not exist."""

    permission_classes = [AllowAny]
    serializer_class = CartSerializer
    lookup_url_kwarg = "cart_id"
    lookup_value_converter = "uuid"

    def caller(self) -> Caller:
        """Who asks."""
        user = self.request.user
        return Caller(
            actor=actor_of(self.request) if user.is_authenticated else VISITOR,
            token=self.request.META.get("HTTP_X_CART_TOKEN", ""),
            source=source_of(client_address(self.request)),
            serves=user.is_authenticated and user.is_staff and user.has_perm("checkout.change_cart"),
        )

    def run_once(self, cart_id: UUID, caller: Caller, work: Callable[[], Facts]) -> HttpResponse:
        """Answer a POST that changes a cart with the whole cart, once for each key."""
        owner = self.owner_of_key(cart_id, caller)
        return run_once(self.request, work, self.document, status=200, owner=owner)

    def owner_of_key(self, cart_id: UUID, caller: Caller) -> str:
        """Whose the keys of this request are: the user's (empty), or those of the guest's cart.

        Refuses NotFound to whoever does not show the token of the cart, and so may not read a first answer.
        """
        if caller.user_id is not None:
            return ""
        if not opens(caller.token, cart_id):
            raise NotFound("There is no such cart.")
        return f"cart:{cart_id}"

    def document(self, cart: Facts) -> dict[str, Any]:
        """The document of a cart."""
        return cart_document(cart, figures_of(cart), origin_of(self.request))
