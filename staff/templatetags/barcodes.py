"""Barcodes in templates of the admin."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from staff.barcodes import svg_of

register = template.Library()


@register.filter
def barcode(text: str) -> SafeString:
    """The barcode of a text as a picture; nothing for a text that has none."""
    return mark_safe(svg_of(text))  # noqa: S308  # numbers alone, drawn by us
