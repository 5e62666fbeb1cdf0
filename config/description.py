"""How drf-spectacular describes the API. config.settings hands it to Django."""

from typing import Any

from config import VERSION

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Shop API",
    "DESCRIPTION": "The REST API of a headless shop. Conventions, errors and examples: docs/api.md.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "OrderStatus": "orders.models.Order.Status",
        "ProductStatus": "catalog.models.Product.Status",
        "Role": "accounts.models.User.Role",
        "MovementKind": "inventory.models.StockMovement.Kind",
        "AlertBand": "inventory.models.StockAlert.Band",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "api.schema.describe_whole",
    ],
}
