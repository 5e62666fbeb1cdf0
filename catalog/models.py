"""What is sold: categories, products, their variants and pictures.

Every variant is one stock item. Inventory owns the SKU and the quantities, and nothing of them is stored here again.
"""

from decimal import Decimal
from typing import Self, TypedDict

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, GeneratedField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Greatest, Now

from catalog.image_rows import MAX_IMAGES as MAX_IMAGES
from catalog.image_rows import RENDITIONS as RENDITIONS
from catalog.image_rows import Image as Image  # models of this app
from catalog.image_rows import file_of as file_of
from catalog.measures import unit_price, validate_measure
from catalog.old_slugs import OldSlug as OldSlug
from catalog.options import FOLD, in_sequence
from catalog.price_rows import PlannedPrice as PlannedPrice
from catalog.price_rows import PriceHistory as PriceHistory
from catalog.tree import CategoryQuerySet
from catalog.validators import (
    refuse_reserved_slug,
    validate_attributes,
    validate_options,
    validate_slug,
)
from catalog.vocabulary import Word as Word
from catalog.vocabulary import WordKey as WordKey
from catalog.vocabulary import WordRules as WordRules
from database.money import MoneyField, validate_price
from inventory.models import MAX_QUANTITY, StockItem, StockLevel

MAX_VARIANTS = 100
MAX_DEPTH = 8
# What one article may weigh, in grams: 100 tonnes.
MAX_WEIGHT = 100_000_000


class Category(models.Model):
    """A heading for products, below another one or at the top. Categories nest at most MAX_DEPTH levels deep."""

    name = models.CharField(max_length=100)
    slug = models.CharField(max_length=120, unique=True, validators=[validate_slug, refuse_reserved_slug])
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    product_count: int
    """Products for sale, in what lies below too. Only on rows that are about to be shown."""
    way: list[dict[str, str]]
    """Slug and name of each category from the top to this one. Only on rows that are about to be shown."""

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["name", "id"]
        constraints = [models.CheckConstraint(condition=~Q(parent=models.F("id")), name="category_not_its_own_parent")]

    def __str__(self) -> str:
        return self.name


class ProductQuerySet(models.QuerySet["Product"]):
    """Sets of products."""

    def on_sale(self) -> Self:
        """Those that the storefront shows."""
        return self.filter(status=Product.Status.ACTIVE)

    def with_details(self) -> Self:
        """Each with its category, variants and pictures, in four queries."""
        variants = models.Prefetch("variants", Variant.objects.live().with_stock())
        return self.select_related("category").prefetch_related(variants, "images")


Attributes = dict[str, str | int | float | bool]


class ProductColumns(TypedDict, total=False):
    """The columns that may be written beside name and price, as services take them."""

    slug: str
    description: str
    brand: str
    status: str
    attributes: Attributes
    tax_class: str


class Product(models.Model):
    """Something that is sold, in one or more variants."""

    class Status(models.TextChoices):
        """Whether the storefront shows the product."""

        DRAFT = "draft"
        ACTIVE = "active"
        ARCHIVED = "archived"

    name = models.CharField(max_length=255)
    slug = models.CharField(max_length=280, unique=True, validators=[validate_slug, refuse_reserved_slug])
    description = models.TextField(blank=True, max_length=20_000)
    brand = models.CharField(max_length=100, blank=True, default="", db_default="")
    price = MoneyField(validators=[validate_price])
    # What the live variants cost, the cheapest and the dearest. catalog.services.derived keeps them.
    price_from = MoneyField(db_default=0, editable=False)
    price_to = MoneyField(db_default=0, editable=False)
    # What lists say beside the price of the cheapest live variant, as it says it: what it is reduced from, its measure.
    # Null, as for most products, if that variant says nothing.
    beside_price = models.JSONField(null=True, editable=False)
    tax_class = models.CharField(
        max_length=32, blank=True, default="", db_default="", help_text="Empty: the standard class."
    )
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="products", db_index=False
    )
    attributes = models.JSONField(
        default=dict,
        blank=True,
        validators=[validate_attributes],
        help_text="Scalars by name, for filters and facets.",
    )
    option_axes = models.JSONField(default=list, db_default=Value([], models.JSONField()), editable=False)
    # Both are written by catalog.services.derived: the words of all that a search finds the product by, and the key
    # that its name is sorted by, byte by byte.
    search_vector = SearchVectorField(default="", db_default="", editable=False)
    sort_name = models.CharField(max_length=255, default="", db_default="", db_collation="C", editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(price__gt=0), name="product_price_positive")]
        indexes = [
            models.Index(fields=["-created_at", "-id"], condition=Q(status="active"), name="product_newest"),
            models.Index(fields=["price_from", "id"], condition=Q(status="active"), name="product_by_price"),
            models.Index(fields=["sort_name", "id"], condition=Q(status="active"), name="product_by_sort_name"),
            models.Index(
                fields=["category", "price_from", "id"],
                condition=Q(status="active"),
                name="product_category_price",
            ),
            models.Index(
                fields=["category", "-created_at", "-id"],
                condition=Q(status="active"),
                name="product_category_newest",
            ),
            models.Index(
                fields=["brand", "-created_at", "-id"], condition=Q(status="active"), name="product_brand_newest"
            ),
            models.Index(fields=["category"], name="product_category"),
            GinIndex(fields=["search_vector"], name="product_search"),
            GinIndex(fields=["attributes"], opclasses=["jsonb_path_ops"], name="product_attributes"),
        ]

    def __str__(self) -> str:
        return self.name


class VariantQuerySet(models.QuerySet["Variant"]):
    """Sets of variants."""

    def live(self) -> Self:
        """Those that products have now. Archived variants are kept for the orders that name them."""
        return self.filter(archived_at=None)

    def on_sale(self) -> Self:
        """Those that the storefront shows."""
        return self.live().filter(product__status=Product.Status.ACTIVE)

    def with_stock(self) -> Self:
        """Each with its item and `stock_quantity`: the units that lie unsold in active warehouses, never below 0."""
        unsold = (
            StockLevel.objects.filter(item=OuterRef("stock_item"), warehouse__is_active=True)
            .values("item")
            .annotate(units=Sum(F("on_hand") - F("reserved")))
            .values("units")
        )
        quantity = Greatest(Coalesce(Subquery(unsold, output_field=models.BigIntegerField()), 0), 0)
        return self.select_related("stock_item").annotate(stock_quantity=quantity)


class Variant(models.Model):
    """An article of a product: what an order line names. A plain product has exactly one, without a name of its own."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants", db_index=False)
    stock_item = models.OneToOneField(StockItem, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=255, blank=True)
    options = models.JSONField(default=dict, blank=True, validators=[validate_options])
    price = MoneyField(null=True, blank=True, validators=[validate_price], help_text="Empty: the product's price.")
    max_per_customer = models.PositiveIntegerField(
        "most per customer",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_QUANTITY)],
        help_text="Units that one customer may have in open orders. Empty: as the shop has it for all articles.",
    )
    weight_g = models.PositiveIntegerField(
        "weight in grams", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MAX_WEIGHT)]
    )
    compare_at_price = MoneyField(
        null=True,
        blank=True,
        validators=[validate_price],
        help_text="What it is reduced from. Write it together with the reduced price.",
    )
    # The lowest price of the 30 days before the reduction. The writer of prices keeps it: catalog.services.prices.
    lowest_price_30d = MoneyField(null=True, editable=False)
    unit_measure = models.JSONField(
        null=True, blank=True, validators=[validate_measure], help_text="Its content, for the price of a unit."
    )
    # The options as filters compare them, which know neither case nor accents nor what separates words.
    folded_options = GeneratedField(
        expression=Func(F("options"), template=f"({FOLD.format('(%(expressions)s)::text')})::jsonb"),
        output_field=models.JSONField(),
        db_persist=True,
    )
    # Written by the services. Null without options, and on a variant that had a twin before twins were refused.
    options_key = models.CharField(max_length=32, null=True, editable=False)  # null is not unique
    position = models.PositiveSmallIntegerField(default=1, help_text="Its place among the variants, from 1.")
    archived_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    stock_quantity: int
    """Only on rows that VariantQuerySet.with_stock() has read."""

    objects = VariantQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(price=None) | Q(price__gt=0), name="variant_price_positive"),
            models.CheckConstraint(
                condition=Q(compare_at_price=None) | Q(compare_at_price__gt=0), name="variant_compare_at_positive"
            ),
            models.UniqueConstraint(
                fields=["product", "options_key"],
                condition=Q(archived_at=None),
                name="variant_options_unique",
                violation_error_code="options_taken",
                violation_error_message="Another variant of the product has these options.",
            ),
        ]
        indexes = [
            models.Index(fields=["product", "position", "id"], name="variant_product_position"),
            GinIndex(fields=["folded_options"], opclasses=["jsonb_path_ops"], name="variant_options"),
        ]

    def __str__(self) -> str:
        return self.name or str(self.stock_item_id)

    @property
    def options_in_sequence(self) -> dict[str, str]:
        """The options in the sequence of the product's axes."""
        return in_sequence(self.options, self.product.option_axes)

    @property
    def effective_price(self) -> Decimal:
        """The price of the variant, or else of its product."""
        price: Decimal = self.product.price if self.price is None else self.price
        return price

    @property
    def reduced_from(self) -> Decimal | None:
        """The price that the variant is reduced from; None when it costs as much or more by now."""
        before: Decimal | None = self.compare_at_price
        return before if before is not None and before > self.effective_price else None

    @property
    def lowest_before(self) -> Decimal | None:
        """The lowest price of the 30 days before the reduction; None without one."""
        return None if self.reduced_from is None else self.lowest_price_30d

    @property
    def unit_price(self) -> dict[str, str] | None:
        """What a unit of its content costs."""
        return unit_price(self.effective_price, self.unit_measure)
