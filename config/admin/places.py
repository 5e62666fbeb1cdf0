"""Where things stand in the admin: sections of the navigation, names of lists, and pages of what the journal names."""

# The sections by app: the place in the navigation, by what staff need first, and the name there.
SECTIONS = {
    "orders": (0, "Orders"),
    "inventory": (1, "Stock"),
    "catalog": (2, "Catalog"),
    "pricing": (3, "Taxes, shipping, promotions"),
    "accounts": (4, "People"),
    "auth": (5, "Rights"),
    "events": (6, "Audit"),
    "procrastinate": (7, "Background jobs"),
    "otp_totp": (8, "Sign-in devices"),
    "otp_static": (9, "Recovery codes"),
}
# Lists of libraries, in words for staff.
LISTS = {"ProcrastinateJob": "Jobs", "TOTPDevice": "Authenticator apps", "StaticDevice": "Codes on paper"}
# Subjects in the journal that name a row by its id, and the pages that show it.
SUBJECTS = {
    "order": "orders_order_change",
    "product": "catalog_product_change",
    "category": "catalog_category_change",
    "user": "accounts_user_change",
    "item": "inventory_stockitem_why",
    "tax_class": "pricing_taxclass_change",
    "tax_rate": "pricing_taxrate_change",
    "zone": "pricing_zone_change",
    "shipping_method": "pricing_shippingmethod_change",
    "promotion": "pricing_promotion_change",
}
