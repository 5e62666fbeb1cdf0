"""API keys for staff: the list of them with what each may do and when it was used, making one, and revoking one."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.html import format_html

from accounts.api_keys import create_key, revoke_key
from accounts.key_rows import MAX_REASON, ApiKeyQuerySet
from accounts.models import ApiKey, User
from accounts.names import name_of
from accounts.scopes import WORDS, needed_to_give
from database.refusals import Refusal
from events.actors import admin_actor
from staff.forms import Line, moment_field, show_refusal
from staff.frame import NUMBER, Page, ReadOnly, StaffAdmin
from staff.once import leads_to

MAKES, REVOKES = "accounts.add_apikey", "accounts.delete_apikey"
BADGES = {"live": "healthy", "expired": "low", "revoked": "out"}


class StateFilter(admin.SimpleListFilter):
    """A filter by whether keys still work."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The states to choose from."""
        return [(state, state) for state in BADGES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The keys in the chosen state."""
        state = self.value()
        return queryset.in_state(state) if state in BADGES and isinstance(queryset, ApiKeyQuerySet) else queryset


class NewKeyForm(forms.Form):
    """A key to be made. Only scopes are offered for which whoever makes it has the rights."""

    name = Line(max_length=100, help_text="What it is for. The journal names it where the key has changed something.")
    kind = forms.ChoiceField(
        choices=[
            (ApiKey.Kind.SECRET, "secret: a program that does what the scopes say"),
            (ApiKey.Kind.PUBLISHABLE, "publishable: names a storefront, and opens nothing"),
        ]
    )
    scopes = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    expires_at = moment_field(
        label="Works until", required=False, help_text="In the shop's time zone. Left empty: until it is revoked."
    )

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes: Any = self.fields["scopes"]
        scopes.choices = [
            (scope, f"{scope}: {words}") for scope, words in WORDS.items() if user.has_perms(needed_to_give([scope]))
        ]

    def show(self, refusal: Refusal) -> None:
        """Say what the service has refused."""
        show_refusal(refusal, self)


class RevokeForm(forms.Form):
    """Why a key is revoked."""

    reason = Line(max_length=MAX_REASON, help_text="For staff: it stands here and in the journal.")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly, StaffAdmin[ApiKey]):
    """Keys of programs and storefronts. Of a key itself only its first characters are known."""

    list_display = ("name", "prefix", "kind", "may_do", "maker", "last_used", "ends", "state_shown")
    list_filter = (StateFilter, "kind")
    search_fields = ("name", "prefix")
    list_select_related = ("created_by",)
    ordering = ("-id",)
    sortable_by = ()
    pages = (
        Page("new/", "new", "new_page", MAKES, menu="New API key"),
        Page("<int:key_id>/revoke/", "revoke", "revoke_page", REVOKES, methods=("POST",)),
    )

    def subject_of(self, row: ApiKey) -> str:
        """Its subject in the journal."""
        return f"api_key:{row.pk}"

    @admin.display(description="may")
    def may_do(self, row: ApiKey) -> str:
        """Its scopes in words."""
        return in_words(row)

    @admin.display(description="made by")
    def maker(self, row: ApiKey) -> str:
        """Who made it."""
        return row.created_by.email if row.created_by else "a command"

    @admin.display(description="last used")
    def last_used(self, row: ApiKey) -> Any:
        """When it was used last, right to a minute."""
        return row.last_used_at or "never"

    @admin.display(description="works until")
    def ends(self, row: ApiKey) -> Any:
        """When it expires."""
        return row.expires_at or "it is revoked"

    @admin.display(description="state")
    def state_shown(self, row: ApiKey) -> str:
        """Whether it works."""
        return format_html('<span class="badge {}">{}</span>', BADGES[row.state], row.state)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """A key, what it may do, and the form that revokes it."""
        if request.method == "POST" or not self.has_view_permission(request):  # nothing is posted to this page
            return super().change_view(request, object_id, form_url, extra_context)
        return self.page(request, one(int(object_id) if NUMBER.fullmatch(object_id) else 0))

    def page(self, request: HttpRequest, row: ApiKey, **more: Any) -> HttpResponseBase:
        """The page of a key. `more` has a form that was refused, or the key itself when it was made just now."""
        revoke = RevokeForm() if row.revoked_at is None and self.may(request, REVOKES) else None
        maker = "a command"
        if isinstance(row.created_by, User):
            maker = name_of(row.created_by, linked=request.user.has_perm("accounts.view_user"))
        context = {"row": row, "badge": BADGES[row.state], "may": in_words(row), "maker": maker, "revoke": revoke}
        return self.show(request, "admin/accounts/api_key.html", f"API key {row.name}", **context | more)

    def new_page(self, request: HttpRequest) -> HttpResponseBase:
        """Make a key. The answer to the form is its page with the key itself, which nothing keeps.

        The same form posted again, as a page that is loaded again does it, leads to the page without the key.
        """
        form = NewKeyForm(request.user, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                row, key = create_key(**form.cleaned_data, actor=admin_actor(request))
            except Refusal as refusal:
                form.show(refusal)
            else:
                return leads_to(self.page(request, row, key=key), self.url("change", row.pk))
        return self.show(request, "admin/accounts/new_api_key.html", "New API key", form=form)

    def revoke_page(self, request: HttpRequest, key_id: int) -> HttpResponseBase:
        """End a key at once."""
        row = one(key_id)
        form = RevokeForm(request.POST)
        if not form.is_valid():
            return self.page(request, row, revoke=form)
        revoke_key(key_id=row.pk, reason=form.cleaned_data["reason"], actor=admin_actor(request))
        messages.success(request, "The key is revoked: it opens nothing any more.")
        return HttpResponseRedirect(self.url("change", row.pk))


def one(key_id: int) -> ApiKey:
    """A key. Raises Http404."""
    row: ApiKey | None = ApiKey.objects.select_related("created_by").filter(pk=key_id).first()
    if row is None:
        raise Http404("There is no such key.")
    return row


def in_words(row: ApiKey) -> str:
    """What a key may do."""
    if row.kind == ApiKey.Kind.PUBLISHABLE:
        return "name a storefront"
    return "; ".join(WORDS.get(scope, scope) for scope in row.scopes)
