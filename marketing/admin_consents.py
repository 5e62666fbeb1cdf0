"""Consents for staff: the list, and the page of one with its proofs. Staff end a consent, and never give one."""

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.html import format_html

from accounts.names import name_actors
from api.addresses import client_address
from database.refusals import NotFound
from events.actors import admin_actor
from marketing import services
from marketing.models import Consent, Topic
from marketing.ways import Way, way_of
from staff.frame import NUMBER, Page, ReadOnly, StaffAdmin

CHANGES = "marketing.change_consent"
BADGES = {"given": "active", "asked": "pending", "withdrawn": ""}


@admin.register(Consent)
class ConsentAdmin(ReadOnly, StaffAdmin[Consent]):
    """Who wants mails, and how that is known."""

    list_display = ("email", "state_badge", "wants", "changed_at")
    list_filter = ("state",)
    search_fields = ("email",)
    search_help_text = "A part of an email"
    ordering = ("-changed_at", "-id")
    sortable_by = ()
    pages = (
        Page("<int:consent_id>/withdraw/", "withdraw", "withdraw_page", CHANGES),
        Page("<int:consent_id>/erase/", "erase", "erase_page", CHANGES),
    )

    def subject_of(self, row: Consent) -> str:
        """Its subject in the journal."""
        return f"consent:{row.pk}"

    @admin.display(description="state")
    def state_badge(self, row: Consent) -> str:
        """The state as a badge."""
        return format_html('<span class="badge {}">{}</span>', BADGES[row.state], row.get_state_display())

    @admin.display(description="wants")
    def wants(self, row: Consent) -> str:
        """What the mailbox wants mails about."""
        return ", ".join(Topic(topic).label for topic in row.topics)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """A consent with all of its proofs."""
        if request.method == "POST" or not self.has_view_permission(request):  # nothing is posted to this page
            return super().change_view(request, object_id, form_url, extra_context)
        row = one(int(object_id) if NUMBER.fullmatch(object_id) else 0)
        proofs = list(row.proofs.select_related("wording").order_by("-id"))
        name_actors(request, proofs)
        context = {"row": row, "badge": BADGES[row.state], "wants": self.wants(row), "proofs": proofs}
        may = self.may(request, CHANGES) and row.erased_at is None
        return self.show(request, "admin/marketing/consent.html", str(row), may=may, **context)

    def withdraw_page(self, request: HttpRequest, consent_id: int) -> HttpResponseBase:
        """End all mails to a mailbox whose owner has said so by telephone or letter."""
        row = one(consent_id)
        if request.method == "POST":
            services.withdraw(consent_id=row.pk, way=by(request))
            messages.success(request, "Nothing is sent to this address any more.")
            return HttpResponseRedirect(self.url("change", row.pk))
        said = "Nothing is sent to this address any more, but for mails about orders and the account."
        return self.sure(request, row, said, "End all mails")

    def erase_page(self, request: HttpRequest, consent_id: int) -> HttpResponseBase:
        """Forget an address whose owner wants that."""
        row = one(consent_id)
        if request.method == "POST":
            try:
                services.erase_consent(consent_id=row.pk, way=by(request))
            except NotFound as gone:
                raise Http404("There is no such consent.") from gone
            messages.success(request, "The address is forgotten.")
            return HttpResponseRedirect(self.url("change", row.pk))
        said = "The shop forgets this address, and with it that its owner did not want mails. It cannot be undone."
        return self.sure(request, row, said, "Forget the address")

    def sure(self, request: HttpRequest, row: Consent, said: str, verb: str) -> HttpResponseBase:
        """The page that asks once more."""
        back = self.url("change", row.pk)
        return self.show(request, "admin/marketing/sure.html", verb, said=said, verb=verb, back=back, place=str(row))


def one(consent_id: int) -> Consent:
    """A consent. Raises Http404."""
    row = Consent.objects.filter(pk=consent_id).first()
    if row is None:
        raise Http404("There is no such consent.")
    return row


def by(request: HttpRequest) -> Way:
    """The way of what a member of staff does."""
    return way_of(client_address(request), "admin", admin_actor(request))
