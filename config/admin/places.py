"""Where things stand in the admin: sections of the navigation, names of lists, and pages of what the journal names."""

# The sections by app: the place in the navigation, by what staff need first, and the name there.
SECTIONS = {
    "orders": (0, "Orders"),
    "payments": (1, "Payments"),
    "invoicing": (1, "Invoices"),
    "checkout": (2, "Carts"),
    "inventory": (3, "Stock"),
    "catalog": (4, "Catalog"),
    "pricing": (5, "Taxes, shipping, promotions"),
    "accounts": (6, "People"),
    "auth": (7, "Rights"),
    "events": (8, "Audit"),
    "procrastinate": (9, "Background jobs"),
    "otp_totp": (10, "Sign-in devices"),
    "otp_static": (11, "Recovery codes"),
}
# Lists of libraries, in words for staff.
LISTS = {
    "ProcrastinateJob": "Jobs",
    "ApiKey": "API keys",
    "WebhookEndpoint": "Webhooks",
    "TOTPDevice": "Authenticator apps",
    "StaticDevice": "Codes on paper",
}
# Subjects in the journal that name a row by its id, and the pages that show it.
SUBJECTS = {
    "order": "orders_order_change",
    "product": "catalog_product_change",
    "category": "catalog_category_change",
    "user": "accounts_user_change",
    "api_key": "accounts_apikey_change",
    "item": "inventory_stockitem_why",
    "tax_class": "pricing_taxclass_change",
    "tax_rate": "pricing_taxrate_change",
    "zone": "pricing_zone_change",
    "shipping_method": "pricing_shippingmethod_change",
    "promotion": "pricing_promotion_change",
    "webhook": "events_webhookendpoint_change",
}
