"""People: who buys, who works here and what they may do. Edits, access and passwords go through the services."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html

from accounts import admin_keys, leaving, services  # noqa: F401  # Django looks for pages here
from accounts.admin_forms import (
    ACCESS,
    PROFILE,
    RIGHTS,
    AnonymiseForm,
    LeaveForm,
    NewUserForm,
    PasswordForm,
    UserForm,
)
from accounts.admin_notes import Noted, page_of_note
from accounts.attempts import OwnPasswordThrottle, counted
from accounts.exceptions import Unfinished
from accounts.models import Session, User
from accounts.page_sessions import session_of_page
from accounts.passwords import hash_password
from accounts.rights import access_of, rights_of
from accounts.sessions import end_session
from accounts.trail import log, note
from database.refusals import NotFound, Refusal
from events.actors import admin_actor
from events.changes import differences
from events.services import publish
from staff.forms import show_refusal
from staff.frame import ForAdministrators, Page, StaffAdmin
from staff.lists import RelatedFilter

CHANGE = "accounts.change_user"


@admin.register(User)
class UserAdmin(Noted, StaffAdmin[User]):
    """People. Staff with the permission change customers and let them sign in or not; on their own page, the profile.

    Only administrators change rights and the accounts of other staff (accounts.rights).
    """

    form = UserForm
    change_form_template = "admin/accounts/user_form.html"
    list_display = ("email", "name", "city", "country", "roles", "is_active", "created_at")
    list_filter = ("is_staff", "is_active", ("groups", RelatedFilter))
    search_fields = ("email", "first_name", "last_name")
    ordering = ("-created_at", "-id")
    sortable_by = ("email", "created_at")
    fieldsets = (
        (None, {"fields": ("email", ("first_name", "last_name"), "phone")}),
        (
            "Address",
            {"fields": ("address_line1", "address_line2", ("postal_code", "city"), ("state", "country"))},
        ),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password", ("first_name", "last_name"), "phone")}), fieldsets[1])
    pages = (
        Page("<int:user_id>/password/", "password", "password_page", CHANGE),
        Page("<int:user_id>/anonymise/", "anonymise", "anonymise_page", CHANGE),
        page_of_note("user_id"),
        Page("<int:user_id>/restore/", "restore", "restore_page", CHANGE, methods=("POST",)),
        Page(
            "<int:user_id>/sessions/<uuid:session_id>/end/",
            "end_session",
            "end_session_page",
            CHANGE,
            methods=("POST",),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """People with their groups, which the list shows."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form of a person, or that of a new person."""
        return super().get_form(request, obj, change, form=UserForm if obj else NewUserForm, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """The fields of a person, or those of a new person."""
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """The fields that the services would refuse to change for this member of staff."""
        if request.user.is_superuser:
            return ()
        return ("email", *ACCESS) if obj is not None and obj.pk == request.user.pk else RIGHTS

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody: a person is anonymised, and the orders stay."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Staff with the permission; only administrators for other staff, and nobody for a person who was forgotten."""
        if obj is not None and obj.anonymised_at:
            return False
        if obj is not None and obj.is_staff and not (request.user.is_superuser or obj.pk == request.user.pk):
            return False
        return super().has_change_permission(request, obj)

    @admin.display(description="name")
    def name(self, row: User) -> str:
        """The full name."""
        return row.full_name

    @admin.display(description="works as")
    def roles(self, row: User) -> str:
        """The groups of a member of staff."""
        names = ["superuser"] if row.is_superuser else [group.name for group in row.groups.all()]
        return format_html('<span class="badge staff">{}</span>', ", ".join(names) or "staff") if row.is_staff else ""

    def create(self, request: HttpRequest, data: Mapping[str, Any]) -> User:
        """Make the person of a posted form, through the service."""
        profile = dict(data)
        user = User()
        password = profile.pop("password")
        for name, value in profile.items():
            setattr(user, name, value)
        hash_password(user, password, known=True)
        return services.save_new_user(user, actor=admin_actor(request))

    def change(self, request: HttpRequest, row: User, changes: dict[str, Any], version: int | None) -> None:
        """Save a posted form, through the services of profile and access."""
        actor = admin_actor(request)
        profile = {name: value for name, value in changes.items() if name in PROFILE}
        # Also without a change of the profile, since update_user locks the row and refuses an outdated version.
        services.update_user(user_id=row.pk, changes=profile, actor=actor, expected_version=version)
        if not changes.keys() & set(ACCESS):
            return
        groups = changes["groups"] if "groups" in changes else row.groups.all()
        services.set_access(
            user_id=row.pk,
            actor=actor,
            is_active=row.is_active,
            is_staff=row.is_staff,
            is_superuser=row.is_superuser,
            groups=[group.pk for group in groups],
            keep_session=session_of_page(request),
        )

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, obj: User | None = None, **kwargs: Any
    ) -> Any:
        """The page of a person, with the live sessions below the form."""
        if obj is not None:
            context.update(self.notes_of(request, obj))
            context["live_sessions"] = Session.objects.live().filter(user=obj).order_by("-refreshed_at")[:50]
            context["address_book"] = obj.addresses.order_by("-pk")
            context["unfinished"] = leaving.unfinished(obj.pk) if obj.erase_at else []
            context["current_session"] = session_of_page(request)
            context["may_see_orders"] = self.may(request, "orders.view_order")
        kwargs["obj"] = obj
        return super().render_change_form(request, context, *args, **kwargs)

    def password_page(self, request: HttpRequest, user_id: int) -> HttpResponseBase:
        """Sets a person's password, which ends the person's sessions."""
        user = self.one(request, user_id)
        if user.pk == request.user.pk:  # one's own is changed where the old one is asked for
            return HttpResponseRedirect(reverse("admin:password_change"))
        form = PasswordForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                services.set_password(user=user, password=form.cleaned_data["password"], actor=admin_actor(request))
            except Refusal as refusal:
                show_refusal(refusal, form)
            else:
                messages.success(request, f"{user.email} has a new password, and no session any more.")
                return HttpResponseRedirect(self.url("change", user.pk))
        return self.page_of(request, user, form, f"Set the password of {user.email}", "Set password")

    def anonymise_page(self, request: HttpRequest, user_id: int) -> HttpResponseBase:
        """Forgets a person, after asking twice."""
        user = self.one(request, user_id)
        if user.pk == request.user.pk:
            return self.leave_page(request, user)
        form = AnonymiseForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                leaving.anonymise_user(user_id=user.pk, actor=admin_actor(request))
            except Refusal as refusal:
                show_refusal(refusal, form)
            else:
                messages.success(request, "The person is forgotten; their orders stay in the books.")
                return HttpResponseRedirect(self.url("changelist"))
        names = leaving.unfinished(user.pk)
        explanation = Unfinished(names).detail if names else ""
        return self.page_of(request, user, form, f"Forget {user.email}", "Forget for ever", explanation)

    def leave_page(self, request: HttpRequest, user: User) -> HttpResponseBase:
        """Has one's own account erased after some days, as `DELETE /users/me` does. Asks for the password."""
        form = LeaveForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            password = form.cleaned_data["current_password"]
            try:
                with counted(OwnPasswordThrottle(), request):
                    leaving.leave(
                        user=user,
                        current_password=password,
                        actor=admin_actor(request),
                        keep_session=session_of_page(request),
                    )
            except Refusal as refusal:
                show_refusal(refusal, form)
            else:
                messages.success(request, "Your account will be erased. You can take that back below until then.")
                return HttpResponseRedirect(self.url("change", user.pk))
        return self.page_of(request, user, form, "Leave", "Leave")

    def restore_page(self, request: HttpRequest, user_id: int) -> HttpResponseBase:
        """Takes back that a person leaves."""
        user = self.one(request, user_id)
        leaving.restore_user(user_id=user.pk, actor=admin_actor(request))
        messages.success(request, f"{user.email} stays.")
        return HttpResponseRedirect(self.url("change", user.pk))

    def end_session_page(self, request: HttpRequest, user_id: int, session_id: UUID) -> HttpResponseBase:
        """Ends one session of a person."""
        user = self.one(request, user_id)
        actor = admin_actor(request)
        reason = "ended_by_owner" if user.pk == request.user.pk else "ended_by_staff"
        if not end_session(session_id=session_id, reason=reason, actor=actor, user_id=user.pk):
            raise Http404("There is no such session.")
        messages.success(request, "The session has ended.")
        return HttpResponseRedirect(self.url("change", user.pk))

    def page_of(
        self, request: HttpRequest, user: User, form: forms.Form, title: str, verb: str, explanation: str = ""
    ) -> HttpResponseBase:
        """A page with one form about a person, and a way back to the person."""
        return self.show(
            request,
            "admin/form_page.html",
            title,
            form=form,
            verb=verb,
            explanation=explanation,
            back=self.url("change", user.pk),
            place=user.email,
        )

    def one(self, request: HttpRequest, user_id: int) -> User:
        """The person, if this member of staff may change the person. Raises Http404 otherwise."""
        user = User.objects.filter(pk=user_id).first()
        if user is None or not self.has_change_permission(request, user):
            raise Http404("There is nobody whom you could change.")
        return user


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(ForAdministrators, StaffAdmin[Group], DjangoGroupAdmin):
    """Groups of staff and their permissions. The model is Django's own, and its form is the unit of work."""

    list_display = ("name",)

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        """Save a group with its permissions, and tell the journal."""
        before = rights_of(Group.objects.get(pk=obj.pk)) if change else None
        obj.save()
        form.save_m2m()
        after = rights_of(Group.objects.get(pk=obj.pk))
        payload = {"group_id": obj.pk, **after}
        if before is None:
            self.tell(request, "group.created", payload)
        elif changes := differences(before, after):
            self.tell(request, "group.changed", payload | {"changes": changes})

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        """Delete a group, and tell the journal, of each member too. Locks the group. Refuses NotFound."""
        group = Group.objects.select_for_update().filter(pk=obj.pk).first()
        if group is None:
            raise NotFound("Somebody else has deleted this group.")
        self.tell(request, "group.deleted", {"group_id": group.pk, **rights_of(group)})
        members = {user: access_of(user) for user in User.objects.filter(groups=group).order_by("pk")}
        group.delete()
        for user, before in members.items():
            changes = differences(before, access_of(user))
            note("user.access_changed", user_id=user.pk, actor=admin_actor(request), changes=changes)

    def tell(self, request: HttpRequest, kind: str, payload: dict[str, Any]) -> None:
        """Tell journal and log what became of a group and of the rights that it gives."""
        subject, actor = f"group:{payload['group_id']}", admin_actor(request)
        publish(kind, payload, subject=subject, actor=actor)
        log(kind, subject=subject, actor=actor)
