"""What belongs to a product: its variants and its images."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor_of
from api.idempotency import run_once
from api.old import PageQuery, View, page_document, page_of
from api.pagination import Keyset
from api.permissions import requires
from api.serializers import body_of
from api.views import expected_version
from catalog import services
from catalog.documents import addresses
from catalog.models import Image, Variant
from catalog.serializers import ImageBody, ImageSerializer, VariantBody, VariantSerializer
from catalog.uploads import PictureParser
from catalog.views.access import refuse_stock, shown_product
from database.refusals import NotFound

BY_POSITION = Keyset(("position", "id"), (int, int))
EDITORS = requires("catalog.change_product", public_read=True)


def variant_documents(variants: list[Variant]) -> list[dict[str, Any]]:
    return list(VariantSerializer(variants, many=True).data)


def found_variant(variants: QuerySet[Variant], variant_id: int) -> dict[str, Any]:
    variant = variants.filter(pk=variant_id).first()
    if variant is None:
        raise NotFound("There is no such variant.")
    return dict(VariantSerializer(variant).data)


class VariantsView(View):
    permission_classes = [EDITORS]

    @extend_schema(
        summary="The variants of a product",
        parameters=[PageQuery],
        responses=page_of(VariantSerializer),
    )
    def get(self, request: Request, product_id: int) -> Response:
        variants = shown_product(request, product_id).variants.live().with_stock()
        return Response(page_document(request, variants, BY_POSITION, PageQuery.of(request), variant_documents))

    @extend_schema(summary="Add a variant", request=VariantBody, responses={201: VariantSerializer})
    def post(self, request: Request, product_id: int) -> HttpResponse:
        body, actor = body_of(request, VariantBody), actor_of(request)
        refuse_stock(request, body)
        return run_once(
            request,
            lambda: services.add_variant(product_id=product_id, actor=actor, **body),
            lambda variant: found_variant(variant.product.variants.with_stock(), variant.pk),
        )


class VariantView(View):
    permission_classes = [EDITORS]

    @extend_schema(summary="One variant", responses=VariantSerializer)
    def get(self, request: Request, product_id: int, variant_id: int) -> Response:
        variants = shown_product(request, product_id).variants.live().with_stock()
        return Response(found_variant(variants, variant_id))

    @extend_schema(
        summary="Change a variant",
        request=VariantBody(partial=True),
        responses=VariantSerializer,
    )
    def patch(self, request: Request, product_id: int, variant_id: int) -> Response:
        body = body_of(request, VariantBody, partial=True)
        refuse_stock(request, body)
        services.update_variant(
            product_id=product_id,
            variant_id=variant_id,
            actor=actor_of(request),
            expected_version=expected_version(request),
            **body,
        )
        return Response(found_variant(Variant.objects.with_stock(), variant_id))

    @extend_schema(summary="Take a variant off the shelf", responses={204: None})
    def delete(self, request: Request, product_id: int, variant_id: int) -> Response:
        services.archive_variant(product_id=product_id, variant_id=variant_id, actor=actor_of(request))
        return Response(status=204)


def image_answer(request: Request, image: Image) -> dict[str, Any]:
    return dict(ImageSerializer(image, context={"address": addresses(request)}).data)


class ImagesView(View):
    permission_classes = [EDITORS]
    parser_classes = [PictureParser]

    @extend_schema(
        summary="The images of a product",
        parameters=[PageQuery],
        responses=page_of(ImageSerializer),
    )
    def get(self, request: Request, product_id: int) -> Response:
        images = shown_product(request, product_id).images.all()

        def documents(page: list[Image]) -> list[dict[str, Any]]:
            return [image_answer(request, image) for image in page]

        return Response(page_document(request, images, BY_POSITION, PageQuery.of(request), documents))

    @extend_schema(
        summary="Add an image",
        request={"multipart/form-data": ImageBody},
        responses={201: ImageSerializer},
    )
    def post(self, request: Request, product_id: int) -> Response:
        body = body_of(request, ImageBody)
        image = services.add_image(product_id=product_id, actor=actor_of(request), **body)
        return Response(image_answer(request, image), status=201)


class ImageView(View):
    permission_classes = [EDITORS]

    @extend_schema(summary="Remove an image", responses={204: None})
    def delete(self, request: Request, product_id: int, image_id: int) -> Response:
        services.delete_image(product_id=product_id, image_id=image_id, actor=actor_of(request))
        return Response(status=204)
