"""Whose order it is that a request is about, for every endpoint below an order."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import AllowAny

from accounts.authentication import user_of
from api.permissions import requires
from api.serializers import document_of
from api.views import ViewSet
from database.refusals import NotFound
from database.transactions import one_moment
from events.actors import VISITOR, actor_of
from orders.models import Order, OrderQuerySet
from orders.serializers.documents import OrderSerializer
from orders.tokens import opens

SeesOrders = requires("orders.view_order")
CHANGE = "orders.change_order"
MayChange = requires(CHANGE)
SHOWN = "HTTP_X_ORDER_TOKEN"
TOKEN = OpenApiParameter(
    "X-Order-Token", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The token of a guest's order."
)


class ViewSetOfOrders(ViewSet):
    """The base of what is done with one order by its customer, by a guest who shows its token, or by staff.

    An order that the caller may not see does not exist for the caller: the answer is 404.
    """

    # The actions that a guest may do, who has no account: by the token of the order.
    by_token: tuple[str, ...] = ()

    def get_permissions(self) -> Sequence[Any]:
        """Whoever shows a token need not be signed in for what a guest may do."""
        if self.action in self.by_token and SHOWN in self.request.META:
            return [AllowAny()]
        return super().get_permissions()

    def serves(self, permission: str) -> bool:
        """Whether the caller is staff with this permission, and so acts for the shop."""
        user = self.request.user
        return user.is_authenticated and user.is_staff and user.has_perm(permission)

    def opened_by_token(self, order_id: int) -> bool:
        """Whether the caller shows the token of this order. Refuses NotFound to a visitor who does not.

        Whoever is signed in and shows a wrong token is who they are.
        """
        token = self.request.META.get(SHOWN)
        if token is None:
            return False
        number = Order.objects.visible().filter(pk=order_id).values_list("number", flat=True).first()
        if number is not None and opens(token, order_id, number):
            return True
        if not self.request.user.is_authenticated:
            raise NotFound("There is no such order.")
        return False

    def seen(self, order_id: int) -> OrderQuerySet:
        """The orders that exist for the caller: all of them for staff who may see orders, else the caller's own.

        For whoever shows the token of this order it is this one.
        """
        if self.serves("orders.view_order") or self.opened_by_token(order_id):
            return Order.objects.visible()
        return Order.objects.of(user_of(self.request).pk)

    def owner_for(self, order_id: int, permission: str) -> int | None:
        """The id of the only person whose orders the caller may change; None for staff with the permission.

        Staff who see the order of somebody else without the permission are refused PermissionDenied, and NotFound
        where there is no such order.
        """
        if self.serves(permission):
            return None
        user = user_of(self.request)
        if self.serves("orders.view_order") and not Order.objects.of(user.pk).filter(pk=order_id).exists():
            Order.objects.visible().one(order_id)
            raise PermissionDenied
        return user.pk

    def asker(self, order_id: int) -> dict[str, Any]:
        """Who wants to change an order, as the services take it: staff, its customer, or who shows its token."""
        by_guest = not self.serves(CHANGE) and self.opened_by_token(order_id)
        return {
            "by_guest": by_guest,
            "owner_id": None if by_guest else self.owner_for(order_id, CHANGE),
            "actor": actor_of(self.request) if self.request.user.is_authenticated else VISITOR,
        }

    def owner_of_key(self, order_id: int) -> str:
        """Whose an Idempotency-Key is: a visitor's belongs to the order, and that of others to themselves ("")."""
        return "" if self.request.user.is_authenticated else f"order:{order_id}"


def order_document(order_id: int) -> dict[str, Any]:
    """The document of an order as it is now, after a change that the caller was allowed to make."""
    with one_moment():
        return document_of(OrderSerializer, Order.objects.with_lines().one(order_id))
