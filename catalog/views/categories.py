"""Categories: the tree, flat by name, each with its parent and children."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.pagination import Keyset
from api.permissions import requires
from api.serializers import body_of
from api.views import ViewSet, expected_version, refuses
from catalog import services
from catalog.exceptions import CategoryCycle, CategoryInUse, CategoryTooDeep, SlugTaken, UnknownCategory, found
from catalog.listing.cache import answer_list
from catalog.listing.facets import category_paths, product_counts
from catalog.models import Category
from catalog.serializers import CategoryBody, CategorySerializer
from catalog.views.products import MOVED, PUBLIC, SHARED, moved
from database.refusals import NotFound
from events.actors import actor_of

BY_NAME = Keyset(("name", "id"), (str, int))
EDITORS = requires(
    "catalog.change_category", POST="catalog.add_category", DELETE="catalog.delete_category", public_read=True
)
Documents = list[dict[str, Any]]


class CategoryViewSet(ViewSet):
    """Categories: the tree, flat by name, each with its parent and children."""

    permission_classes = [EDITORS]
    serializer_class = CategorySerializer
    lookup_url_kwarg = "slug"
    lookup_value_converter = "slug"
    keyset = BY_NAME
    cache_control = PUBLIC
    cache_control_of_visitors = SHARED

    def documents(self, rows: Sequence[Any] | None) -> Documents:
        """The documents of these categories, with the number of products in each and the way to it."""
        rows = rows or ()
        ids = [category.pk for category in rows]
        counts, paths = product_counts(ids), category_paths(ids)
        for category in rows:
            category.product_count, category.way = counts.get(category.pk, 0), paths.get(category.pk, [])
        return super().documents(rows)

    def document(self, **which: Any) -> dict[str, Any]:
        """The document of one category. Refuses NotFound."""
        return self.documents([found(Category.objects.with_relatives().filter(**which).first(), "category")])[0]

    def category_id_of(self, slug: str) -> int:
        """The id of the category that has or had this slug. Refuses NotFound."""
        now = Category.objects.filter(slug=slug).first() or services.renamed(Category, slug)
        return int(found(now, "category").pk)

    @extend_schema(
        operation_id="listCategories", summary="All categories by name", responses=CategorySerializer(many=True)
    )
    def list(self, request: Request) -> HttpResponse:
        """A page of categories."""
        return answer_list(request, self.filterset, lambda: self.page_of(Category.objects.with_relatives()).data)

    @extend_schema(
        operation_id="createCategory",
        summary="Create a category",
        request=CategoryBody,
        responses={201: CategorySerializer},
    )
    @refuses(SlugTaken, UnknownCategory, CategoryTooDeep)
    def create(self, request: Request) -> Response:
        """A new category."""
        category = services.create_category(**body_of(request, CategoryBody), actor=actor_of(request))
        return Response(self.document(pk=category.pk), status=201)

    @extend_schema(operation_id="getCategory", summary="One category", responses={200: CategorySerializer, 301: MOVED})
    def retrieve(self, request: Request, slug: str) -> HttpResponse:
        """One category."""
        try:
            return Response(self.document(slug=slug))
        except NotFound:
            now = services.renamed(Category, slug)
            if now is None:
                raise
            return moved(request, now.slug)

    @extend_schema(
        operation_id="updateCategory",
        summary="Rename or move a category",
        request=CategoryBody(partial=True),
        responses=CategorySerializer,
    )
    @refuses(SlugTaken, UnknownCategory, CategoryTooDeep, CategoryCycle)
    def update(self, request: Request, slug: str) -> Response:
        """Change what the body names, by PUT as by PATCH."""
        category_id, version = self.category_id_of(slug), expected_version(request)
        body = body_of(request, CategoryBody, partial=True)
        services.update_category(category_id=category_id, actor=actor_of(request), expected_version=version, **body)
        return Response(self.document(pk=category_id))

    partial_update = update

    @extend_schema(operation_id="deleteCategory", summary="Delete an empty category", responses={204: None})
    @refuses(CategoryInUse)
    def destroy(self, request: Request, slug: str) -> Response:
        """Delete an empty category."""
        services.delete_category(category_id=self.category_id_of(slug), actor=actor_of(request))
        return Response(status=204)
