"""Invoices over HTTP: whoever sees an order reads its invoices and credit notes, as a document or as a PDF."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from api.renderers import JSONRenderer
from api.serializers import document_of
from database.refusals import NotFound
from invoicing import services
from invoicing.models import Invoice, InvoiceQuerySet
from invoicing.serializers import InvoiceDocumentSerializer, InvoiceSerializer
from orders.views.callers import TOKEN, ViewSetOfOrders

PDF = "application/pdf"


class PDFRenderer(BaseRenderer):
    """Says that an answer may be a PDF, so that a client may ask for nothing else."""

    media_type = PDF
    format = "pdf"
    charset = None
    render_style = "binary"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """A problem, which is JSON whatever the client asked for."""
        problem: bytes = JSONRenderer().render(data)
        return problem


class InvoiceViewSet(ViewSetOfOrders):
    """The invoices and credit notes of an order, in the sequence in which they were issued."""

    pagination_class = None  # type: ignore[assignment]  # an order has few invoices
    scopes = {"list": "orders:read", "retrieve": "orders:read", "pdf": "orders:read"}
    lookup_url_kwarg = "invoice_id"
    lookup_value_converter = "id"
    by_token = ("list", "retrieve", "pdf")

    @extend_schema(
        operation_id="listInvoices",
        summary="The invoices and credit notes of an order",
        parameters=[TOKEN],
        responses=InvoiceSerializer(many=True),
    )
    def list(self, request: Request, order_id: int) -> Response:
        """The invoices and credit notes of an order. There are none before it is paid or its first goods leave."""
        return Response([document_of(InvoiceSerializer, row) for row in self.invoices_of(order_id)])

    @extend_schema(
        operation_id="getInvoice",
        summary="One invoice or credit note",
        parameters=[TOKEN],
        responses=InvoiceDocumentSerializer,
    )
    def retrieve(self, request: Request, order_id: int, invoice_id: int) -> Response:
        """All that is printed of an invoice or a credit note."""
        return Response(document_of(InvoiceDocumentSerializer, self.one(order_id, invoice_id)))

    @extend_schema(
        operation_id="getInvoicePdf",
        summary="An invoice or credit note as PDF",
        parameters=[TOKEN],
        responses={(200, PDF): OpenApiTypes.BINARY},
    )
    @action(detail=True, renderer_classes=[JSONRenderer, PDFRenderer])
    def pdf(self, request: Request, order_id: int, invoice_id: int) -> HttpResponse:
        """The PDF, which never changes."""
        return pdf_answer(self.one(order_id, invoice_id))

    def invoices_of(self, order_id: int) -> InvoiceQuerySet:
        """The documents of an order. Refuses NotFound where the caller may not see the order."""
        return Invoice.objects.of(self.seen(order_id).one(order_id).pk)

    def one(self, order_id: int, invoice_id: int) -> Invoice:
        """One document of an order. Refuses NotFound."""
        invoice = self.invoices_of(order_id).filter(pk=invoice_id).first()
        if invoice is None:
            raise NotFound("There is no such invoice.")
        return invoice


def pdf_answer(invoice: Invoice) -> HttpResponse:
    """The PDF of a document as a file to be kept."""
    content = bytes(services.file_of(invoice.pk).content)
    headers = {"Content-Disposition": f'attachment; filename="{invoice.file_name}"'}
    return HttpResponse(content, content_type=PDF, headers=headers)
