"""What an invoice says, frozen as JSON: who sold what to whom, when, and for how much with which tax.

All amounts are texts with the decimals of the currency. Each line has what is left of its price after its discount,
as net, tax and total. Their sums are those of the order to the cent, since each figure is the order's own.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings

from database.days import day_of
from database.money import places_of
from orders.models import BILLING, Charge, Order, OrderItem

Json = dict[str, Any]
REVERSE_CHARGE = "Reverse charge: the buyer owes the tax (Article 196 of Directive 2006/112/EC)."


def invoice_of(order: Order, *, supplied_on: date, is_supplied: bool) -> Json:
    """The document of an order as it is now. `supplied_on` is the day of supply, or of payment before it."""
    lines = [line_of(order, line) for line in order.order_items.all()]
    lines += [charge_of(order, charge) for charge in order.charges.all()]
    return {
        "seller": seller(),
        "buyer": buyer_of(order),
        "order_number": order.number,
        "ordered_on": day_of(order.order_date).isoformat(),
        "supplied_on": supplied_on.isoformat(),
        "is_supplied": is_supplied,
        "prices_include_tax": order.prices_include_tax,
        "reverse_charge": order.reverse_charge,
        "words": [REVERSE_CHARGE] if order.reverse_charge else [],
        "credits": None,
        "reason": "",
        **with_totals(lines, order.currency),
    }


def credit_note_of(
    invoice: Mapping[str, Any], number: str, issued_on: date, lines: Iterable[Json], currency: str, reason: str
) -> Json:
    """The document of a credit note over these lines of an invoice. What else it says is what the invoice says."""
    return {
        **invoice,
        "credits": {"number": number, "issued_on": issued_on.isoformat()},
        "reason": reason,
        **with_totals(list(lines), currency),
    }


def seller() -> Json:
    """Who sells: as the law wants a business to be named."""
    return {
        "name": settings.SHOP_LEGAL_NAME,
        "address": settings.SHOP_LEGAL_ADDRESS,
        "vat_id": settings.SHOP_VAT_ID,
        "footer": settings.SHOP_LEGAL_FOOTER,
    }


def buyer_of(order: Order) -> Json:
    """Whom an order is invoiced to: its billing address, or else where the goods go."""
    billing = order.billing_address or {
        "name": order.recipient_name,
        "company": order.company,
        **{part: getattr(order, f"shipping_{part}") for part in BILLING if part.startswith(("address", "city"))},
        "state": order.shipping_state,
        "postal_code": order.shipping_postal_code,
        "country": order.shipping_country,
        "country_code": order.country_code,
    }
    place = f"{billing['postal_code']} {billing['city']}".strip()
    address = [billing["address_line1"], billing["address_line2"], place, billing["state"], billing["country"]]
    return {
        "name": billing["name"] or order.recipient_name,
        "company": billing["company"],
        "address": [line for line in address if line],
        "country_code": billing["country_code"],
        "vat_id": order.vat_id,
    }


def line_of(order: Order, line: OrderItem) -> Json:
    """A line of an order as its invoice has it."""
    return {
        "key": key_of_line(line.pk),
        "kind": "article",
        "sku": line.sku,
        "name": line.product_name,
        "quantity": line.quantity,
        "unit_price": fixed(line.unit_price, order.currency),
        **taxed(order, line.subtotal, line),
    }


def charge_of(order: Order, charge: Charge) -> Json:
    """A charge of an order as its invoice has it: one unit."""
    return {
        "key": f"charge:{charge.pk}",
        "kind": charge.kind,
        "sku": "",
        "name": charge.name,
        "quantity": 1,
        "unit_price": fixed(charge.amount, order.currency),
        **taxed(order, charge.amount, charge),
    }


def key_of_line(line_id: int) -> str:
    """The name of a line of an order in its invoice and in credit notes."""
    return f"line:{line_id}"


def taxed(order: Order, amount: Decimal, each: OrderItem | Charge) -> Json:
    """The discount, the tax and what is left of a line or a charge that costs this amount before both."""
    total = order.cost_of(amount, each.discount, each.tax)
    return {
        "discount": fixed(each.discount, order.currency),
        "tax_name": each.tax_name,
        "tax_rate": f"{each.tax_rate.normalize():f}",
        "net": fixed(total - each.tax, order.currency),
        "tax": fixed(each.tax, order.currency),
        "total": fixed(total, order.currency),
    }


def with_totals(lines: list[Json], currency: str) -> Json:
    """Lines with their sums: of all of them, and of each tax rate, the highest first."""
    by_rate: dict[tuple[str, str], list[Json]] = {}
    for line in lines:
        by_rate.setdefault((line["tax_rate"], line["tax_name"]), []).append(line)
    rates = sorted(by_rate, key=lambda rate: (-Decimal(rate[0]), rate[1]))
    return {
        "lines": lines,
        "has_taxes": any(rate != ("0", "") for rate in rates),
        "taxes": [
            {"tax_name": name, "tax_rate": rate, **sums_of(by_rate[rate, name], currency)} for rate, name in rates
        ],
        **sums_of(lines, currency),
    }


def sums_of(lines: Iterable[Json], currency: str) -> Json:
    """The sums of lines: net, tax and total."""
    rows = list(lines)
    return {
        name: fixed(sum((Decimal(row[name]) for row in rows), Decimal(0)), currency) for name in ("net", "tax", "total")
    }


def fixed(amount: Decimal, currency: str) -> str:
    """An amount as text with the decimals of its currency. It has no more, so nothing is rounded here."""
    return str(amount.quantize(Decimal(1).scaleb(-places_of(currency))))
