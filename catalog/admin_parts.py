"""What staff do with the pictures and the archived variants of a product, from the product's page."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from catalog import services
from catalog.admin_forms import ImageChangeForm, ImageForm, SkuForm
from catalog.models import Image, Product, Variant
from database.refusals import Refusal
from events.actors import admin_actor
from staff.frame import Page, StaffAdmin

CHANGE = "catalog.change_product"
CHANGE_IMAGE = "catalog.change_image"
STALE = "Somebody else has changed it since you opened it. Look at it again."
PARTS = (
    Page("<int:product_id>/images/", "add_image", "add_image_page", "catalog.add_image", methods=("POST",)),
    Page(
        "<int:product_id>/images/<int:image_id>/",
        "delete_image",
        "delete_image_page",
        "catalog.delete_image",
        methods=("POST",),
    ),
    Page(
        "<int:product_id>/images/<int:image_id>/change/",
        "change_image",
        "change_image_page",
        CHANGE_IMAGE,
        methods=("POST",),
    ),
    Page(
        "<int:product_id>/variants/<int:variant_id>/restore/",
        "restore_variant",
        "restore_variant_page",
        CHANGE,
        methods=("POST",),
    ),
    Page(
        "<int:product_id>/variants/<int:variant_id>/rename/",
        "rename_variant",
        "rename_variant_page",
        CHANGE,
        methods=("POST",),
    ),
)


class PartsPages(StaffAdmin[Product]):
    """The pages behind the buttons beside pictures and archived variants. Each leads back to the product."""

    def add_image_page(self, request: HttpRequest, product_id: int) -> HttpResponseBase:
        """A further picture. The file is read, and drawn in each size, before the unit of work begins."""
        form = ImageForm(request.POST, request.FILES)
        if not form.is_valid():
            messages.error(request, "Choose a picture.")
            return HttpResponseRedirect(self.url("change", product_id))
        file, alt = form.cleaned_data["file"], form.cleaned_data["alt"]
        return self.carry_out(
            request,
            product_id,
            "The picture is there.",
            lambda: services.add_image(product_id=product_id, file=file, alt=alt, actor=admin_actor(request)),
        )

    def change_image_page(self, request: HttpRequest, product_id: int, image_id: int) -> HttpResponseBase:
        """Change what is said about a picture, its place or its variant, if it is still as the page showed it."""
        image = Image.objects.filter(pk=image_id, product=product_id).first()
        if image is None:
            raise Http404("There is no such picture.")
        variants = Variant.objects.live().filter(product=product_id).select_related("stock_item")
        form = ImageChangeForm(image, variants, request.POST)
        if not form.is_valid():
            messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
            return HttpResponseRedirect(self.url("change", product_id))
        data = form.cleaned_data
        return self.carry_out(
            request,
            product_id,
            "The picture is changed.",
            lambda: services.update_image(
                product_id=product_id,
                image_id=image_id,
                actor=admin_actor(request),
                expected_version=data["seen_version"],
                alt=data["alt"],
                position=data["position"],
                variant_id=data["variant"] and data["variant"].pk,
            ),
        )

    def delete_image_page(self, request: HttpRequest, product_id: int, image_id: int) -> HttpResponseBase:
        """Remove a picture with its files."""
        return self.carry_out(
            request,
            product_id,
            "The picture is gone.",
            lambda: services.delete_image(product_id=product_id, image_id=image_id, actor=admin_actor(request)),
        )

    def restore_variant_page(self, request: HttpRequest, product_id: int, variant_id: int) -> HttpResponseBase:
        """Put an archived variant back on the shelf."""
        return self.carry_out(
            request,
            product_id,
            "The variant is on the shelf again.",
            lambda: services.restore_variant(product_id=product_id, variant_id=variant_id, actor=admin_actor(request)),
        )

    def rename_variant_page(self, request: HttpRequest, product_id: int, variant_id: int) -> HttpResponseBase:
        """Give an archived variant another SKU, so that its old one is free."""
        form = SkuForm(request.POST)
        if not form.is_valid():
            messages.error(request, f"SKU: {form.errors['sku'][0]}")
            return HttpResponseRedirect(self.url("change", product_id))
        sku = form.cleaned_data["sku"]
        return self.carry_out(
            request,
            product_id,
            f"The SKU is {sku} now.",
            lambda: services.update_variant(
                product_id=product_id, variant_id=variant_id, sku=sku, actor=admin_actor(request)
            ),
        )

    def carry_out(
        self, request: HttpRequest, product_id: int, done: str, verb: Callable[[], object]
    ) -> HttpResponseBase:
        """Call a service, go back to the product, and say `done` or what the service refused."""
        try:
            verb()
        except Refusal as refusal:
            messages.error(request, STALE if refusal.status == 412 else refusal.detail)
        else:
            messages.success(request, done)
        return HttpResponseRedirect(self.url("change", product_id))
