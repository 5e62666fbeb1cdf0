"""Verbs of lists: a verb on many rows, each in a unit of its own, and a word about every one of them."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import actions
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from database.refusals import NotFound, Refusal
from database.transactions import unit_of_work

MOST_AT_ONCE = 500
MOST_REASONS = 10


def is_too_many(request: HttpRequest, rows: "QuerySet[Any]") -> bool:
    """Whether more rows were chosen than a verb takes at once, which the page says then. Nothing is done."""
    count = rows.order_by()[: MOST_AT_ONCE + 1].count()
    if count > MOST_AT_ONCE:
        messages.error(request, f"Choose at most {MOST_AT_ONCE} at once. Nothing was done.")
    return count > MOST_AT_ONCE


def carry_out(
    request: HttpRequest,
    rows: "QuerySet[Any]",
    done: str,
    verb: Callable[[Any], bool],
    *,
    name: Callable[[Any], str] = str,
    reason: Callable[[Refusal], str] = lambda refusal: refusal.detail,
) -> None:
    """Carry a verb out on each of the rows, in their sequence: all of them, or with more than MOST_AT_ONCE none.

    `verb` is a service, and tells whether it has changed the row. A row that is refused does not hold up the others.
    The page says how many are `done` now, how many were so before, and which were refused for what `reason`.
    """
    if is_too_many(request, rows):
        return
    changed, same, refused = 0, 0, []
    for row in list(rows):
        try:
            if verb(row):
                changed += 1
            else:
                same += 1
        except Refusal as refusal:
            refused.append(f"{name(row)}: {reason(refusal)}")
    summary = f"{changed} {done}"
    if same:
        summary += f", {same} {'was' if same == 1 else 'were'} {done} already"
    if not refused:
        messages.success(request, f"{summary}.")
        return
    messages.warning(request, f"{summary}, {len(refused)} refused:")
    for line in refused[:MOST_REASONS]:
        messages.warning(request, line)
    if len(refused) > MOST_REASONS:
        messages.warning(request, f"… and {len(refused) - MOST_REASONS} more.")


@admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
def delete_selected(model_admin: Any, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponse | None:
    """Django's own page that asks first, and then for each row what the page of a single row does."""
    if is_too_many(request, queryset):
        return None
    if "post" not in request.POST:
        return actions.delete_selected(model_admin, request, queryset)
    # The last first: what lies below another row of the list goes before it.
    carry_out(request, queryset.reverse(), "deleted", partial(delete, model_admin, request))
    return None


def delete(model_admin: Any, request: HttpRequest, row: Any) -> bool:
    """Delete a row through its admin, as a unit of work; False if somebody else has deleted it meanwhile."""
    try:
        unit_of_work(model_admin.delete_model)(request, row)
    except NotFound:
        return False
    return True
