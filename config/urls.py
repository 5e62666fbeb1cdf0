"""Every address of the shop: API, documentation, admin, health and pictures."""

from django.contrib import admin
from django.urls import include, path

from api.urls import register_converters
from config import health

register_converters()

urlpatterns = [
    path("api/v1/", include("accounts.urls")),
    path("api/v1/", include("catalog.urls")),
    path("api/v1/", include("orders.urls")),
    path("api/v1/", include("inventory.urls")),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("admin/", admin.site.urls),
]
