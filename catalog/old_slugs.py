"""The slugs that rows had before."""

from django.db import models
from django.db.models import Q


class OldSlug(models.Model):
    """A slug that a product or a category had before: it leads to that row, until another row takes the slug."""

    slug = models.CharField(max_length=280)
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, null=True, related_name="old_slugs")
    category = models.ForeignKey("catalog.Category", on_delete=models.CASCADE, null=True, related_name="old_slugs")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["slug"], condition=Q(product__isnull=False), name="oldslug_of_product_unique"
            ),
            models.UniqueConstraint(
                fields=["slug"], condition=Q(category__isnull=False), name="oldslug_of_category_unique"
            ),
            models.CheckConstraint(
                condition=Q(product__isnull=False, category=None) | Q(product=None, category__isnull=False),
                name="oldslug_of_one_row",
            ),
        ]

    def __str__(self) -> str:
        return self.slug
