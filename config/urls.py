"""Every address of the shop: API, documentation, admin, health and pictures."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from api import documentation
from api.urls import register_converters
from config import health
from config.media import media

register_converters()
handler403 = "config.errors.permission_denied"
handler500 = "config.errors.server_error"

urlpatterns = [
    path("api/v1/", include("catalog.urls")),
    path("api/v1/", include("orders.urls")),
    path("api/v1/", include("invoicing.urls")),
    path("api/v1/", include("checkout.urls")),
    path("api/v1/", include("payments.urls")),
    path("api/v1/", include("accounts.urls")),
    path("api/v1/", include("inventory.urls")),
    path("api/v1/", include("events.urls")),
    path("api/v1/schema", documentation.schema, name="schema"),
    path("docs", documentation.SwaggerView.as_view()),
    path("scalar", documentation.scalar),
    path("scalar/bundle.js", documentation.scalar_bundle, name="scalar-bundle"),
    path("media/<path:path>", media),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("health/status", health.status),
    # Browsers ask here on pages that name no icon.
    path("favicon.ico", RedirectView.as_view(url=static("shop/icon.svg"))),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
]
