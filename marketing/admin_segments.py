"""Segments for staff: rules that are chosen and not written, and how many they would choose now."""

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from database.refusals import Refusal
from events.actors import admin_actor
from marketing import services
from marketing.admin_forms import SegmentForm
from marketing.models import Segment
from marketing.rules import checked_rules, in_words
from staff.frame import NUMBER, Page, ReadOnly, StaffAdmin

CHANGES = "marketing.change_segment"
COUNT_ONLY = "count"


@admin.register(Segment)
class SegmentAdmin(ReadOnly, StaffAdmin[Segment]):
    """Whom campaigns are for."""

    list_display = ("name", "rules_in_words", "created_at")
    search_fields = ("name",)
    search_help_text = "A part of the name"
    ordering = ("name",)
    sortable_by = ()
    pages = (
        Page("new/", "new", "new_page", CHANGES, menu="New segment"),
        Page("<int:segment_id>/edit/", "edit", "edit_page", CHANGES, methods=("POST",)),
        Page("<int:segment_id>/remove/", "remove", "remove_page", CHANGES),
    )

    @admin.display(description="who")
    def rules_in_words(self, row: Segment) -> str:
        """The rules in words."""
        return "; ".join(in_words(row.rules)) or "everybody who wants news"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """A segment, and how many are in it."""
        if request.method == "POST" or not self.has_view_permission(request):  # nothing is posted to this page
            return super().change_view(request, object_id, form_url, extra_context)
        row = one(int(object_id) if NUMBER.fullmatch(object_id) else 0)
        return self.page(request, row, SegmentForm.of(row) if self.may(request, CHANGES) else None)

    def page(
        self, request: HttpRequest, row: Segment | None, form: SegmentForm | None, **more: Any
    ) -> HttpResponseBase:
        """The page of a segment, or of a new one. `more` has a count of rules that are not saved yet."""
        if row is not None:
            more.setdefault("count", services.count_of(row.rules))
        context = {"row": row, "form": form, "words": in_words(row.rules) if row is not None else []}
        title = str(row) if row is not None else "New segment"
        return self.show(request, "admin/marketing/segment.html", title, **context | more)

    def counted(self, request: HttpRequest, row: Segment | None, form: SegmentForm) -> HttpResponseBase:
        """The page again, with the number of those whom the rules of the form choose. Nothing is saved."""
        try:
            count = services.count_of(checked_rules(form.rules))
        except Refusal as refusal:
            form.show(refusal)
            return self.page(request, row, form)
        return self.page(request, row, form, count=count, is_tried=True)

    def new_page(self, request: HttpRequest) -> HttpResponseBase:
        """Make a segment."""
        form = SegmentForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            if COUNT_ONLY in request.POST:
                return self.counted(request, None, form)
            try:
                name = form.cleaned_data["name"]
                row = services.create_segment(name=name, rules=form.rules, actor=admin_actor(request))
            except Refusal as refusal:
                form.show(refusal)
            else:
                return self.back(request, row, "It is made.")
        return self.page(request, None, form)

    def edit_page(self, request: HttpRequest, segment_id: int) -> HttpResponseBase:
        """Change a segment, or count whom changed rules would choose."""
        row = one(segment_id)
        form = SegmentForm.of(row, request.POST)
        if form.is_valid():
            if COUNT_ONLY in request.POST:
                return self.counted(request, row, form)
            try:
                services.update_segment(
                    segment_id=row.pk,
                    changes={"name": form.cleaned_data["name"], "rules": form.rules},
                    actor=admin_actor(request),
                    expected_version=form.cleaned_data["version"],
                )
            except Refusal as refusal:
                form.show(refusal)
            else:
                return self.back(request, row, "It is changed.")
        return self.page(request, row, form)

    def remove_page(self, request: HttpRequest, segment_id: int) -> HttpResponseBase:
        """Delete a segment that no campaign names."""
        row = one(segment_id)
        if request.method != "POST":
            said = "It is deleted. Campaigns need their segment, so one that has a campaign stays."
            more = {"verb": "Delete the segment", "back": self.url("change", row.pk), "place": str(row)}
            return self.show(request, "admin/marketing/sure.html", "Delete the segment", said=said, **more)
        try:
            services.delete_segment(segment_id=row.pk, actor=admin_actor(request))
        except Refusal as refusal:
            messages.error(request, f"{refusal.detail}.")
            return HttpResponseRedirect(self.url("change", row.pk))
        messages.success(request, "The segment is deleted.")
        return HttpResponseRedirect(self.url("changelist"))

    def back(self, request: HttpRequest, row: Segment, done: str) -> HttpResponseBase:
        """Back to the page, which says what was done."""
        messages.success(request, done)
        return HttpResponseRedirect(self.url("change", row.pk))


def one(segment_id: int) -> Segment:
    """A segment. Raises Http404."""
    row = Segment.objects.filter(pk=segment_id).first()
    if row is None:
        raise Http404("There is no such segment.")
    return row
