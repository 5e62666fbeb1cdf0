"""The verbs of pricing: edits of taxes, shipping and promotions, and the uses of promotions. Import this package.

Edits are units of work and take turns. `redeem` and `give_back` take part in the unit of work of their caller.
"""

from pricing.services.promotions import create_promotion, delete_promotion, update_promotion
from pricing.services.redemptions import give_back, redeem
from pricing.services.shipping import (
    create_shipping_method,
    create_zone,
    delete_shipping_method,
    delete_zone,
    update_shipping_method,
    update_zone,
)
from pricing.services.taxes import (
    RateInput,
    create_tax_class,
    create_tax_rate,
    create_tax_rates,
    delete_tax_class,
    delete_tax_rate,
    update_tax_class,
    update_tax_rate,
)

__all__ = [
    "RateInput",
    "create_promotion",
    "create_shipping_method",
    "create_tax_class",
    "create_tax_rate",
    "create_tax_rates",
    "create_zone",
    "delete_promotion",
    "delete_shipping_method",
    "delete_tax_class",
    "delete_tax_rate",
    "delete_zone",
    "give_back",
    "redeem",
    "update_promotion",
    "update_shipping_method",
    "update_tax_class",
    "update_tax_rate",
    "update_zone",
]
