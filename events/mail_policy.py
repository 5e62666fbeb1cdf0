"""What a mail may load when it is shown on a page of staff."""

from django.conf import settings

# A mail brings its own styles. Nothing else of it is loaded but the shop's picture, and nothing runs.
PICTURES = settings.SHOP_LOGO_URL or "'none'"
MAIL_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; img-src {PICTURES}; frame-ancestors 'self'; sandbox"
