"""Webhooks for staff: the list of endpoints with how they are doing, the page of one, and what can be done with it."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.core.signing import BadSignature, TimestampSigner
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.html import format_html

from database.refusals import Refusal
from events.actors import admin_actor
from events.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from events.webhooks import endpoints
from events.webhooks.admin_forms import EndpointForm, ReplayForm, ResumeForm
from staff.frame import NUMBER, Page, ReadOnly, StaffAdmin

SEES, CHANGES = "events.view_webhookendpoint", "events.change_webhookendpoint"
DELIVERIES_SHOWN = 50
ONE = "<int:webhook_id>/"
POST = ("POST",)
# What the address of a page says that shows a new secret, and for how many seconds it does.
SHOWN, SHOWN_SECONDS = TimestampSigner(salt="webhook-secret"), 60
State = WebhookEndpoint.State


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnly, StaffAdmin[WebhookEndpoint]):
    """Endpoints, their deliveries, and the verbs."""

    list_display = ("url", "description", "health", "told_of", "failing_since", "created_at")
    list_filter = ("state",)
    search_fields = ("url", "description")
    ordering = ("-id",)
    sortable_by = ()
    pages = (
        Page("new/", "new", "new_page", CHANGES, menu="New webhook"),
        Page(f"{ONE}edit/", "edit", "edit_page", CHANGES, methods=POST),
        Page(f"{ONE}test/", "test", "test_page", CHANGES, methods=POST),
        Page(f"{ONE}rotate-secret/", "rotate", "rotate_page", CHANGES, methods=POST),
        Page(f"{ONE}pause/", "pause", "pause_page", CHANGES, methods=POST),
        Page(f"{ONE}resume/", "resume", "resume_page", CHANGES, methods=POST),
        Page(f"{ONE}replay/", "replay", "replay_page", CHANGES, methods=POST),
        Page(f"{ONE}remove/", "remove", "remove_page", CHANGES, methods=POST),
        Page(f"{ONE}deliveries/<int:delivery_id>/resend/", "resend", "resend_page", CHANGES, methods=POST),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """All but those that were deleted."""
        return super().get_queryset(request).exclude(state=State.DELETED)

    def subject_of(self, row: WebhookEndpoint) -> str:
        """Its subject in the journal."""
        return f"webhook:{row.pk}"

    @admin.display(description="health")
    def health(self, row: WebhookEndpoint) -> str:
        """Whether it is told of events, and whether it takes them."""
        return format_html('<span class="badge {}">{}</span>', *health_of(row))

    @admin.display(description="events")
    def told_of(self, row: WebhookEndpoint) -> str:
        """How many kinds of events it is told of."""
        return str(len(row.kinds)) if row.kinds else "all"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """An endpoint with its deliveries, and what can be done with it."""
        if request.method == "POST" or not self.has_view_permission(request):  # nothing is posted to this page
            return super().change_view(request, object_id, form_url, extra_context)
        row = one(int(object_id) if NUMBER.fullmatch(object_id) else 0)
        shown = request.GET.get("new_secret", "")
        try:
            is_new = SHOWN.unsign(shown, max_age=SHOWN_SECONDS) == name_of(request, row)
        except BadSignature:
            is_new = False
        return self.page(request, row, secret=row.secret if is_new else "")

    def to_secret(self, request: HttpRequest, row: WebhookEndpoint) -> HttpResponseBase:
        """A redirect to the page of an endpoint, which shows the new secret to this person, for a minute.

        A form that leads nowhere may be posted again (staff.once), and then there would be two secrets.
        """
        return HttpResponseRedirect(f"{self.url('change', row.pk)}?new_secret={SHOWN.sign(name_of(request, row))}")

    def page(self, request: HttpRequest, row: WebhookEndpoint, **more: Any) -> HttpResponseBase:
        """The page of an endpoint. `more` has a form that was refused, or a new secret."""
        log = Prefetch("log", WebhookAttempt.objects.order_by("-id"))
        rows = row.deliveries.order_by("-id").prefetch_related(log)
        state = request.GET.get("state", "")
        if state in WebhookDelivery.State.values:
            rows = rows.filter(state=state)
        may = self.may(request, CHANGES)
        badge, words = health_of(row)
        context = {
            "row": row,
            "badge": badge,
            "health": words,
            "state": state,
            "states": WebhookDelivery.State.values,
            "deliveries": Paginator(rows, DELIVERIES_SHOWN).get_page(request.GET.get("page")),
            "edit": EndpointForm.of(row) if may else None,
            "replay": ReplayForm(prefix="replay") if may else None,
        }
        return self.show(request, "admin/events/webhook.html", f"Webhook {row.pk}", **context | more)

    def new_page(self, request: HttpRequest) -> HttpResponseBase:
        """Set up an endpoint. The page that follows has its secret."""
        form = EndpointForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                row = endpoints.create_endpoint(actor=admin_actor(request), **form.words)
            except Refusal as refusal:
                form.show(refusal)
            else:
                return self.to_secret(request, row)
        return self.show(request, "admin/events/new_webhook.html", "New webhook", form=form)

    def edit_page(self, request: HttpRequest, webhook_id: int) -> HttpResponseBase:
        """Change where it is and what it is told of."""
        row = one(webhook_id)
        form = EndpointForm.of(row, request.POST)
        if form.is_valid():
            try:
                endpoints.update_endpoint(
                    webhook_id=row.pk,
                    changes=form.words,
                    actor=admin_actor(request),
                    expected_version=form.cleaned_data["version"],
                )
            except Refusal as refusal:
                form.show(refusal)
            else:
                return self.back(request, row, "It is changed.")
        return self.page(request, row, edit=form)

    def replay_page(self, request: HttpRequest, webhook_id: int) -> HttpResponseBase:
        """Deliver the events of a time again."""
        row = one(webhook_id)
        form = ReplayForm(request.POST, prefix="replay")
        if form.is_valid():
            try:
                number = endpoints.replay(webhook_id=row.pk, actor=admin_actor(request), **form.words)
            except Refusal as refusal:
                form.show(refusal)
            else:
                return self.back(request, row, f"{number} events are delivered again.")
        return self.page(request, row, replay=form)

    def rotate_page(self, request: HttpRequest, webhook_id: int) -> HttpResponseBase:
        """Give it a new secret, which the page that follows has."""
        row = endpoints.rotate_secret(webhook_id=one(webhook_id).pk, actor=admin_actor(request))
        return self.to_secret(request, row)

    def test_page(self, request: HttpRequest, webhook_id: int) -> HttpResponseBase:
        """Send it a test."""
        return self.carried_out(request, webhook_id, endpoints.test_endpoint, "A test is on its way: see below.")

    def pause_page(self, request: HttpRequest, webhook_id: int) -> HttpResponseBase:
        """Send it nothing for now."""
        return self.carried_out(request, webhook_id, endpoints.pause_endpoint, "It is paused.")

    def resume_page(self, request: HttpRequest, webhook_id: int) -> HttpResponseBase:
        """Go on, with what it has missed unless that is left out."""
        form = ResumeForm(request.POST)
        catch_up = form.is_valid() and form.cleaned_data["catch_up"]
        return self.carried_out(request, webhook_id, endpoints.resume_endpoint, "It is active.", catch_up=catch_up)

    def resend_page(self, request: HttpRequest, webhook_id: int, delivery_id: int) -> HttpResponseBase:
        """Send one delivery again."""
        return self.carried_out(request, webhook_id, endpoints.resend, "It is sent again.", delivery_id=delivery_id)

    def remove_page(self, request: HttpRequest, webhook_id: int) -> HttpResponseBase:
        """Delete it with its secret and its deliveries."""
        endpoints.delete_endpoint(webhook_id=one(webhook_id).pk, actor=admin_actor(request))
        messages.success(request, "The webhook is deleted.")
        return HttpResponseRedirect(self.url("changelist"))

    def carried_out(
        self, request: HttpRequest, webhook_id: int, verb: Callable[..., Any], done: str, **words: Any
    ) -> HttpResponseBase:
        """Run a verb, and go back to the page with what came of it."""
        row = one(webhook_id)
        try:
            verb(webhook_id=row.pk, actor=admin_actor(request), **words)
        except Refusal as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(self.url("change", row.pk))
        return self.back(request, row, done)

    def back(self, request: HttpRequest, row: WebhookEndpoint, done: str) -> HttpResponseBase:
        """Back to the page, which says what was done."""
        messages.success(request, done)
        return HttpResponseRedirect(self.url("change", row.pk))


def one(webhook_id: int) -> WebhookEndpoint:
    """An endpoint. Raises Http404."""
    row: WebhookEndpoint | None = endpoints.endpoints().filter(pk=webhook_id).first()
    if row is None:
        raise Http404("There is no such webhook.")
    return row


def name_of(request: HttpRequest, row: WebhookEndpoint) -> str:
    """Who is shown the secret of which version of an endpoint."""
    return f"{request.user.pk}-{row.pk}-{row.version}"


def health_of(row: WebhookEndpoint) -> tuple[str, str]:
    """The colour and the words for how an endpoint is doing."""
    if row.state == State.ACTIVE:
        return ("critical", "fails") if row.failing_since else ("healthy", "active")
    return ("out", "disabled") if row.state == State.DISABLED else ("low", "paused")
