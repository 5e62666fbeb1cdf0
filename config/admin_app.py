"""Makes Django's admin use our site. Kept apart from apps.py, which describes this package as an app of its own."""

from django.contrib.admin.apps import AdminConfig


class ShopAdminConfig(AdminConfig):
    default_site = "config.admin_site.ShopAdminSite"
