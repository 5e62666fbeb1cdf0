"""The kinds of events that others than the shop may be told of, such as receivers of webhooks.

What is left out is about how the shop works inside, about who signed in, and about the people who run it.
"""

PUBLIC: frozenset[str] = frozenset(
    {
        "cart.abandoned",
        *(f"category.{what}" for what in ("created", "updated", "deleted")),
        "credit_note.issued",
        "invoice.issued",
        *(
            f"order.{what}"
            for what in (
                *("placed", "confirmed", "changed", "line_changed", "line_lost", "shipped", "delivered", "cancelled"),
                *("deleted", "parcel_shipped", "parcel_tracked", "return_requested", "return_approved"),
                *("return_refused", "return_received", "withdrawn"),
            )
        ),
        *(f"payment.{what}" for what in ("authorized", "paid", "failed", "refunded", "disputed", "reinstated")),
        *(
            f"pricing.{thing}_{what}"
            for thing in ("promotion", "shipping_method", "tax_class", "tax_rate", "zone")
            for what in ("created", "updated", "deleted")
        ),
        "pricing.tax_rates_imported",
        *(
            f"product.{what}"
            for what in (
                *("created", "updated", "archived", "image_added", "image_updated", "image_removed"),
                *("variant_added", "variant_updated", "variant_archived", "variant_restored"),
                *("price_planned", "planned_price_updated", "planned_price_removed"),
            )
        ),
        *(
            f"stock.{what}"
            for what in (
                *("adjusted", "alert_closed", "alert_opened", "alert_worsened", "backorder_limit_set", "corrected"),
                *("counted", "item_created", "item_updated", "reallocated", "received", "returned", "sku_changed"),
                *("transferred", "warehouse_created", "warehouse_updated", "written_off"),
            )
        ),
        *(f"user.{what}" for what in ("registered", "updated", "email_confirmed", "anonymised")),
    }
)


def public_kinds() -> frozenset[str]:
    """The kinds that receivers may ask for, and that one gets that asks for all."""
    return PUBLIC
