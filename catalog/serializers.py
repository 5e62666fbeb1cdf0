"""The shapes of the catalog: bodies going in, documents coming out. The filters of lists are in catalog.filters."""

from typing import Any

from rest_framework import serializers

from api.fields import Choice, Integer, Money, Text
from api.serializers import BodySerializer
from catalog.fields import Attributes, Options, SlugText, UnitMeasure
from catalog.image_serializers import ImageSerializer, image_document
from catalog.listing.rows import ImageRow, ProductRow
from catalog.measures import UNITS
from catalog.members import ALL, MEMBERS, values_of
from catalog.models import MAX_VARIANTS, MAX_WEIGHT, Category, Product, Variant
from catalog.options import Axis
from inventory.models import MAX_QUANTITY
from inventory.skus import validate_sku

# Bodies


class VariantBody(BodySerializer):
    """A variant; each member may be left out."""

    sku = Text(required=False, max_length=64, validators=[validate_sku])
    name = Text(required=False, max_length=255, allow_blank=True, help_text="Without one, the options make it.")
    options = Options(required=False)
    price = Money(required=False, allow_null=True, help_text="Without one, the product's price.")
    stock_quantity = Integer(required=False, max_value=MAX_QUANTITY)
    max_per_customer = Integer(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MAX_QUANTITY,
        help_text="Units that one customer may have in open orders. Without one, as the shop has it for all articles.",
    )
    weight_g = Integer(
        required=False, allow_null=True, min_value=1, max_value=MAX_WEIGHT, help_text="In grams, for shipping."
    )
    compare_at_price = Money(
        required=False,
        allow_null=True,
        help_text="What it is reduced from, above the price. Write it together with the reduced price.",
    )
    unit_measure = UnitMeasure(required=False, allow_null=True)


class VariantChangesBody(VariantBody):
    """Changes of a variant."""

    position = Integer(
        required=False, min_value=1, max_value=MAX_VARIANTS, help_text="Its place among the variants, from 1."
    )


class ProductChangesBody(BodySerializer):
    """Changes of a product."""

    name = Text(max_length=255)
    price = Money()
    description = Text(required=False, max_length=20_000, allow_blank=True)
    brand = Text(required=False, max_length=100, allow_blank=True)
    category = Text(required=False, max_length=120, allow_null=True, help_text="A category's slug.")
    sku = Text(required=False, max_length=64, validators=[validate_sku])
    stock_quantity = Integer(required=False, max_value=MAX_QUANTITY)
    slug = SlugText(required=False, max_length=280)
    status = Choice(required=False, choices=Product.Status.choices)
    attributes = Attributes(required=False)
    tax_class = Text(required=False, max_length=32, allow_blank=True, help_text="A code; empty: the standard class.")


class ProductBody(ProductChangesBody):
    """A new product."""

    variants = serializers.ListField(child=VariantBody(), required=False, min_length=1, max_length=MAX_VARIANTS)


class CategoryBody(BodySerializer):
    """A category, new or changed."""

    name = Text(max_length=100)
    slug = SlugText(required=False, max_length=120)
    parent = Text(  # type: ignore[assignment]  # a field, which DRF moves away from the attribute of this name
        required=False, max_length=120, allow_null=True, help_text="A category's slug; null for the top."
    )


# Documents


class UnitPriceSerializer(serializers.Serializer[Any]):
    """What a unit of the content costs: 16.00 per 1 l."""

    amount = Money()
    per = serializers.CharField()
    unit = serializers.ChoiceField(choices=[*UNITS])

    def to_representation(self, price: dict[str, str]) -> dict[str, str]:
        """As catalog.measures says it."""
        return price


class VariantSerializer(serializers.ModelSerializer[Variant]):
    """An article of a product: what an order line names."""

    # Shows what VariantQuerySet.with_stock() has read. In products, the statement makes the same document.

    variant_id = serializers.IntegerField(source="id")
    sku = serializers.CharField(source="stock_item.sku")
    options = Options(source="options_in_sequence")
    price = Money(source="effective_price")
    compare_at_price = Money(
        source="reduced_from", allow_null=True, help_text="What it is reduced from; null if it is not."
    )
    lowest_price_30d = Money(
        source="lowest_before", allow_null=True, help_text="The lowest price of the 30 days before the reduction."
    )
    unit_price = UnitPriceSerializer(allow_null=True)
    unit_measure = UnitMeasure(allow_null=True)
    stock_quantity = serializers.IntegerField()
    in_stock = serializers.BooleanField(source="stock_item.in_stock")

    class Meta:
        model = Variant
        fields = [
            "variant_id",
            "sku",
            "name",
            "options",
            "price",
            "compare_at_price",
            "lowest_price_30d",
            "unit_price",
            "unit_measure",
            "weight_g",
            "stock_quantity",
            "in_stock",
            "max_per_customer",
            "position",
            "version",
        ]


class CategoryReference(serializers.ModelSerializer[Category]):
    """A category as a product, or another category, names it."""

    class Meta:
        model = Category
        fields = ["slug", "name"]


class CategorySerializer(serializers.ModelSerializer[Category]):
    """A category, with those directly above and below it."""

    # Shows what CategoryQuerySet.with_relatives() has read, with `product_count` and `way` set on each row.

    category_id = serializers.IntegerField(source="id")
    parent = CategoryReference(allow_null=True)
    children = CategoryReference(many=True)
    path = CategoryReference(source="way", many=True, read_only=True, help_text="From the top to this category.")
    product_count = serializers.IntegerField(read_only=True, help_text="Products for sale, in what lies below it too.")

    class Meta:
        model = Category
        fields = ["category_id", "slug", "name", "parent", "path", "children", "product_count", "version"]


class AxisSerializer(serializers.Serializer[Axis]):
    """One thing by which the variants of a product differ, as a colour, and the values that it has."""

    name = serializers.CharField()
    values = serializers.ListField(child=serializers.CharField())


class ProductSerializer(serializers.ModelSerializer[Any]):
    """A product with its variants and pictures. Lists cut the description at 240 characters."""

    # Shows what catalog.listing has read; catalog.members says how.

    product_id = serializers.IntegerField(source="id")
    sku = serializers.CharField(read_only=True)
    price = Money()
    price_from = Money(read_only=True, help_text="What the cheapest variant costs. Lists go by it.")
    price_to = Money(read_only=True, help_text="What the dearest variant costs.")
    compare_at_price = Money(
        read_only=True, allow_null=True, help_text="What the cheapest variant is reduced from; null if it is not."
    )
    lowest_price_30d = Money(
        read_only=True, allow_null=True, help_text="The lowest price of the cheapest variant before its reduction."
    )
    unit_price = UnitPriceSerializer(read_only=True, allow_null=True, help_text="Of the cheapest variant.")
    currency = serializers.CharField(read_only=True)
    stock_quantity = serializers.IntegerField(read_only=True)
    in_stock = serializers.BooleanField(read_only=True)
    category = CategoryReference(allow_null=True)
    attributes = Attributes()
    option_axes = AxisSerializer(
        many=True, help_text="Names as the first variant has them, values in the sequence of the variants."
    )
    # Lists leave these two out unless `expand` names them.
    variants = VariantSerializer(many=True, required=False)
    images = ImageSerializer(many=True, required=False)
    tax_class = serializers.CharField(required=False, help_text="To staff who edit products, of a single product.")

    class Meta:
        model = Product
        fields = [*MEMBERS]

    def to_representation(self, row: ProductRow, origin: str = "", shown: frozenset[str] = ALL) -> dict[str, Any]:
        """The document of a row that has been read for the members that are `shown`.

        The addresses of pictures begin with `origin`: a scheme and a host.
        """
        # By hand: 84 us for a page of 20, where DRF's fields take 1,700 us and all the rest of the request 1,100.
        document = {name: value(row) for name, value in values_of(shown)}
        if "images" in shown:
            document["images"] = [image_document(ImageRow(*image), origin) for image in document["images"]]
        return document
