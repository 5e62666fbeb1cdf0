"""What clients read of invoices and credit notes."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.fields import Amount
from invoicing.models import Invoice


class InvoiceSerializer(serializers.ModelSerializer[Invoice]):
    """An invoice, or a credit note that takes a part of one back. Amounts are positive in both. `url` is its PDF."""

    invoice_id = serializers.IntegerField(source="id")
    total = Amount()
    url = serializers.SerializerMethodField()

    class Meta:
        model = Invoice
        fields = ["invoice_id", "number", "kind", "issued_at", "total", "currency", "url"]
        read_only_fields = fields

    @extend_schema_field(serializers.CharField())
    def get_url(self, row: Invoice) -> str:
        """Where its PDF is."""
        return f"/api/v1/orders/{row.order_id}/invoices/{row.pk}/pdf"


class SellerSerializer(serializers.Serializer[Any]):
    """Who sells."""

    name = serializers.CharField()
    address = serializers.ListField(child=serializers.CharField())
    vat_id = serializers.CharField()
    footer = serializers.CharField()


class BuyerSerializer(serializers.Serializer[Any]):
    """Whom it is addressed to."""

    name = serializers.CharField()
    company = serializers.CharField()
    address = serializers.ListField(child=serializers.CharField())
    country_code = serializers.CharField()
    vat_id = serializers.CharField()


class TaxedSerializer(serializers.Serializer[Any]):
    """An amount with its tax: the rate in percent, and what it comes to without and with the tax."""

    tax_name = serializers.CharField()
    tax_rate = serializers.CharField()
    net = Amount()
    tax = Amount()
    total = Amount()


class InvoiceLineSerializer(TaxedSerializer):
    """A line of an invoice. `unit_price` and `discount` are the order's: with the tax where prices include it.

    A line of a credit note without units is about money alone.
    """

    kind = serializers.ChoiceField(choices=["article", "shipping", "fee"])
    sku = serializers.CharField()
    name = serializers.CharField()
    quantity = serializers.IntegerField(allow_null=True)
    unit_price = Amount(allow_null=True)
    discount = Amount()


class CreditedSerializer(serializers.Serializer[Any]):
    """The invoice that a credit note takes something back of."""

    number = serializers.CharField()
    issued_on = serializers.DateField()


class InvoiceDocumentSerializer(InvoiceSerializer):
    """All that is printed of a document. `taxes` has the sums of each rate, and `words` what the law wants said.

    `supplied_on` is the day of payment as long as the goods had not left (`is_supplied`).
    """

    seller = SellerSerializer(source="document.seller")
    buyer = BuyerSerializer(source="document.buyer")
    order_number = serializers.CharField(source="document.order_number")
    ordered_on = serializers.DateField(source="document.ordered_on")
    is_supplied = serializers.BooleanField(source="document.is_supplied")
    prices_include_tax = serializers.BooleanField(source="document.prices_include_tax")
    reverse_charge = serializers.BooleanField(source="document.reverse_charge")
    credits = CreditedSerializer(source="document.credits", allow_null=True)
    reason = serializers.CharField(source="document.reason")
    words = serializers.ListField(child=serializers.CharField(), source="document.words")
    lines = InvoiceLineSerializer(many=True, source="document.lines")
    taxes = TaxedSerializer(many=True, source="document.taxes")
    net = Amount()
    tax = Amount()

    class Meta(InvoiceSerializer.Meta):
        fields = [
            *InvoiceSerializer.Meta.fields,
            "order_id",
            "order_number",
            "ordered_on",
            "supplied_on",
            "is_supplied",
            "seller",
            "buyer",
            "prices_include_tax",
            "reverse_charge",
            "credits",
            "reason",
            "words",
            "lines",
            "taxes",
            "net",
            "tax",
        ]
        read_only_fields = fields
