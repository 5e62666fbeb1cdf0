"""Products: lists, facets, and one at a time. Here is also what products share with their variants and pictures."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from api.addresses import origin_of
from api.fields import MAX_ID
from api.filters import FilterSet
from api.idempotency import keyed, run_once
from api.pagination import KeysetPagination, page_size_of
from api.permissions import requires
from api.renderers import dumps
from api.serializers import body_of, document_of, kept
from api.views import ViewSet, etag_of, expected_version, refuses
from catalog import services
from catalog.exceptions import (
    AmbiguousSku,
    AmbiguousStock,
    NoReduction,
    OptionsTaken,
    SlugTaken,
    UnknownCategory,
    UnknownTaxClass,
    found,
)
from catalog.filters import ProductFilters, ProductListFilters, ShownFilters
from catalog.image_serializers import ImageSerializer
from catalog.listing.cache import answer_list
from catalog.listing.conditions import Selection
from catalog.listing.facets import read_facets
from catalog.listing.pages import find_page
from catalog.listing.rows import ProductRow
from catalog.listing.single import read_product
from catalog.members import ALL, EDITORS_ONLY, columns_of
from catalog.models import Product
from catalog.serializers import ProductBody, ProductChangesBody, ProductSerializer
from catalog.serializers_facets import FacetsSerializer
from database.refusals import NotFound, VersionMismatch
from events.actors import actor_of
from inventory.exceptions import NoWarehouse, SkuTaken

EDITORS = requires(
    "catalog.change_product", POST="catalog.add_product", DELETE="catalog.delete_product", public_read=True
)
# What both a new product and a changed one may be refused for.
EDITS = (SlugTaken, SkuTaken, UnknownCategory, UnknownTaxClass, AmbiguousStock, AmbiguousSku, NoWarehouse)
# What the shop shows to everybody. A browser may keep it, and asks each time whether it is still so.
PUBLIC = "private, no-cache"
# To visitors a shared cache may give it for a second, and for five more while it asks anew.
SHARED = "public, max-age=0, s-maxage=1, stale-while-revalidate=5"
# Where a product's id stands in an address, its slug may stand.
ID_OR_SLUG = OpenApiParameter(
    "product_id",
    {
        "oneOf": [
            {"type": "integer", "minimum": 1, "maximum": MAX_ID},
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


# Where a renamed slug leads. The answer is asked for again each time, since another row may take the slug.
MOVED = OpenApiResponse(description="The slug was changed: `Location` has the new address.")


def moved(request: Request, slug: str) -> HttpResponse:
    """A redirect from the old slug at the end of the path to the new one, with the same query string."""
    path = request.path.rstrip("/").rpartition("/")[0]
    query = request.META.get("QUERY_STRING", "")
    location = f"{path}/{slug}{'?' if query else ''}{query}"
    return HttpResponse(status=301, headers={"Location": location}, content_type="application/json")


def refuse_stock(request: Request, body: dict[str, Any]) -> None:
    """Refuse a body that writes a quantity anywhere, unless the caller may change stock."""
    bodies = [body, *body.get("variants", [])]
    if any("stock_quantity" in part for part in bodies) and not request.user.has_perm("inventory.change_stocklevel"):
        raise PermissionDenied("Writing stock needs the permission to change stock.")


class PicturesViewSet(ViewSet):
    """A base of viewsets whose documents have addresses of pictures."""

    serializer_class: type[ProductSerializer | ImageSerializer]
    cache_control = PUBLIC
    cache_control_of_visitors = SHARED

    def documents(self, rows: Sequence[Any] | None) -> Documents:
        """The documents of these rows. Addresses of pictures begin with the host that was asked."""
        represent, origin = kept(self.serializer_class).to_representation, origin_of(self.request)
        return [represent(row, origin) for row in rows or ()]


class ProductViewSet(PicturesViewSet):
    """Products: lists, facets, and one at a time, by its id or its slug."""

    permission_classes = [EDITORS]
    serializer_class = ProductSerializer
    filterset_class = ProductListFilters
    filterset: ProductListFilters
    lookup_url_kwarg = "product_id"
    lookup_value_converter = "id"

    def selection(self) -> Selection:
        """The products that are asked for. Refuses what is not for sale to everybody but editors."""
        selection = self.filterset.selection
        if set(selection.statuses) != {Product.Status.ACTIVE} and not edits_products(self.request):
            self.permission_denied(self.request, "Only staff who edit products see what is not for sale.")
        return selection

    def product_id_of(self, slug: str) -> int:
        """The id of the product that has or had this slug. Refuses NotFound."""
        now = Product.objects.filter(slug=slug).first() or services.renamed(Product, slug)
        return int(found(now, "product").pk)

    def filterset_of_action(self) -> type[FilterSet]:
        """The parameters of this action: one product has those of a list that say what is shown."""
        return ShownFilters if self.action == "retrieve" else super().filterset_of_action()

    def shown(self, rows: Sequence[ProductRow], members: frozenset[str]) -> Documents:
        """The documents of these rows with these members."""
        represent, origin = kept(ProductSerializer).to_representation, origin_of(self.request)
        return [represent(row, origin, members) for row in rows]

    def document(self, product_id: int) -> dict[str, Any]:
        """The document of a product that the caller has made or changed."""
        return self.shown([read_product(product_id=product_id, any_status=True)], ALL)[0]

    @extend_schema(
        operation_id="listProducts",
        summary="Products for sale",
        description="Attributes filter too: `?attributes.color=red`. Their names are those of the facets.",
        responses=ProductSerializer(many=True),
    )
    @refuses(UnknownCategory)
    def list(self, request: Request) -> HttpResponse:
        """A page of products."""
        selection = self.selection()
        return answer_list(request, self.filterset, lambda: self.page(selection))

    def page(self, selection: Selection) -> dict[str, Any]:
        """The document of a page, with the members that are asked for."""
        query, members = self.filterset.values, self.filterset.shown - EDITORS_ONLY
        listing = find_page(
            selection,
            ordering=query.get("ordering"),
            size=page_size_of(query),
            cursor=query.get("cursor"),
            columns=columns_of(members),
        )
        paginator = KeysetPagination()
        rows = paginator.take(listing.page, self, listing.selection.count, listing.keyset)
        return paginator.document(self.shown(rows, members))

    @extend_schema(
        operation_id="getFacets",
        summary="How many products each further filter would leave",
        responses=FacetsSerializer,
    )
    @refuses(UnknownCategory)
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
    @refuses(*EDITS, OptionsTaken, NoReduction)
    @keyed
    def create(self, request: Request) -> HttpResponse:
        """A new product, once for each Idempotency-Key."""
        body, actor = body_of(request, ProductBody), actor_of(request)
        refuse_stock(request, body)
        return run_once(
            request,
            lambda: services.create_product(**body, actor=actor),
            lambda product: self.document(product.pk),
        )

    @extend_schema(
        operation_id="getProduct",
        parameters=[ID_OR_SLUG],
        summary="One product, by id or by slug",
        responses={200: ProductSerializer, 301: MOVED},
    )
    def retrieve(self, request: Request, **which: Any) -> HttpResponse:
        """One product, if the caller may see it."""
        any_status = edits_products(request)
        members = self.filterset.shown if any_status else self.filterset.shown - EDITORS_ONLY
        try:
            row = read_product(**which, any_status=any_status, columns=columns_of(members) | {"version"})
        except NotFound:
            now = services.renamed(Product, which["slug"]) if "slug" in which else None
            if now is None or not (any_status or now.status == Product.Status.ACTIVE):
                raise
            return moved(request, now.slug)
        # Written here, because a Response that DRF renders takes 4 % longer (520 against 500 us).
        body = dumps(self.shown([row], members)[0])
        return HttpResponse(body, content_type="application/json", headers={"ETag": etag_of(body, row.version)})

    @extend_schema(
        operation_id="updateProduct",
        parameters=[ID_OR_SLUG],
        summary="Change a product",
        request=ProductChangesBody(partial=True),
        responses=ProductSerializer,
    )
    @refuses(*EDITS)
    def update(self, request: Request, product_id: int = 0, slug: str = "") -> Response:
        """Change what the body names, by PUT as by PATCH."""
        body = body_of(request, ProductChangesBody, partial=True)
        refuse_stock(request, body)
        product_id = product_id or self.product_id_of(slug)
        version = expected_version(request)
        services.update_product(product_id=product_id, actor=actor_of(request), expected_version=version, **body)
        return Response(self.document(product_id))

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
