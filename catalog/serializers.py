"""The shapes of the catalog: bodies going in, documents coming out. What filters a list is in catalog.filters."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.fields import Choice, Integer, Money, Text
from api.serializers import BodySerializer
from catalog.documents import Address, image_document
from catalog.models import (
    MAX_NUMBER,
    MAX_VARIANTS,
    RENDITIONS,
    Category,
    Image,
    Product,
    Variant,
    refuse_reserved_slug,
    validate_attributes,
    validate_options,
    validate_slug,
)
from inventory.models import MAX_QUANTITY, validate_sku

SHORT_TEXT = {"type": "string", "maxLength": 255}
NUMBER = {"type": "number", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER}
KEY = {"pattern": "^[^\\x00-\\x1f\\x7f]{1,64}$"}
ATTRIBUTES = {
    "type": "object",
    "maxProperties": 50,
    "propertyNames": KEY,
    "additionalProperties": {"anyOf": [SHORT_TEXT, NUMBER, {"type": "boolean"}]},
}
OPTIONS = {
    "type": "object",
    "maxProperties": 20,
    "propertyNames": KEY,
    "additionalProperties": SHORT_TEXT | {"minLength": 1},
}


class Object(serializers.Field[Any, Any, Any, Any]):
    """A JSON object; what may be in it, a validator of the model says."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(ATTRIBUTES)
class Attributes(Object):
    default_validators = [validate_attributes]


@extend_schema_field(OPTIONS)
class Options(Object):
    default_validators = [validate_options]


class SlugText(Text):
    default_validators = [validate_slug, refuse_reserved_slug]


# Bodies


class VariantBody(BodySerializer):
    sku = Text(required=False, max_length=64, validators=[validate_sku])
    name = Text(required=False, max_length=255, allow_blank=True, help_text="Without one, the options make it.")
    options = Options(required=False)
    price = Money(required=False, allow_null=True, help_text="Without one, the product's price.")
    stock_quantity = Integer(required=False, max_value=MAX_QUANTITY)


class ProductChangesBody(BodySerializer):
    name = Text(max_length=255)
    price = Money()
    description = Text(required=False, max_length=20_000, allow_blank=True)
    category = Text(required=False, max_length=120, allow_null=True, help_text="A category's slug.")
    sku = Text(required=False, max_length=64, validators=[validate_sku])
    stock_quantity = Integer(required=False, max_value=MAX_QUANTITY)
    slug = SlugText(required=False, max_length=280)
    status = Choice(required=False, choices=Product.Status.choices)
    attributes = Attributes(required=False)


class ProductBody(ProductChangesBody):
    variants = serializers.ListField(child=VariantBody(), required=False, min_length=1, max_length=MAX_VARIANTS)


class CategoryBody(BodySerializer):
    name = Text(max_length=100)
    slug = SlugText(required=False, max_length=120)
    parent = Text(  # type: ignore[assignment]  # a field, which DRF moves away from the attribute of this name
        required=False, max_length=120, allow_null=True, help_text="A category's slug; null for the top."
    )


class ImageBody(BodySerializer):
    file = serializers.FileField(help_text="JPEG, PNG or WebP; what it is, its content says.")
    alt = Text(required=False, max_length=255, allow_blank=True, default="")


# Documents


class VariantSerializer(serializers.ModelSerializer[Variant]):
    variant_id = serializers.IntegerField(source="id")
    sku = serializers.CharField(source="stock_item.sku")
    options = Options()
    price = serializers.DecimalField(source="effective_price", max_digits=10, decimal_places=2)
    stock_quantity = serializers.IntegerField()
    in_stock = serializers.BooleanField(source="stock_item.in_stock")

    class Meta:
        model = Variant
        fields = ["variant_id", "sku", "name", "options", "price", "stock_quantity", "in_stock", "version"]


class RenditionsSerializer(serializers.Serializer[Any]):
    small = serializers.URLField(help_text=f"At most {RENDITIONS['small']} pixels on its longest side.")
    medium = serializers.URLField(help_text=f"At most {RENDITIONS['medium']} pixels.")
    large = serializers.URLField(help_text=f"At most {RENDITIONS['large']} pixels.")


class ImageSerializer(serializers.Serializer[Image]):
    """A picture; the context's `address` says where files are found."""

    image_id = serializers.IntegerField()
    url = serializers.URLField()
    alt = serializers.CharField(allow_blank=True)
    position = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    renditions = RenditionsSerializer()

    def to_representation(self, image: Image) -> dict[str, Any]:
        address: Address = self.context["address"]
        return image_document(address, image.pk, image.stem, image.alt, image.position, image.width, image.height)


class CategoryReference(serializers.ModelSerializer[Category]):
    class Meta:
        model = Category
        fields = ["slug", "name"]


class CategorySerializer(serializers.ModelSerializer[Category]):
    """A category; the context's `counts` has the products of each, by id."""

    category_id = serializers.IntegerField(source="id")
    parent = CategoryReference(allow_null=True)
    children = CategoryReference(many=True)
    product_count = serializers.SerializerMethodField(help_text="Products for sale, in what lies below it too.")

    class Meta:
        model = Category
        fields = ["category_id", "slug", "name", "parent", "children", "product_count", "version"]

    def get_product_count(self, category: Category) -> int:
        counts: dict[int, int] = self.context["counts"]
        return counts.get(category.pk, 0)


class ProductSerializer(serializers.ModelSerializer[Product]):
    """A product as Product.objects.with_details() reads it: the plain twin of catalog.queries and its documents."""

    product_id = serializers.IntegerField(source="id")
    sku = serializers.SerializerMethodField()
    currency = serializers.SerializerMethodField()
    stock_quantity = serializers.SerializerMethodField()
    in_stock = serializers.SerializerMethodField()
    category = CategoryReference(allow_null=True)
    attributes = Attributes()
    # `expand=none` leaves these two out of lists.
    variants = VariantSerializer(many=True, required=False)
    images = ImageSerializer(many=True, required=False)

    class Meta:
        model = Product
        fields = [
            "product_id",
            "name",
            "slug",
            "description",
            "sku",
            "price",
            "currency",
            "stock_quantity",
            "in_stock",
            "category",
            "attributes",
            "variants",
            "images",
            "status",
            "version",
            "created_at",
            "updated_at",
        ]

    def get_sku(self, product: Product) -> str:
        return product.variants.all()[0].stock_item.sku

    def get_currency(self, product: Product) -> str:
        currency: str = settings.CURRENCY
        return currency

    def get_stock_quantity(self, product: Product) -> int:
        return sum(variant.stock_quantity for variant in product.variants.all())

    def get_in_stock(self, product: Product) -> bool:
        return any(variant.stock_item.in_stock for variant in product.variants.all())


class CategoryFacet(CategoryReference):
    count = serializers.IntegerField()

    class Meta(CategoryReference.Meta):
        fields = ["slug", "name", "count"]


class ValueFacet(serializers.Serializer[Any]):
    value = serializers.JSONField()
    count = serializers.IntegerField()


class AttributeFacet(serializers.Serializer[Any]):
    code = serializers.CharField()
    values = ValueFacet(many=True)


class PriceFacet(serializers.Serializer[Any]):
    to = Money()
    count = serializers.IntegerField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": Money()} | super().get_fields()  # `from` is a word of Python's


class FacetsSerializer(serializers.Serializer[Any]):
    categories = CategoryFacet(many=True)
    prices = PriceFacet(many=True)
    in_stock = serializers.IntegerField()
    attributes = AttributeFacet(many=True)
