"""What is charged, for the shop keeper: taxes, shipping and promotions, each in a module of its own.

Everything is written by pricing.services. The page "What would this basket cost?" calculates with it.
"""

from pricing.admin_promotions import PromotionAdmin as PromotionAdmin
from pricing.admin_shipping import ShippingMethodAdmin as ShippingMethodAdmin
from pricing.admin_shipping import ZoneAdmin as ZoneAdmin
from pricing.admin_taxes import TaxClassAdmin as TaxClassAdmin
from pricing.admin_taxes import TaxRateAdmin as TaxRateAdmin
