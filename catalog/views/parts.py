"""What belongs to a product: its variants and its pictures."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import keyed, run_once
from api.pagination import Keyset
from api.permissions import requires
from api.serializers import NoBody, body_of, document_of
from api.views import ViewSet, expected_version, refuses
from catalog import services
from catalog.exceptions import (
    InvalidImage,
    LastVariant,
    NoReduction,
    OptionsTaken,
    TooManyImages,
    TooManyVariants,
    UnknownVariant,
    found,
)
from catalog.filters import VariantFilters
from catalog.image_serializers import ImageBody, ImageChangesBody, ImageSerializer
from catalog.models import Variant
from catalog.serializers import VariantBody, VariantChangesBody, VariantSerializer
from catalog.uploads import PictureParser
from catalog.views.products import PUBLIC, SHARED, PicturesViewSet, edits_products, refuse_stock, shown_product
from database.refusals import StorageFull
from events.actors import actor_of
from inventory.exceptions import NoWarehouse, SkuTaken

BY_POSITION = Keyset(("position", "id"), (int, int))
EDITORS = requires("catalog.change_product", public_read=True)


class VariantViewSet(ViewSet):
    """The variants of a product."""

    permission_classes = [EDITORS]
    serializer_class = VariantSerializer
    cache_control = PUBLIC
    cache_control_of_visitors = SHARED
    lookup_url_kwarg = "variant_id"
    lookup_value_converter = "id"
    keyset = BY_POSITION
    filterset_class = VariantFilters

    def document(self, variants: QuerySet[Variant], variant_id: int) -> dict[str, Any]:
        """The document of one of these variants. Refuses NotFound."""
        return document_of(VariantSerializer, found(variants.filter(pk=variant_id).first(), "variant"))

    @extend_schema(
        operation_id="listVariants", summary="The variants of a product", responses=VariantSerializer(many=True)
    )
    def list(self, request: Request, product_id: int) -> Response:
        """A page of variants, by position."""
        if self.filterset.values["archived"] and not edits_products(request):
            self.permission_denied(request, "Only staff who edit products see archived variants.")
        return self.page_of(shown_product(request, product_id).variants.with_stock())

    @extend_schema(
        operation_id="addVariant", summary="Add a variant", request=VariantBody, responses={201: VariantSerializer}
    )
    @refuses(SkuTaken, OptionsTaken, TooManyVariants, NoReduction, NoWarehouse)
    @keyed
    def create(self, request: Request, product_id: int) -> HttpResponse:
        """A further variant, once for each Idempotency-Key."""
        body, actor = body_of(request, VariantBody), actor_of(request)
        refuse_stock(request, body)
        return run_once(
            request,
            lambda: services.add_variant(product_id=product_id, actor=actor, **body),
            lambda variant: self.document(variant.product.variants.with_stock(), variant.pk),
        )

    @extend_schema(operation_id="getVariant", summary="One variant", responses=VariantSerializer)
    def retrieve(self, request: Request, product_id: int, variant_id: int) -> Response:
        """One variant of a product that the caller may see."""
        variants = shown_product(request, product_id).variants.with_stock()
        return Response(self.document(variants if edits_products(request) else variants.live(), variant_id))

    @extend_schema(
        operation_id="updateVariant",
        summary="Change a variant",
        request=VariantChangesBody(partial=True),
        responses=VariantSerializer,
    )
    @refuses(SkuTaken, OptionsTaken, NoReduction, NoWarehouse)
    def partial_update(self, request: Request, product_id: int, variant_id: int) -> Response:
        """Change what the body names."""
        body = body_of(request, VariantChangesBody, partial=True)
        refuse_stock(request, body)
        actor, version = actor_of(request), expected_version(request)
        services.update_variant(
            product_id=product_id, variant_id=variant_id, actor=actor, expected_version=version, **body
        )
        return Response(self.document(Variant.objects.with_stock(), variant_id))

    @extend_schema(operation_id="archiveVariant", summary="Take a variant off the shelf", responses={204: None})
    @refuses(LastVariant)
    def destroy(self, request: Request, product_id: int, variant_id: int) -> Response:
        """Archive the variant."""
        services.archive_variant(product_id=product_id, variant_id=variant_id, actor=actor_of(request))
        return Response(status=204)

    @extend_schema(
        operation_id="restoreVariant",
        summary="Put an archived variant back on the shelf",
        request=None,
        responses=VariantSerializer,
    )
    @refuses(OptionsTaken, TooManyVariants)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, product_id: int, variant_id: int) -> Response:
        """Restore the variant."""
        body_of(request, NoBody)
        services.restore_variant(product_id=product_id, variant_id=variant_id, actor=actor_of(request))
        return Response(self.document(Variant.objects.with_stock(), variant_id))


class ImageViewSet(PicturesViewSet):
    """The pictures of a product."""

    permission_classes = [EDITORS]
    parser_classes = [PictureParser]
    serializer_class = ImageSerializer
    lookup_url_kwarg = "image_id"
    lookup_value_converter = "id"
    keyset = BY_POSITION

    def get_parsers(self) -> list[BaseParser]:
        """An upload is multipart, a change is JSON."""
        if self.request is None or self.request.method != "PATCH":
            return super().get_parsers()
        return [parser() for parser in ViewSet.parser_classes]

    @extend_schema(operation_id="listImages", summary="The images of a product", responses=ImageSerializer(many=True))
    def list(self, request: Request, product_id: int) -> Response:
        """A page of pictures, by position."""
        return self.page_of(shown_product(request, product_id).images.all())

    @extend_schema(
        operation_id="addImage",
        summary="Add an image",
        request={"multipart/form-data": ImageBody},
        responses={201: ImageSerializer},
    )
    @refuses(InvalidImage, TooManyImages, StorageFull, UnknownVariant)
    def create(self, request: Request, product_id: int) -> Response:
        """A further picture, from an uploaded file."""
        body = body_of(request, ImageBody)
        image = services.add_image(product_id=product_id, actor=actor_of(request), **body)
        return Response(self.documents([image])[0], status=201)

    @extend_schema(
        operation_id="updateImage",
        summary="Change an image: its text, its place, its variant",
        request={"application/json": ImageChangesBody(partial=True)},
        responses=ImageSerializer,
    )
    @refuses(UnknownVariant)
    def partial_update(self, request: Request, product_id: int, image_id: int) -> Response:
        """Change what the body names."""
        body, version = body_of(request, ImageChangesBody, partial=True), expected_version(request)
        image = services.update_image(
            product_id=product_id, image_id=image_id, actor=actor_of(request), expected_version=version, **body
        )
        return Response(self.documents([image])[0])

    @extend_schema(operation_id="removeImage", summary="Remove an image", responses={204: None})
    def destroy(self, request: Request, product_id: int, image_id: int) -> Response:
        """Remove a picture with its files."""
        services.delete_image(product_id=product_id, image_id=image_id, actor=actor_of(request))
        return Response(status=204)
