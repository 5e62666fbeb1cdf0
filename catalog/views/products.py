"""Products: lists, facets, and one at a time."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor_of
from api.idempotency import run_once
from api.old import View, page_of, page_size_of
from api.pagination import cut_page, page_links
from api.permissions import requires
from api.renderers import dumps
from api.serializers import body_of
from api.views import etag_of, expected_version
from catalog import services
from catalog.documents import addresses, product_document
from catalog.facets import read_facets
from catalog.filters import ProductFilters, ProductsQuery
from catalog.list_cache import answer_list
from catalog.models import Product
from catalog.queries import PLACES, keyset_of, read_page, read_place, read_product
from catalog.selection import Selection, count_products
from catalog.serializers import FacetsSerializer, ProductBody, ProductChangesBody, ProductSerializer
from catalog.views.access import edits_products, refuse_stock
from database.refusals import NotFound


def document_of(request: Request, product_id: int) -> dict[str, Any]:
    """A product as it is now, after a change that the caller was allowed to make."""
    row = read_product(product_id=product_id, any_status=True)
    return product_document(row, addresses(request))


class ProductsAsked(View):
    """What lists of products and their facets share."""

    permission_classes = [requires(POST="catalog.add_product", public_read=True)]

    def selection(self, request: Request, filters: type[ProductFilters]) -> tuple[Selection, dict[str, Any]]:
        selection, query = filters.selection_of(request)
        if selection.status != Product.Status.ACTIVE and not edits_products(request):
            self.permission_denied(request, "Only staff who edit products see what is not for sale.")
        return selection, query


class ProductsView(ProductsAsked):
    @extend_schema(
        summary="Products for sale",
        description="Attributes filter too: `?attributes.color=red`. Their names are those of the facets.",
        parameters=[ProductsQuery],
        responses=page_of(ProductSerializer),
    )
    def get(self, request: Request) -> HttpResponse:
        selection, query = self.selection(request, ProductsQuery)
        return answer_list(request, lambda: list_document(request, selection, query))

    @extend_schema(
        summary="Create a product",
        request=ProductBody,
        responses={201: ProductSerializer},
    )
    def post(self, request: Request) -> HttpResponse:
        body, actor = body_of(request, ProductBody), actor_of(request)
        refuse_stock(request, body)
        return run_once(
            request,
            lambda: services.create_product(**body, actor=actor),
            lambda product: document_of(request, product.pk),
        )


def list_document(request: Request, selection: Selection, query: dict[str, Any]) -> dict[str, Any]:
    """A page of products. A search that finds nothing is tried once more, as if it were misspelt."""
    ordering = query.get("ordering", "relevance" if selection.search else "newest")
    if ordering == "relevance" and not selection.search:
        ordering = "newest"
    size, details = page_size_of(query), query.get("expand") != "none"
    selection, cursor = read_place(selection, ordering, query.get("cursor"))
    rows = read_page(selection, ordering=ordering, rows=size + 1, cursor=cursor, details=details)
    if not rows and cursor is None and selection.search:
        selection = selection.misspelt()
        rows = read_page(selection, ordering=ordering, rows=size + 1, details=details)
    keyset = keyset_of(ordering, fuzzy=selection.fuzzy)
    places = [PLACES[column.removeprefix("~")] for column in keyset.columns]
    page = cut_page(rows, size, cursor, lambda row: tuple(row[place] for place in places))
    address = addresses(request)
    document: dict[str, Any] = {
        **page_links(request, keyset, page),
        "results": [product_document(row, address) for row in page.rows],
    }
    if query.get("count") == "exact":
        document["count"] = count_products(selection)
    return document


class FacetsView(ProductsAsked):
    @extend_schema(
        summary="How many products each further filter would leave",
        parameters=[ProductFilters],
        responses=FacetsSerializer,
    )
    def get(self, request: Request) -> HttpResponse:
        selection, _ = self.selection(request, ProductFilters)
        return answer_list(request, lambda: read_facets(selection))


def answer_product(request: Request, row: Any) -> HttpResponse:
    if row is None:
        raise NotFound("There is no such product.")
    document = product_document(row, addresses(request))
    body = dumps(document)
    return HttpResponse(body, content_type="application/json", headers={"ETag": etag_of(body, document["version"])})


def change_product(request: Request, product_id: int) -> Response:
    body = body_of(request, ProductChangesBody, partial=True)
    refuse_stock(request, body)
    services.update_product(
        product_id=product_id, actor=actor_of(request), expected_version=expected_version(request), **body
    )
    return Response(document_of(request, product_id))


def archive_product(request: Request, product_id: int) -> Response:
    services.archive_product(product_id=product_id, actor=actor_of(request), expected_version=expected_version(request))
    return Response(status=204)


class ProductView(View):
    permission_classes = [
        requires("catalog.change_product", DELETE="catalog.delete_product", public_read=True),
    ]

    @extend_schema(summary="One product, by id or by slug", responses=ProductSerializer)
    def get(self, request: Request, product_id: int) -> HttpResponse:
        return answer_product(request, read_product(product_id=product_id, any_status=edits_products(request)))

    @extend_schema(
        summary="Change a product",
        request=ProductChangesBody(partial=True),
        responses=ProductSerializer,
    )
    def put(self, request: Request, product_id: int) -> Response:
        return change_product(request, product_id)

    @extend_schema(
        summary="Change a product",
        request=ProductChangesBody(partial=True),
        responses=ProductSerializer,
    )
    def patch(self, request: Request, product_id: int) -> Response:
        return change_product(request, product_id)

    @extend_schema(
        summary="Archive a product: it leaves the storefront",
        responses={204: None},
    )
    def delete(self, request: Request, product_id: int) -> Response:
        return archive_product(request, product_id)


class ProductBySlugView(ProductView):
    """The same product, named by its slug."""

    schema = None  # two paths of one shape have no place in OpenAPI

    def get(self, request: Request, slug: str) -> HttpResponse:
        return answer_product(request, read_product(slug=slug, any_status=edits_products(request)))

    def put(self, request: Request, slug: str) -> Response:
        return change_product(request, id_of(slug))

    def patch(self, request: Request, slug: str) -> Response:
        return change_product(request, id_of(slug))

    def delete(self, request: Request, slug: str) -> Response:
        return archive_product(request, id_of(slug))


def id_of(slug: str) -> int:
    product_id = Product.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if product_id is None:
        raise NotFound("There is no such product.")
    return product_id
