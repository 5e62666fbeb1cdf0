"""The forms with which staff describe what is sold."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from catalog.models import MAX_IMAGES, MAX_VARIANTS, Category, Image, Product, Variant
from catalog.tax_classes import tax_classes
from inventory.skus import validate_sku
from staff.forms import NUMBERS, Line, StaffForm, WholeField

if TYPE_CHECKING:
    Inline = admin.TabularInline[Variant, Product]
    ChoiceField = forms.ModelChoiceField[Category]
else:
    Inline = admin.TabularInline
    ChoiceField = forms.ModelChoiceField

PATH = """(
    with recursive up as (
        select here.parent_id, here.name::text as path, 1 as depth
        from catalog_category as here where here.id = catalog_category.id
        union all
        select above.parent_id, above.name || ' > ' || up.path, up.depth + 1
        from catalog_category as above join up on above.id = up.parent_id
    ) select up.path from up order by up.depth desc limit 1
)"""


def with_path() -> "QuerySet[Category]":
    """Categories as a tree: each with its path from the top, and in that sequence."""
    return Category.objects.annotate(path=RawSQL(PATH, [])).order_by("path")  # noqa: S611  # no value in it


class CategoryField(ChoiceField):
    """A choice of categories, each with its place in the tree."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(with_path(), required=False, **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        """The path from the top."""
        return str(obj.path)


def known_classes(own: str) -> list[tuple[str, str]]:
    """The tax classes by their codes, with the one that a product has already."""
    classes = tax_classes()
    return [*({own: own} if own and own not in classes else {}).items(), *classes.items()]


class ProductForm(StaffForm[Product]):
    """A product."""

    category = CategoryField()
    tax_class = forms.ChoiceField(required=False)

    class Meta:
        model = Product
        fields = ("name", "slug", "brand", "category", "price", "tax_class", "description", "attributes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields.get("tax_class")  # who only looks has no fields
        if choice is not None:
            choice.choices = [("", "Standard"), *known_classes(self.instance.tax_class)]


class NewProductForm(ProductForm):
    """A new product. An empty slug is made from the name, an empty SKU from the number of the product."""

    slug = forms.SlugField(max_length=280, required=False, help_text="Empty: made from the name.")
    sku = Line(label="SKU", max_length=64, required=False, validators=[validate_sku], help_text="Empty: made for you.")


class CategoryForm(StaffForm[Category]):
    """A category, new or changed."""

    parent = CategoryField(help_text="Empty: at the top.")
    slug = forms.SlugField(max_length=120, required=False, help_text="Empty: made from the name.")

    class Meta:
        model = Category
        fields = ("name", "slug", "parent")

    def clean_slug(self) -> str:
        """The slug; an empty field means the slug that the category has, if any."""
        return str(self.cleaned_data["slug"] or self.instance.slug)


class ImageForm(forms.Form):
    """A further picture of a product."""

    file = forms.FileField(
        label="JPEG, PNG or WebP", widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"})
    )
    alt = Line(label="What it shows", max_length=255, required=False)


class ImageChangeForm(forms.Form):
    """What is said about a picture, its place, and which variant it shows."""

    alt = Line(label="What it shows", max_length=255, required=False)
    position = WholeField(label="Place", min_value=1, max_value=MAX_IMAGES)
    variant = forms.ModelChoiceField(Variant.objects.none(), required=False, empty_label="all variants")
    seen_version = WholeField(widget=forms.HiddenInput)

    def __init__(self, image: Image, variants: "QuerySet[Variant]", data: Any = None) -> None:
        shown = {"alt": image.alt, "position": image.position, "variant": image.variant_id}
        super().__init__(
            data, initial=shown | {"seen_version": image.version}, prefix=f"image-{image.pk}", label_suffix=""
        )
        choice: Any = self.fields["variant"]
        choice.queryset = variants
        choice.label_from_instance = lambda variant: variant.name or variant.stock_item.sku


class SkuForm(forms.Form):
    """Another SKU."""

    sku = Line(label="SKU", max_length=64, validators=[validate_sku])


class VariantForm(StaffForm[Variant]):
    """A line of the table of variants."""

    sku = Line(label="SKU", max_length=64, required=False, validators=[validate_sku])

    class Meta:
        model = Variant
        fields = ("name", "options", "price", "max_per_customer", "position")
        widgets = {"options": forms.TextInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["sku"] = self.instance.stock_item.sku
            self.initial["options"] = self.instance.options_in_sequence

    def clean_sku(self) -> str:
        """The SKU; an empty field means the SKU that the variant has. A new variant gets one made."""
        return str(self.cleaned_data["sku"] or self.initial.get("sku", ""))


class VariantInline(Inline):
    """The articles of a product. Deleting one takes it off the shelf; orders keep theirs."""

    model = Variant
    form = VariantForm
    formfield_overrides = NUMBERS
    fields = ("sku", "name", "options", "price", "max_per_customer", "position", "stock", "seen_version")
    readonly_fields = ("stock",)
    extra = 1
    max_num = MAX_VARIANTS
    verbose_name_plural = "variants"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        """The variants that the product has now."""
        return Variant.objects.live().with_stock()

    def get_formset(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> Any:
        """Django's own. It would refuse to take away what an order names; but here nothing is deleted."""
        formset: Any = super().get_formset(request, obj, **kwargs)
        formset.form.hand_clean_DELETE = lambda form: None
        return formset

    @admin.display(description="in stock")
    def stock(self, row: Any) -> str:
        """Units that lie unsold, as a link to why."""
        if row.pk is None:
            return ""
        url = reverse("admin:inventory_stockitem_why", args=[row.stock_item_id])
        return format_html('<a href="{}">{}</a>', url, row.stock_quantity)
