"""What the catalog refuses, with the data that a caller needs to say why."""

from decimal import Decimal
from typing import TypeVar

from database.refusals import Conflict, FieldError, Invalid, NotFound, Refusal

T = TypeVar("T")


def found(row: T | None, name: str) -> T:
    """The row that was looked for. Refuses NotFound when there is none; `name` says what it would have been."""
    if row is None:
        raise NotFound(f"There is no such {name}.")
    return row


class SlugTaken(Conflict):
    """Another row has this slug."""

    code = "slug_taken"
    title = "This slug is taken"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("slug", self.code, "This slug is taken.")])


class AmbiguousStock(Conflict):
    """A quantity was given for a product with several variants; each has its own."""

    code = "ambiguous_stock"
    title = "Which variant is meant?"

    def __init__(self) -> None:
        detail = "With several variants, stock_quantity is written on a variant."
        super().__init__(detail, errors=[FieldError("stock_quantity", self.code, detail)])


class AmbiguousSku(Conflict):
    """A SKU was given for a product with several variants; each has its own."""

    code = "ambiguous_sku"
    title = "Which variant is meant?"

    def __init__(self) -> None:
        detail = "With several variants, the sku is written on a variant."
        super().__init__(detail, errors=[FieldError("sku", self.code, detail)])


class OptionsTaken(Conflict):
    """Another variant of the product has these options; `path` is where the request names them."""

    code = "options_taken"
    title = "Another variant of the product has these options"

    def __init__(self, path: str = "options") -> None:
        super().__init__(errors=[FieldError(path, self.code, f"{self.title}.")])


class LastVariant(Conflict):
    """The only variant of a product was to be archived."""

    code = "last_variant"
    title = "A product keeps at least one variant"


class TooManyVariants(Conflict):
    """A product has as many variants as it may have."""

    code = "too_many_variants"
    title = "This product cannot have more variants"


class TooManyImages(Conflict):
    """A product has as many images as it may have."""

    code = "too_many_images"
    title = "This product cannot have more images"


class UnknownCategory(Invalid):
    """A category is named that does not exist; `field` is where."""

    code = "unknown_category"
    title = "No such category"

    def __init__(self, field: str) -> None:
        super().__init__(errors=[FieldError(field, self.code, "There is no category with this slug.")])


class UnknownVariant(Invalid):
    """A picture names a variant that the product does not have."""

    code = "unknown_variant"
    title = "The product has no such variant"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("variant_id", self.code, f"{self.title}.")])


class UnknownTaxClass(Invalid):
    """A product names a tax class that does not exist."""

    code = "unknown_tax_class"
    title = "No such tax class"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("tax_class", self.code, "There is no tax class with this code.")])


class NoReduction(Invalid):
    """A price is said to be reduced from one that is not above it; `field` is where."""

    code = "no_reduction"
    title = "This is no reduction"

    def __init__(self, field: str, price: Decimal) -> None:
        message = f"It must be above the price, which is {price}."
        super().__init__(errors=[FieldError(field, self.code, message)])


class PlannedPricesOverlap(Conflict):
    """A variant was to have two planned prices at once."""

    code = "planned_prices_overlap"
    title = "Another price is planned for a part of this time"


class PlannedPriceBegun(Conflict):
    """A planned price was to be changed that is running, or over."""

    code = "planned_price_begun"
    title = "It has begun: of a running price only the end can be changed, of one that is over nothing"


class PlannedTimeInvalid(Invalid):
    """A planned price was to end before it begins, or in the past."""

    code = "invalid_time"
    title = "A planned price ends after its start, and in the future"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("ends_at", self.code, f"{self.title}.")])


class CategoryInUse(Conflict):
    """A category with products or categories in it was to be deleted."""

    code = "category_in_use"
    title = "The category still has products or categories in it"


class CategoryCycle(Conflict):
    """A category was to be put below itself."""

    code = "category_cycle"
    title = "A category cannot lie below itself"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("parent", self.code, "This would put the category below itself.")])


class CategoryTooDeep(Conflict):
    """A category was to be put deeper than MAX_DEPTH levels, or something below it with it."""

    code = "category_too_deep"
    title = "The tree of categories is not that deep"

    def __init__(self, limit: int) -> None:
        message = f"Categories nest at most {limit} levels deep."
        super().__init__(message, errors=[FieldError("parent", self.code, message)])


class InvalidImage(Invalid):
    """A file is not a picture that can be read, or has too many pixels."""

    code = "invalid_image"
    title = "This is not a picture that we can read"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, errors=[FieldError("file", self.code, detail)])


class ImageTooLarge(Refusal):
    """A file has more bytes than a picture may have."""

    status = 413
    code = "too_large"
    title = "The request is too large"
