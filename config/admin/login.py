"""The login of the admin: email, password, and a code from staff who have a device.

Attempts count in the same windows as those at the API's login, and passwords are hashed through the same gate.
"""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django_otp import devices_for_user, user_has_device
from django_otp.forms import OTPAuthenticationFormMixin

from accounts.exceptions import TooManyGuesses
from accounts.hashers import normalised
from accounts.models import User
from accounts.own_password import count_guess
from accounts.passwords import is_password_of
from accounts.services import set_password
from api.addresses import client_address
from api.throttles import LoginThrottle, Window, account_key, window
from database.refusals import Busy
from events.actors import Actor


class PageBackend(ModelBackend):
    """Django's own, but for the password, which is checked by accounts.passwords as at the API's login."""

    def authenticate(
        self, request: Any, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The user whose email and password these are, or None. Refuses Busy."""
        if username is None or password is None:
            return None
        user = User.objects.with_email(username).first()
        return user if is_password_of(user, password) else None


class PageLoginThrottle(LoginThrottle):
    """The limits of the API's login for the page's form. Both logins count in the same windows."""

    def windows(self, request: HttpRequest) -> list[Window]:
        """The window of the address, and that of the account that the form names."""
        windows = [window(settings.RATE_LIMIT_LOGIN_PER_ADDRESS, "login-address", client_address(request))]
        if account := account_key(request.POST.get("username", "")):
            windows.append(window(settings.RATE_LIMIT_LOGIN_PER_ACCOUNT, "login-account", account))
        return windows


class LoginForm(OTPAuthenticationFormMixin, AdminAuthenticationForm):
    """Email and password, and after the right password a code. ADMIN_REQUIRE_OTP refuses staff without a device."""

    otp_device = forms.CharField(label="Device", required=False, widget=forms.Select)
    otp_token = forms.CharField(
        label="Code from your device",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    otp_challenge = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def devices(self) -> list[Any]:
        """The devices of the person whose password was right; none before."""
        user = self.get_user()
        return [] if user is None else list(devices_for_user(user))

    def clean(self) -> dict[str, Any]:
        """Check the limits, the password, and the code of a device. The errors are shown on the form."""
        throttle = PageLoginThrottle()
        if self.request is not None and not throttle.allow_request(self.request, None):  # type: ignore[arg-type]
            raise ValidationError(f"Too many attempts. Try again in {round(throttle.wait()) or 1} seconds.")
        try:
            self.cleaned_data = super().clean()
        except Busy as busy:
            raise ValidationError(busy.detail) from None
        user = self.get_user()
        if user is not None and user_has_device(user):
            self.clean_otp(user)
        elif user is not None and settings.ADMIN_REQUIRE_OTP:
            raise ValidationError("A code is required, and you have no device for it yet. Ask an administrator.")
        return self.cleaned_data

    def _chosen_device(self, user: User) -> Any:
        """The device that the code is from. The person chooses among several, since a wrong code counts against one."""
        devices = list(devices_for_user(user, for_verify=True))
        return devices[0] if len(devices) == 1 else super()._chosen_device(user)


class PasswordForm(AdminPasswordChangeForm):
    """A new password of one's own. The service ends the person's API sessions and tells the journal."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean(self) -> dict[str, Any] | None:
        """Django's own, on the spelling of the new password that is kept."""
        for name in ("new_password1", "new_password2"):
            if name in self.cleaned_data:
                self.cleaned_data[name] = normalised(self.cleaned_data[name])
        cleaned: dict[str, Any] | None = super().clean()
        return cleaned

    def clean_old_password(self) -> str:
        """The old password, if it is the right one. A guess of it is an attempt to sign in."""
        password: str = self.cleaned_data["old_password"]
        try:
            count_guess(self.request)
            if is_password_of(self.user, password):
                return password
        except (Busy, TooManyGuesses) as refusal:
            raise ValidationError(refusal.detail) from None
        raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")

    def save(self, commit: bool = True) -> User:
        """Set the new password through the service."""
        password: str = self.cleaned_data["new_password1"]
        set_password(user=self.user, password=password, actor=Actor(self.user.pk, "admin", is_staff=True))
        return self.user
