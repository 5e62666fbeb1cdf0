"""Products: lists, facets, and one at a time. Here is also what products share with their variants and pictures."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor_of
from api.addresses import origin_of
from api.fields import MAX_ID
from api.idempotency import keyed, run_once
from api.pagination import KeysetPagination, page_size_of
from api.permissions import requires
from api.renderers import dumps
from api.serializers import body_of, document_of, kept
from api.views import ViewSet, etag_of, expected_version, refuses
from catalog import services
from catalog.exceptions import AmbiguousSku, AmbiguousStock, SlugTaken, UnknownCategory, found
from catalog.filters import ProductFilters, ProductListFilters
from catalog.listing.cache import answer_list
from catalog.listing.conditions import Selection
from catalog.listing.facets import read_facets
from catalog.listing.pages import find_page, read_product
from catalog.models import Product
from catalog.serializers import FacetsSerializer, ImageSerializer, ProductBody, ProductChangesBody, ProductSerializer
from database.refusals import VersionMismatch
from inventory.exceptions import NoWarehouse, SkuTaken

EDITORS = requires(
    "catalog.change_product", POST="catalog.add_product", DELETE="catalog.delete_product", public_read=True
)
# What the shop shows to everybody: a browser may keep it, and asks each time whether it is still so.
PUBLIC = "private, no-cache"
# Where a product's id stands in an address, its slug may stand.
ID_OR_SLUG = OpenApiParameter(
    "product_id",
    {
        "oneOf": [
            {"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_ID},
            {"type": "string", "pattern": "^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 280},
        ]
    },
    OpenApiParameter.PATH,
    description="The product's id, or its slug.",
)
Documents = list[dict[str, Any]]


def edits_products(request: Request) -> bool:
    """Whether the caller sees what is not for sale too."""
    return request.user.is_authenticated and request.user.is_staff and request.user.has_perm("catalog.change_product")


def shown_product(request: Request, product_id: int) -> Product:
    """The product, for a caller who may see it. Refuses NotFound."""
    products = Product.objects.all() if edits_products(request) else Product.objects.on_sale()
    return found(products.filter(pk=product_id).first(), "product")


def refuse_stock(request: Request, body: dict[str, Any]) -> None:
    """Refuse a body that writes a quantity anywhere, unless the caller may change stock."""
    bodies = [body, *body.get("variants", [])]
    if any("stock_quantity" in part for part in bodies) and not request.user.has_perm("inventory.change_stocklevel"):
        raise PermissionDenied("Writing stock needs the permission to change stock.")


class PicturesViewSet(ViewSet):
    """A base of viewsets whose documents have addresses of pictures."""

    serializer_class: type[ProductSerializer | ImageSerializer]
    cache_control = PUBLIC

    def documents(self, rows: Sequence[Any] | None) -> Documents:
        """The documents of these rows. Addresses of pictures begin with the host that was asked."""
        represent, origin = kept(self.serializer_class).to_representation, origin_of(self.request)
        return [represent(row, origin) for row in rows or ()]


class ProductViewSet(PicturesViewSet):
    """Products: lists, facets, and one at a time, by its id or its slug."""

    permission_classes = [EDITORS]
    serializer_class = ProductSerializer
    filterset_class = ProductListFilters
    filterset: ProductFilters
    lookup_url_kwarg = "product_id"
    lookup_value_converter = "id"

    def selection(self) -> Selection:
        """The products that are asked for. Refuses what is not for sale to everybody but editors."""
        selection = self.filterset.selection
        if set(selection.statuses) != {Product.Status.ACTIVE} and not edits_products(self.request):
            self.permission_denied(self.request, "Only staff who edit products see what is not for sale.")
        return selection

    def product_id_of(self, slug: str) -> int:
        """The id of the product with this slug. Refuses NotFound."""
        return found(Product.objects.filter(slug=slug).values_list("pk", flat=True).first(), "product")

    def document(self, **which: Any) -> dict[str, Any]:
        """The document of one product, by its id or its slug."""
        return self.documents([read_product(**which)])[0]

    @extend_schema(
        operation_id="listProducts",
        summary="Products for sale",
        description="Attributes filter too: `?attributes.color=red`. Their names are those of the facets.",
        responses=ProductSerializer(many=True),
    )
    def list(self, request: Request) -> HttpResponse:
        """A page of products."""
        selection = self.selection()
        return answer_list(request, self.filterset, lambda: self.page(selection))

    def page(self, selection: Selection) -> dict[str, Any]:
        """The document of a page."""
        query = self.filterset.values
        listing = find_page(
            selection,
            ordering=query.get("ordering"),
            size=page_size_of(query),
            cursor=query.get("cursor"),
            details=query.get("expand") != "none",
        )
        paginator = KeysetPagination()
        rows = paginator.take(listing.page, self, listing.selection.count, listing.keyset)
        return paginator.document(self.documents(rows))

    @extend_schema(
        operation_id="getFacets",
        summary="How many products each further filter would leave",
        responses=FacetsSerializer,
    )
    @action(detail=False, filterset_class=ProductFilters)
    def facets(self, request: Request) -> HttpResponse:
        """The facets of a list."""
        selection = self.selection()
        return answer_list(request, self.filterset, lambda: document_of(FacetsSerializer, read_facets(selection)))

    @extend_schema(
        operation_id="createProduct",
        summary="Create a product",
        request=ProductBody,
        responses={201: ProductSerializer},
    )
    @refuses(SlugTaken, SkuTaken, UnknownCategory, AmbiguousStock, AmbiguousSku, NoWarehouse)
    @keyed
    def create(self, request: Request) -> HttpResponse:
        """A new product, once for each Idempotency-Key."""
        body, actor = body_of(request, ProductBody), actor_of(request)
        refuse_stock(request, body)
        return run_once(
            request,
            lambda: services.create_product(**body, actor=actor),
            lambda product: self.document(product_id=product.pk, any_status=True),
        )

    @extend_schema(
        operation_id="getProduct",
        parameters=[ID_OR_SLUG],
        summary="One product, by id or by slug",
        responses=ProductSerializer,
    )
    def retrieve(self, request: Request, **which: Any) -> HttpResponse:
        """One product, if the caller may see it."""
        document = self.document(**which, any_status=edits_products(request))
        # Written here, because a Response that DRF renders takes 4 % longer (520 against 500 us).
        body = dumps(document)
        return HttpResponse(body, content_type="application/json", headers={"ETag": etag_of(body, document["version"])})

    @extend_schema(
        operation_id="updateProduct",
        parameters=[ID_OR_SLUG],
        summary="Change a product",
        request=ProductChangesBody(partial=True),
        responses=ProductSerializer,
    )
    @refuses(SlugTaken, SkuTaken, UnknownCategory, AmbiguousStock, AmbiguousSku, NoWarehouse)
    def update(self, request: Request, product_id: int = 0, slug: str = "") -> Response:
        """Change what the body names, by PUT as by PATCH."""
        body = body_of(request, ProductChangesBody, partial=True)
        refuse_stock(request, body)
        product_id = product_id or self.product_id_of(slug)
        version = expected_version(request)
        services.update_product(product_id=product_id, actor=actor_of(request), expected_version=version, **body)
        return Response(self.document(product_id=product_id, any_status=True))

    partial_update = update

    @extend_schema(
        operation_id="archiveProduct",
        parameters=[ID_OR_SLUG],
        summary="Archive a product: it leaves the storefront",
        responses={204: None},
    )
    @refuses(VersionMismatch)
    def destroy(self, request: Request, product_id: int = 0, slug: str = "") -> Response:
        """Archive the product."""
        product_id, version = product_id or self.product_id_of(slug), expected_version(request)
        services.archive_product(product_id=product_id, actor=actor_of(request), expected_version=version)
        return Response(status=204)
