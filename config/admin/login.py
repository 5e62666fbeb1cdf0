"""The login of the admin: email, password, and a code from staff who have a device.

Attempts count in the same windows as those at the API's login, and passwords are hashed through the same gate.
"""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django_otp import devices_for_user, user_has_device
from django_otp.forms import OTPAuthenticationFormMixin

from accounts import known_devices
from accounts.attempts import LoginThrottle, OwnPasswordThrottle, client_of, counted, device_of
from accounts.exceptions import TooManyGuesses
from accounts.hashers import normalised
from accounts.models import User
from accounts.page_sessions import session_of_page
from accounts.passwords import is_password_of
from accounts.second_factor import devices_to_try
from accounts.services import set_password
from accounts.trail import note, note_refused_login
from database.refusals import Busy
from events.actors import Actor

NO_DEVICE = ValidationError(
    "A code is required, and you have no device for it yet. Ask an administrator.", code="otp_device_required"
)
# The API's codes of refusals by the form's; every other error is one of the second factor.
REASONS = {
    "invalid_login": "invalid_credentials",
    "token_required": "otp_required",
    "otp_device_required": "otp_device_required",
}


class PageBackend(ModelBackend):
    """Django's own, but for the password, which is checked by accounts.passwords as at the API's login."""

    def authenticate(
        self, request: Any, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The user whose email and password these are, or None. Refuses Busy."""
        if username is None or password is None:
            return None
        user = User.objects.with_email(username).first()
        return user if is_password_of(user, password, known=request is not None and bool(device_of(request))) else None


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
        assert self.request is not None  # noqa: S101  # the view gives it
        try:
            with counted(LoginThrottle(), self.request):
                self.cleaned_data = super().clean()
            user = self.get_user()
            if user is not None and user_has_device(user):
                self.clean_otp(user)
            elif user is not None and settings.ADMIN_REQUIRE_OTP:
                raise NO_DEVICE
        except (Busy, TooManyGuesses) as refusal:
            raise ValidationError(refusal.detail) from None
        except ValidationError as error:
            self.note_refusal(str(error.code))
            raise
        return self.cleaned_data

    def note_refusal(self, code: str) -> None:
        """Record that nobody comes in, in the words of the API. `code` is that of the form's error."""
        email, user = self.cleaned_data.get("username"), self.get_user()
        if email is None or not self.cleaned_data.get("password"):
            return
        reason = "no_staff" if user is not None and not user.is_staff else REASONS.get(code, "otp_invalid")
        account = user or User.objects.with_email(email).first()
        note_refused_login(email=email, user=account, reason=reason, client=client_of(self.request))

    def _chosen_device(self, user: User) -> Any:
        """The device that the code is from. The person chooses among several, since a wrong code counts against one."""
        devices, chosen = devices_to_try(user), self.cleaned_data.get("otp_device")
        if len(devices) > 1:
            devices = [device for device in devices if device.persistent_id == chosen]
        return devices[0] if devices else None


def remember_device(request: HttpRequest, response: HttpResponse) -> None:
    """Give the browser the cookie by which the account of whoever has just logged in knows it next time."""
    response.set_cookie(
        known_devices.COOKIE,
        known_devices.issue(cast(int, request.user.pk), before=request.COOKIES.get(known_devices.COOKIE, "")),
        max_age=known_devices.MAX_AGE_SECONDS,
        path=reverse("admin:index"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


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
            with counted(OwnPasswordThrottle(), self.request):
                if is_password_of(self.user, password, known=True):
                    return password
        except (Busy, TooManyGuesses) as refusal:
            raise ValidationError(refusal.detail) from None
        actor = Actor(self.user.pk, "admin", is_staff=True)
        note("user.login_failed", user_id=self.user.pk, actor=actor, reason="current_password")
        raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")

    def save(self, commit: bool = True) -> User:
        """Set the new password through the service."""
        password: str = self.cleaned_data["new_password1"]
        actor, session = Actor(self.user.pk, "admin", is_staff=True), session_of_page(self.request)
        set_password(user=self.user, password=password, actor=actor, keep_session=session)
        return self.user
