"""What the catalog refuses, with the data that a caller needs to say why."""

from database.refusals import Conflict, FieldError, Invalid, Refusal


class SlugTaken(Conflict):
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
    code = "ambiguous_sku"
    title = "Which variant is meant?"

    def __init__(self) -> None:
        detail = "With several variants, the sku is written on a variant."
        super().__init__(detail, errors=[FieldError("sku", self.code, detail)])


class LastVariant(Conflict):
    code = "last_variant"
    title = "A product keeps at least one variant"


class TooManyVariants(Conflict):
    code = "too_many_variants"
    title = "This product cannot have more variants"


class TooManyImages(Conflict):
    code = "too_many_images"
    title = "This product cannot have more images"


class UnknownCategory(Invalid):
    """A category is named that does not exist; `field` is where."""

    code = "unknown_category"
    title = "No such category"

    def __init__(self, field: str) -> None:
        super().__init__(errors=[FieldError(field, self.code, "There is no category with this slug.")])


class CategoryInUse(Conflict):
    code = "category_in_use"
    title = "The category still has products or categories in it"


class CategoryCycle(Conflict):
    code = "category_cycle"
    title = "A category cannot lie below itself"

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("parent", self.code, "This would put the category below itself.")])


class CategoryTooDeep(Conflict):
    code = "category_too_deep"
    title = "The tree of categories is not that deep"

    def __init__(self, limit: int) -> None:
        message = f"Categories nest at most {limit} levels deep."
        super().__init__(message, errors=[FieldError("parent", self.code, message)])


class InvalidImage(Invalid):
    code = "invalid_image"
    title = "This is not a picture that we can read"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, errors=[FieldError("file", self.code, detail)])


class ImageTooLarge(Refusal):
    status = 413
    code = "too_large"
    title = "The request is too large"
