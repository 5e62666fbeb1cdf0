"""Every address of the shop: API, documentation, admin, health and pictures."""

from importlib import import_module

from django.contrib import admin
from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from api import documentation
from api.urls import register_converters
from config import health
from config.media import media

register_converters()

# A request is held against the routes in turn, and an include would be one more level to match and to describe: so the
# routes of the API stand here themselves, with what is asked most in front.
APPS = ("catalog", "orders", "accounts", "inventory")
API = [
    path(f"api/v1/{route.pattern}", route.callback, route.default_args, route.name)
    for app in APPS
    for route in import_module(f"{app}.urls").urlpatterns
]

urlpatterns = [
    *API,
    path("api/v1/schema", documentation.schema, name="schema"),
    path("docs", documentation.SwaggerView.as_view()),
    path("scalar", documentation.scalar),
    path("scalar/bundle.js", documentation.scalar_bundle, name="scalar-bundle"),
    path("media/<path:path>", media),
    path("health/live", health.live),
    path("health/ready", health.ready),
    # Browsers ask here on pages that name no icon.
    path("favicon.ico", RedirectView.as_view(url=static("shop/icon.svg"))),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
]
