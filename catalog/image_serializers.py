"""The shapes of pictures: bodies going in, documents coming out."""

from typing import Any
from urllib.parse import urljoin

from django.core.files.storage import default_storage
from rest_framework import serializers

from api.fields import MAX_ID, Id, Integer, Text
from api.serializers import BodySerializer
from catalog.listing.rows import ImageRow
from catalog.models import MAX_IMAGES, RENDITIONS, Image, file_of


class PartId(Integer):
    """An id in a multipart body, where everything is text; in JSON it is a number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        """Refuses everything but digits."""
        if isinstance(data, str) and data.isascii() and data.isdigit() and len(data) <= 19:
            data = int(data)
        return super().to_internal_value(data)


class ImageBody(BodySerializer):
    """A picture."""

    file = serializers.FileField(help_text="JPEG, PNG or WebP; what it is, its content says.")
    alt = Text(required=False, max_length=255, allow_blank=True, default="")
    variant_id = PartId(required=False, help_text="The variant that it shows. Without one: all of them.")


class ImageChangesBody(BodySerializer):
    """Changes of a picture."""

    alt = Text(required=False, max_length=255, allow_blank=True)
    position = Integer(
        required=False, min_value=1, max_value=MAX_IMAGES, help_text="Its place among the pictures, from 1."
    )
    variant_id = Id(required=False, allow_null=True, help_text="The variant that it shows; null: all of them.")


class RenditionsSerializer(serializers.Serializer[Any]):
    """The addresses of a picture in each of its sizes."""

    small = serializers.URLField(help_text=f"At most {RENDITIONS['small']} pixels on its longest side.")
    medium = serializers.URLField(help_text=f"At most {RENDITIONS['medium']} pixels.")
    large = serializers.URLField(help_text=f"At most {RENDITIONS['large']} pixels.")


def image_document(image: Image | ImageRow, origin: str) -> dict[str, Any]:
    """The document of a picture. The addresses of its files begin with `origin`: a scheme and a host."""
    renditions = {size: urljoin(origin, default_storage.url(file_of(image.stem, size))) for size in RENDITIONS}
    return {
        "image_id": image.id,
        "url": renditions["large"],
        "alt": image.alt,
        "position": image.position,
        "variant_id": image.variant_id,
        "width": image.width,
        "height": image.height,
        "renditions": renditions,
        "version": image.version,
    }


class ImageSerializer(serializers.Serializer[Image]):
    """A picture of a product, in three sizes."""

    image_id = serializers.IntegerField()
    url = serializers.URLField()
    alt = serializers.CharField(allow_blank=True)
    position = serializers.IntegerField()
    variant_id = serializers.IntegerField(allow_null=True, help_text="The variant that it shows; null: all of them.")
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    renditions = RenditionsSerializer()
    version = serializers.IntegerField()

    def to_representation(self, image: Image, origin: str = "") -> dict[str, Any]:
        """The document of a picture. The addresses of its files begin with `origin`: a scheme and a host."""
        return image_document(image, origin)
