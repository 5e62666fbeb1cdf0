"""What a page of the shop may load, and from where. config.settings hands it to django-csp."""

from csp.constants import NONE, SELF, UNSAFE_INLINE

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
# The bundles of the documentation pages set inline styles; their scripts stay files of our own origin.
DOCUMENTATION_STYLE_SRC = [SELF, UNSAFE_INLINE]
