"""Notes of staff on the pages of what they are about: the list of them, and the form that writes one."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from accounts.notes import MAX_TEXT, SUBJECTS, WRITE, add_note, notes_about
from database.refusals import NotFound, Refusal
from events.actors import admin_actor
from staff.forms import Line, show_refusal
from staff.frame import Page

MOST = 50


def page_of_note(argument: str) -> Page:
    """The page that writes a note, below the address of the row whose id is called so."""
    return Page(f"<int:{argument}>/note/", "note", "note_page", WRITE)


class NoteForm(forms.Form):
    """A note for colleagues."""

    text = Line(
        label="Note",
        max_length=MAX_TEXT,
        help_text="For staff alone. @ and the email of a colleague, or what stands before its @, mails the colleague.",
    )


class Noted:
    """Mixed in before the StaffAdmin of what staff note about."""

    def notes_of(self: Any, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the page of a row shows of its notes: the newest ones, and the form for another."""
        return {
            "notes": notes_about(self.subject_of(row))[:MOST],
            "note_form": NoteForm() if self.may(request, WRITE) else None,
            "note_address": self.url("note", row.pk),
        }

    def note_page(self: Any, request: HttpRequest, **which: int) -> HttpResponseBase:
        """Write a note about one row. What was typed stays on the page when the note is refused."""
        [row_id] = which.values()
        subject = f"{self.opts.model_name}:{row_id}"
        if not self.may(request, SUBJECTS[self.opts.model_name].permission):
            raise PermissionDenied
        row = self.model._default_manager.filter(pk=row_id).first()
        if row is None:
            raise Http404("There is nothing to note about.")
        back = self.url("change", row_id)
        form = NoteForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                words, actor = form.cleaned_data["text"], admin_actor(request)
                note = add_note(subject=subject, text=words, author_id=cast(int, request.user.pk), actor=actor)
            except NotFound as gone:
                raise Http404("There is nothing to note about.") from gone
            except Refusal as refusal:
                show_refusal(refusal, form)
            else:
                names = ", ".join(sorted(colleague.email for colleague in note.mentioned.all()))
                messages.success(request, f"Noted, and mailed to {names}." if names else "Noted.")
                return HttpResponseRedirect(back)
        return self.show(  # type: ignore[no-any-return]  # the frame's own, which this is mixed into
            request,
            "admin/form_page.html",
            f"Note about {row}",
            form=form,
            verb="Write the note",
            back=back,
            place=str(row),
        )
