"""One's own address book over HTTP."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import addresses
from accounts.authentication import user_of
from accounts.exceptions import TooManyAddresses
from accounts.models import Address
from accounts.serializers_addresses import AddressBody, AddressSerializer
from api.idempotency import keyed, run_once
from api.pagination import Keyset
from api.serializers import body_of, document_of
from api.views import ViewSet, expected_version, refuses
from database.refusals import VersionMismatch
from events.actors import actor_of


class OwnAddressViewSet(ViewSet):
    """The addresses that the caller keeps."""

    keyset = Keyset(("id",), (int,), descending=True)
    serializer_class = AddressSerializer
    lookup_url_kwarg = "address_id"
    lookup_value_converter = "id"

    @extend_schema(
        operation_id="listMyAddresses", summary="One's own address book", responses=AddressSerializer(many=True)
    )
    def list(self, request: Request) -> Response:
        """The caller's addresses, newest first."""
        return self.page_of(Address.objects.filter(user=user_of(request)))

    @extend_schema(
        operation_id="addMyAddress",
        summary="Add an address to one's own book",
        request=AddressBody,
        responses={201: AddressSerializer},
    )
    @refuses(TooManyAddresses)
    @keyed
    def create(self, request: Request) -> HttpResponse:
        """A further address, once for each Idempotency-Key."""
        body, actor, user_id = body_of(request, AddressBody), actor_of(request), user_of(request).pk
        return run_once(
            request,
            lambda: addresses.add_address(user_id=user_id, actor=actor, **body),
            lambda address: document_of(AddressSerializer, address),
        )

    @extend_schema(operation_id="getMyAddress", summary="One of one's own addresses", responses=AddressSerializer)
    def retrieve(self, request: Request, address_id: int) -> Response:
        """An address of the caller. 404 for one of somebody else's."""
        return Response(document_of(AddressSerializer, addresses.find_address(user_of(request).pk, address_id)))

    @extend_schema(
        operation_id="updateMyAddress",
        summary="Change one of one's own addresses",
        request=AddressBody(partial=True),
        responses=AddressSerializer,
    )
    def partial_update(self, request: Request, address_id: int) -> Response:
        """Change what the body names."""
        changed = addresses.update_address(
            user_id=user_of(request).pk,
            address_id=address_id,
            changes=body_of(request, AddressBody, partial=True),
            actor=actor_of(request),
            expected_version=expected_version(request),
        )
        return Response(document_of(AddressSerializer, changed))

    @extend_schema(operation_id="deleteMyAddress", summary="Delete one of one's own addresses", responses={204: None})
    @refuses(VersionMismatch)
    def destroy(self, request: Request, address_id: int) -> HttpResponse:
        """Take an address out of the caller's book."""
        addresses.remove_address(
            user_id=user_of(request).pk,
            address_id=address_id,
            actor=actor_of(request),
            expected_version=expected_version(request),
        )
        return HttpResponse(status=204)
