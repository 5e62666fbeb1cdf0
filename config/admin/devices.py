"""The pages of second factors, for administrators alone: a colleague's device is half of the colleague's login.

One's own first device is switched on by a code of it, so that nobody is shut out by a device that shows none.
"""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django_otp import login as show_device
from django_otp.plugins.otp_static.admin import StaticDeviceAdmin
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDeviceAdmin
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.page_sessions import session_of_page
from accounts.second_factor import confirm_device
from accounts.trail import tell
from database.refusals import NotFound, Refusal
from events.actors import admin_actor
from events.changes import differences
from staff.forms import Line, show_refusal
from staff.frame import ForAdministrators

admin.site.unregister([TOTPDevice, StaticDevice])


class CodeForm(forms.Form):
    """A code of a device that is to be switched on."""

    code = Line(
        label="Code from the device",
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class DeviceAdmin(ForAdministrators, admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Mixed in before the library's pages of a kind of device. The journal tells of each change."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Django's own. One's own first device stays switched off until a code of it is shown."""
        if obj.user_id == request.user.pk and not request.user.is_verified():  # type: ignore[union-attr]  # OTPMiddleware
            obj.confirmed = False
        was_confirmed = form.initial.get("confirmed")
        super().save_model(request, obj, form, change)
        changes = differences({"confirmed": was_confirmed}, {"confirmed": obj.confirmed})
        facts = {"fields": sorted(form.changed_data), "changes": changes} if change else {}
        self.tell_of(request, "changed" if change else "added", obj, **facts)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Django's own; for one's own device the page that asks for a code of it."""
        answer = super().response_add(request, obj, post_url_continue)
        return self.next_page(request, obj) or answer

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Django's own; for one's own device that is switched off the page that asks for a code of it."""
        answer = super().response_change(request, obj)
        return self.next_page(request, obj) or answer

    def next_page(self, request: HttpRequest, device: Any) -> HttpResponse | None:
        """The way to the page that switches one's own device on; None for all other devices."""
        if device.confirmed or device.user_id != request.user.pk:
            return None
        return HttpResponseRedirect(
            reverse(f"admin:{self.opts.label_lower.replace('.', '_')}_confirm", args=[device.pk])
        )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Django's own, with a word to the journal. The sessions that the device began end.

        Locks the device. Refuses NotFound when it is gone.
        """
        if not self.model._default_manager.select_for_update().filter(pk=obj.pk).exists():
            raise NotFound("Somebody else has removed this device.")
        self.tell_of(request, "removed", obj)
        super().delete_model(request, obj)

    def tell_of(self, request: HttpRequest, what: str, device: Any, **more: Any) -> None:
        """Tell journal and log that a device was added, changed or removed. Of its fields the names alone are told."""
        facts = {"device": device.persistent_id, "confirmed": device.confirmed, **more}
        tell(f"user.device_{what}", user_id=device.user_id, actor=admin_actor(request), **facts)

    def get_urls(self) -> list[Any]:
        """The library's addresses, after that of the page that switches one's own device on."""
        name = f"{self.opts.label_lower.replace('.', '_')}_confirm"
        return [
            path("<int:pk>/confirm/", self.admin_site.admin_view(self.confirm_view), name=name),
            *super().get_urls(),
        ]

    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asks for a code of one's own device, and switches the device on. This session goes on with it."""
        device = get_object_or_404(self.model, pk=pk, user=request.user, confirmed=False)
        session_id = session_of_page(request)
        if session_id is None or not self.has_change_permission(request, device):
            raise Http404
        form = CodeForm(request.POST or None)
        if form.is_valid():
            code, actor = form.cleaned_data["code"], admin_actor(request)
            try:
                if confirm_device(device=device, code=code, session_id=session_id, actor=actor):
                    show_device(request, device)
                    messages.success(request, "The device is on. From now on your log-in asks for its codes.")
                    return HttpResponseRedirect(reverse(f"admin:{self.opts.label_lower.replace('.', '_')}_changelist"))
                form.add_error("code", "This is not a code of the device, or no more.")
            except Refusal as refusal:
                show_refusal(refusal, form)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Switch on {device}",
            "form": form,
            "verb": "Switch on",
            "back": reverse(f"admin:{self.opts.label_lower.replace('.', '_')}_changelist"),
            "place": self.opts.verbose_name_plural,
            "picture": reverse("admin:otp_totp_totpdevice_qrcode", args=[pk]) if self.model is TOTPDevice else "",
        }
        return TemplateResponse(request, "admin/confirm_device.html", context)


@admin.register(TOTPDevice)
class AuthenticatorAdmin(DeviceAdmin, TOTPDeviceAdmin):
    """An authenticator app. The library's own pages show its key; a device that is gone has none (404)."""

    ordering = ("-id",)

    def config_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The page with the picture to scan and the key in words."""
        device = get_object_or_404(TOTPDevice, pk=pk)
        page: Any = super().config_view(request, pk)
        page.context_data["title"] = f"Key of {device}"
        return cast(HttpResponse, page)

    def qrcode_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The picture that an authenticator app scans."""
        get_object_or_404(TOTPDevice, pk=pk)
        picture: HttpResponse = super().qrcode_view(request, pk)
        return picture


@admin.register(StaticDevice)
class PaperCodesAdmin(DeviceAdmin, StaticDeviceAdmin):
    """Codes on paper. The library's own page shows them."""

    ordering = ("-id",)
