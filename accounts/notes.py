"""What staff note for each other about orders and customers. Buyers never read it. Who is mentioned gets a mail.

"@ann@example.com" mentions a colleague, and so does "@ann" where no other colleague's email begins like that.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import StaffNote, User
from accounts.services import locked_user
from database.refusals import FieldError, Invalid, NotFound
from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish

WRITE = "accounts.add_staffnote"
MAX_TEXT = 2000
# For so long a note stands on the home page of whoever it mentions.
RECENT = timedelta(days=14)
# A word that begins with "@". The "@" inside of an email is none.
MENTION = re.compile(r"(?<![\w.+-])@([\w.+-]*\w(?:@[\w.-]*\w)?)")


@dataclass(frozen=True, slots=True)
class Subject:
    """What notes may be about. The app that owns it adds it to SUBJECTS when it is loaded.

    `permission` is that of whoever may read the notes. `lock` locks the row with an id and answers its name, such as
    "order 100501", or refuses NotFound. The name names no person, since it stands in mails.
    """

    permission: str
    lock: Callable[[int], str]


def lock_person(user_id: int) -> str:
    """Lock a person of whom notes are to be written. Refuses NotFound for one who was forgotten."""
    return f"account {locked_user(user_id).pk}"


SUBJECTS: dict[str, Subject] = {"user": Subject("accounts.view_user", lock_person)}


@unit_of_work
def add_note(*, subject: str, text: str, author_id: int, actor: Actor) -> StaffNote:
    """Write a note about "order:7" or "user:3", and have those mailed whom it mentions.

    Refuses NotFound where there is no such subject, and Invalid for a note without words, or one that mentions somebody
    who is no colleague or may not read it. Locks the row of the subject, so that a note is either there before a
    customer is forgotten, and goes with them, or is refused.
    """
    kind, _, number = subject.partition(":")
    if kind not in SUBJECTS:
        raise NotFound
    name = SUBJECTS[kind].lock(int(number))
    text = text.strip()
    if not text:
        raise refusal("blank", "A note has words.")
    colleagues = mentioned_in(text, SUBJECTS[kind].permission)
    note = StaffNote.objects.create(subject=subject, text=text, author_id=author_id)
    note.mentioned.set(colleagues)
    note.refresh_from_db(fields=["at"])
    told = {"note_id": note.pk, "about": name, "mentioned": sorted(colleague.pk for colleague in colleagues)}
    publish(f"{kind}.noted", {f"{kind}_id": int(number)} | told, subject=subject, actor=actor)
    return note


def mentioned_in(text: str, permission: str) -> list[User]:
    """The colleagues whom a text mentions. Refuses (Invalid) who is nobody, may be several, or may not read it."""
    names = {name.lower() for name in MENTION.findall(text)}
    if not names:
        return []
    colleagues = list(User.objects.filter(is_active=True, is_staff=True))
    found: dict[int, User] = {}
    for name in sorted(names):
        called = [one for one in colleagues if name in (one.email.lower(), one.email.lower().partition("@")[0])]
        if len(called) > 1:
            raise refusal("ambiguous_mention", f"Several colleagues are called @{name}: write the whole email.")
        if not called or not called[0].has_perm(permission):
            raise refusal("unknown_mention", f"No colleague who may read this is called @{name}.")
        found[called[0].pk] = called[0]
    return list(found.values())


def refusal(code: str, words: str) -> Invalid:
    """Why a note is not written."""
    return Invalid(words, code=code, errors=[FieldError("text", code, words)])


def notes_about(subject: str) -> QuerySet[StaffNote]:
    """The notes about a subject, the newest first, with their authors."""
    return StaffNote.objects.filter(subject=subject).select_related("author").order_by("-id")


def notes_for(user: User, most: int = 10) -> list[StaffNote]:
    """The notes of the last days that mention a colleague and that they may still read, the newest first."""
    recent = StaffNote.objects.filter(mentioned=user, at__gt=Now() - RECENT).select_related("author").order_by("-id")
    return [note for note in recent[:most] if user.has_perm(SUBJECTS[note.subject.partition(":")[0]].permission)]


def erase_notes(subjects: list[str]) -> None:
    """Erase what was noted about subjects of a customer who is forgotten: it may name them."""
    StaffNote.mentioned.through.objects.filter(staffnote__subject__in=subjects).delete()
    StaffNote.objects.filter(subject__in=subjects).delete()
