"""What happens to the catalog and to its prices, taxes and promotions."""

from events.kinds.declaring import CHANGES, COUNT, FLAG, ID, TEXT, Kind, kind, listed, made_of, optional

PRODUCT = "product:{product_id}"
VARIANT = {"product_id": ID, "variant_id": ID}
# What a product, a variant or a category says at first, by the names of its columns.
VALUES = {"type": "object"}
PLAN = {**VARIANT, "planned_price_id": ID, "changes": CHANGES}

CATALOG: list[Kind] = [
    kind(
        "category.created", "category:{category_id}", "A category was made.", category_id=ID, slug=TEXT, values=VALUES
    ),
    kind(
        "category.updated",
        "category:{category_id}",
        "A category was edited.",
        category_id=ID,
        slug=TEXT,
        changes=CHANGES,
    ),
    kind("category.deleted", "category:{category_id}", "A category was deleted.", category_id=ID, slug=TEXT),
    kind(
        "product.created",
        PRODUCT,
        "A product was made, with its variants.",
        product_id=ID,
        values=VALUES,
        variants=listed(made_of(variant_id=ID, values=VALUES)),
    ),
    kind("product.updated", PRODUCT, "A product was edited: its price too.", product_id=ID, changes=CHANGES),
    kind("product.archived", PRODUCT, "A product was taken off the shelf.", product_id=ID, changes=CHANGES),
    kind("product.variant_added", PRODUCT, "A variant was added.", **VARIANT, values=VALUES),
    kind(
        "product.variant_updated",
        PRODUCT,
        "A variant was edited: its price too, by hand or when a planned price began or ended.",
        **VARIANT,
        changes=CHANGES,
        planned_price_ids=optional(listed(ID)),
    ),
    kind("product.variant_archived", PRODUCT, "A variant was taken off the shelf.", **VARIANT),
    kind("product.variant_restored", PRODUCT, "A variant is for sale again.", **VARIANT),
    kind("product.price_planned", PRODUCT, "A price was planned.", **PLAN),
    kind("product.planned_price_updated", PRODUCT, "A planned price was edited.", **PLAN),
    kind("product.planned_price_removed", PRODUCT, "A planned price was taken back.", **PLAN),
    kind("product.image_added", PRODUCT, "A picture was added.", product_id=ID, image_id=ID),
    kind("product.image_updated", PRODUCT, "A picture was edited.", product_id=ID, image_id=ID, changes=CHANGES),
    kind("product.image_deleted", PRODUCT, "A picture was deleted.", product_id=ID, image_id=ID),
]

PROMOTION = {"promotion_id": ID, "name": TEXT}
METHOD = {"shipping_method_id": ID, "name": TEXT}
TAX_CLASS = {"tax_class_id": ID, "name": TEXT}
TAX_RATE = {"tax_rate_id": ID, "name": TEXT}
ZONE = {"zone_id": ID, "name": TEXT}
PLACE = {"countries": listed(TEXT), "regions": listed(TEXT)}
# What a rate says. What is empty is left out.
RATE = {
    "name": TEXT,
    "rate": TEXT,
    "country": TEXT,
    "replaces": FLAG,
    "tax_class_id": optional(ID),
    **{name: optional(TEXT) for name in ("region", "postal_from", "postal_to", "city", "valid")},
}

PRICING: list[Kind] = [
    kind(
        "pricing.promotion_created",
        "promotion:{promotion_id}",
        "A promotion was made.",
        **PROMOTION,
        codes=listed(TEXT),
    ),
    kind(
        "pricing.promotion_updated", "promotion:{promotion_id}", "A promotion was edited.", **PROMOTION, changes=CHANGES
    ),
    kind(
        "pricing.promotion_deleted",
        "promotion:{promotion_id}",
        "A promotion was deleted.",
        **PROMOTION,
        changes=CHANGES,
    ),
    kind(
        "pricing.shipping_method_created",
        "shipping_method:{shipping_method_id}",
        "A way of shipping was made.",
        **METHOD,
        code=TEXT,
    ),
    kind(
        "pricing.shipping_method_updated",
        "shipping_method:{shipping_method_id}",
        "A way of shipping was edited.",
        **METHOD,
        changes=CHANGES,
    ),
    kind(
        "pricing.shipping_method_deleted",
        "shipping_method:{shipping_method_id}",
        "A way of shipping was deleted.",
        **METHOD,
        code=TEXT,
        changes=CHANGES,
    ),
    kind("pricing.tax_class_created", "tax_class:{tax_class_id}", "A tax class was made.", **TAX_CLASS, code=TEXT),
    kind(
        "pricing.tax_class_updated", "tax_class:{tax_class_id}", "A tax class was edited.", **TAX_CLASS, changes=CHANGES
    ),
    kind(
        "pricing.tax_class_deleted",
        "tax_class:{tax_class_id}",
        "A tax class was deleted.",
        **TAX_CLASS,
        code=TEXT,
        changes=CHANGES,
    ),
    kind(
        "pricing.tax_rate_created",
        "tax_rate:{tax_rate_id}",
        "A rate was made.",
        **TAX_RATE,
        country=TEXT,
        region=TEXT,
        values=made_of(**RATE),
    ),
    kind("pricing.tax_rate_updated", "tax_rate:{tax_rate_id}", "A rate was edited.", **TAX_RATE, changes=CHANGES),
    kind(
        "pricing.tax_rate_deleted",
        "tax_rate:{tax_rate_id}",
        "A rate was deleted.",
        **TAX_RATE,
        country=TEXT,
        region=TEXT,
        changes=CHANGES,
    ),
    kind(
        "pricing.tax_rates_imported",
        "tax_rates",
        "Rates were imported: the countries, how many were made and removed, and what those said and these say. An "
        "import of many is told in parts.",
        countries=listed(TEXT),
        made=COUNT,
        removed=COUNT,
        part=COUNT,
        parts=COUNT,
        before=listed(made_of(tax_rate_id=ID, **RATE)),
        after=listed(made_of(tax_rate_id=ID, **RATE)),
    ),
    kind("pricing.zone_created", "zone:{zone_id}", "A zone of shipping was made.", **ZONE, **PLACE),
    kind("pricing.zone_updated", "zone:{zone_id}", "A zone of shipping was edited.", **ZONE, changes=CHANGES),
    kind("pricing.zone_deleted", "zone:{zone_id}", "A zone of shipping was deleted.", **ZONE, changes=CHANGES),
]
