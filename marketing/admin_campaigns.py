"""Campaigns for staff: written, tried on oneself, started, paused, resumed, cancelled, with their figures."""

from collections.abc import Callable
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.clickjacking import xframe_options_sameorigin

from database.refusals import Refusal
from events.actors import admin_actor
from events.mail_policy import MAIL_POLICY
from marketing import services
from marketing.admin_forms import CampaignForm
from marketing.models import Campaign
from marketing.rules import in_words
from marketing.writing import content_of, previewing_for
from staff.frame import NUMBER, Page, ReadOnly, StaffAdmin

CHANGES = "marketing.change_campaign"
SEES_PEOPLE = "accounts.view_user"
ONE = "<int:campaign_id>/"
POST, GET = ("POST",), ("GET",)
State = Campaign.State
BADGES = {"draft": "", "sending": "active", "paused": "low", "sent": "delivered", "cancelled": "cancelled"}


@admin.register(Campaign)
class CampaignAdmin(ReadOnly, StaffAdmin[Campaign]):
    """Mails to many."""

    list_display = ("subject", "state_badge", "segment", "started_at", "sent")
    list_select_related = ("segment",)
    list_filter = ("state",)
    search_fields = ("subject",)
    search_help_text = "A part of the subject"
    ordering = ("-id",)
    sortable_by = ()
    pages = (
        Page("new/", "new", "new_page", CHANGES, menu="New campaign"),
        Page(f"{ONE}edit/", "edit", "edit_page", CHANGES, methods=POST),
        Page(f"{ONE}preview/", "preview", "preview_page", "marketing.view_campaign", methods=GET),
        Page(f"{ONE}preview/body/", "preview_body", "preview_body_page", "marketing.view_campaign", methods=GET),
        Page(f"{ONE}test/", "test", "test_page", CHANGES, methods=POST),
        Page(f"{ONE}start/", "start", "start_page", CHANGES),
        Page(f"{ONE}pause/", "pause", "pause_page", CHANGES, methods=POST),
        Page(f"{ONE}resume/", "resume", "resume_page", CHANGES, methods=POST),
        Page(f"{ONE}cancel/", "cancel", "cancel_page", CHANGES),
    )

    def look_up(self, request: HttpRequest, rows: Any) -> None:
        """The figures of each campaign on the page."""
        for row in rows:
            row.figures = services.figures_of(row.pk)

    @admin.display(description="state")
    def state_badge(self, row: Campaign) -> str:
        """The state as a badge."""
        return format_html('<span class="badge {}">{}</span>', BADGES[row.state], row.get_state_display())

    @admin.display(description="sent")
    def sent(self, row: Any) -> str:
        """How many of its mails were sent."""
        return f"{row.figures.sent:,} of {row.figures.recipients:,}" if row.figures.recipients else ""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """A campaign with its figures, and what can be done with it."""
        if request.method == "POST" or not self.has_view_permission(request):  # nothing is posted to this page
            return super().change_view(request, object_id, form_url, extra_context)
        row = one(int(object_id) if NUMBER.fullmatch(object_id) else 0)
        return self.page(request, row, CampaignForm.of(row))

    def page(self, request: HttpRequest, row: Campaign, form: CampaignForm) -> HttpResponseBase:
        """The page of a campaign."""
        may, ended = self.may(request, CHANGES), row.state in (State.SENT, State.CANCELLED)
        context = {
            "row": row,
            "badge": BADGES[row.state],
            "figures": services.figures_of(row.pk),
            "words": in_words(row.segment.rules),
            "form": form if may and not ended else None,
            "may": may and not ended,
        }
        return self.show(request, "admin/marketing/campaign.html", str(row), **context)

    def new_page(self, request: HttpRequest) -> HttpResponseBase:
        """Write a campaign."""
        form = CampaignForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                row = services.create_campaign(actor=admin_actor(request), **form.words)
            except Refusal as refusal:
                form.show(refusal)
            else:
                return self.back(request, row, "It is written, and sent to nobody yet.")
        return self.show(request, "admin/marketing/new_campaign.html", "New campaign", form=form)

    def edit_page(self, request: HttpRequest, campaign_id: int) -> HttpResponseBase:
        """Change a draft, or the rate of one that was started."""
        row = one(campaign_id)
        form = CampaignForm.of(row, request.POST)
        if form.is_valid():
            try:
                services.update_campaign(
                    campaign_id=row.pk,
                    changes=form.words,
                    actor=admin_actor(request),
                    expected_version=form.cleaned_data["version"],
                )
            except Refusal as refusal:
                form.show(refusal)
            else:
                return self.back(request, row, "It is changed.")
        return self.page(request, row, form)

    @method_decorator(csp_update({"frame-src": [SELF]}))
    def preview_page(self, request: HttpRequest, campaign_id: int) -> HttpResponseBase:
        """The mail as somebody in the segment would get it now."""
        row = one(campaign_id)
        with previewing_for(self.address_for(request, row), "campaign", content_of(row)) as mail:
            return self.show(request, "admin/marketing/preview.html", f"Preview: {row}", row=row, mail=mail)

    @method_decorator(xframe_options_sameorigin)
    def preview_body_page(self, request: HttpRequest, campaign_id: int) -> HttpResponseBase:
        """The HTML of it, for the frame of its page."""
        row = one(campaign_id)
        with previewing_for(self.address_for(request, row), "campaign", content_of(row)) as mail:
            return HttpResponse(mail.html, headers={"Content-Security-Policy": MAIL_POLICY})

    def address_for(self, request: HttpRequest, row: Campaign) -> str:
        """Whom a preview is made for: somebody of the segment, if the user may see people; else the user."""
        somebody = services.some_of(row.segment.rules) if self.may(request, SEES_PEOPLE) else None
        return somebody or request.user.get_username()

    def test_page(self, request: HttpRequest, campaign_id: int) -> HttpResponseBase:
        """Send it to oneself."""
        row = one(campaign_id)
        services.try_campaign(campaign_id=row.pk, actor=admin_actor(request))
        return self.back(request, row, f"It is on its way to {request.user.get_username()}.")

    def start_page(self, request: HttpRequest, campaign_id: int) -> HttpResponseBase:
        """Start it, after a look at how many it goes to."""
        row = one(campaign_id)
        if request.method != "POST":
            count = services.count_of(row.segment.rules)
            many = f"{count:,} mailbox{'' if count == 1 else 'es'}"
            said = f"It goes to {many} at most, {row.rate:,} an hour. What was sent cannot be taken back."
            return self.sure(request, row, said, "Start sending")
        return self.carried_out(request, row, services.start_campaign, "It is being sent.")

    def pause_page(self, request: HttpRequest, campaign_id: int) -> HttpResponseBase:
        """Send nothing more for now."""
        return self.carried_out(request, one(campaign_id), services.pause_campaign, "It is paused.")

    def resume_page(self, request: HttpRequest, campaign_id: int) -> HttpResponseBase:
        """Go on."""
        return self.carried_out(request, one(campaign_id), services.resume_campaign, "It goes on.")

    def cancel_page(self, request: HttpRequest, campaign_id: int) -> HttpResponseBase:
        """End it for good."""
        row = one(campaign_id)
        if request.method != "POST":
            said = "Whoever still waits for it gets nothing. It cannot be started again."
            return self.sure(request, row, said, "Cancel the campaign")
        return self.carried_out(request, row, services.cancel_campaign, "It is cancelled.")

    def sure(self, request: HttpRequest, row: Campaign, said: str, verb: str) -> HttpResponseBase:
        """The page that asks once more."""
        back = self.url("change", row.pk)
        return self.show(request, "admin/marketing/sure.html", verb, said=said, verb=verb, back=back, place=str(row))

    def carried_out(self, request: HttpRequest, row: Campaign, verb: Callable[..., Any], done: str) -> HttpResponseBase:
        """Run a verb, and go back to the page with what came of it."""
        try:
            verb(campaign_id=row.pk, actor=admin_actor(request))
        except Refusal as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(self.url("change", row.pk))
        return self.back(request, row, done)

    def back(self, request: HttpRequest, row: Campaign, done: str) -> HttpResponseBase:
        """Back to the page, which says what was done."""
        messages.success(request, done)
        return HttpResponseRedirect(self.url("change", row.pk))


def one(campaign_id: int) -> Campaign:
    """A campaign. Raises Http404."""
    row = Campaign.objects.select_related("segment").filter(pk=campaign_id).first()
    if row is None:
        raise Http404("There is no such campaign.")
    return row
