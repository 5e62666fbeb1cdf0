"""The pages of second factors, for administrators alone: a colleague's device is half of the colleague's login."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django_otp.plugins.otp_static.admin import StaticDeviceAdmin
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDeviceAdmin
from django_otp.plugins.otp_totp.models import TOTPDevice

from staff.frame import ForAdministrators

admin.site.unregister([TOTPDevice, StaticDevice])


@admin.register(TOTPDevice)
class AuthenticatorAdmin(ForAdministrators, TOTPDeviceAdmin):
    """An authenticator app. The library's own pages show its key; a device that is gone has none (404)."""

    ordering = ("-id",)

    def config_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The page with the key in words."""
        get_object_or_404(TOTPDevice, pk=pk)
        page: HttpResponse = super().config_view(request, pk)
        return page

    def qrcode_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The picture that an authenticator app scans."""
        get_object_or_404(TOTPDevice, pk=pk)
        picture: HttpResponse = super().qrcode_view(request, pk)
        return picture


@admin.register(StaticDevice)
class PaperCodesAdmin(ForAdministrators, StaticDeviceAdmin):
    """Codes on paper. The library's own page shows them."""

    ordering = ("-id",)
