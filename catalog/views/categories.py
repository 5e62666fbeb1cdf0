"""Categories: the tree, flat by name, each with its parent and children."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor_of
from api.old import PageQuery, View, page_document, page_of
from api.pagination import Keyset
from api.permissions import requires
from api.serializers import body_of
from api.views import expected_version
from catalog import services
from catalog.facets import product_counts
from catalog.list_cache import answer_list
from catalog.models import Category
from catalog.serializers import CategoryBody, CategorySerializer
from database.refusals import NotFound

BY_NAME = Keyset(("name", "id"), (str, int))


def category_documents(categories: list[Category]) -> list[dict[str, Any]]:
    counts = product_counts(category.pk for category in categories)
    return list(CategorySerializer(categories, many=True, context={"counts": counts}).data)


def category_document(category_id: int) -> dict[str, Any]:
    return category_documents([Category.objects.with_relatives().get(pk=category_id)])[0]


def found_category(slug: str) -> int:
    category_id = Category.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if category_id is None:
        raise NotFound("There is no such category.")
    return category_id


class CategoriesView(View):
    permission_classes = [requires(POST="catalog.add_category", public_read=True)]

    @extend_schema(
        summary="All categories by name",
        parameters=[PageQuery],
        responses=page_of(CategorySerializer),
    )
    def get(self, request: Request) -> HttpResponse:
        query, categories = PageQuery.of(request), Category.objects.with_relatives()
        return answer_list(request, lambda: page_document(request, categories, BY_NAME, query, category_documents))

    @extend_schema(
        summary="Create a category",
        request=CategoryBody,
        responses={201: CategorySerializer},
    )
    def post(self, request: Request) -> Response:
        category = services.create_category(**body_of(request, CategoryBody), actor=actor_of(request))
        return Response(category_document(category.pk), status=201)


class CategoryView(View):
    permission_classes = [
        requires("catalog.change_category", DELETE="catalog.delete_category", public_read=True),
    ]

    @extend_schema(summary="One category", responses=CategorySerializer)
    def get(self, request: Request, slug: str) -> Response:
        return Response(category_document(found_category(slug)))

    @extend_schema(
        summary="Rename or move a category",
        request=CategoryBody(partial=True),
        responses=CategorySerializer,
    )
    def put(self, request: Request, slug: str) -> Response:
        category = services.update_category(
            category_id=found_category(slug),
            actor=actor_of(request),
            expected_version=expected_version(request),
            **body_of(request, CategoryBody, partial=True),
        )
        return Response(category_document(category.pk))

    @extend_schema(
        summary="Rename or move a category",
        request=CategoryBody(partial=True),
        responses=CategorySerializer,
    )
    def patch(self, request: Request, slug: str) -> Response:
        response: Response = self.put(request, slug)
        return response

    @extend_schema(summary="Delete an empty category", responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        services.delete_category(category_id=found_category(slug), actor=actor_of(request))
        return Response(status=204)
