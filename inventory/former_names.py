"""What items were called before: SKUs and names that documents of those days still show, such as orders."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Upper


class FormerName(models.Model):
    """A SKU or a name that an item had once. Whoever searches by it finds what was written under it."""

    item = models.ForeignKey("inventory.StockItem", on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "name"], name="formername_unique")]
        indexes = [GinIndex(OpClass(Upper("name"), "gin_trgm_ops"), name="formername_search")]

    def __str__(self) -> str:
        return self.name


def keep_former_name(*, item_id: int, name: str) -> None:
    """Keep a SKU or a name that the caller, who has locked the item, is about to replace or has replaced."""
    FormerName.objects.get_or_create(item_id=item_id, name=name)
