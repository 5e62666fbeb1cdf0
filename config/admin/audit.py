"""The audit: the journal of all that was done through any channel, and the mails that followed.

These pages are not in `events`, since that package imports none of ours, not even the frame of staff pages.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.models import User
from accounts.names import name_actors
from events.models import Event, SentMail
from staff.frame import ReadOnly, StaffAdmin
from staff.lists import by_moment


class KindFilter(admin.SimpleListFilter):
    """A filter by area, the first word of an event's kind. Asking the table for its areas would read all rows."""

    title = "area"
    parameter_name = "area"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The areas to choose from."""
        return [(area, area) for area in ("order", "stock", "product", "category", "user", "group")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The events of the chosen area."""
        return queryset.filter(kind__startswith=f"{self.value()}.") if self.value() else queryset


SELDOM_CHANNEL = "events_event.channel <> 'api'"


class ChannelFilter(admin.SimpleListFilter):
    """A filter by the channel through which something was done."""

    title = "channel"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The channels to choose from."""
        return [(channel, channel) for channel in ("api", "admin", "command", "worker", "backfill")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The events of the chosen channel."""
        if not self.value():
            return queryset
        found = queryset.filter(channel=self.value())
        # Most events came through the API. All others are in an index with a condition, and a prepared statement uses
        # the index only if the statement repeats that condition.
        return found if self.value() == "api" else found.filter(RawSQL(SELDOM_CHANNEL, [], BooleanField()))  # noqa: S611


@admin.register(Event)
class EventAdmin(ReadOnly, StaffAdmin[Event]):
    """The journal: events, newest first."""

    list_display = ("at", "kind", "about", "who", "channel", "details")
    list_display_links = ("at",)
    list_filter = (KindFilter, ChannelFilter)
    search_fields = ("subject",)
    search_help_text = (
        "Subject (order:17), actor (staff:3), email of a member of staff, or kind (order.shipped), in full"
    )
    ordering = ("-id",)
    sortable_by = ()
    fields = ("at", "kind", "about", "who", "channel", "position", "everything")
    readonly_fields = fields

    def look_up(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """The names of the actors."""
        name_actors(request, rows)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Event | None:
        """One event, with the name of its actor."""
        event = super().get_object(request, object_id, from_field)
        if event is not None:
            self.look_up(request, [event])
        return event

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """The events that match every word. A word is compared whole, with the indexed column that it can belong to."""
        for word in search_term.split():
            queryset = queryset.filter(**meaning(word))
        return queryset, False

    @admin.display(description="about")
    def about(self, row: Event) -> str:
        """The subject, as a link to the page of what the event is about."""
        return format_html('<a href="{}">{}</a>', reverse("admin:subject", args=[row.subject]), row.subject)

    @admin.display(description="who")
    def who(self, row: Any) -> str:
        """The name of the actor."""
        return str(row.who)

    @admin.display(description="details")
    def details(self, row: Event) -> str:
        """The payload in one line, cut to 120 characters."""
        text = json.dumps(row.payload, ensure_ascii=False)
        return format_html('<code class="payload">{}</code>', text if len(text) <= 120 else f"{text[:119]}…")

    @admin.display(description="details")
    def everything(self, row: Event) -> str:
        """The whole payload."""
        return format_html('<pre class="payload">{}</pre>', json.dumps(row.payload, ensure_ascii=False, indent=2))


def meaning(word: str) -> dict[str, Any]:
    """The filter that a word of a search stands for."""
    if "@" in word:
        user = User.objects.with_email(word).first()
        return {"actor__in": [f"staff:{user.pk}", f"customer:{user.pk}"] if user else []}
    if word in ("system", "visitor") or word.startswith(("staff:", "customer:")):
        return {"actor": word}
    if ":" in word:
        return {"subject": word}
    return {"kind": word}


@admin.register(SentMail)
class SentMailAdmin(ReadOnly, StaffAdmin[SentMail]):
    """Mails that were claimed or sent, newest first."""

    list_display = ("key", "sent_at", "claimed_at", "message_id")
    list_filter = (("sent_at", by_moment("mails", still="Not sent yet", done="Sent")),)
    search_fields = ("key__startswith",)
    search_help_text = "The beginning of the key (order.placed)"
    ordering = ("-id",)
    fields = readonly_fields = ("key", "message_id", "claimed_at", "sent_at")
