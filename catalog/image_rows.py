"""Pictures of products as rows. Their files are drawn by catalog.pictures."""

from django.db import models
from django.db.models.functions import Now

MAX_IMAGES = 20
# The longest side of each rendition of a picture, in pixels.
RENDITIONS = {"small": 320, "medium": 800, "large": 1600}


def file_of(stem: str, size: str) -> str:
    """The name in the storage of a picture's rendition."""
    return f"products/{stem}-{size}.webp"


class Image(models.Model):
    """A picture of a product, re-encoded on arrival. `stem` is the common part of its renditions' file names."""

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="images", db_index=False)
    stem = models.CharField(max_length=100, unique=True, editable=False)
    alt = models.CharField(max_length=255, blank=True)
    # Null: a picture of all variants.
    variant = models.ForeignKey(
        "catalog.Variant", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    position = models.PositiveSmallIntegerField(default=1)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["position", "id"]
        indexes = [models.Index(fields=["product", "position", "id"], name="image_product_position")]

    def __str__(self) -> str:
        return self.alt or self.stem

    @property
    def files(self) -> dict[str, str]:
        """The name in the storage of each rendition."""
        return {size: file_of(self.stem, size) for size in RENDITIONS}
