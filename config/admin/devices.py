"""The pages of second factors, for administrators alone: a colleague's device is half of the colleague's login."""

from django.contrib import admin
from django_otp.plugins.otp_static.admin import StaticDeviceAdmin
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDeviceAdmin
from django_otp.plugins.otp_totp.models import TOTPDevice

from staff.frame import ForAdministrators

admin.site.unregister([TOTPDevice, StaticDevice])


@admin.register(TOTPDevice)
class AuthenticatorAdmin(ForAdministrators, TOTPDeviceAdmin):
    """An authenticator app. The library's own page shows its key."""


@admin.register(StaticDevice)
class PaperCodesAdmin(ForAdministrators, StaticDeviceAdmin):
    """Codes on paper. The library's own page shows them."""
