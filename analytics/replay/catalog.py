"""The catalog, rebuilt from the journal: categories, products and their variants."""

from analytics.replay.folding import edited, folded, made
from analytics.replay.tables import Subject, Table

CATEGORY = ("name", "slug", "parent_id")
PRODUCT = ("name", "slug", "brand", "price", "tax_class", "status", "category_id", "attributes")
VARIANT = (
    *("product_id", "stock_item_id", "name", "options", "price", "max_per_customer", "weight_g"),
    *("compare_at_price", "unit_measure", "archived_at"),
)
# Variants that came with their product are told of by its event.
WITH_THEIR_PRODUCT = """select (variant->>'variant_id')::bigint, id, true, variant->'values'
from events_event cross join lateral jsonb_array_elements(payload->'variants') variant
where kind = 'product.created' and payload ? 'variants'"""
# A variant is archived a moment before the event that tells of it, so whether it is archived is compared, and not when.
STEPS = (
    *folded(
        "catalog_category",
        CATEGORY,
        [made("category.created", "category_id"), edited(["category.updated"], "category_id")],
        removed="select (payload->>'category_id')::bigint from events_event where kind = 'category.deleted'",
    ),
    *folded(
        "catalog_product",
        PRODUCT,
        [made("product.created", "product_id"), edited(["product.updated", "product.archived"], "product_id")],
    ),
    *folded(
        "catalog_variant",
        VARIANT,
        [
            made("product.variant_added", "variant_id"),
            WITH_THEIR_PRODUCT,
            edited(["product.variant_updated"], "variant_id"),
            edited(["product.variant_archived"], "variant_id", "jsonb_build_object('archived_at', at)"),
            edited(["product.variant_restored"], "variant_id", "jsonb_build_object('archived_at', null)"),
        ],
    ),
)
PRICED = """
select product.*, coalesce(charged.lowest, product.price) as price_from,
       coalesce(charged.highest, product.price) as price_to
from {replay}.catalog_product_said product
left join (
    select variant.product_id, min(coalesce(variant.price, own.price)) as lowest,
           max(coalesce(variant.price, own.price)) as highest
    from {replay}.catalog_variant_said variant join {replay}.catalog_product_said own on own.id = variant.product_id
    where variant.archived_at is null group by variant.product_id
) charged on charged.product_id = product.id
"""

CATALOG = Subject(
    "catalog",
    (
        *STEPS,
        Table("catalog.Category", "select * from {replay}.catalog_category_said", (*CATEGORY, "version")),
        Table("catalog.Product", PRICED, (*PRODUCT, "price_from", "price_to", "version")),
        Table(
            "catalog.Variant",
            "select *, archived_at is not null as archived from {replay}.catalog_variant_said",
            (*(column for column in VARIANT if column != "archived_at"), "archived", "version"),
            live="(select *, archived_at is not null as archived from catalog_variant)",
            stands_for={"archived": "archived_at"},
        ),
    ),
)
